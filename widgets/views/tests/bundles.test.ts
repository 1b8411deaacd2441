import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const folder = resolve(import.meta.dirname, "../../skydesk_widgets/static");
const bundles = readdirSync(folder).filter((file) => file.endsWith(".js"));

test("every panel has its bundle", () => {
  expect(bundles).toEqual(expect.arrayContaining(["admin.js", "query.js", "result.js"]));
});

describe.each(bundles)("%s", (file) => {
  const code = readFileSync(join(folder, file), "utf8");

  test("has a default export and no other, as anywidget wants it", () => {
    const exported = [...code.matchAll(/export\s*\{([^}]*)\}/g)].flatMap((found) => (found[1] ?? "").split(",").map((name) => name.trim()));
    expect(exported).toHaveLength(1);
    expect(exported[0]).toMatch(/ as default$/);
    expect(code).not.toMatch(/export (?:default|const|function|class)\b/);
  });

  test("imports nothing and names no address to fetch from", () => {
    expect(code).not.toMatch(/(?:^|[;}\n])\s*import[\s{*"']/);
    expect(code).not.toMatch(/\bimport\(/);
    const addresses = (code.match(/https?:\/\/[\w.-]+/g) ?? []).filter((address) => !address.startsWith("http://www.w3.org"));
    expect(addresses).toEqual([]);
  });
});

test("whose work is inside is written down", () => {
  const notices = readFileSync(join(folder, "licenses.txt"), "utf8");
  for (const name of ["preact", "@codemirror/view", "@uwdata/flechette", "@preact/signals-core"]) expect(notices).toContain(`\n${name} `);
  expect(notices).not.toMatch(/\(GPL|AGPL/);
});
