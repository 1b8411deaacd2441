import { describe, expect, test } from "vitest";
import { ApiError, apiPath, isApiError, Transport, type StreamEvent } from "../../src/shared/model";
import { FakeModel } from "../fakes/model";

function setUp(traits: Record<string, unknown> = {}): { model: FakeModel; transport: Transport } {
  const model = new FakeModel(traits);
  return { model, transport: new Transport(model) };
}

describe("requests", () => {
  test("an answer goes to the request of its id, in any order", async () => {
    const { model, transport } = setUp();
    const first = transport.json("GET", "query/schema");
    const second = transport.json("POST", "query/check", { sql: "select 1" });
    expect(model.last("query/check")).toMatchObject({ method: "POST", body: { sql: "select 1" } });
    expect(model.last("query/schema")).not.toHaveProperty("body");
    model.reply(model.last("query/check").id, { json: { columns: [] } });
    model.reply(model.last("query/schema").id, { json: { tables: [] } });
    expect(await first).toEqual({ tables: [] });
    expect(await second).toEqual({ columns: [] });
  });

  test("lines are handed on as they come, and the answer ends with the reply", async () => {
    const { model, transport } = setUp();
    const heard: unknown[] = [];
    const ended = transport.lines("POST", "tables", { name: "a" }, (line) => heard.push(line));
    const sent = model.last("tables");
    expect(sent).toMatchObject({ method: "POST", body: { name: "a" }, lines: true });
    model.deliver({ kind: "line", id: sent.id, json: { rows: 1 } });
    model.deliver({ kind: "line", id: "another", json: { rows: 7 } });
    expect(heard).toEqual([{ rows: 1 }]);
    model.reply(sent.id, {});
    await ended;
    model.deliver({ kind: "line", id: sent.id, json: { rows: 9 } });
    expect(heard).toEqual([{ rows: 1 }]);
  });

  test("lines come at the end where the model gives the whole body, and an error is thrown as of any answer", async () => {
    const { model, transport } = setUp();
    const heard: unknown[] = [];
    const ended = transport.lines("POST", "tables", {}, (line) => heard.push(line));
    model.reply(model.last("tables").id, { buffer: new TextEncoder().encode('{"rows": 1}\n{"table": {}}\n') });
    await ended;
    expect(heard).toEqual([{ rows: 1 }, { table: {} }]);
    const refused = transport.lines("POST", "tables", {}, () => undefined);
    model.reply(model.last("tables").id, { status: 400, json: { error: { code: "invalid_request", message: "no name", detail: {}, id: "e" } } });
    await expect(refused).rejects.toMatchObject({ code: "invalid_request", message: "no name" });
  });

  test("a binary answer comes as bytes, whatever view the model gives", async () => {
    const { model, transport } = setUp();
    const bytes = new Uint8Array([9, 1, 2, 3, 9]);
    const viewed = transport.request("POST", "query/quick");
    model.reply(model.last("query/quick").id, { buffer: new DataView(bytes.buffer, 1, 3) });
    expect([...((await viewed).buffer ?? [])]).toEqual([1, 2, 3]);
    const plain = transport.request("POST", "query/quick");
    model.reply(model.last("query/quick").id, { buffer: bytes.buffer });
    expect([...((await plain).buffer ?? [])]).toEqual([9, 1, 2, 3, 9]);
  });

  test("an error is thrown with its code, message, detail and status", async () => {
    const { model, transport } = setUp();
    const asked = transport.request("POST", "query/check", { sql: "selct" });
    const error = { code: "invalid_query", message: "unknown word selct", detail: { line: 1 }, id: "a" };
    model.reply(model.last("query/check").id, { status: 400, json: { error } });
    await expect(asked).rejects.toMatchObject({ code: "invalid_query", message: "unknown word selct", detail: { line: 1 }, status: 400 });
  });

  test("an error in the body of a binary call is read too", async () => {
    const { model, transport } = setUp();
    const asked = transport.request("POST", "query/quick");
    const body = new TextEncoder().encode(JSON.stringify({ error: { code: "deadline_exceeded", message: "longer than 30 s", detail: {} } }));
    model.reply(model.last("query/quick").id, { status: 504, buffer: body });
    await expect(asked).rejects.toMatchObject({ code: "deadline_exceeded", status: 504 });
  });

  test.each([
    [0, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [403, "unauthenticated"],
    [500, "internal_error"],
  ])("a status %i without a body of ours is %s", async (status, code) => {
    const { model, transport } = setUp();
    const asked = transport.request("GET", "query/schema");
    model.reply(model.last("query/schema").id, { status, buffer: new TextEncoder().encode("<html>Bad gateway</html>") });
    await expect(asked).rejects.toMatchObject({ code, status });
  });

  test("a model that cannot send fails the request and leaves nothing behind", async () => {
    const { model, transport } = setUp();
    model.send = () => {
      throw new Error("comm is closed");
    };
    await expect(transport.request("GET", "session")).rejects.toMatchObject({ code: "unavailable", message: /comm is closed/ });
  });

  test("a signal ends the waiting, and the late answer is ignored", async () => {
    const { model, transport } = setUp();
    const giveUp = new AbortController();
    const asked = transport.request("GET", "session", undefined, giveUp.signal);
    giveUp.abort();
    await expect(asked).rejects.toMatchObject({ code: "cancelled" });
    expect(() => model.reply(model.last("session").id, { json: {} })).not.toThrow();
    await expect(transport.request("GET", "session", undefined, giveUp.signal)).rejects.toMatchObject({ code: "cancelled" });
    expect(model.requests("session")).toHaveLength(1);
  });

  test("messages that are no replies of ours change nothing", async () => {
    const { model, transport } = setUp();
    const asked = transport.json("GET", "session");
    for (const message of [null, 3, "reply", [], { kind: "reply" }, { kind: "reply", id: "other", status: 200 }]) model.deliver(message);
    model.reply(model.last("session").id, { json: 1 });
    expect(await asked).toBe(1);
  });

  test("closing ends what is still asked and detaches", async () => {
    const { model, transport } = setUp();
    const asked = transport.request("GET", "session");
    transport.close();
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
    await expect(transport.request("GET", "session")).rejects.toThrow("this panel is closed");
    expect(model.listening).toBe(0);
  });
});

describe("subscriptions", () => {
  test("one stream serves several listeners and ends with the last", () => {
    const { model, transport } = setUp();
    const heard: [string, StreamEvent][] = [];
    const first = transport.subscribe("jobs/events", (event) => heard.push(["first", event]));
    const second = transport.subscribe("jobs/events", (event) => heard.push(["second", event]));
    expect(model.sent).toEqual([{ kind: "subscribe", path: "jobs/events" }]);
    model.deliver({ kind: "event", path: "jobs/events", event: "hello", data: { revision: 4 } });
    model.deliver({ kind: "event", path: "other", event: "hello", data: {} });
    expect(heard.map(([who, event]) => [who, event.event])).toEqual([
      ["first", "hello"],
      ["second", "hello"],
    ]);
    first();
    first();
    expect(model.sent).toHaveLength(1);
    second();
    expect(model.sent.at(-1)).toEqual({ kind: "unsubscribe", path: "jobs/events" });
  });

  test("a listener may leave while an event is told", () => {
    const { model, transport } = setUp();
    let heard = 0;
    const leave = transport.subscribe("jobs/events", () => (leave(), (heard += 1)));
    transport.subscribe("jobs/events", () => (heard += 10));
    model.deliver({ kind: "event", path: "jobs/events", event: "lost" });
    model.deliver({ kind: "event", path: "jobs/events", event: "lost" });
    expect(heard).toBe(21);
  });

  test("closing unsubscribes", () => {
    const { model, transport } = setUp();
    const leave = transport.subscribe("jobs/events", () => undefined);
    transport.close();
    leave();
    expect(model.sent.map((message) => message["kind"])).toEqual(["subscribe", "unsubscribe"]);
  });
});

describe("host", () => {
  test("only what the surroundings list can be done", () => {
    const { model, transport } = setUp({ host: ["open-notebook", 7] });
    expect(transport.canHost("open-notebook")).toBe(true);
    expect(transport.canHost("show-result")).toBe(false);
    expect(setUp().transport.canHost("open-notebook")).toBe(false);
    transport.host("open-notebook", { file_name: "m2.ipynb", content: {} });
    expect(model.hostCalls("open-notebook")).toEqual([{ kind: "host", action: "open-notebook", file_name: "m2.ipynb", content: {} }]);
  });
});

test("a path's parts are encoded", () => {
  expect(apiPath("jobs", "a/../b", "files", "m 2?.fits")).toBe("jobs/a%2F..%2Fb/files/m%202%3F.fits");
});

test("errors are told apart by code", () => {
  const error = new ApiError("conflict", "twice");
  expect(isApiError(error, "conflict")).toBe(true);
  expect(isApiError(error, "not_found")).toBe(false);
  expect(isApiError(new Error("conflict"))).toBe(false);
});
