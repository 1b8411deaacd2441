import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import galleryModule from "../../src/gallery/index";
import { layoutOf } from "../../src/gallery/grid";
import { pageJson, PIXEL, rowJson } from "../fakes/cutout";
import { jobJson } from "../fakes/jobs";
import { FakeModel, settled } from "../fakes/model";

let el: HTMLElement;
let model: FakeModel;
let cleanUp: () => void = () => undefined;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  URL.createObjectURL = () => "blob:picture";
  URL.revokeObjectURL = () => undefined;
});

afterEach(() => {
  cleanUp();
  document.body.replaceChildren();
});

const SOME = [rowJson(0), rowJson(1, { outcome: "failed", message: "tile is damaged" }), rowJson(2, { outcome: "partly" }), rowJson(3)];

async function show(rows: unknown[][] = SOME, job: Record<string, unknown> = {}, traits: Record<string, unknown> = {}): Promise<void> {
  model = new FakeModel({ host: ["download", "open-files"], job_id: "a1", ...traits });
  model.answers.set("GET jobs/a1", { json: jobJson({ type: "cutout", name: "rings", ...job }) });
  model.answers.set("GET cutout/jobs/a1/rows?since=0", { json: pageJson(rows) });
  model.answers.set(`GET cutout/jobs/a1/rows?since=${rows.length}`, { json: pageJson([], { total: rows.length, next: rows.length }) });
  el = document.createElement("div");
  document.body.append(el);
  await act(async () => {
    cleanUp = galleryModule.render({ model, el });
  });
  await flush();
}

async function flush(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await act(settled);
}

function cells(): HTMLElement[] {
  return [...el.querySelectorAll<HTMLElement>(".sky-gal__cell")];
}

function button(name: string): HTMLButtonElement {
  const found = [...el.querySelectorAll("button")].find((candidate) => (candidate.textContent ?? "").trim() === name);
  if (!found) throw new Error(`no button ${name}; there are: ${[...el.querySelectorAll("button")].map((each) => each.textContent).join(", ")}`);
  return found;
}

async function click(element: Element | undefined, keys: MouseEventInit = {}): Promise<void> {
  await act(() => void element?.dispatchEvent(new MouseEvent("click", { bubbles: true, ...keys })));
  await flush();
}

async function key(name: string, keys: KeyboardEventInit = {}, target: Element | null = el.querySelector(".sky-gal__grid")): Promise<void> {
  await act(async () => void target?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...keys })));
  await flush();
}

test("of ten thousand images only those in sight are in the page", async () => {
  await show(Array.from({ length: 10_000 }, (_, row) => rowJson(row)));
  const { columns, lineHeight } = layoutOf(800, 168);
  expect(cells().length).toBeLessThanOrEqual(columns * (Math.ceil(600 / lineHeight) + 3));
  expect(cells()[0]?.getAttribute("aria-setsize")).toBe("10000");
  expect(model.requests().filter((request) => request.path.includes("/picture/"))).toHaveLength(6);
  await key("End");
  expect(cells().some((cell) => cell.getAttribute("aria-posinset") === "10000")).toBe(false);
  const grid = el.querySelector<HTMLElement>(".sky-gal__grid");
  await act(() => void grid?.dispatchEvent(new Event("scroll")));
  await flush();
  expect(cells().at(-1)?.getAttribute("aria-posinset")).toBe("10000");
});

test("each image says what became of it, in words", async () => {
  await show();
  expect(cells().map((cell) => cell.getAttribute("aria-label"))).toEqual([
    "DESJ021900.0000-054140.0000, done",
    "DESJ021901.0000-054140.0000, failed, tile is damaged",
    "DESJ021902.0000-054140.0000, partly",
    "DESJ021903.0000-054140.0000, done",
  ]);
  expect(el.querySelector(".sky-gal__how")?.textContent).toBe("completed · 4 rows");
});

test("pictures are asked for by product and size, and drawn when they come", async () => {
  await show();
  const path = "cutout/jobs/a1/picture/0?product=lupton&name=DESJ021900.0000-054140.0000_irg_lupton.png&size=256";
  await act(() => model.answer(path, { buffer: PIXEL }));
  expect(cells()[0]?.querySelector("img")?.getAttribute("src")).toBe("blob:picture");
  const chooser = el.querySelector<HTMLSelectElement>("select[aria-label=Picture]");
  await act(() => {
    if (chooser) chooser.value = "fits i";
    chooser?.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await act(() => new Promise((resolve) => setTimeout(resolve, 150)));
  await flush();
  expect(model.requests().at(-1)?.path).toContain("product=fits&name=DESJ021903.0000-054140.0000_i.fits");
});

test("the keyboard goes, selects and opens", async () => {
  await show();
  await key("ArrowRight");
  await key("ArrowRight");
  expect(el.querySelector(".sky-gal__cell--here")?.getAttribute("aria-posinset")).toBe("2");
  await key(" ");
  await key("ArrowRight", { shiftKey: true });
  expect(cells().map((cell) => cell.getAttribute("aria-selected"))).toEqual(["false", "true", "true", "false"]);
  await key("a");
  expect(el.querySelector(".sky-gal__shown")?.textContent).toContain("4 selected");
  await key("Escape");
  expect(el.querySelector("[aria-selected=true]")).toBeNull();
  await key("Home");
  await key("Enter");
  expect(el.querySelector("dialog h3")?.textContent).toBe("DESJ021900.0000-054140.0000");
});

test("the full view has the object's magnitudes, goes on, and closes", async () => {
  await show();
  model.answers.set("GET cutout/jobs/a1/rows/0", {
    json: { row: SOME[0], object: { object_id: "1000", ra_deg: 34.8, magnitudes: { i: 19.5, g: 21.234, Y: null } }, cells: [["RA", "34.8"], ["NOTE", "<b>mine</b>"], ["EMPTY", ""]], blank_pixels: 12, stitched: { "DES0222-0541": 40 } },
  });
  await click(cells()[0]);
  const dialog = el.querySelector("dialog");
  expect(dialog?.querySelector(".sky-gal__mags tbody")?.textContent).toBe("21.2319.50–");
  expect(dialog?.textContent).toContain("<b>mine</b>");
  expect(dialog?.querySelector("b")).toBeNull();
  expect(dialog?.textContent).toContain("40 pixels of DES0222-0541");
  expect(dialog?.textContent).toContain("12 pixels that no tile covers");
  await click(button("Open files"));
  expect(model.hostCalls("open-files")).toMatchObject([{ path: "jobs/a1/DES0219-0541/DESJ021900.0000-054140.0000" }]);
  await key("ArrowRight", {}, dialog);
  expect(el.querySelector("dialog h3")?.textContent).toBe("DESJ021901.0000-054140.0000");
  expect(el.querySelector("dialog")?.textContent).toContain("tile is damaged");
  await key("Escape", {}, dialog);
  expect(el.querySelector("dialog")).toBeNull();
});

test("what is chosen is downloaded as spans of rows, or all", async () => {
  await show();
  await click(button("Download all"));
  await click(cells()[0], { ctrlKey: true });
  await click(cells()[2], { shiftKey: true });
  await click(button("Download 3"));
  expect(model.hostCalls("download").map((call) => call["path"])).toEqual(["cutout/jobs/a1/tar?rows=all", "cutout/jobs/a1/tar?rows=0-2"]);
});

test("what failed is run again as a job whose gallery can be opened", async () => {
  await show();
  model.answers.set("POST cutout/jobs/a1/again", { status: 201, json: jobJson({ id: "b2", type: "cutout", name: "rings again" }) });
  await click(button("Run failed again (2)"));
  expect(model.last("cutout/jobs/a1/again").body).toEqual({ outcomes: ["failed", "partly"] });
  await click(button("Open its gallery"));
  expect(model.get("job_id")).toBe("b2");
  expect(model.requests("cutout/jobs/b2/rows?since=0")).toHaveLength(1);
});

test("the filter that nothing passes says so and lets all be shown", async () => {
  await show();
  const filter = el.querySelector<HTMLInputElement>(".sky-gal__filter");
  await act(() => {
    if (filter) filter.value = "dec>80";
    filter?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  expect(el.textContent).toContain("No image matches");
  await click(button("Show all"));
  expect(cells()).toHaveLength(4);
});

test("the log can be read", async () => {
  await show();
  model.answers.set("GET jobs/a1/log", { json: { log: "cut 4 rows" } });
  await click(button("Log"));
  expect(el.querySelector("dialog pre")?.textContent).toBe("cut 4 rows");
});

test.each([
  ["no job", [], {}, { job_id: "" }, "No job chosen"],
  ["an expired job", SOME, { expired: true, phase: "ARCHIVED" }, {}, "The images have been removed"],
  ["a job without rows", [], { phase: "ERROR", error: { code: "internal_error", message: "the disk is full" } }, {}, "the disk is full"],
])("%s is said in words", async (_, rows, job, traits, words) => {
  await show(rows, job, traits);
  expect(el.textContent).toContain(words);
});

test("nothing is left behind", async () => {
  await show();
  cleanUp();
  cleanUp = () => undefined;
  expect(model.listening).toBe(0);
  expect(model.sent).toContainEqual({ kind: "unsubscribe", path: "jobs/events" });
});
