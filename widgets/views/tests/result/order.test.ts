import { describe, expect, test } from "vitest";
import { nextKeys, orderRows } from "../../src/result/order";
import { toCsv, toTsv } from "../../src/result/text";
import { tableOf } from "../fakes/page";

const table = tableOf({
  mag: [21, Number.NaN, null, 3, 99, 3],
  id: [5n, 9007199254740993n, null, 9007199254740992n, -1n, 0n],
  name: ["b", "B", null, "", "a", "b"],
});

describe("order", () => {
  test.each([
    ["numbers by value, NaN and null last", [{ column: 0, descending: false }], [3, 5, 0, 4, 1, 2]],
    ["numbers down, NaN and null still last", [{ column: 0, descending: true }], [4, 0, 3, 5, 1, 2]],
    ["64-bit integers to the last digit", [{ column: 1, descending: true }], [1, 3, 0, 5, 4, 2]],
    ["text by its characters, the empty text first", [{ column: 2, descending: false }], [3, 1, 4, 0, 5, 2]],
    ["a second key where the first is equal", [{ column: 0, descending: false }, { column: 1, descending: false }], [5, 3, 0, 4, 1, 2]],
    ["as it came without keys", [], [0, 1, 2, 3, 4, 5]],
    ["as it came for a column that is not there", [{ column: 9, descending: false }], [0, 1, 2, 3, 4, 5]],
  ])("%s", (_, keys, expected) => {
    expect([...orderRows(table, keys)]).toEqual(expected);
  });

  test("clicks go up, down and back", () => {
    const up = nextKeys([], 2, false);
    const down = nextKeys(up, 2, false);
    expect([up, down, nextKeys(down, 2, false)]).toEqual([[{ column: 2, descending: false }], [{ column: 2, descending: true }], []]);
    expect(nextKeys(down, 1, false)).toEqual([{ column: 1, descending: false }]);
  });

  test("shift adds a key, turns it, and takes it away, leaving the others", () => {
    const first = nextKeys([], 0, false);
    const both = nextKeys(first, 1, true);
    expect(both).toEqual([{ column: 0, descending: false }, { column: 1, descending: false }]);
    const turned = nextKeys(both, 0, true);
    expect(turned).toEqual([{ column: 0, descending: true }, { column: 1, descending: false }]);
    expect(nextKeys(turned, 0, true)).toEqual([{ column: 1, descending: false }]);
  });
});

describe("text", () => {
  const odd = tableOf({ "a,b": ['say "hi"', "two\nlines", null, ""], t: ["x\ty", " led", "plain", "1"], n: [1, null, 2.5, 0] });
  const order = Uint32Array.from([1, 0, 2, 3]);

  test("CSV quotes what needs it, and tells null from empty", () => {
    expect(toCsv(odd, order)).toBe(
      ['"a,b",t,n', '"two\nlines"," led",', '"say ""hi""",x\ty,1', ",plain,2.5", '"",1,0', ""].join("\r\n"),
    );
  });

  test("a copied block is tab-separated, in the shown order, with its header if wanted", () => {
    const block = { top: 0, bottom: 1, left: 1, right: 2 };
    expect(toTsv(odd, order, block, false)).toBe(' led\t\n"x\ty"\t1');
    expect(toTsv(odd, order, block, true)).toBe('t\tn\n led\t\n"x\ty"\t1');
    expect(toTsv(odd, order, { top: 2, bottom: 3, left: 0, right: 0 }, false)).toBe("\n");
  });

  test("a quote in a copied cell does not end it early", () => {
    expect(toTsv(odd, order, { top: 1, bottom: 1, left: 0, right: 0 }, false)).toBe('"say ""hi"""');
  });
});
