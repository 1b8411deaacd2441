import { expect, test } from "vitest";
import { DraftTable, overrideWords, ownOptions } from "../../src/cutout/draft";
import { draftFromJson } from "../../src/shared/cutout";
import { Transport } from "../../src/shared/model";
import { draftJson, FAULTY } from "../fakes/cutout";
import { FakeModel, settled } from "../fakes/model";

function tableOf(json: Record<string, unknown>): { table: DraftTable; model: FakeModel } {
  const model = new FakeModel();
  return { table: new DraftTable(draftFromJson(json), new Transport(model)), model };
}

test("the reader begins at the first fault and goes round them", () => {
  const { table } = tableOf(FAULTY);
  expect(table.active.value).toBe(1);
  table.nextFault();
  expect(table.active.value).toBe(2);
  table.nextFault();
  expect(table.active.value).toBe(1);
  table.nextFault(-1);
  expect(table.active.value).toBe(2);
});

test("only the faulty rows are shown where that is wanted", () => {
  const { table } = tableOf(FAULTY);
  table.active.value = 0;
  table.showOnlyFaulty(true);
  expect([table.shownCount, table.rowAt(0), table.rowAt(1), table.active.value]).toEqual([2, 1, 2, 1]);
  table.move(5);
  expect(table.active.value).toBe(2);
  expect(table.placeOf(0)).toBe(-1);
});

test("rows beyond the preview are fetched in pieces, each once, with their faults", async () => {
  const { table, model } = tableOf(draftJson({ rows: 1000 }));
  table.need([410, 411, 590, 600]);
  table.need([412]);
  const paths = model.requests().map((request) => request.path);
  expect(paths).toEqual(["cutout/positions/d1/rows?first=400&count=200", "cutout/positions/d1/rows?first=600&count=200"]);
  await model.answer(paths[0] ?? "", { json: { first: 400, rows: [["1", "2", ""]], faults: [{ row: 401, field: "RA", message: "no number" }] } });
  expect(table.cells.value.get(400)).toEqual(["1", "2", ""]);
  expect(table.faultsOf(400)[0]?.message).toBe("no number");
});

test("a piece that did not come can be asked for again", async () => {
  const { table, model } = tableOf(draftJson({ rows: 1000 }));
  table.need([300]);
  await model.fail("cutout/positions/d1/rows?first=200&count=200", 503, "unavailable", "away");
  expect(table.problem.value).toBe("away");
  table.active.value = 300;
  table.retry();
  expect(model.requests()).toHaveLength(2);
  expect(table.problem.value).toBeNull();
});

test("overrides are counted in words", () => {
  expect(overrideWords(draftFromJson(draftJson()))).toEqual(["1 row overrides the size"]);
  expect(overrideWords(draftFromJson(draftJson({ rows: 5000 })))).toEqual(["at least 1 row overrides the size"]);
  const told = draftJson({ rows: 5000, overrides: { XSIZE: 1200, YSIZE: 3, MAKE_FITS: 2 } });
  expect(overrideWords(draftFromJson(told))).toEqual(["1,200 rows override the size", "2 rows override the products"]);
});

test("faults of the whole table are kept apart from those of rows", async () => {
  const { table } = tableOf(draftJson({ faults: [{ row: null, field: "DEC", message: "is missing" }], fault_count: 1 }));
  expect(table.general.map((fault) => fault.message)).toEqual(["is missing"]);
  expect(table.faultyRows.value).toEqual([]);
  table.nextFault();
  expect(table.active.value).toBe(0);
  await settled();
});

test("a row's own columns are told apart from the form's", () => {
  const { table } = tableOf(
    draftJson({
      columns: ["RA", "DEC", "xsize", "YSIZE", "RGB_LUPTON_COLORS", "RGB_STRETCH", "RGB_ASINH"],
      preview: [
        ["1", "2", "4", "", "z,r,g;irg", "200", "many"],
        ["1", "2", "", "", "", "", ""],
      ],
    }),
  );
  expect(ownOptions(table, 0)).toEqual({ x: 4, lupton: "zrg", stretch: 200 });
  expect(ownOptions(table, 1)).toEqual({});
});
