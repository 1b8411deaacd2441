import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import queryModule from "../../src/query/index";
import { EXAMPLES, FORMATS, HISTORY, SCHEMA, SESSION } from "../fakes/catalog";
import { FakeModel, settled } from "../fakes/model";
import { pageBytes } from "../fakes/page";

let el: HTMLElement;
let model: FakeModel;
let cleanUp: () => void = () => undefined;
let width = 280;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockImplementation(() => width);
});

afterEach(() => {
  cleanUp();
  document.body.replaceChildren();
});

async function show(traits: Record<string, unknown> = {}, at = 280): Promise<void> {
  width = at;
  model = new FakeModel({ sql: "SELECT RA FROM DR2_MAIN", host: [], ...traits });
  model.answers.set("GET query/schema", { json: SCHEMA });
  model.answers.set("GET query/formats", { json: FORMATS });
  model.answers.set("GET query/examples", { json: EXAMPLES });
  model.answers.set("GET query/history", { json: HISTORY });
  model.answers.set("GET session", { json: SESSION });
  model.answers.set("POST query/quick", { buffer: pageBytes() });
  el = document.createElement("div");
  document.body.append(el);
  await act(async () => {
    cleanUp = queryModule.render({ model, el });
  });
  await flush();
}

/** Let effects run, and what they asked for arrive and be drawn. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await act(settled);
}

function button(name: string): HTMLButtonElement {
  const found = [...el.querySelectorAll("button")].find((candidate) => candidate.textContent?.trim() === name);
  if (!found) throw new Error(`no button ${name}; there are: ${[...el.querySelectorAll("button")].map((each) => each.textContent).join(", ")}`);
  return found;
}

async function click(element: HTMLElement): Promise<void> {
  await act(() => element.click());
  await flush();
}

async function key(target: Element | null, name: string): Promise<void> {
  await act(async () => {
    target?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  });
  await flush();
}

describe("narrow, in a sidebar", () => {
  test("Quick gives a summary, and the rows go to the main area", async () => {
    await show({ host: ["show-result"] });
    await click(button("Quick"));
    expect(el.querySelector(".sky-query__summary")?.textContent).toContain("First 4 rows · 0.04 s");
    expect(el.querySelector(".sky-query__summary")?.textContent).toContain("There are more; submit a job for all.");
    expect(el.querySelector("[role=grid]")).toBeNull();
    expect(model.hostCalls("show-result")).toHaveLength(1);
    await click(button("Show rows"));
    expect(model.hostCalls("show-result")).toHaveLength(2);
  });

  test("in a notebook the rows stand below", async () => {
    await show();
    await click(button("Quick"));
    expect(el.querySelectorAll("[role=row]")).toHaveLength(5);
  });

  test("sections fetch what they show when they are opened", async () => {
    await show();
    expect(model.requests("query/examples")).toEqual([]);
    await click(button("Examples"));
    expect(el.textContent).toContain("Five objects");
    await click(button("History"));
    expect(el.textContent).toContain("412 rows");
    expect(el.textContent).toContain("invalid query");
  });

  test("Check, Explain and Clear are in the menu", async () => {
    await show();
    await click(button("More"));
    const items = [...el.querySelectorAll("[role=menuitem]")].map((item) => item.textContent);
    expect(items).toEqual(["Check", "Explain", "Clear"]);
  });
});

describe("wide, in the main area", () => {
  test("the schema stands beside, and the rows below, whatever the surroundings can", async () => {
    await show({ host: ["show-result"] }, 1200);
    expect(el.querySelector("[role=tree]")).not.toBeNull();
    await click(button("Quick"));
    expect(el.querySelector("[role=grid]")).not.toBeNull();
    expect(model.hostCalls("show-result")).toEqual([]);
  });

  test("it becomes narrow with its room, stays as it is behind another tab, and keeps the text", async () => {
    await show({ host: ["show-result"] }, 1200);
    const resize = async (to: number): Promise<void> => {
      width = to;
      await act(() => void window.dispatchEvent(new Event("resized")));
      await flush();
    };
    const editor = el.querySelector(".cm-editor");
    await resize(0);
    expect(el.querySelector(".sky-query--wide")).not.toBeNull();
    await click(button("Quick"));
    expect(model.hostCalls("show-result")).toEqual([]);
    await resize(280);
    expect(el.querySelector(".sky-query--narrow")).not.toBeNull();
    expect(el.querySelector(".cm-editor")).toBe(editor);
    expect(button("Show rows")).toBeDefined();
  });

  test("an example takes the place of an edited text only after a question", async () => {
    await show({ sql: "SELECT mine" }, 1200);
    await click(button("Examples"));
    await click(el.querySelector<HTMLElement>(".sky-list .sky-item") as HTMLElement);
    expect(el.querySelector("dialog")?.textContent).toContain("Replace your query?");
    await click(button("Replace"));
    expect(model.get("sql")).toBe("SELECT RA FROM DR2_MAIN");
    expect(el.querySelector("dialog")).toBeNull();
  });
});

describe("a running query", () => {
  test("turns Quick into Cancel, and tells how long it has run of how long it may", async () => {
    await show();
    model.answers.delete("POST query/quick");
    await click(button("Quick"));
    expect([...el.querySelectorAll("button")].some((each) => each.textContent === "Quick")).toBe(false);
    await vi.waitFor(() => expect(el.querySelector(".sky-query__running")?.textContent).toMatch(/Running · 0\.[4-9] s of 25 s at most/));
    model.answers.set(`DELETE query/quick/${(model.last("query/quick").body as { query_id: string }).query_id}`, { json: {} });
    await click(button("Cancel"));
    await act(() => model.fail("query/quick", 409, "cancelled", "stopped"));
    expect(el.textContent).toContain("Cancelled; the query was stopped.");
    expect(button("Quick")).toBeDefined();
  });
});

describe("the schema browser", () => {
  async function openTree(): Promise<Element | null> {
    await show({}, 1200);
    return el.querySelector("[role=tree]");
  }

  test("has row counts, and opens a table by its arrow", async () => {
    await openTree();
    const table = [...el.querySelectorAll<HTMLElement>("[role=treeitem]")].find((item) => item.textContent?.includes("DR2_MAIN"));
    expect(table?.textContent).toContain("1,234,567");
    expect(table?.getAttribute("aria-expanded")).toBe("false");
    await click(table?.querySelector(".sky-tree__fact") as HTMLElement);
    expect(el.querySelectorAll("[role=treeitem][aria-level='3']")).toHaveLength(3);
  });

  test("a click on a name puts it at the cursor", async () => {
    await openTree();
    const name = [...el.querySelectorAll<HTMLElement>(".sky-tree__name")].find((item) => item.textContent === "DR2_TILE_INFO");
    await click(name as HTMLElement);
    expect(String(model.get("sql"))).toContain("DR2_TILE_INFO");
  });

  test("keys walk the tree; Enter puts a column in and stays", async () => {
    const tree = await openTree();
    for (const name of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown"]) await key(tree, name);
    const active = document.getElementById(tree?.getAttribute("aria-activedescendant") ?? "");
    expect(active?.textContent).toContain("DEC");
    expect(el.querySelector(".sky-schema__details")?.textContent).toContain("Declination, ICRS");
    expect(el.querySelector(".sky-schema__details")?.textContent).toContain("pos.eq.dec;meta.main");
    await key(tree, "Enter");
    expect(String(model.get("sql"))).toMatch(/DEC/);
    expect(document.activeElement).not.toBe(el.querySelector(".cm-content"));
  });

  test("markup in a description is text", async () => {
    const tree = await openTree();
    for (const name of ["End", "ArrowRight", "ArrowRight", "ArrowRight", "End"]) await key(tree, name);
    expect(el.querySelector(".sky-schema__details")?.textContent).toContain("<img src=x onerror=alert(1)>");
    expect(el.querySelector("img")).toBeNull();
  });

  test("a filter that finds nothing says so", async () => {
    await openTree();
    const field = el.querySelector<HTMLInputElement>("input[type=search]");
    await act(async () => {
      if (field) field.value = "<b>zzz";
      field?.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await key(field, "Enter");
    expect(el.querySelector(".sky-schema")?.textContent).toContain("No table or column has “<b>zzz”.");
  });

  test("of many columns only those in sight are in the page", async () => {
    await show({}, 1200);
    const columns = Array.from({ length: 215 }, (_, at) => ({ name: `C${at}`, type: "int16", unit: null, ucd: null, description: "" }));
    cleanUp();
    document.body.replaceChildren();
    const tables = [{ name: "BIG", release: "DR2", description: "", row_count: 1, columns }];
    SCHEMA.tables.unshift(tables[0] as (typeof SCHEMA.tables)[0]);
    await show({}, 1200).finally(() => SCHEMA.tables.shift());
    const tree = el.querySelector("[role=tree]");
    for (const name of ["ArrowDown", "ArrowDown", "ArrowRight"]) await key(tree, name);
    const items = [...el.querySelectorAll("[role=treeitem]")];
    expect(items.length).toBeLessThan(60);
    expect(items.find((item) => item.textContent?.startsWith("C3"))?.getAttribute("aria-setsize")).toBe("215");
  });
});

describe("when things go wrong", () => {
  test("a fault is marked in the editor and said below, markup as text", async () => {
    await show();
    model.answers.set("POST query/quick", {
      status: 400,
      json: { error: { code: "query_refused", message: "no <b>RA</b>", detail: { line: 1, column: 8, length: 2, hint: "use DEC" } } },
    });
    await click(button("Quick"));
    const alert = el.querySelector("[role=alert]");
    expect(alert?.textContent).toContain("Line 1, column 8: no <b>RA</b>");
    expect(alert?.textContent).toContain("use DEC");
    await act(settled);
    expect(el.querySelector(".cm-lintRange-error")?.textContent).toBe("RA");
  });

  test("a service that is down can be asked again", async () => {
    await show();
    cleanUp();
    document.body.replaceChildren();
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    model = new FakeModel({ sql: "", host: [] });
    const down = { status: 503, json: { error: { code: "unavailable", message: "the SkyDesk service does not answer", detail: {} } } };
    for (const path of ["GET query/schema", "GET query/formats", "GET session"]) model.answers.set(path, down);
    width = 1200;
    el = document.createElement("div");
    document.body.append(el);
    await act(async () => {
      cleanUp = queryModule.render({ model, el });
    });
    await flush();
    expect(el.querySelector("[role=alert]")?.textContent).toContain("The tables could not be read: the SkyDesk service does not answer");
    model.answers.set("GET query/schema", { json: SCHEMA });
    model.answers.set("GET query/formats", { json: FORMATS });
    await click(button("Try again"));
    expect(el.querySelector("[role=tree]")).not.toBeNull();
    expect(el.querySelectorAll("select option").length).toBeGreaterThan(4);
    expect(warn).toHaveBeenCalled();
  });

  test("leaving takes everything along", async () => {
    await show();
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.childElementCount).toBe(0);
  });
});
