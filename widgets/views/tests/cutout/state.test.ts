import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CutoutState } from "../../src/cutout/state";
import { Transport } from "../../src/shared/model";
import { JOB } from "../fakes/catalog";
import { cutoutModel, draftJson, ESTIMATE, FAULTY, PIXEL } from "../fakes/cutout";
import { FakeModel } from "../fakes/model";

let state: CutoutState;

beforeEach(() => {
  vi.useFakeTimers();
  URL.createObjectURL = () => "blob:picture";
  URL.revokeObjectURL = () => undefined;
});

afterEach(() => {
  state.close();
  vi.useRealTimers();
});

async function open(model: FakeModel): Promise<CutoutState> {
  state = new CutoutState(model, new Transport(model));
  await state.load();
  await pass(0);
  return state;
}

/** Let time pass, and promises run. */
async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

test("what is typed is read once the typing pauses", async () => {
  const model = cutoutModel();
  await open(model);
  state.positions.setText("34.8 -5");
  await pass(300);
  state.positions.setText("34.8 -5.7");
  await pass(300);
  expect(model.requests("cutout/positions")).toHaveLength(0);
  await pass(400);
  expect(model.requests("cutout/positions").map((request) => request.body)).toEqual([{ text: "34.8 -5.7", release: "DR2" }]);
  expect(state.positions.table.value?.draft.rows).toBe(3);
  expect(model.get("positions_text")).toBe("34.8 -5.7");
});

test("a table that typing has replaced is given back", async () => {
  const model = cutoutModel();
  await open(model);
  state.positions.setText("1 2", true);
  await pass(0);
  model.answers.set("POST cutout/positions", { json: draftJson({ id: "d9" }) });
  state.positions.setText("1 3", true);
  await pass(0);
  expect(model.requests("cutout/positions/d1").map((request) => request.method)).toEqual(["DELETE"]);
});

test("the estimate follows positions and options, asked for once they rest", async () => {
  const model = cutoutModel();
  await open(model);
  state.positions.setText("1 2", true);
  await pass(0);
  state.form.setSize("x", "2");
  await pass(100);
  state.form.setSize("x", "3");
  await pass(1000);
  const asked = model.requests("cutout/estimate");
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body).toMatchObject({ positions: "d1", release: "DR2", options: { x_size_arcmin: 3 }, include_matched_csv: false });
  expect(state.estimate.answer.value?.estimate?.files).toBe(12);
  expect(state.obstacle.value).toBeNull();
});

test("a form that is wrong is not estimated, and says why it cannot be submitted", async () => {
  const model = cutoutModel();
  await open(model);
  state.positions.setText("1 2", true);
  await pass(1000);
  state.form.setSize("x", "99");
  await pass(1000);
  expect(model.requests("cutout/estimate")).toHaveLength(1);
  expect(state.estimate.answer.value).toBeNull();
  expect(state.obstacle.value).toBe("Mend what is marked in the form first.");
});

test("faults of the positions keep it from being submitted, and submit goes to the next", async () => {
  const model = cutoutModel(FAULTY);
  await open(model);
  state.positions.setText("1 2", true);
  await pass(1000);
  expect(state.obstacle.value).toBe("Mend 2 faults in the positions first.");
  await state.submit();
  expect(model.requests("cutout/jobs")).toHaveLength(0);
  expect(state.positions.table.value?.active.value).toBe(2);
});

test("what the limits refuse is said and not submitted", async () => {
  const model = cutoutModel();
  model.answers.set("POST cutout/estimate", { json: { ...ESTIMATE, refusal: "your groups allow 1,000 positions a job" } });
  await open(model);
  state.positions.setText("1 2", true);
  await pass(1000);
  expect(state.obstacle.value).toBe("your groups allow 1,000 positions a job");
});

test("a submitted job is named, and its gallery offered", async () => {
  const model = cutoutModel();
  model.answers.set("POST cutout/jobs", { status: 201, json: { ...JOB, type: "cutout", name: "rings" } });
  await open(model);
  state.positions.setText("1 2", true);
  state.form.jobName.value = " rings ";
  state.form.emailWanted.value = true;
  state.form.email.value = "ann@example.org";
  await pass(1000);
  await state.submit();
  expect(model.last("cutout/jobs").body).toMatchObject({ positions: "d1", name: "rings", email: "ann@example.org" });
  expect(model.get("job_id")).toBe(JOB.id);
  expect(state.notice.value?.text).toBe("Submitted job rings.");
  state.notice.value?.actions?.[0]?.act();
  expect(model.hostCalls("show-gallery")).toMatchObject([{ job_id: JOB.id, name: "rings" }]);
  state.positions.setText("3 4", true);
  await pass(0);
  expect(state.notice.value).toBeNull();
});

test("a second click of the same is asked about, and the service's faults stand at their fields", async () => {
  const model = cutoutModel();
  await open(model);
  state.positions.setText("1 2", true);
  await pass(1000);
  const conflict = { error: { code: "conflict", message: "the same was submitted 3 s ago", detail: {} } };
  model.answers.set("POST cutout/jobs", { status: 409, json: conflict });
  await state.submit();
  expect(state.notice.value?.actions?.[0]?.label).toBe("Submit anyway");
  const wrong = { error: { code: "invalid_request", message: "2 faults", detail: { faults: [{ row: null, field: "release", message: "DR2 is closed" }] } } };
  model.answers.set("POST cutout/jobs", (body) => ((body as { allow_duplicate?: boolean }).allow_duplicate ? { status: 400, json: wrong } : { status: 409, json: conflict }));
  await state.submit(true);
  expect(state.form.faultOf("release")).toBe("DR2 is closed");
});

test("positions of another panel take the place of the text", async () => {
  const model = cutoutModel(draftJson(), { positions_text: "1 2" });
  await open(model);
  model.set("cut", { buffer: Uint8Array.from([1, 2, 3]), source: "3 rows of SELECT 1" });
  await pass(0);
  expect(model.last("cutout/positions").body).toEqual({ file_name: "result.arrow", content_base64: "AQID", both: true, release: "DR2" });
  expect([state.positions.source.value?.words, state.positions.text.value, model.get("cut")]).toEqual(["3 rows of SELECT 1", "", null]);
  model.set("cut", { job_id: "j1", file: "m2.fits", source: "m2.fits of m2" });
  await pass(0);
  expect(model.last("cutout/positions").body).toEqual({ job_id: "j1", file: "m2.fits", release: "DR2" });
});

test("a file is sent as it is, and one that is too large is refused here", async () => {
  const model = cutoutModel();
  await open(model);
  const file = new File(["RA,DEC\n1,2\n"], "m2.csv");
  file.arrayBuffer = async () => new TextEncoder().encode("RA,DEC\n1,2\n").buffer as ArrayBuffer;
  await state.positions.readFile(file);
  expect(model.last("cutout/positions").body).toEqual({ file_name: "m2.csv", content_base64: btoa("RA,DEC\n1,2\n"), release: "DR2" });
  expect(state.positions.source.value).toEqual({ words: "m2.csv", typed: false });
  const huge = new File([""], "huge.csv");
  Object.defineProperty(huge, "size", { value: 90_000_000 });
  await state.positions.readFile(huge);
  expect(state.positions.unreadable.value).toContain("huge.csv has 90 MB");
});

test("after a reload the table is fetched again; where it is gone the text is read", async () => {
  const model = cutoutModel(draftJson(), { positions_text: "1 2", draft_id: "d1" });
  model.answers.set("GET cutout/positions/d1", { json: draftJson() });
  await open(model);
  expect(model.requests("cutout/positions")).toHaveLength(0);
  expect(state.positions.table.value?.draft.id).toBe("d1");
  state.close();
  model.answers.set("GET cutout/positions/d1", { status: 404, json: { error: { code: "not_found", message: "gone", detail: {} } } });
  await open(model);
  expect(model.requests("cutout/positions")).toHaveLength(1);
  expect(state.positions.unreadable.value).toBeNull();
});

test("what cannot be read at all is said, and clear forgets it", async () => {
  const model = cutoutModel();
  model.answers.set("POST cutout/positions", { status: 400, json: { error: { code: "invalid_request", message: "no column says where", detail: {} } } });
  await open(model);
  state.positions.setText("hello", true);
  await pass(0);
  expect([state.positions.unreadable.value, state.positions.table.value]).toEqual(["no column says where", null]);
  state.clear();
  expect([state.positions.unreadable.value, state.positions.text.value]).toEqual([null, ""]);
  state.notice.value?.actions?.[0]?.act();
  expect(state.positions.text.value).toBe("hello");
});

test("the preview draws the first position and follows the options", async () => {
  const model = cutoutModel();
  const sent: string[] = [];
  model.send = ((send) => (content) => {
    if (String(content["path"]).startsWith("cutout/preview")) {
      sent.push(String(content["path"]));
      model.answers.set(`GET ${String(content["path"])}`, { buffer: PIXEL });
    }
    send.call(model, content);
  })(model.send);
  await open(model);
  state.positions.setText("1 2", true);
  await pass(1000);
  expect(sent).toEqual(["cutout/preview?positions=d1&row=1&release=DR2&kind=lupton&bands=irg&x_size_arcmin=1&y_size_arcmin=1&minimum=1&stretch=50&q=10"]);
  expect(state.preview.url.value).toBe("blob:picture");
  state.form.q.value = "";
  await pass(1000);
  expect(state.preview.url.value).toBeNull();
  state.form.q.value = "8";
  state.preview.go(2);
  await pass(1000);
  expect(sent).toHaveLength(2);
  expect(sent[1]).toContain("row=3");
  expect(sent[1]).toContain("q=8");
  state.preview.go(1);
  await pass(1000);
  expect(sent[2]).toContain("row=2");
  expect(sent[2]).toContain("x_size_arcmin=2&y_size_arcmin=1");
  expect(state.preview.caption).toBe("i r g · by its own columns");
});

test("another release finds its own tiles for the same positions", async () => {
  const model = cutoutModel(draftJson({ release: "DR2" }));
  model.answers.set("GET cutout/positions/d1?release=DR1", { json: draftJson({ release: "DR1", outside: 3 }) });
  await open(model);
  state.positions.setText("1 2", true);
  await pass(0);
  state.form.release.value = "DR1";
  await pass(0);
  expect(state.positions.table.value?.draft.outside).toBe(3);
  expect(model.requests("cutout/positions")).toHaveLength(1);
});
