import { describe, expect, test } from "vitest";
import { schemaFromJson } from "../../src/shared/catalog";
import { namedTables, suggest } from "../../src/query/completion";
import { SCHEMA } from "../fakes/catalog";

const schema = schemaFromJson(SCHEMA);

/** What is offered where the text has a bar. */
function offered(marked: string): { from: number; labels: string[] } {
  const found = suggest(marked.replace("|", ""), marked.indexOf("|"), schema);
  return { from: found?.from ?? -1, labels: [...(found?.options ?? [])].sort((a, b) => b.boost - a.boost).map((option) => option.label) };
}

describe("columns", () => {
  test("of the named table alone, in the schema's own case", () => {
    const { from, labels } = offered("select m| from dr2_main");
    expect(from).toBe(7);
    expect(labels.filter((label) => !/^DR|ABS|ROUND/.test(label))).toEqual(["RA", "DEC", "MAG_AUTO_G"]);
  });

  test("of all tables where none is named, each name once", () => {
    const { labels } = offered("select |");
    expect(labels.filter((label) => label === "RA")).toHaveLength(1);
    expect(labels).toEqual(expect.arrayContaining(["TILENAME", "Odd name", "DR1_MAIN", "ABS"]));
  });

  test("of an alias after a dot, and nothing else", () => {
    expect(offered("select t.| from DR2_MAIN m join DR2_TILE_INFO t on m.RA = t.RA").labels).toEqual(["TILENAME", "RA"]);
    expect(offered("select m.RA, m.M| from DR2_TILE_INFO t, DR2_MAIN AS m").labels).toEqual(["RA", "DEC", "MAG_AUTO_G"]);
  });

  test("of a table after its name and a dot, though the statement does not name it yet", () => {
    expect(offered("select DR1_MAIN.|").labels).toEqual(["RA", "Odd name"]);
  });

  test("none after an unknown owner", () => {
    expect(suggest("select x.", 9, schema)).toBeNull();
  });

  test("with what is known of them, and quoted where SQL needs it", () => {
    const options = suggest("select  from DR1_MAIN", 7, schema)?.options ?? [];
    expect(options.find((option) => option.label === "RA")).toMatchObject({ detail: "float64 [deg]", info: "Right ascension, ICRS\npos.eq.ra;meta.main" });
    expect(options.find((option) => option.label === "Odd name")?.apply).toBe('"Odd name"');
  });
});

describe("tables", () => {
  test.each(["select RA from |", "select RA from DR2_MAIN m, |", "select RA from DR2_MAIN m join D|", "select (select 1 from |"])("come alone in: %s", (text) => {
    expect(offered(text).labels).toEqual(["DR2_MAIN", "DR2_TILE_INFO", "DR1_MAIN"]);
  });

  test.each(["select RA from DR2_MAIN where |", "select RA, | from DR2_MAIN", "select f(RA, |) from DR2_MAIN", "select 1 from DR2_MAIN order by RA, |"])(
    "come after the columns in: %s",
    (text) => {
      const { labels } = offered(text);
      expect(labels.indexOf("RA")).toBeLessThan(labels.indexOf("DR2_MAIN"));
    },
  );
});

test("names in comments and texts name no table", () => {
  const names = namedTables("select 1 -- from DR2_MAIN\n/* from DR1_MAIN */ from DR2_TILE_INFO where x = 'from DR1_MAIN'", schema);
  expect([...names.keys()]).toEqual(["dr2_tile_info"]);
});

test("the word after a table that begins the next part is no alias", () => {
  expect([...namedTables("select 1 from DR2_MAIN where RA > 1", schema).keys()]).toEqual(["dr2_main"]);
  expect([...namedTables('select 1 from "DR2_MAIN" "m"', schema).keys()]).toEqual(["dr2_main", "m"]);
});
