import { describe, expect, test } from "vitest";
import { count, counted, duration, exactTime, relativeTime, size } from "../../src/shared/format";
import { luminance } from "../../src/shared/ui/mount";
import { uuid } from "../../src/shared/uuid";

test("numbers have their thousands marked", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect(counted(1, "row")).toBe("1 row");
  expect(counted(1000, "row")).toBe("1,000 rows");
  expect(counted(2, "query", "queries")).toBe("2 queries");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [999.6, "1 kB"],
  [1250, "1.25 kB"],
  [999_950, "1 MB"],
  [3_400_000_000, "3.4 GB"],
])("%d bytes are %s", (bytes, words) => {
  expect(size(bytes)).toBe(words);
});

test.each([
  [0, "0 s"],
  [0.0412, "0.04 s"],
  [1.25, "1.3 s"],
  [9.96, "10 s"],
  [59.6, "1 min"],
  [192, "3 min 12 s"],
  [7500, "2 h 5 min"],
  [9 * 86400, "9 days"],
])("%d seconds are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

describe("moments", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  test.each([
    ["2026-11-22T11:59:50Z", "just now"],
    ["2026-11-22T12:00:10Z", "in a moment"],
    ["2026-11-22T11:55:00Z", "5 min ago"],
    ["2026-11-22T09:00:00Z", "3 h ago"],
    ["2026-11-21T12:00:00Z", "1 day ago"],
    ["2026-12-02T12:00:00Z", "in 10 days"],
    ["2026-05-22T12:00:00Z", "6 months ago"],
    ["2023-11-22T12:00:00Z", "3 years ago"],
    ["yesterday", "yesterday"],
  ])("%s is %s", (iso, words) => {
    expect(relativeTime(iso, now)).toBe(words);
  });

  test("the exact time is in UTC", () => {
    expect(exactTime("2026-11-22T12:00:03.5+01:00")).toBe("2026-11-22 11:00:03 UTC");
    expect(exactTime("never")).toBe("never");
  });
});

test("identifiers are UUIDs of version 4 and differ", () => {
  const ids = Array.from({ length: 50 }, uuid);
  expect(new Set(ids).size).toBe(50);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each([
  ["#fff", 1],
  [" #000000 ", 0],
  ["rgba(255, 255, 255, .87)", 1],
  ["rebeccapurple", null],
  ["", null],
])("the brightness of %s is %s", (color, brightness) => {
  if (brightness === null) expect(luminance(color)).toBeNull();
  else expect(luminance(color)).toBeCloseTo(brightness, 5);
});
