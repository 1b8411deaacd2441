import { afterEach, expect, test, vi } from "vitest";
import { JobsState } from "../../src/jobs/state";
import type { Job } from "../../src/shared/job";
import { Transport } from "../../src/shared/model";
import { HOST, jobJson, jobsModel, RUNNING, tell } from "../fakes/jobs";
import { FakeModel, settled } from "../fakes/model";

const open: (() => void)[] = [];
afterEach(() => {
  open.splice(0).forEach((close) => close());
  vi.useRealTimers();
});

async function stateOn(model: FakeModel): Promise<JobsState> {
  const transport = new Transport(model);
  const state = new JobsState(transport, model);
  open.push(() => (state.close(), transport.close()));
  await settled();
  return state;
}

/** Four jobs, a newest. */
function four(): Record<string, unknown>[] {
  return ["a", "b", "c", "d"].map((id, index) => jobJson({ id, created_at: `2026-11-22T12:0${9 - index}:00Z`, revision: index + 1 }));
}

function job(state: JobsState, id: string): Job {
  const found = state.store.jobs.value.get(id);
  if (!found) throw new Error(`no job ${id}`);
  return found;
}

test("arrows go through the list and stop at its ends", async () => {
  const state = await stateOn(jobsModel(four()));
  const visited = [1, 1, -Infinity, -1, Infinity, 1].map((steps) => (state.move(steps), state.active.value));
  expect(visited).toEqual(["a", "b", "a", "a", "d", "d"]);
});

test("shift and an arrow select what is passed, and give it back on the way home", async () => {
  const state = await stateOn(jobsModel(four()));
  state.goTo("b");
  state.move(1, true);
  state.move(1, true);
  expect([...state.selected.value]).toEqual(["b", "c", "d"]);
  state.move(-1, true);
  expect([...state.selected.value]).toEqual(["b", "c"]);
});

test("all that pass the filter are selected together", async () => {
  const state = await stateOn(jobsModel([jobJson({ id: "a" }), jobJson({ id: "b", name: "clusters" })]));
  state.filter.value = { text: "clusters", group: "all" };
  state.toggleAll();
  expect([...state.selected.value]).toEqual(["b"]);
  state.toggleAll();
  expect(state.selected.value.size).toBe(0);
});

test("deleting asks once, says how many files go, and then deletes in one call", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  state.toggle("b");
  state.toggle("c");
  state.askToDelete();
  expect(state.question.value).toMatchObject({ title: "Delete 2 jobs?", text: "Erases 2 files, 4.68 MB. This cannot be undone.", danger: true });
  expect(model.requests("jobs/delete")).toHaveLength(0);
  state.question.value?.onYes();
  expect(model.last("jobs/delete").body).toEqual({ ids: ["b", "c"] });
  await model.answer("jobs/delete", { json: { deleted: ["b", "c"], failed: [] } });
  expect(state.shown.value.map(({ id }) => id)).toEqual(["a", "d"]);
});

test("deleting an active job says that it will be cancelled", async () => {
  const state = await stateOn(jobsModel([jobJson({ id: "a", name: "slow", ...RUNNING })]));
  state.askToDelete(["a"]);
  expect(state.question.value).toMatchObject({ title: "Delete “slow”?", text: "It is still active and will be cancelled. This cannot be undone." });
});

test("after a deletion nothing that is gone stays selected, open or in focus", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  state.open("b");
  state.toggle("b");
  state.toggle("d");
  tell(model, "deleted", { id: "b" });
  expect([...state.selected.value]).toEqual(["d"]);
  expect(state.opened.value).toBeNull();
  expect(model.get("selected_job")).toBeNull();
  expect(state.active.value).toBe("c");
});

test("the focus goes to the last job when the one at the end is deleted", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  state.goTo("d");
  tell(model, "deleted", { id: "d" });
  expect(state.active.value).toBe("c");
});

test("a job that cannot be deleted stays, and the reason is told", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  void state.delete(["a", "b"]);
  await model.answer("jobs/delete", { json: { deleted: ["a"], failed: [{ id: "b", message: "its folder is in use" }] } });
  expect(state.store.jobs.value.has("b")).toBe(true);
  expect(state.toasts.value.map(({ text }) => text)).toEqual(["1 job could not be deleted: its folder is in use"]);
});

test.each([
  ["cancel", (state: JobsState) => state.cancel(job(state, "a")), "jobs/a/cancel"],
  ["renew", (state: JobsState) => state.renew(job(state, "a")), "jobs/a/renew"],
  ["run again", (state: JobsState) => state.rerun(job(state, "a")), "jobs/a/rerun"],
  ["open in notebook", (state: JobsState) => state.openNotebook(job(state, "a")), "jobs/a/notebook"],
  ["delete", (state: JobsState) => state.delete(["a"]), "jobs/delete"],
])("a double click on %s asks once", async (_, act, path) => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  void act(state);
  void act(state);
  expect(model.requests(path)).toHaveLength(1);
  await model.fail(path, 409, "conflict", "no");
  void act(state);
  expect(model.requests(path)).toHaveLength(2);
});

test("a reply and its event together change a job once", async () => {
  const model = jobsModel([jobJson({ id: "a", ...RUNNING, revision: 3 })]);
  const state = await stateOn(model);
  const cancelling = state.cancel(job(state, "a"));
  const cancelled = jobJson({ id: "a", phase: "ABORTED", revision: 4 });
  tell(model, "changed", cancelled);
  await model.answer("jobs/a/cancel", { json: cancelled });
  await cancelling;
  expect(job(state, "a").phase).toBe("ABORTED");
  expect(state.announced.value).toBe("job a cancelled");
});

test("what went wrong is told in the service's words", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  void state.renew(job(state, "a"));
  await model.fail("jobs/a/renew", 409, "conflict", "no renewal is left");
  expect(state.toasts.value.map(({ text }) => text)).toEqual(["no renewal is left"]);
  state.dismiss(state.toasts.value[0]?.id ?? 0);
  expect(state.toasts.value).toEqual([]);
});

test("a new name is sent trimmed; an empty one or the old one is not", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  await state.rename(job(state, "a"), "   ");
  await state.rename(job(state, "a"), "job a");
  expect(model.requests("jobs/a")).toEqual([]);
  void state.rename(job(state, "a"), "  m2 ");
  expect(model.last("jobs/a")).toMatchObject({ method: "PATCH", body: { name: "m2" } });
});

test("running again opens the new job", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  void state.rerun(job(state, "a"));
  await model.answer("jobs/a/rerun", { status: 201, json: jobJson({ id: "e", ...RUNNING, phase: "QUEUED", revision: 9 }) });
  expect(state.opened.value?.id).toBe("e");
  expect(model.get("selected_job")).toBe("e");
});

test("a job that the model names is opened, even where the listing does not have it yet", async () => {
  const model = jobsModel(four());
  const state = await stateOn(model);
  model.set("selected_job", "c");
  expect(state.opened.value?.id).toBe("c");
  model.set("selected_job", "late");
  await model.answer("jobs/late", { json: jobJson({ id: "late", ...RUNNING, revision: 9 }) });
  expect(state.opened.value?.id).toBe("late");
});

test("a job that the model names and nobody has is let go", async () => {
  const model = jobsModel(four(), { selected_job: "gone" });
  const state = await stateOn(model);
  await model.fail("jobs/gone", 404, "not_found", "no such job: gone");
  expect(state.opened.value).toBeNull();
  expect(model.get("selected_job")).toBeNull();
});

test("phase changes are read out, several in one breath, progress is not", async () => {
  const model = jobsModel([jobJson({ id: "a", name: "m2", ...RUNNING, revision: 3 })]);
  const state = await stateOn(model);
  tell(model, "changed", jobJson({ id: "a", name: "m2", ...RUNNING, progress: { done: 5, total: 10, unit: "rows", fraction: 0.5 }, revision: 4 }));
  await settled();
  expect(state.announced.value).toBe("");
  tell(model, "changed", jobJson({ id: "a", name: "m2", revision: 5 }));
  tell(model, "changed", jobJson({ id: "b", name: "new", ...RUNNING, phase: "QUEUED", revision: 6 }));
  await settled();
  expect(state.announced.value).toBe("m2 completed, 25,731 rows; new queued");
});

test("the log of a running job is read again when the job changes, at most once a second", async () => {
  const model = jobsModel([jobJson({ id: "a", ...RUNNING, revision: 3 })]);
  const state = await stateOn(model);
  vi.useFakeTimers();
  state.open("a");
  await vi.advanceTimersByTimeAsync(1);
  expect(state.details.log.value).toEqual({ value: "log of a", problem: null });
  for (const revision of [4, 5, 6]) tell(model, "changed", jobJson({ id: "a", ...RUNNING, revision }));
  await vi.advanceTimersByTimeAsync(500);
  expect(model.requests("jobs/a/log")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(600);
  expect(model.requests("jobs/a/log")).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5000);
  expect(model.requests("jobs/a/log")).toHaveLength(2);
});

test("files are listed once the job has ended", async () => {
  const model = jobsModel([jobJson({ id: "a", ...RUNNING, revision: 3 })]);
  const state = await stateOn(model);
  state.open("a");
  await settled();
  expect(model.requests("jobs/a/files")).toEqual([]);
  tell(model, "changed", jobJson({ id: "a", revision: 4 }));
  await settled();
  expect(state.details.files.value.value?.map(({ name }) => name)).toEqual(["m2.fits"]);
});

test("an answer for a job that is shown no more is dropped", async () => {
  const model = jobsModel(four());
  model.answers.delete("GET jobs/a/log");
  const state = await stateOn(model);
  state.open("a");
  await vi.waitFor(() => model.last("jobs/a/log"));
  state.open("b");
  await model.answer("jobs/a/log", { json: { log: "late" } });
  await vi.waitFor(() => expect(state.details.log.value.value).toBe("log of b"));
});

test("what the surroundings cannot do is not offered", async () => {
  const state = await stateOn(jobsModel(four(), { host: HOST.filter((action) => action !== "open-files") }));
  expect([state.can("open-files"), state.can("download")]).toEqual([false, true]);
});

test("a closed panel leaves nothing behind", async () => {
  const model = jobsModel(four());
  const transport = new Transport(model);
  const state = new JobsState(transport, model);
  await settled();
  state.close();
  transport.close();
  expect(model.listening).toBe(0);
  expect(model.sent.at(-1)).toEqual({ kind: "unsubscribe", path: "jobs/events" });
});
