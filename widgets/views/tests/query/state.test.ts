import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Transport } from "../../src/shared/model";
import { QueryState } from "../../src/query/state";
import { EXAMPLES, FORMATS, HISTORY, JOB, SCHEMA, SESSION } from "../fakes/catalog";
import { FakeModel, settled } from "../fakes/model";
import { pageBytes } from "../fakes/page";

let model: FakeModel;
let transport: Transport;
let state: QueryState;

function setUp(traits: Record<string, unknown> = {}): void {
  model = new FakeModel({ sql: "SELECT RA FROM DR2_MAIN", ...traits });
  transport = new Transport(model);
  state = new QueryState(model, transport);
}

beforeEach(() => setUp());
afterEach(() => {
  state.close();
  transport.close();
  vi.useRealTimers();
});

describe("quick", () => {
  test("runs, keeps the rows, tells the model, and hands them to the surroundings that can show them", async () => {
    setUp({ host: ["show-result"] });
    const done = state.runQuick();
    expect(state.quick.running.value).not.toBeNull();
    expect(model.last("query/quick").body).toMatchObject({ sql: "SELECT RA FROM DR2_MAIN", query_id: state.quick.running.value?.id });
    await model.answer("query/quick", { buffer: new DataView(pageBytes().buffer) });
    await done;
    expect(state.quick.running.value).toBeNull();
    expect(state.quick.result.value?.table.rowCount).toBe(4);
    expect(model.get("result_meta")).toMatchObject({ truncated: true, rows: 4, sql: "SELECT RA FROM DR2_MAIN" });
    expect(model.saves).toBeGreaterThan(0);
    const [shown] = model.hostCalls("show-result");
    expect(shown).toMatchObject({ sql: "SELECT RA FROM DR2_MAIN", meta: { rows: 4 } });
    expect((shown?.["buffer"] as Uint8Array).byteLength).toBe(pageBytes().byteLength);
  });

  test("shows the rows itself where it is wide, or where nobody else can", async () => {
    expect(state.showsRows.value).toBe(true);
    setUp({ host: ["show-result"] });
    expect(state.showsRows.value).toBe(false);
    state.wide.value = true;
    expect(state.showsRows.value).toBe(true);
    const done = state.runQuick();
    await model.answer("query/quick", { buffer: pageBytes() });
    await done;
    expect(model.hostCalls("show-result")).toEqual([]);
  });

  test("a double click runs once and does not cancel", async () => {
    void state.runQuick();
    void state.runQuick();
    await state.cancelQuick();
    expect(model.requests("query/quick")).toHaveLength(1);
    expect(model.requests().filter((request) => request.method === "DELETE")).toEqual([]);
  });

  test("is cancelled by its own id, and says so once it has stopped", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const done = state.runQuick();
    const id = state.quick.running.value?.id ?? "";
    vi.advanceTimersByTime(1000);
    const cancelled = state.cancelQuick();
    void state.cancelQuick();
    expect(state.quick.running.value?.cancelling).toBe(true);
    expect(model.requests(`query/quick/${id}`)).toHaveLength(1);
    await model.answer(`query/quick/${id}`, { json: {} });
    await cancelled;
    expect(state.quick.running.value).not.toBeNull();
    await model.fail("query/quick", 409, "cancelled", "cancelled by the user");
    await done;
    expect(state.quick.running.value).toBeNull();
    expect(state.notice.value).toMatchObject({ kind: "info", text: "Cancelled; the query was stopped." });
  });

  test("a cancel that overtakes its query is repeated until it is heard", async () => {
    vi.useFakeTimers();
    const done = state.runQuick();
    const path = `query/quick/${state.quick.running.value?.id ?? ""}`;
    await vi.advanceTimersByTimeAsync(500);
    const cancelled = state.cancelQuick();
    model.reply(model.last(path).id, { status: 404, json: { error: { code: "not_found", message: "no such query", detail: {} } } });
    await vi.advanceTimersByTimeAsync(300);
    expect(model.requests(path)).toHaveLength(2);
    model.reply(model.last("query/quick").id, { status: 409, json: { error: { code: "cancelled", message: "stopped", detail: {} } } });
    model.reply(model.last(path).id, { status: 404, json: { error: { code: "not_found", message: "no such query", detail: {} } } });
    await vi.advanceTimersByTimeAsync(300);
    await Promise.all([done, cancelled]);
    expect(state.notice.value?.text).toContain("Cancelled");
  });

  test("a cancel that cannot be told is said, and the query goes on", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    void state.runQuick();
    const id = state.quick.running.value?.id ?? "";
    vi.advanceTimersByTime(1000);
    const cancelled = state.cancelQuick();
    await model.fail(`query/quick/${id}`, 503, "unavailable", "the service does not answer");
    await cancelled;
    expect(state.notice.value).toMatchObject({ kind: "error", text: "The query could not be cancelled: the service does not answer" });
    expect(state.quick.running.value).toMatchObject({ id, cancelling: false });
  });

  test("its clock runs while it runs", async () => {
    vi.useFakeTimers();
    const done = state.runQuick();
    await vi.advanceTimersByTimeAsync(1250);
    expect(state.quick.elapsedSeconds.value).toBeCloseTo(1.2, 1);
    model.reply(model.last("query/quick").id, { buffer: pageBytes() });
    await done;
    const stopped = state.quick.elapsedSeconds.value;
    await vi.advanceTimersByTimeAsync(1000);
    expect(state.quick.elapsedSeconds.value).toBe(stopped);
  });

  test("after the limit it offers a job", async () => {
    const done = state.runQuick();
    await model.fail("query/quick", 504, "deadline_exceeded", "took longer than 30 s");
    await done;
    expect(state.notice.value?.action?.label).toBe("Submit as a job");
    state.notice.value?.action?.act();
    expect(model.last("query/job").body).toEqual({ sql: "SELECT RA FROM DR2_MAIN" });
  });

  test("a fault is marked with its place and hint, and the rows of before stay", async () => {
    const first = state.runQuick();
    await model.answer("query/quick", { buffer: pageBytes() });
    await first;
    const second = state.runQuick();
    await model.fail("query/quick", 400, "invalid_query", "no column BAD", { line: 2, column: 8, length: 3, hint: "did you mean BAND?" });
    await second;
    expect(state.fault.value).toEqual({ message: "no column BAD", line: 2, column: 8, length: 3, hint: "did you mean BAND?" });
    expect(state.notice.value).toMatchObject({ kind: "error", text: "Line 2, column 8: no column BAD", hint: "did you mean BAND?" });
    expect(state.quick.result.value).not.toBeNull();
  });

  test("a service that is down can be tried again", async () => {
    const done = state.runQuick();
    await model.fail("query/quick", 503, "unavailable", "the service does not answer");
    await done;
    state.notice.value?.action?.act();
    expect(state.notice.value).toBeNull();
    expect(model.requests("query/quick")).toHaveLength(2);
  });

  test.each([
    ["no rows", { json: {} }, /sent no rows/],
    ["bytes that are no Arrow", { buffer: new Uint8Array([1, 2, 3, 4]) }, /./],
  ])("an answer with %s is an error, not an empty result", async (_, answer, message) => {
    const done = state.runQuick();
    await model.answer("query/quick", answer);
    await done;
    expect(state.notice.value?.kind).toBe("error");
    expect(state.notice.value?.text).toMatch(message);
    expect(state.quick.result.value).toBeNull();
  });

  test("an empty editor asks nothing", async () => {
    state.setSql("  \n ");
    await Promise.all([state.runQuick(), state.check(), state.submit(), state.explain()]);
    expect(model.requests()).toEqual([]);
    expect(state.notice.value?.text).toMatch(/Write a query first/);
  });
});

describe("check, explain, submit", () => {
  test("a right query says what it would return", async () => {
    const done = state.check();
    expect(state.work.value).toBe("check");
    await model.answer("query/check", { json: { columns: [{ name: "RA", type: "float64", unit: "deg", ucd: null, description: "" }] } });
    await done;
    expect(state.notice.value).toMatchObject({ kind: "success", text: "The query is right: 1 column (RA)." });
    expect(state.work.value).toBeNull();
  });

  test("the plan is kept until the next act", async () => {
    const done = state.explain();
    await model.answer("query/explain", { json: { plan: "SEQ_SCAN", statement: "select", steps: [] } });
    await done;
    expect(state.explanation.value?.plan).toBe("SEQ_SCAN");
    void state.check();
    expect(state.explanation.value).toBeNull();
  });

  test("a job is named, told to the model, shown on wish, and nothing is cleared", async () => {
    setUp({ host: ["show-job"] });
    state.form.jobName.value = "m2 stars";
    const done = state.submit();
    void state.submit();
    expect(model.requests("query/job")).toHaveLength(1);
    expect(model.last("query/job").body).toEqual({ sql: "SELECT RA FROM DR2_MAIN", name: "m2 stars" });
    await model.answer("query/job", { status: 201, json: JOB });
    await done;
    expect(state.notice.value).toMatchObject({ kind: "success", text: "Submitted job m2 stars." });
    expect(model.get("selected_job")).toBe(JOB.id);
    state.notice.value?.action?.act();
    expect(model.hostCalls("show-job")).toEqual([{ kind: "host", action: "show-job", id: JOB.id }]);
    expect([state.sql.value, state.form.jobName.value]).toEqual(["SELECT RA FROM DR2_MAIN", "m2 stars"]);
  });

  test("the same query twice is asked about", async () => {
    const done = state.submit();
    await model.fail("query/job", 409, "conflict", "the same query was submitted 4 s ago");
    await done;
    expect(state.notice.value).toMatchObject({ kind: "warn", text: "the same query was submitted 4 s ago" });
    state.notice.value?.action?.act();
    expect(model.last("query/job").body).toMatchObject({ allow_duplicate: true });
  });

  test("a fault in the form is said and nothing is sent", async () => {
    state.form.maxRows.value = "many";
    await state.submit();
    expect(state.notice.value?.text).toMatch(/^Most rows: a whole number/);
    expect(model.requests()).toEqual([]);
  });

  test("a notebook goes to the surroundings", async () => {
    const done = state.openNotebook("SELECT 1");
    await model.answer("query/notebook", { json: { file_name: "q.ipynb", content: { cells: [] } } });
    await done;
    expect(model.hostCalls("open-notebook")[0]).toMatchObject({ file_name: "q.ipynb", content: { cells: [] } });
  });

  test("an answer of another shape is an error that says so", async () => {
    const done = state.check();
    await model.answer("query/check", { json: { cols: [] } });
    await done;
    expect(state.notice.value).toMatchObject({ kind: "error", text: "check: columns must be an array, got nothing" });
  });
});

describe("the text", () => {
  test("goes to the model at once and is saved a moment later", () => {
    vi.useFakeTimers();
    state.setSql("SELECT 1");
    state.setSql("SELECT 12");
    expect([model.get("sql"), model.saves]).toEqual(["SELECT 12", 0]);
    vi.advanceTimersByTime(400);
    expect(model.saves).toBe(1);
    state.setSql("SELECT 123");
    state.close();
    expect(model.saves).toBe(2);
  });

  test("comes from the model", () => {
    model.set("sql", "SELECT 7");
    expect(state.sql.value).toBe("SELECT 7");
    model.set("expanded", true);
    expect(state.expanded.value).toBe(true);
    state.close();
    transport.close();
    expect(model.listening).toBe(0);
  });

  test("is replaced without a question where nothing is lost", async () => {
    const done = state.runQuick();
    await model.answer("query/quick", { buffer: pageBytes() });
    await done;
    state.replaceSql("SELECT 1", "The example");
    state.replaceSql("SELECT 2", "The example");
    expect(state.sql.value).toBe("SELECT 2");
    expect(state.question.value).toBeNull();
  });

  test("is asked about where it was edited", () => {
    state.setSql("SELECT mine");
    state.replaceSql("SELECT 1", "The example “First rows”");
    expect(state.sql.value).toBe("SELECT mine");
    expect(state.question.value?.text).toContain("The example “First rows” would take its place");
    state.question.value?.onYes();
    expect(state.sql.value).toBe("SELECT 1");
  });

  test("is cleared, and comes back on wish", () => {
    state.clear();
    expect([state.sql.value, model.get("sql")]).toEqual(["", ""]);
    state.notice.value?.action?.act();
    expect(state.sql.value).toBe("SELECT RA FROM DR2_MAIN");
  });
});

describe("what is fetched", () => {
  test("schema, formats and limits come at the start", async () => {
    model.answers.set("GET query/schema", { json: SCHEMA });
    model.answers.set("GET query/formats", { json: FORMATS });
    model.answers.set("GET session", { json: SESSION });
    await state.load();
    expect(state.schema.schema.value?.tables).toHaveLength(3);
    expect(state.form.formats.value).toHaveLength(5);
    expect([state.quickSeconds.value, state.maxRows.value]).toEqual([25, 1_000_000]);
  });

  test("without limits the panel works, and what failed is fetched again on wish", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const down = { status: 503, json: { error: { code: "unavailable", message: "down", detail: {} } } };
    for (const path of ["GET query/schema", "GET query/formats", "GET session"]) model.answers.set(path, down);
    await state.load();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(state.schema.schema.status.value).toEqual({ state: "failed", message: "down", value: null });
    expect(state.quickSeconds.value).toBe(30);
    model.answers.set("GET query/schema", { json: SCHEMA });
    await state.load();
    expect(state.schema.schema.status.value.state).toBe("ready");
  });

  test("history is fetched anew after a run once it was looked at, and can be cleared after a question", async () => {
    model.answers.set("GET query/history", { json: HISTORY });
    model.answers.set("DELETE query/history", { json: {} });
    model.answers.set("POST query/quick", { buffer: pageBytes() });
    await state.runQuick();
    expect(model.requests("query/history")).toEqual([]);
    await state.history.reload();
    await state.runQuick();
    expect(model.requests("query/history")).toHaveLength(2);
    await settled();
    state.askToClearHistory();
    expect(state.history.value).toHaveLength(2);
    state.question.value?.onYes();
    await settled();
    expect(state.history.value).toEqual([]);
  });

  test("examples are what the service says", async () => {
    model.answers.set("GET query/examples", { json: EXAMPLES });
    await state.examples.ensure();
    expect(state.examples.value?.map((example) => example.title)).toEqual(["First rows", "Tiles"]);
  });
});
