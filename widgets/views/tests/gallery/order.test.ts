import { describe, expect, test } from "vitest";
import { arrange, EVERYTHING, spansOf, wantedOf, type Column } from "../../src/gallery/order";
import { shownOf, viewOf, viewsOf } from "../../src/gallery/views";
import { galleryRowFromJson, type GalleryRow } from "../../src/shared/cutout";
import { rowJson } from "../fakes/cutout";

const ROWS = [
  rowJson(0, { dec: -5 }),
  rowJson(1, { dec: -7, outcome: "failed", message: "tile is damaged" }),
  rowJson(2, { dec: 3, tile: "DES0222-0541" }),
  rowJson(3, { dec: -6, outcome: "outside" }),
].map(galleryRowFromJson);

function numbers(rows: GalleryRow[]): number[] {
  return rows.map((row) => row.row);
}

describe("the filter", () => {
  test.each([
    ["", [0, 1, 2, 3]],
    ["des0222", [2]],
    ["damaged tile", [1]],
    ["1002", [2]],
    ["dec<-5", [1, 3]],
    ["dec <= -5 ra>34.805", [1, 3]],
    ["coadd_object_id=1003", [3]],
    ["id>=1002 dec>0", [2]],
    ["nosuch<3", []],
    ["<b>", []],
  ])("%j leaves %j", (text, left) => {
    expect(numbers(arrange(ROWS, { ...EVERYTHING, text }, { column: "ROW", descending: false }))).toEqual(left);
  });

  test("an outcome leaves its rows", () => {
    expect(numbers(arrange(ROWS, { text: "", outcome: "failed" }, { column: "ROW", descending: false }))).toEqual([1]);
  });

  test("what is no comparison is a word", () => {
    expect(wantedOf("a=b ra>x dec<1e1")).toEqual({ words: ["a=b", "ra>x"], comparisons: [{ column: "DEC", operator: "<", value: 10 }] });
  });
});

test.each([
  ["DEC", false, [1, 3, 0, 2]],
  ["DEC", true, [2, 0, 3, 1]],
  ["COADD_OBJECT_ID", true, [3, 2, 1, 0]],
  ["OUTCOME", false, [0, 2, 3, 1]],
  ["TILENAME", true, [2, 0, 1, 3]],
] as [Column, boolean, number[]][])("sorted by %s, descending %s", (column, descending, wanted) => {
  expect(numbers(arrange(ROWS, EVERYTHING, { column, descending }))).toEqual(wanted);
});

test("rows are named in spans", () => {
  expect(spansOf([3, 1, 2, 7, 10, 11])).toBe("1-3,7,10-11");
  expect(spansOf([])).toBe("");
});

describe("pictures", () => {
  test.each([
    ["DESJ021914.5649-054140.0000_irg_lupton.png", "lupton irg", "Lupton i r g"],
    ["DESJ021914.5649-054140.0000_irg_stiff.png", "stiff irg", "STIFF-like i r g"],
    ["DESJ021914.5649-054140.0000_i_chart.png", "chart i", "Chart i"],
    ["DESJ021914.5649-054140.0000_Y.fits", "fits Y", "FITS Y"],
  ])("%s is %s", (file, key, title) => expect(viewOf(file)).toMatchObject({ key, title }));

  test.each(["x_i_objects.csv", "summary.json", "x_irg_lupton.fits", "x_g.png"])("%s is none", (file) => expect(viewOf(file)).toBeNull());

  test("the kinds of a job come colour first, bands in order", () => {
    const row = galleryRowFromJson(rowJson(0, { files: ["a_Y.fits", "a_g.fits", "a_i_chart.png", "a_zrg_lupton.png"] }));
    expect(viewsOf([row]).map((view) => view.key)).toEqual(["lupton zrg", "chart i", "fits g", "fits Y"]);
  });

  test("a row shows what is wanted, or the best that it has, or nothing", () => {
    const row = galleryRowFromJson(rowJson(0));
    expect(shownOf(row, "fits i")?.file).toMatch(/_i\.fits$/);
    expect(shownOf(row, "chart z")?.view.key).toBe("lupton irg");
    expect(shownOf(galleryRowFromJson(rowJson(0, { outcome: "failed" })), null)).toBeNull();
  });
});
