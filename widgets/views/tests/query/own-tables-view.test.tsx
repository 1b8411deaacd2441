import axe from "axe-core";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import queryModule from "../../src/query/index";
import { EXAMPLES, FORMATS, HISTORY, SCHEMA } from "../fakes/catalog";
import { FakeModel, settled } from "../fakes/model";
import { FakeTables, M2 } from "../fakes/own-tables";
import { pageBytes } from "../fakes/page";

let el: HTMLElement;
let model: FakeModel;
let tables: FakeTables;
let cleanUp: () => void = () => undefined;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockImplementation(() => 300);
});

afterEach(() => {
  cleanUp();
  document.body.replaceChildren();
});

async function show(prepare: (tables: FakeTables) => void = () => undefined, traits: Record<string, unknown> = {}): Promise<void> {
  model = new FakeModel({ sql: "", host: ["cut-result"], ...traits });
  tables = new FakeTables(model);
  model.answers.set("GET query/schema", { json: SCHEMA });
  model.answers.set("GET query/formats", { json: FORMATS });
  model.answers.set("GET query/examples", { json: EXAMPLES });
  model.answers.set("GET query/history", { json: HISTORY });
  model.answers.set("POST query/quick", { buffer: pageBytes() });
  model.answers.set("GET jobs?phase=COMPLETED&limit=50", { json: { jobs: [], revision: 0 } });
  prepare(tables);
  el = document.createElement("div");
  document.body.append(el);
  await act(async () => {
    cleanUp = queryModule.render({ model, el });
  });
  await flush();
  await click(button("Schema"));
}

async function flush(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await act(settled);
}

function all(selector: string, name: string): HTMLElement[] {
  return [...el.querySelectorAll<HTMLElement>(selector)].filter((found) => found.textContent?.trim() === name);
}

function button(name: string): HTMLElement {
  const found = all("button", name)[0];
  if (!found) throw new Error(`no button ${name}; there are: ${[...el.querySelectorAll("button")].map((each) => each.textContent).join(", ")}`);
  return found;
}

function field(name: string): HTMLInputElement {
  const label = all("label", name)[0];
  const found = label ? document.getElementById(label.getAttribute("for") ?? "") : el.querySelector(`[aria-label="${name}"]`);
  if (!(found instanceof HTMLInputElement || found instanceof HTMLSelectElement || found instanceof HTMLTextAreaElement)) throw new Error(`no field ${name}`);
  return found as HTMLInputElement;
}

async function fill(name: string, value: string): Promise<void> {
  const element = field(name);
  element.value = value;
  await act(() => void element.dispatchEvent(new Event(element.tagName === "SELECT" ? "change" : "input", { bubbles: true })));
}

async function click(element: HTMLElement): Promise<void> {
  await act(() => element.click());
  await flush();
}

async function filterBy(words: string): Promise<void> {
  await fill("Filter tables and columns", words);
  await act(() => void field("Filter tables and columns").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })));
  await flush();
}

/** Go to a table of the list without inserting its name. */
async function choose(name: string): Promise<void> {
  const found = [...el.querySelectorAll<HTMLElement>(".sky-own .sky-tree__item--table")].find((item) => item.textContent?.includes(name));
  if (!found) throw new Error(`no table ${name}`);
  await click(found);
}

async function choosesAction(table: string, action: string): Promise<void> {
  await choose(table);
  await click(button("Actions"));
  await click(all("[role=menuitem]", action)[0] as HTMLElement);
}

test("nothing is drawn of tables where the account may have none", async () => {
  await show(() => model.answers.set("GET session", { json: { ...(model.answers.get("GET session") as { json: object }).json, services: [] } }));
  expect(el.querySelector(".sky-own")).toBeNull();
  expect(model.requests("tables")).toEqual([]);
});

test("own tables and shared ones stand above the survey's, with the quota", async () => {
  await show();
  const section = el.querySelector(".sky-own");
  expect([...(section?.querySelectorAll(".sky-tree__name") ?? [])].map((name) => name.textContent)).toEqual(["Mine", "M2_STARS", "DR2_MAIN", "Shared with me", "ben.Odd name"]);
  expect(section?.querySelector("[role=meter]")?.getAttribute("aria-valuetext")).toBe("250 MB of 1 GB used");
  expect(section?.textContent).toContain("2 of 100 tables");
  expect(section?.compareDocumentPosition(el.querySelector('[aria-label="Tables and columns"]') as Node)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

test("a click on a name inserts it as SQL takes it", async () => {
  await show();
  for (const name of el.querySelectorAll<HTMLElement>(".sky-own .sky-tree__item--table .sky-tree__name")) await click(name);
  expect(model.get("sql")).toBe('M2_STARS ana.DR2_MAIN ben."Odd name"');
});

test("the filter is one for all", async () => {
  await show();
  await filterBy("quasar");
  expect([...el.querySelectorAll(".sky-own .sky-tree__item--table")].map((item) => item.querySelector(".sky-tree__name")?.textContent)).toEqual(["ben.Odd name"]);
  await filterBy("nowhere");
  expect(el.querySelector(".sky-own")?.textContent).toContain("None of your tables has “nowhere”.");
});

test("without tables it says what they are for", async () => {
  await show((fake) => (fake.tables = []));
  expect(el.querySelector(".sky-own")?.textContent).toContain("You have no tables yet. Load a list of your objects here");
});

test("a list that cannot be read can be asked for again", async () => {
  await show(() => model.answers.set("GET tables", { status: 503, json: { error: { code: "unavailable", message: "the service does not answer", detail: {}, id: "e" } } }));
  expect(el.querySelector(".sky-own")?.textContent).toContain("Your tables could not be read: the service does not answer");
  new FakeTables(model);
  await click(button("Try again"));
  expect(el.querySelectorAll(".sky-own .sky-tree__item--table")).toHaveLength(3);
});

test("others' tables have no actions that change them", async () => {
  await show();
  await choose("ben.Odd name");
  await click(button("Actions"));
  expect([...el.querySelectorAll("[role=menuitem]")].map((item) => item.textContent)).toEqual(["Match with the catalogue …", "Cut images"]);
});

test("a drop asks first, and names the table and who loses it", async () => {
  await show();
  await choosesAction("M2_STARS", "Drop …");
  expect(el.querySelector("dialog")?.textContent).toContain("Drop M2_STARS?");
  expect(el.querySelector("dialog")?.textContent).toContain("Its grants go with it: ben, group des can read it no more.");
  expect(model.requests("tables/M2_STARS")).toEqual([]);
  await click(button("Drop M2_STARS"));
  expect(el.querySelector(".sky-query__status")?.textContent).toContain("Dropped M2_STARS.");
  expect(el.querySelectorAll(".sky-own .sky-tree__item--table")).toHaveLength(2);
});

test("Cut images gives the positions of the table to the Cutouts panel", async () => {
  await show();
  await choosesAction("M2_STARS", "Cut images");
  expect(model.last("query/quick").body).toEqual({ sql: "SELECT RA, DEC\nFROM M2_STARS" });
  expect(model.hostCalls("cut-result")[0]).toMatchObject({ source: "412 rows of M2_STARS" });
});

test("a pasted table is shown with its faults, corrected and loaded", async () => {
  await show();
  await click(button("New table"));
  await fill("Or paste a table with a line of names", "name,ra,count\nM 2,323.3625,7\n<b>,34.81,x\n");
  await click(button("Read what is pasted"));
  const dialog = el.querySelector("dialog") as HTMLElement;
  expect(dialog.textContent).toContain("3 columns and 3 rows in what you pasted");
  expect(dialog.textContent).toContain('row 2, count: not an int32: "x"');
  expect(dialog.querySelector(".sky-own__cell--faulty")?.textContent).toContain("x");
  expect(dialog.querySelector("b")).toBeNull();
  expect(button("Load").getAttribute("aria-disabled")).toBe("true");
  await fill("Name of the table", "MINE");
  await fill("Type of column count", "string");
  await click(button("Load"));
  await act(() => tables.progress("tables", 2));
  expect(dialog.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("67");
  expect(dialog.textContent).toContain("2 rows of 3");
  await act(() => tables.done("tables", { ...M2, name: "MINE", rows: 3 }));
  await flush();
  expect(el.querySelector("dialog")).toBeNull();
  expect(el.querySelector(".sky-query__status")?.textContent).toContain("MINE has 3 rows.");
  expect(el.querySelector(".sky-own__details")?.textContent).toContain("MINE");
  await click(button("Query it"));
  expect(model.get("sql")).toBe("SELECT *\nFROM MINE");
});

test("what was begun is there again after the dialog was closed", async () => {
  await show();
  await click(button("New table"));
  await fill("Or paste a table with a line of names", "a,b");
  await click(button("Close"));
  await click(button("New table"));
  expect(field("Or paste a table with a line of names").value).toBe("a,b");
});

test("the rows of a quick query are saved under a name", async () => {
  await show(undefined, { sql: "SELECT RA FROM DR2_MAIN" });
  await click(button("Quick"));
  await click(button("Save as my table"));
  expect(el.querySelector("dialog")?.textContent).toContain("SELECT RA FROM DR2_MAIN");
  await fill("Name of the table", "SAVED");
  await click(button("Save"));
  await act(() => tables.failed("tables", "quota_exceeded", "your tables have 1 GB, which is your limit; drop some"));
  await flush();
  expect(el.querySelector("dialog [role=alert]")?.textContent).toContain("your tables have 1 GB, which is your limit; drop some");
  await click(button("Save"));
  await act(() => tables.done("tables", { ...M2, name: "SAVED" }));
  await flush();
  expect(el.querySelector("dialog")).toBeNull();
});

test("a statement that another panel gives is asked a name for, once", async () => {
  await show();
  await act(() => model.set("save_sql", "SELECT 7 FROM DUAL"));
  expect(el.querySelector("dialog")?.textContent).toContain("SELECT 7 FROM DUAL");
  expect(model.get("save_sql")).toBeNull();
});

test.each([
  ["New table", () => click(button("New table"))],
  ["Match", () => choosesAction("M2_STARS", "Match with the catalogue …")],
  ["Edit", () => choosesAction("M2_STARS", "Rename, describe, index …")],
  ["Share", () => choosesAction("M2_STARS", "Share …")],
])("%s has names for all that can be used, and fits its roles", async (_, open) => {
  await show();
  await open();
  expect(el.querySelector("dialog")).not.toBeNull();
  const { violations } = await axe.run(el, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
});
