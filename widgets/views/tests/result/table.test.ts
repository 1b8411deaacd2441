import { describe, expect, test } from "vitest";
import { float32Text, readTable, timestampText } from "../../src/result/table";
import { cellText } from "../../src/result/text";
import { pageBytes } from "../fakes/page";

const { table, meta } = readTable(pageBytes());

function texts(name: string): (string | null)[] {
  const column = table.columns.find((known) => known.name === name);
  if (!column) throw new Error(`no ${name}`);
  return Array.from({ length: table.rowCount }, (_, row) => cellText(column, row));
}

describe("a page as the service sends it, in two batches", () => {
  test("says how many rows there are and whether there are more", () => {
    expect(meta).toMatchObject({ truncated: true, rows: 4, row_limit: 1000, release: "DR2" });
    expect(table.rowCount).toBe(4);
  });

  test.each([
    ["COADD_OBJECT_ID", ["9007199254740993", "1", null, "9223372036854775807"]],
    ["RA", ["323.36260000000004", "NaN", null, "99"]],
    ["MAG_AUTO_G", ["21.1", "99", null, "-0.5"]],
    ["FLAGS_G", ["0", "3", null, "-1"]],
    ["TILENAME", ["DES2134-0041", "", null, '<b onmouseover="x">a,"b"\t\n</b>']],
    ["BAND", ["g", "r", null, "g"]],
    ["IS_STAR", ["true", "false", null, "true"]],
    ["OBSERVED", ["2016-01-02 03:04:05.678901", "1969-12-31 23:59:59.999999", null, "2020-02-29 00:00:00"]],
  ])("%s is read to the last digit, and null is not empty", (name, expected) => {
    expect(texts(name)).toEqual(expected);
  });

  test("columns know their unit, UCD, description and side", () => {
    const [id, ra, mag, , tile] = table.columns;
    expect(ra).toMatchObject({ type: "float64", unit: "deg", ucd: "pos.eq.ra;meta.main", description: "Right ascension, ICRS", numeric: true });
    expect(mag).toMatchObject({ type: "float32", unit: "mag", ucd: null });
    expect(id).toMatchObject({ type: "int64", unit: null, numeric: true });
    expect(tile).toMatchObject({ type: "string", numeric: false });
    expect(table.columns.at(-1)).toMatchObject({ type: "timestamp", numeric: false });
  });

  test("bytes that begin at an odd place in a message are read as well", () => {
    const bytes = pageBytes();
    const message = new Uint8Array(bytes.length + 3);
    message.set(bytes, 3);
    expect(readTable(message.subarray(3)).table.rowCount).toBe(4);
  });

  test("what is no Arrow is refused", () => {
    expect(() => readTable(new TextEncoder().encode("<html>502</html>"))).toThrow();
  });
});

test.each([
  [21.100000381469727, "21.1"],
  [Math.fround(0.1), "0.1"],
  [Math.fround(1e-10), "1e-10"],
  [Math.fround(16777217), "16777216"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
])("the single %d reads %s", (value, words) => {
  expect(float32Text(value)).toBe(words);
  if (Number.isFinite(value)) expect(Math.fround(Number(words))).toBe(value);
});

test.each([
  [0n, "1970-01-01 00:00:00"],
  [-1n, "1969-12-31 23:59:59.999999"],
  [1_500_000n, "1970-01-01 00:00:01.5"],
  [9_000_000_000_000_000_000n, "9000000000000000000 µs"],
])("%s µs since 1970 are %s", (microseconds, words) => {
  expect(timestampText(microseconds)).toBe(words);
});
