import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import cutoutModule from "../../src/cutout/index";
import { JOB } from "../fakes/catalog";
import { cutoutModel, draftJson, FAULTY, FORM } from "../fakes/cutout";
import { FakeModel, settled } from "../fakes/model";

let el: HTMLElement;
let cleanUp: () => void = () => undefined;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(280);
  URL.createObjectURL = () => "blob:picture";
  URL.revokeObjectURL = () => undefined;
});

afterEach(() => {
  cleanUp();
  document.body.replaceChildren();
});

async function show(model: FakeModel): Promise<FakeModel> {
  el = document.createElement("div");
  document.body.append(el);
  await act(async () => {
    cleanUp = cutoutModule.render({ model, el });
  });
  await flush();
  return model;
}

async function flush(milliseconds = 0): Promise<void> {
  await act(() => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  for (let turn = 0; turn < 3; turn += 1) await act(settled);
}

function button(name: string): HTMLButtonElement {
  const found = [...el.querySelectorAll("button")].find((candidate) => candidate.textContent?.trim() === name);
  if (!found) throw new Error(`no button ${name}; there are: ${[...el.querySelectorAll("button")].map((each) => each.textContent).join(", ")}`);
  return found;
}

async function click(element: HTMLElement | null): Promise<void> {
  await act(() => element?.click());
  await flush();
}

async function paste(text: string): Promise<void> {
  const field = el.querySelector("textarea");
  await act(() => {
    if (field) field.value = text;
    field?.dispatchEvent(new Event("paste", { bubbles: true }));
  });
  await flush();
}

test("an example's positions come by one click, and are read at once", async () => {
  const model = await show(cutoutModel());
  expect(el.textContent).toContain("No positions yet");
  await click(button("Galaxies"));
  expect(model.last("cutout/positions").body).toEqual({ text: FORM.examples[0]?.text, release: "DR2" });
  expect(el.querySelector(".sky-cut__facts")?.textContent).toBe("3 positionson 1 tile1 row overrides the size");
  expect(el.querySelectorAll(".sky-cut__row")).toHaveLength(3);
});

test("a file is taken where it is dropped, and by its button", async () => {
  const model = await show(cutoutModel());
  const file = new File(["RA,DEC\n1,2\n"], "m2.csv");
  file.arrayBuffer = async () => new TextEncoder().encode("RA,DEC\n1,2\n").buffer as ArrayBuffer;
  const field = el.querySelector(".sky-cut__input");
  const drop = (type: string, types: string[]): Event => Object.assign(new Event(type, { bubbles: true, cancelable: true }), { dataTransfer: { types, files: [file] } });
  const over = drop("dragover", ["Files"]);
  await act(() => void field?.dispatchEvent(over));
  expect(over.defaultPrevented).toBe(true);
  expect(field?.className).toContain("sky-cut__input--over");
  await act(() => void field?.dispatchEvent(drop("drop", ["Files"])));
  await flush();
  expect(model.last("cutout/positions").body).toMatchObject({ file_name: "m2.csv", content_base64: btoa("RA,DEC\n1,2\n") });
  expect(el.querySelector(".sky-cut__source")?.textContent).toContain("From m2.csv");
  const chooser = el.querySelector<HTMLInputElement>("input[type=file]");
  if (chooser) Object.defineProperty(chooser, "files", { value: [file] });
  await act(() => void chooser?.dispatchEvent(new Event("change", { bubbles: true })));
  await flush();
  expect(model.requests("cutout/positions")).toHaveLength(2);
});

test("every fault is marked at its row and column, and said in words", async () => {
  await show(cutoutModel(FAULTY));
  await paste("RA,DEC\n1,2\n");
  const rows = [...el.querySelectorAll(".sky-cut__row")];
  const bad = rows.map((row) => [...row.querySelectorAll("[role=gridcell]")].map((cell) => cell.getAttribute("aria-invalid")));
  expect(bad).toEqual([
    [null, null, null],
    [null, "true", null],
    [null, null, "true"],
  ]);
  expect(el.querySelector(".sky-cut__faultbar")?.textContent).toContain("2 faults");
  expect(el.querySelector(".sky-cut__reasons")?.textContent).toBe("Row 2, DEC: must be between -90 and 90 deg, got -95.2");
  await click(button("Next fault"));
  expect(el.querySelector(".sky-cut__reasons")?.textContent).toBe("Row 3, XSIZE: must be 0.1 to 12 arcmin, got 99");
  await click(el.querySelector(".sky-cut__faultbar input"));
  expect(el.querySelectorAll(".sky-cut__row")).toHaveLength(2);
  expect(button("Submit job").getAttribute("aria-disabled")).toBe("true");
});

test("a long table draws the rows in sight only", async () => {
  await show(cutoutModel(draftJson({ rows: 100_000, preview: Array.from({ length: 200 }, (_, at) => [String(at), "0", ""]) })));
  await paste("1 2");
  expect(el.querySelectorAll(".sky-cut__row").length).toBeLessThan(40);
  expect(el.querySelector("[role=grid]")?.getAttribute("aria-rowcount")).toBe("100001");
});

test("what lies outside, near an edge, twice, and unknown is counted", async () => {
  await show(cutoutModel(draftJson({ outside: 2, near_edge: 1, duplicates: 3, unknown_ids: 1, rows: 5000 })));
  await paste("1 2");
  const facts = [...el.querySelectorAll(".sky-cut__fact")].map((fact) => fact.textContent);
  expect(facts).toEqual([
    "5,000 positions, but 1,000 at most",
    "on 1 tile",
    "2 outside the survey",
    "1 near an edge",
    "3 duplicates",
    "1 unknown id",
    "at least 1 row overrides the size",
  ]);
});

test("the estimate stands beside the button, and a submitted job offers its gallery", async () => {
  const model = await show(cutoutModel());
  model.answers.set("POST cutout/jobs", { status: 201, json: { ...JOB, type: "cutout", name: "rings" } });
  await paste("1 2");
  await flush(400);
  expect(el.querySelector(".sky-cut__estimate")?.textContent).toBe("12 files of 3 positions, 9.4 MB, about 0.40 s");
  await click(button("Submit job"));
  expect(el.querySelector(".sky-cut__foot")?.textContent).toContain("Submitted job rings.");
  await click(button("Open gallery"));
  expect(model.hostCalls("show-gallery")).toHaveLength(1);
});

test("what will become of rows that are right is said as well", async () => {
  const notes = [
    { row: null, field: null, message: "not used, and carried along as they are: NOTE" },
    { row: 1, field: null, message: "lies outside the survey's tiles; the row will be left out" },
  ];
  await show(cutoutModel(draftJson({ notes, outside: 1 })));
  await paste("1 2");
  expect([...el.querySelectorAll(".sky-cut__note")].map((note) => note.textContent)).toEqual([
    "Row 1: lies outside the survey's tiles; the row will be left out",
    "not used, and carried along as they are: NOTE",
  ]);
});

test("a product's options show when it is on", async () => {
  await show(cutoutModel());
  const boxes = [...el.querySelectorAll<HTMLElement>(".sky-cut__product")];
  const chart = boxes.find((box) => box.textContent?.startsWith("Finding chart"));
  expect(chart?.querySelector(".sky-cut__inside")).toBeNull();
  await click(chart?.querySelector("input") ?? null);
  expect(chart?.textContent).toContain("Faintest helper star, mag");
});

test("a chart that is not granted says so", async () => {
  const model = cutoutModel();
  model.answers.set("GET cutout/form", { json: { ...FORM, chart_allowed: false } });
  await show(model);
  expect(el.textContent).toContain("your groups do not grant finding charts");
});

test("a wrong size is said at its field, and keeps it from being submitted", async () => {
  await show(cutoutModel());
  await paste("1 2");
  const field = el.querySelector<HTMLInputElement>(".sky-cut__short");
  await act(() => {
    if (field) field.value = "99";
    field?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await flush();
  expect(field?.getAttribute("aria-invalid")).toBe("true");
  expect(el.querySelector(".sky-field__fault")?.textContent).toBe("0.1 to 12 arcmin");
  expect(el.querySelector(".sky-cut__estimate")?.textContent).toBe("Mend what is marked in the form first.");
});

test("a form that does not come can be asked for again", async () => {
  const model = cutoutModel();
  const form = model.answers.get("GET cutout/form");
  model.answers.set("GET cutout/form", { status: 503, json: { error: { code: "unavailable", message: "away", detail: {} } } });
  await show(model);
  expect(el.textContent).toContain("The form could not be read: away");
  if (form) model.answers.set("GET cutout/form", form);
  await click(button("Try again"));
  expect(el.querySelector(".sky-cut__options")).not.toBeNull();
});

test("nothing is left behind", async () => {
  const model = await show(cutoutModel());
  await paste("1 2");
  cleanUp();
  cleanUp = () => undefined;
  expect(model.listening).toBe(0);
});
