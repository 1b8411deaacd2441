import { act } from "preact/test-utils";
import { afterEach, describe, expect, test, vi } from "vitest";
import resultModule from "../../src/result/index";
import { GridState, visibleColumns } from "../../src/result/state";
import { FakeModel, settled } from "../fakes/model";
import { pageBytes, tableOf } from "../fakes/page";

let el: HTMLElement;
let cleanUp: () => void = () => undefined;

async function show(traits: Record<string, unknown>): Promise<FakeModel> {
  const model = new FakeModel(traits);
  el = document.createElement("div");
  document.body.append(el);
  await act(async () => {
    cleanUp = resultModule.render({ model, el });
    await settled();
  });
  return model;
}

afterEach(() => {
  cleanUp();
  document.body.replaceChildren();
});

async function press(key: string, options: KeyboardEventInit = {}): Promise<void> {
  await act(async () => {
    el.querySelector("[role=grid]")?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));
  });
}

function rowTexts(): string[] {
  return [...el.querySelectorAll("[role=row]")].slice(1).map((row) => [...row.querySelectorAll("[role=gridcell]")].map((cell) => cell.textContent).join("|"));
}

function head(name: string): HTMLElement {
  const found = [...el.querySelectorAll<HTMLElement>("[role=columnheader]")].find((cell) => cell.textContent?.includes(name));
  if (!found) throw new Error(`no head ${name}`);
  return found;
}

function copied(): string {
  let text = "";
  const event = new Event("copy", { bubbles: true, cancelable: true });
  Object.assign(event, { clipboardData: { setData: (_type: string, given: string) => (text = given) } });
  el.querySelector("[role=grid]")?.dispatchEvent(event);
  return text;
}

describe("a page of rows", () => {
  test("is shown whole from bare bytes, from a view of them, or from one object", async () => {
    const bytes = pageBytes();
    for (const result of [bytes.buffer, new DataView(bytes.buffer), { buffer: bytes, meta: null, sql: "SELECT 1" }]) {
      await show({ result, sql: "SELECT 1" });
      expect(el.querySelector("[role=grid]")?.getAttribute("aria-rowcount")).toBe("5");
      cleanUp();
    }
  });

  test("says that there are more, has units in its head, and tells null from empty", async () => {
    await show({ result: pageBytes() });
    expect(el.querySelector(".sky-result__summary")?.textContent).toBe("First 4 rows · 0.04 s There are more; submit a job for all.");
    expect(head("RA").textContent).toContain("[deg]");
    expect(head("RA").title).toContain("pos.eq.ra;meta.main");
    const nulls = [...el.querySelectorAll(".sky-grid__null")].map((cell) => cell.textContent);
    expect(nulls.filter((text) => text === "null").length).toBeGreaterThan(2);
    expect(nulls).toContain("''");
  });

  test("shows markup in names and values as text", async () => {
    await show({ result: pageBytes() });
    await press("End", { ctrlKey: true });
    expect(el.querySelector("[role=gridcell] b")).toBeNull();
    const tile = [...el.querySelectorAll("[role=gridcell]")].find((cell) => cell.textContent?.startsWith("<b"));
    expect(tile?.textContent).toBe('<b onmouseover="x">a,"b"\t\n</b>');
  });

  test("sorts by click, shift adds a key, and the head says so", async () => {
    await show({ result: pageBytes() });
    const first = (): string => rowTexts()[0]?.split("|")[0] ?? "";
    await act(() => head("COADD_OBJECT_ID").click());
    expect(first()).toBe("1");
    expect(head("COADD_OBJECT_ID").getAttribute("aria-sort")).toBe("ascending");
    await act(() => head("COADD_OBJECT_ID").click());
    expect(first()).toBe("9223372036854775807");
    expect(head("COADD_OBJECT_ID").textContent).toContain("sorted descending");
    await act(() => void head("RA").dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true })));
    expect(head("COADD_OBJECT_ID").textContent).toContain("1");
    expect(head("RA").textContent).toContain("2");
  });

  test("is walked, selected and copied by keys", async () => {
    await show({ result: pageBytes() });
    await press("ArrowDown");
    await press("ArrowRight", { shiftKey: true });
    await press("ArrowUp", { shiftKey: true });
    expect(copied()).toBe("COADD_OBJECT_ID\tRA\n9007199254740993\t323.36260000000004\n1\tNaN");
    expect([...el.querySelectorAll("[aria-selected=true]")]).toHaveLength(4);
    const header = el.querySelector<HTMLInputElement>("input[type=checkbox]");
    await act(() => header?.click());
    expect(copied().split("\n")).toHaveLength(2);
    await press("a", { ctrlKey: true });
    expect(copied().split("\t").length).toBeGreaterThan(4 * 7);
    await press("Escape");
    expect(copied()).toBe("2020-02-29 00:00:00");
  });

  test("sorts and resizes from the head by keys", async () => {
    await show({ result: pageBytes() });
    await press("ArrowUp");
    const before = parseFloat(head("COADD_OBJECT_ID").style.width);
    expect(copied()).toBe("");
    await press("ArrowRight", { altKey: true });
    expect(parseFloat(head("COADD_OBJECT_ID").style.width)).toBe(before + 16);
    await press("Enter");
    expect(head("COADD_OBJECT_ID").getAttribute("aria-sort")).toBe("ascending");
    const grid = el.querySelector("[role=grid]");
    expect(document.getElementById(grid?.getAttribute("aria-activedescendant") ?? "")).toBe(head("COADD_OBJECT_ID"));
  });

  test("is saved as quickResults.csv in the shown order", async () => {
    const saved: { name: string; parts: BlobPart[] }[] = [];
    let parts: BlobPart[] = [];
    vi.stubGlobal("Blob", class { constructor(given: BlobPart[]) { parts = given; } });
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => undefined }));
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push({ name: this.download, parts });
    });
    await show({ result: pageBytes() });
    await act(() => head("COADD_OBJECT_ID").click());
    [...el.querySelectorAll("button")].find((button) => button.textContent === "CSV")?.click();
    expect(saved[0]?.name).toBe("quickResults.csv");
    expect(String(saved[0]?.parts[0]).split("\r\n").slice(0, 2)).toEqual([
      "COADD_OBJECT_ID,RA,MAG_AUTO_G,FLAGS_G,TILENAME,BAND,IS_STAR,OBSERVED",
      '1,NaN,99,3,"",r,false,1969-12-31 23:59:59.999999',
    ]);
    click.mockRestore();
    vi.unstubAllGlobals();
  });

  test("opens in a notebook where the surroundings can", async () => {
    const model = await show({ result: pageBytes(), sql: "SELECT RA FROM T", host: ["open-notebook"] });
    model.answers.set("POST query/notebook", (body) => ({ json: { file_name: "m2.ipynb", content: { body } } }));
    [...el.querySelectorAll("button")].find((button) => button.textContent === "Open in notebook")?.click();
    await settled();
    expect(model.hostCalls("open-notebook")[0]).toMatchObject({ file_name: "m2.ipynb", content: { body: { sql: "SELECT RA FROM T" } } });
    cleanUp();
    await show({ result: pageBytes() });
    expect(el.textContent).not.toContain("Open in notebook");
  });

  test("follows the model: nothing yet, rows, and bytes that are no rows", async () => {
    const model = await show({});
    expect(el.textContent).toContain("No result yet");
    await act(() => model.set("result", pageBytes()));
    expect(rowTexts()).toHaveLength(4);
    await act(() => model.set("result", new Uint8Array([1, 2, 3])));
    expect(el.querySelector("[role=alert]")?.textContent).toContain("the rows could not be read");
    cleanUp();
    expect(model.listening).toBe(0);
  });
});

describe("many rows and columns", () => {
  const wide = tableOf(Object.fromEntries(Array.from({ length: 215 }, (_, column) => [`C${column}`, Array.from({ length: 1000 }, (_, row) => row * 1000 + column)])));

  test("only what is in sight stands in the page", () => {
    const state = new GridState(wide);
    const starts = state.starts.value;
    expect(starts).toHaveLength(216);
    const sight = visibleColumns(starts, starts[100] ?? 0, 600);
    expect(sight.first).toBe(100);
    expect(sight.last - sight.first).toBeLessThan(15);
    expect(visibleColumns(starts, 1e9, 600)).toEqual({ first: 214, last: 214 });
  });

  test("the keyboard stays inside, and extending from the head begins in the first row", () => {
    const state = new GridState(wide);
    state.move(-5, -5);
    expect(state.active.value).toEqual({ row: -1, column: 0 });
    expect(state.selection).toBeNull();
    state.move(1, 0, true);
    expect(state.selection).toEqual({ top: 0, bottom: 0, left: 0, right: 0 });
    state.goTo({ row: 9999, column: 9999 });
    expect(state.active.value).toEqual({ row: 999, column: 214 });
    state.selectRow(10, false);
    state.selectRow(12, true);
    expect(state.selection).toEqual({ top: 10, bottom: 12, left: 0, right: 214 });
  });

  test("widths have a least, and fit what is there", () => {
    const state = new GridState(tableOf({ a: ["x".repeat(50)], b: ["y"] }));
    state.resize(1, 3);
    expect(state.widths.value[1]).toBe(48);
    const before = state.widths.value[0] ?? 0;
    state.fit(0);
    expect(state.widths.value[0]).toBeGreaterThan(before);
  });
});
