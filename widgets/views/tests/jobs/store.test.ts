import { afterEach, expect, test } from "vitest";
import { JobStore, type PhaseChange } from "../../src/jobs/store";
import { Transport } from "../../src/shared/model";
import { jobJson, jobsModel, listing, RUNNING, tell } from "../fakes/jobs";
import { FakeModel, settled } from "../fakes/model";

const LISTING = "jobs?limit=500";
const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

function storeOn(model: FakeModel): { store: JobStore; changes: PhaseChange[] } {
  const transport = new Transport(model);
  const changes: PhaseChange[] = [];
  const store = new JobStore(transport, (change) => changes.push(change));
  open.push(() => (store.close(), transport.close()));
  return { store, changes };
}

const idsOf = (store: JobStore): string[] => [...store.jobs.value.keys()];

test("the listing is asked for before the events are", () => {
  const model = new FakeModel();
  storeOn(model);
  expect(model.sent.map((message) => message["kind"])).toEqual(["request", "subscribe"]);
});

test("a job changes by an event", async () => {
  const model = jobsModel([jobJson({ ...RUNNING, revision: 3 })]);
  const { store, changes } = storeOn(model);
  await settled();
  tell(model, "changed", jobJson({ revision: 4 }));
  expect(store.jobs.value.get("a1")?.phase).toBe("COMPLETED");
  expect(changes.map(({ before, after }) => [before?.phase, after.phase])).toEqual([["EXECUTING", "COMPLETED"]]);
});

test("an event that is older than what is known changes nothing", async () => {
  const model = jobsModel([jobJson({ revision: 7 })]);
  const { store } = storeOn(model);
  await settled();
  tell(model, "changed", jobJson({ ...RUNNING, revision: 6 }));
  tell(model, "changed", jobJson({ name: "again", revision: 7 }));
  expect(store.jobs.value.get("a1")).toMatchObject({ phase: "COMPLETED", name: "job a1" });
});

test("an event that overtakes the listing survives it", async () => {
  const model = new FakeModel();
  const { store } = storeOn(model);
  tell(model, "changed", jobJson({ id: "new", revision: 9 }));
  tell(model, "changed", jobJson({ name: "renamed", revision: 8 }));
  await model.answer(LISTING, { json: { jobs: [jobJson({ revision: 5 })], revision: 6 } });
  expect(idsOf(store).sort()).toEqual(["a1", "new"]);
  expect(store.jobs.value.get("a1")?.name).toBe("renamed");
});

test("a job deleted while the listing was under way stays deleted", async () => {
  const model = new FakeModel();
  const { store } = storeOn(model);
  tell(model, "deleted", { id: "a1" });
  await model.answer(LISTING, { json: { jobs: [jobJson({ revision: 5 }), jobJson({ id: "b2", revision: 6 })], revision: 6 } });
  tell(model, "changed", jobJson({ revision: 9 }));
  expect(idsOf(store)).toEqual(["b2"]);
});

test("a greeting that is no newer than the listing asks for nothing", async () => {
  const model = jobsModel([jobJson({ revision: 5 })]);
  storeOn(model);
  await settled();
  tell(model, "hello", { revision: 5 });
  await settled();
  expect(model.requests(LISTING)).toHaveLength(1);
});

test("a greeting that is newer than the listing has it asked for again", async () => {
  const model = jobsModel([jobJson({ revision: 5 })]);
  const { store } = storeOn(model);
  await settled();
  listing(model, [jobJson({ revision: 5 }), jobJson({ id: "b2", revision: 6 })]);
  tell(model, "hello", { revision: 6 });
  await settled();
  expect(idsOf(store)).toEqual(["a1", "b2"]);
});

test("after a lost connection the greeting brings what was missed, deletions too", async () => {
  const model = jobsModel([jobJson({ revision: 1 }), jobJson({ id: "b2", ...RUNNING, revision: 5 })]);
  const { store, changes } = storeOn(model);
  await settled();
  tell(model, "hello", { revision: 5 });
  expect(store.connection.value).toBe("live");
  tell(model, "lost");
  expect(store.connection.value).toBe("lost");
  listing(model, [jobJson({ id: "b2", revision: 6 })], 7);
  tell(model, "hello", { revision: 7 });
  await settled();
  expect(store.connection.value).toBe("live");
  expect(idsOf(store)).toEqual(["b2"]);
  expect(changes.map(({ after }) => `${after.id} ${after.phase}`)).toEqual(["b2 COMPLETED"]);
});

test("a greeting while a listing is under way has another follow it", async () => {
  const model = new FakeModel();
  const { store } = storeOn(model);
  tell(model, "hello", { revision: 2 });
  await model.answer(LISTING, { json: { jobs: [], revision: 1 } });
  expect(model.requests(LISTING)).toHaveLength(2);
  await model.answer(LISTING, { json: { jobs: [jobJson({ revision: 2 })], revision: 2 } });
  expect(idsOf(store)).toEqual(["a1"]);
});

test("a thousand jobs are asked for page by page", async () => {
  const model = new FakeModel();
  const { store } = storeOn(model);
  const page = (first: number, size: number): Record<string, unknown>[] =>
    Array.from({ length: size }, (_, index) => jobJson({ id: `j${first + index}`, revision: first + index + 1 }));
  await model.answer(LISTING, { json: { jobs: page(0, 500), revision: 1000 } });
  await model.answer("jobs?limit=500&before=j499", { json: { jobs: page(500, 499), revision: 1000 } });
  expect(store.jobs.value.size).toBe(999);
});

test("a listing that fails is told, and leaves what was known", async () => {
  const model = jobsModel([jobJson()]);
  const { store } = storeOn(model);
  await settled();
  model.answers.clear();
  void store.list();
  await model.fail(LISTING, 503, "unavailable", "the store is busy");
  expect(store.problem.value).toMatchObject({ code: "unavailable", message: "the store is busy" });
  expect(idsOf(store)).toEqual(["a1"]);
  void store.list();
  await model.answer(LISTING, { json: { jobs: [], revision: 9 } });
  expect(store.problem.value).toBeNull();
  expect(idsOf(store)).toEqual([]);
});
