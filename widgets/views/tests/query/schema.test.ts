import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { schemaFromJson } from "../../src/shared/catalog";
import { Transport } from "../../src/shared/model";
import { highlightParts, SchemaState, sqlName, treeItems, type TreeItem } from "../../src/query/schema";
import { SCHEMA } from "../fakes/catalog";
import { FakeModel } from "../fakes/model";

const schema = schemaFromJson(SCHEMA);

function names(items: readonly TreeItem[]): string[] {
  return items.map((item) => "  ".repeat(item.level - 1) + (item.kind === "release" ? item.release : item.kind === "table" ? item.table.name : item.column.name));
}

describe("the tree", () => {
  test("shows the tables of the first release, closed", () => {
    expect(names(treeItems(schema, "", new Set()))).toEqual(["DR2", "  DR2_MAIN", "  DR2_TILE_INFO", "DR1"]);
  });

  test.each([
    ["DR1", ["DR2", "DR1", "  DR1_MAIN"]],
    ["DR9", ["DR2", "  DR2_MAIN", "  DR2_TILE_INFO", "DR1"]],
  ])("opens the survey's own release %s, where it is there", (release, expected) => {
    expect(names(treeItems(schema, "", new Set(), release))).toEqual(expected);
  });

  test("has no level of releases where there is one", () => {
    const one = { ...schema, tables: schema.tables.filter((table) => table.release === "DR2") };
    expect(names(treeItems(one, "", new Set(["table:DR2/DR2_TILE_INFO"])))).toEqual(["DR2_MAIN", "DR2_TILE_INFO", "  TILENAME", "  RA"]);
  });

  test.each([
    ["tile", "a column's name opens its table on that column", ["DR2", "  DR2_TILE_INFO", "    TILENAME"]],
    ["phot.mag", "a UCD counts", ["DR2", "  DR2_MAIN", "    MAG_AUTO_G"]],
    ["ascension", "a description counts, in every release", ["DR2", "  DR2_MAIN", "    RA", "  DR2_TILE_INFO", "    RA", "DR1", "  DR1_MAIN", "    RA"]],
    ["KRON g", "all words must be there, in any case", ["DR2", "  DR2_MAIN", "    MAG_AUTO_G"]],
    ["dr1_m", "a table's name leaves it closed", ["DR1", "  DR1_MAIN"]],
    ["nonsense", "nothing", []],
  ])("filtered by %s: %s", (filter, _, expected) => {
    expect(names(treeItems(schema, filter, new Set()))).toEqual(expected);
  });

  test("tells places among siblings, for screen readers", () => {
    const items = treeItems(schema, "", new Set(["table:DR2/DR2_MAIN"]));
    const mag = items.find((item) => item.id === "column:DR2/DR2_MAIN/MAG_AUTO_G");
    expect(mag).toMatchObject({ level: 3, position: 3, siblings: 3 });
  });

  test("a filter's words are marked wherever they are", () => {
    expect(highlightParts("MAG_AUTO_G", "auto mag")).toEqual([
      { text: "MAG", hit: true },
      { text: "_", hit: false },
      { text: "AUTO", hit: true },
      { text: "_G", hit: false },
    ]);
    expect(highlightParts("", "x")).toEqual([]);
    expect(highlightParts("<b>", "")).toEqual([{ text: "<b>", hit: false }]);
  });
});

describe("by hand", () => {
  let state: SchemaState;
  beforeEach(() => {
    vi.useFakeTimers();
    state = new SchemaState(new Transport(new FakeModel()));
    state.schema.set(schema);
  });
  afterEach(() => {
    state.close();
    vi.useRealTimers();
  });

  test("arrows walk, open, enter, leave and close", () => {
    state.move(1);
    expect(state.active?.id).toBe("release:DR2");
    state.openOrEnter();
    expect(state.active?.id).toBe("table:DR2/DR2_MAIN");
    state.openOrEnter();
    expect(state.items.value).toHaveLength(7);
    state.openOrEnter();
    state.move(1);
    expect(state.active?.id).toBe("column:DR2/DR2_MAIN/DEC");
    state.openOrEnter();
    state.closeOrLeave();
    expect(state.active?.id).toBe("table:DR2/DR2_MAIN");
    state.closeOrLeave();
    expect(state.items.value).toHaveLength(4);
    state.closeOrLeave();
    expect(state.active?.id).toBe("release:DR2");
    state.move(99);
    expect(state.active?.id).toBe("release:DR1");
    state.move(-99);
    expect(state.activeIndex).toBe(0);
  });

  test("a filter waits until one stops typing, and what was open is open again after it", () => {
    state.toggle("table:DR2/DR2_MAIN");
    state.setFilter("ti");
    state.setFilter("tile");
    expect(state.items.value).toHaveLength(7);
    vi.advanceTimersByTime(200);
    expect(names(state.items.value)).toContain("    TILENAME");
    state.toggle("table:DR2/DR2_TILE_INFO");
    expect(names(state.items.value)).toEqual(["DR2", "  DR2_TILE_INFO"]);
    state.setFilter("");
    vi.advanceTimersByTime(200);
    expect(state.items.value).toHaveLength(7);
  });
});

test.each([
  ["COADD_OBJECT_ID", "COADD_OBJECT_ID"],
  ["Odd name", '"Odd name"'],
  ['say "hi"', '"say ""hi"""'],
  ["1ST", '"1ST"'],
])("%s is written %s", (name, written) => {
  expect(sqlName(name)).toBe(written);
});
