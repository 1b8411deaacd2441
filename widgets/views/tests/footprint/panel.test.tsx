import axe from "axe-core";
import { tableFromArrays, tableFromIPC, tableToIPC } from "@uwdata/flechette";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import footprintModule from "../../src/footprint/index";
import { FootprintState } from "../../src/footprint/state";
import { Transport } from "../../src/shared/model";
import { footprintModel, TILE } from "../fakes/footprint";
import { jobJson } from "../fakes/jobs";
import { FakeModel, settled } from "../fakes/model";

let el: HTMLElement;
let cleanUp: () => void = () => undefined;

afterEach(() => {
  cleanUp();
  cleanUp = () => undefined;
  document.body.replaceChildren();
});

async function show(model: FakeModel): Promise<FakeModel> {
  el = document.createElement("div");
  document.body.append(el);
  await act(async () => {
    cleanUp = footprintModule.render({ model, el });
  });
  await flush();
  return model;
}

async function flush(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await act(settled);
}

async function search(text: string): Promise<void> {
  const field = el.querySelector<HTMLInputElement>("[type=search]")!;
  await act(() => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await act(() => void el.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await flush();
}

function button(name: string): HTMLButtonElement {
  const found = [...el.querySelectorAll("button")].find((each) => each.textContent?.trim() === name);
  if (!found) throw new Error(`no button ${name}; there are: ${[...el.querySelectorAll("button")].map((each) => each.textContent).join(", ")}`);
  return found;
}

test("a search chooses the tile, tells the kernel, and shows what is known of it", async () => {
  const model = await show(footprintModel());
  await search("M 2");
  expect(el.querySelector(".sky-foot__answer--found")!.textContent).toBe("M 2 is on DES2134-0041");
  expect(model.get("selected_tile")).toBe("DES2134-0041");
  const tile = el.querySelector("[aria-label='Tile DES2134-0041']")!.textContent;
  for (const words of ["0.5096 deg²", "30,901 objects", "24.71", "1.11", "4 MB"]) expect(tile).toContain(words);
});

test("what looks at the survey can be pressed as soon as the survey is known", async () => {
  const waiting = footprintModel();
  waiting.answers.delete("GET footprint/layers/DR2");
  await show(waiting);
  for (const name of ["Whole sky", "Fit the survey"]) expect(button(name).getAttribute("aria-disabled")).toBe("true");
  cleanUp();
  document.body.replaceChildren();
  await show(footprintModel());
  for (const name of ["Whole sky", "Fit the survey"]) expect(button(name).hasAttribute("aria-disabled")).toBe(false);
});

test("what is no tile, what is outside and what cannot be read are three answers", async () => {
  const model = await show(footprintModel());
  model.answers.set("GET footprint/search?text=DES0219-0541&release=DR2", {
    json: { kind: "tile", label: "DES0219-0541", ra_deg: 34.81, dec_deg: -5.69, tile: null, nearest_tile: "DES2134-0124", distance_deg: 70.816, description: "" },
  });
  await search("DES0219-0541");
  expect(el.querySelector(".sky-foot__answer--outside")!.textContent).toBe("DES0219-0541 is outside the survey; the nearest tile, DES2134-0124, is 70.8° away");
  expect(button("Go to DES2134-0124")).toBeDefined();
  model.answers.set("GET footprint/search?text=DES9&release=DR2", { status: 404, json: { error: { code: "not_found", message: "tile not found: the grid has no tile named 'DES9'", detail: {}, id: "1" } } });
  await search("DES9");
  expect(el.querySelector(".sky-foot__answer--failed")!.textContent).toContain("Tile not found");
  model.answers.set("GET footprint/search?text=%3F&release=DR2", { status: 400, json: { error: { code: "invalid_request", message: "'?' cannot be read", detail: {}, id: "1" } } });
  await search("?");
  expect(el.querySelector(".sky-foot__answer--failed")!.textContent).toBe("'?' cannot be read");
});

test("the tile goes to the Cutouts panel, to the Query panel and into a notebook, and its files are downloaded", async () => {
  const model = await show(footprintModel());
  await search("M 2");
  button("Open in Cutouts").click();
  const [cut] = model.hostCalls("cut-result");
  expect(cut!["source"]).toBe("M 2 on DES2134-0041");
  expect(tableFromIPC(cut!["buffer"] as Uint8Array).toArray()).toEqual([{ RA: 323.3625, DEC: -0.8233 }]);
  button("Query this tile").click();
  expect(model.hostCalls("edit-query")[0]!["sql"]).toContain("FROM DR2_MAIN\nWHERE TILENAME = 'DES2134-0041'");
  const [file] = TILE.releases[0]!.files;
  button(`Download ${file!.name}`).click();
  expect(model.hostCalls("download")).toEqual([{ kind: "host", action: "download", path: file!.path }]);
  button(`Open ${file!.name} in a notebook`).click();
  expect(JSON.stringify(model.hostCalls("open-notebook")[0]!["content"])).toContain("DES2134-0041_r1p01_g.fits.fz");
});

test("where the surroundings can do nothing, nothing is offered that they must do", async () => {
  await show(footprintModel({ host: [] }));
  await search("M 2");
  const words = [...el.querySelectorAll("button")].map((each) => each.textContent);
  expect(words.filter((each) => /Cutouts|Query|Download|notebook|wide/.test(each ?? ""))).toEqual([]);
});

test("clicks choose one tile, and shift several; a kernel's region chooses its tiles", async () => {
  const model = footprintModel();
  const state = new FootprintState(model, new Transport(model));
  await state.load();
  state.selectAt(323.36, -0.82, false);
  state.selectAt(322.8, -0.8, true);
  expect(state.names.value).toHaveLength(2);
  state.selectAt(323.36, -0.82, true);
  expect(state.names.value).toHaveLength(1);
  state.selectAt(10, 10, false);
  expect(state.names.value).toEqual([]);
  const all = ["DES2134-0041", "DES2131-0041"];
  model.answers.set("POST footprint/tiles", (body) => ({ json: { tiles: (body as { region: unknown }).region ? all : [], area_deg2: 1, approximate: false } }));
  model.set("region", { circle: { ra_deg: 323.7, dec_deg: -0.7, radius_arcmin: 20 } });
  await settled();
  expect(state.names.value).toContain("DES2134-0041");
  expect(model.last("footprint/tiles").body).toEqual({ release: "DR2", region: { circle: { ra_deg: 323.7, dec_deg: -0.7, radius_arcmin: 20 } } });
  state.close();
  expect(model.listening).toBe(1);
});

test("a service that does not answer can be asked again, and a survey without a footprint says so", async () => {
  const model = footprintModel();
  model.answers.set("GET footprint/releases", { status: 503 });
  await show(model);
  expect(el.textContent).toContain("the releases could not be read");
  model.answers.set("GET footprint/releases", { json: { releases: [], file_kinds: [], bands: [] } });
  await act(() => button("Try again").click());
  await flush();
  expect(el.textContent).toContain("No footprint");
});

test("a picture is made by a job where there is none, and looked for until it is there", async () => {
  const model = await show(footprintModel());
  expect(el.querySelector("[aria-label='Colour image']")!.textContent).toContain("There is no picture of DR2 yet");
  const facts = { available: false, order: null, first_order: 3, tile_width: 512, format: "png", version: null, made_at: null };
  model.answers.set("POST footprint/hips/DR2", { status: 201, json: {} });
  model.answers.set("GET footprint/hips/DR2", { json: { ...facts, job_id: "j1", job_phase: "EXECUTING" } });
  await act(() => button("Make the picture").click());
  await flush();
  expect(el.querySelector("[aria-label='Colour image']")!.textContent).toContain("The job that makes it is running.");
  expect([...el.querySelectorAll("button")].some((each) => each.textContent === "Make the picture")).toBe(false);
});

test("what is drawn, brought or selected becomes a statement that is restricted to it", async () => {
  const model = await show(footprintModel());
  await search("M 2");
  await act(() => button("Query 1 tile").click());
  await flush();
  expect(String(model.hostCalls("edit-query").at(-1)?.["sql"])).toContain("TILENAME = 'DES2134-0041'");
  model.answers.set("POST footprint/tiles", { json: { tiles: [], area_deg2: 0, approximate: false } });
  model.answers.set("POST footprint/condition", { json: { sql: "(HPIX_16384 BETWEEN 1 AND 2 AND 1 = 1)", exact: true, ranges: 7 } });
  await act(() => button("Polygon").click());
  await act(() => button("Give up").click());
  const circle = { circle: { ra_deg: 323.4, dec_deg: -0.8, radius_arcmin: 5 } };
  await act(() => model.set("region", circle));
  await flush();
  await act(() => button("Query this circle").click());
  await flush();
  expect(model.last("footprint/condition").body).toEqual({ table: "DR2_MAIN", region: circle });
  expect(String(model.hostCalls("edit-query").at(-1)?.["sql"])).toContain("WHERE (HPIX_16384 BETWEEN 1 AND 2");
  expect(el.textContent).toContain("restricted by 7 ranges of HEALPix pixels");
});

test("a map that is brought is measured and can be taken away; a broken one is refused in the service's words", async () => {
  const model = await show(footprintModel());
  const bring = async (): Promise<void> => {
    const field = el.querySelector<HTMLInputElement>("[aria-label='A coverage map']")!;
    const file = Object.assign(new File(["5/1"], "mine.moc"), { arrayBuffer: async () => new TextEncoder().encode("5/1").buffer });
    Object.defineProperty(field, "files", { value: [file], configurable: true });
    await act(() => void field.dispatchEvent(new Event("change", { bubbles: true })));
    await flush();
  };
  model.answers.set("POST footprint/map", { status: 400, json: { error: { code: "invalid_request", message: "map: the file is no MOC", detail: {}, id: "1" } } });
  await bring();
  expect(el.querySelector("[aria-label='Your coverage map']")!.textContent).toContain("mine.moc: map: the file is no MOC");
  model.answers.set("POST footprint/map", { json: { order: 5, ranges: 1, area_deg2: 3.357, covered_deg2: 1.2, drawn_order: 5, drawn: { "5": [1] } } });
  await bring();
  expect(el.querySelector("[aria-label='Your coverage map']")!.textContent).toContain("3.36 deg² at order 5, of which 1.20 deg² are in DR2");
  expect(button("Query this map")).toBeDefined();
  await act(() => button("Take mine.moc away").click());
  expect(el.textContent).not.toContain("mine.moc");
});

test("positions of another panel are shown, and whether they are in is told at once", async () => {
  const model = await show(footprintModel());
  const check = tableFromArrays({ in_DR2: [true, false] });
  check.schema.metadata = new Map([["skydesk", JSON.stringify({ rows: 2, inside: { DR2: 1 } })]]);
  model.answers.set("POST footprint/check", { buffer: tableToIPC(check, { format: "stream" })! });
  const buffer = tableToIPC(tableFromArrays({ RA: Float64Array.of(323.4, 10), DEC: Float64Array.of(-0.8, 10) }), { format: "stream" });
  await act(() => model.set("given", { buffer, source: "2 rows of a query" }));
  await flush();
  const own = el.querySelector("[aria-label='Your positions']")!.textContent;
  expect(own).toContain("From 2 rows of a query");
  expect(own).toContain("of 2: 1 in DR2");
  expect(model.get("given")).toBeNull();
});

test("files of the selection are counted, gathered by a job, and a second time only if somebody says so", async () => {
  const model = await show(footprintModel());
  await search("M 2");
  model.answers.set("POST footprint/jobs/estimate", { json: { files: 2, size_bytes: 8_000_000, parts: [{}], without_files: [] } });
  const details = el.querySelector<HTMLDetailsElement>("[aria-label='Files of the selection'] details")!;
  await act(async () => {
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
    await new Promise((done) => setTimeout(done, 350));
  });
  await flush();
  expect(details.textContent).toContain("2 files, 8 MB");
  model.answers.set("POST footprint/jobs", { status: 409, json: { error: { code: "conflict", message: "the same was gathered before", detail: {}, id: "1" } } });
  await act(() => button("Gather them").click());
  await flush();
  expect(details.textContent).toContain("the same was gathered before");
  model.answers.set("POST footprint/jobs", { status: 201, json: { run_id: "r", jobs: [jobJson({ id: "j9", name: "files of 1 tiles of DR2" })] } });
  await act(() => button("Gather them all the same").click());
  await flush();
  expect(model.last("footprint/jobs").body).toMatchObject({ tiles: ["DES2134-0041"], kinds: ["image"], allow_duplicate: true });
  expect(el.textContent).toContain("Submitted job files of 1 tiles of DR2.");
});

test("the panel has no violation", async () => {
  await show(footprintModel());
  await search("M 2");
  const { violations } = await axe.run(el, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
});
