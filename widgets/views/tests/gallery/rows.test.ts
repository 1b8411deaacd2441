import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { JobRows } from "../../src/gallery/rows";
import { Transport } from "../../src/shared/model";
import { pageJson, rowJson } from "../fakes/cutout";
import { jobJson, RUNNING, tell } from "../fakes/jobs";
import { FakeModel } from "../fakes/model";

let model: FakeModel;
let rows: JobRows;

beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel();
});

afterEach(() => {
  rows.close();
  vi.useRealTimers();
});

async function begin(job: Record<string, unknown>): Promise<void> {
  model.answers.set("GET jobs/a1", { json: jobJson({ type: "cutout", ...job }) });
  rows = new JobRows(new Transport(model), "a1");
  await pass(0);
}

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

test("a finished job's rows are read page by page until there are no more", async () => {
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { json: pageJson([rowJson(0), rowJson(1)], { total: 3, next: 2 }) });
  model.answers.set("GET cutout/jobs/a1/rows?since=2", { json: pageJson([rowJson(2)], { total: 3, next: 3 }) });
  model.answers.set("GET cutout/jobs/a1/rows?since=3", { json: pageJson([], { total: 3, next: 3 }) });
  await begin({});
  expect([...rows.rows.value.keys()]).toEqual([0, 1, 2]);
  expect([rows.ended.value, rows.total.value]).toEqual([true, 3]);
  await pass(60_000);
  expect(model.requests()).toHaveLength(4);
});

test("while it runs each change of the job asks for the rows that are new", async () => {
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { json: pageJson([rowJson(5)], { total: 3, next: 1, ended: false }) });
  model.answers.set("GET cutout/jobs/a1/rows?since=1", { json: pageJson([], { total: 3, next: 1, ended: false }) });
  await begin(RUNNING);
  expect(rows.rows.value.size).toBe(1);
  model.answers.set("GET cutout/jobs/a1/rows?since=1", { json: pageJson([rowJson(0), rowJson(2)], { total: 3, next: 3 }) });
  model.answers.set("GET cutout/jobs/a1/rows?since=3", { json: pageJson([], { total: 3, next: 3 }) });
  tell(model, "changed", jobJson({ id: "other", revision: 8 }));
  await pass(500);
  expect(rows.rows.value.size).toBe(1);
  tell(model, "changed", jobJson({ type: "cutout", revision: 9 }));
  await pass(500);
  expect([rows.rows.value.size, rows.ended.value, rows.job.value?.phase]).toEqual([3, true, "COMPLETED"]);
});

test("until the first image has come it does not wait for events", async () => {
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { json: pageJson([], { total: 3, next: 0, ended: false }) });
  await begin({ ...RUNNING, phase: "QUEUED" });
  await pass(1000);
  expect(model.requests("cutout/jobs/a1/rows?since=0").length).toBeGreaterThan(3);
});

test("a job that is deleted is said, from the start or on the way", async () => {
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { json: pageJson([], { ended: false }) });
  await begin(RUNNING);
  tell(model, "deleted", { id: "b2" });
  expect(rows.deleted.value).toBe(false);
  tell(model, "deleted", { id: "a1" });
  expect(rows.deleted.value).toBe(true);
  const asked = model.requests().length;
  await pass(20_000);
  expect(model.requests()).toHaveLength(asked);
});

test("a job that is not there was deleted", async () => {
  const gone = { status: 404, json: { error: { code: "not_found", message: "no such job", detail: {} } } };
  model.answers.set("GET cutout/jobs/a1/rows?since=0", gone);
  await begin({});
  expect(rows.deleted.value).toBe(true);
});

test("a failure is said, tried again by itself, and forgotten when it is over", async () => {
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { status: 503, json: { error: { code: "unavailable", message: "away", detail: {} } } });
  await begin(RUNNING);
  expect(rows.problem.value).toBe("away");
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { json: pageJson([], { ended: false }) });
  await pass(1000);
  expect(rows.problem.value).toBeNull();
  tell(model, "lost");
  expect(rows.lost.value).toBe(true);
  tell(model, "hello", { revision: 1 });
  expect(rows.lost.value).toBe(false);
});
