/**
 * Bundle each panel into one ES module and one style sheet, and write down whose work is inside.
 *
 * A panel is a folder of src/ that holds an index.ts or index.tsx: src/query/index.ts becomes ../skydesk_widgets/static/query.js and query.css.
 * The output is committed, so that installing needs no node; it depends on the sources and package-lock.json alone.
 * `node build.mjs --out DIR` writes elsewhere (to compare with what is committed); `--watch` builds again at each change.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: "string" }, watch: { type: "boolean", default: false } } });
const outdir = resolve(options.out ?? join(here, "../skydesk_widgets/static"));

const panels = Object.fromEntries(
  readdirSync(join(here, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => [entry.name, ["index.ts", "index.tsx"].map((file) => join(here, "src", entry.name, file)).find(existsSync)])
    .filter(([, file]) => file !== undefined)
    .sort(([a], [b]) => a.localeCompare(b)),
);

/** @type {import("esbuild").BuildOptions} */
const settings = {
  absWorkingDir: here,
  entryPoints: panels,
  outdir,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  splitting: false,
  sourcemap: false,
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  logLevel: "warning",
};

/** The folder of the package that a bundled file belongs to, or null for a file of our own. */
function packageFolder(file) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  return found ? found[1] : null;
}

/** Name, version, licence and licence text of each package that is inside a bundle. */
function notices(metafile) {
  const folders = new Set(Object.keys(metafile.inputs).map(packageFolder).filter(Boolean));
  return [...folders]
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
      const file = readdirSync(join(here, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      if (!license || !file) throw new Error(`${name} ${version} states no licence: it cannot be shipped`);
      return { name, version, license, text: readFileSync(join(here, folder, file), "utf8").trim() };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function writeNotices(metafile) {
  const parts = notices(metafile).map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
  const rule = `\n${"-".repeat(78)}\n\n`;
  writeFileSync(join(outdir, "licenses.txt"), ["The bundles in this folder contain these packages.\n", ...parts].join(rule));
}

mkdirSync(outdir, { recursive: true });
if (options.watch) {
  const context = await esbuild.context({ ...settings, logLevel: "info" });
  await context.watch();
} else {
  const { metafile } = await esbuild.build(settings);
  writeNotices(metafile);
  for (const file of Object.keys(metafile.outputs).sort()) {
    const path = join(here, file);
    console.log(`${relative(here, path)}  ${(statSync(path).size / 1024).toFixed(1)} kB`);
  }
}
