import { expect, test } from "vitest";
import { arrange, choose, groupOf, NEWEST_FIRST, type Filter } from "../../src/jobs/order";
import { jobFromJson, PHASES, type Job } from "../../src/shared/job";
import { jobJson } from "../fakes/jobs";

const ALL: Filter = { text: "", group: "all" };
const job = (fields: Record<string, unknown>): Job => jobFromJson(jobJson(fields));
const ids = (jobs: Job[]): string => jobs.map(({ id }) => id).join(" ");

test("the newest job comes first", () => {
  const jobs = [job({ id: "old", created_at: "2026-01-01T00:00:00Z" }), job({ id: "new", created_at: "2026-01-02T00:00:00Z" })];
  expect(ids(arrange(jobs, ALL, NEWEST_FIRST))).toBe("new old");
});

test.each([
  ["name, any letter case", { text: "CLUSTER", group: "all" }, "c"],
  ["every word", { text: "m2 star", group: "all" }, "a"],
  ["id", { text: "b7", group: "all" }, "b7"],
  ["nothing", { text: "neutrino", group: "all" }, ""],
  ["phase", { text: "", group: "failed" }, "b7"],
  ["phase and name", { text: "m2", group: "failed" }, ""],
] as [string, Filter, string][])("jobs are filtered by %s", (_, filter, expected) => {
  const jobs = [job({ id: "a", name: "M2 stars" }), job({ id: "b7", name: "x", phase: "ERROR" }), job({ id: "c", name: "clusters" })];
  expect(ids(arrange(jobs, filter, NEWEST_FIRST))).toBe(expected);
});

test("ties of the first column are broken by the one chosen before", () => {
  const jobs = [job({ id: "a", name: "b", type: "query" }), job({ id: "b", name: "a", type: "query" }), job({ id: "c", name: "c", type: "cutout" })];
  const keys = choose(choose(NEWEST_FIRST, "name"), "type");
  expect(ids(arrange(jobs, ALL, keys))).toBe("c b a");
});

test("choosing a column again turns its order round", () => {
  const once = choose(NEWEST_FIRST, "rows");
  expect(once[0]).toEqual({ column: "rows", descending: true });
  expect(choose(once, "rows")).toEqual([{ column: "rows", descending: false }, ...NEWEST_FIRST]);
});

test("names sort as people count", () => {
  const jobs = ["m10", "m2", "M1"].map((name) => job({ id: name, name }));
  expect(ids(arrange(jobs, ALL, [{ column: "name", descending: false }]))).toBe("M1 m2 m10");
});

test.each([true, false])("what is not known comes last (descending: %s)", (descending) => {
  const jobs = [job({ id: "none", rows: null }), job({ id: "some", rows: 5 })];
  expect(ids(arrange(jobs, ALL, [{ column: "rows", descending }]))).toBe("some none");
});

test("every phase of UWS has a place in the filter", () => {
  const groups = PHASES.map((phase) => groupOf(job({ phase })));
  expect(new Set(groups)).toEqual(new Set(["active", "completed", "failed", "cancelled", "expired"]));
});
