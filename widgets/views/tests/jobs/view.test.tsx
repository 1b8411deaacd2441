import axe from "axe-core";
import { afterEach, expect, test } from "vitest";
import jobs from "../../src/jobs";
import { HOST, jobJson, jobsModel, listing, RUNNING, tell } from "../fakes/jobs";
import { FakeModel, settled } from "../fakes/model";

const open: (() => void)[] = [];
afterEach(() => {
  open.splice(0).forEach((close) => close());
  document.body.replaceChildren();
});

async function draw(model: FakeModel): Promise<HTMLElement> {
  const el = document.createElement("div");
  document.body.append(el);
  open.push(jobs.render({ model, el }));
  await settled();
  return el;
}

const rows = (el: HTMLElement): HTMLElement[] => [...el.querySelectorAll<HTMLElement>(".sky-jobs__row")];
const grid = (el: HTMLElement): HTMLElement => found(el, "[role=grid]");

function found(el: Element, selector: string): HTMLElement {
  const element = el.querySelector<HTMLElement>(selector);
  if (!element) throw new Error(`nothing matches ${selector} in ${el.textContent ?? ""}`);
  return element;
}

function button(el: Element, name: string): HTMLElement {
  const all = [...el.querySelectorAll("button")];
  const one = all.find((candidate) => (candidate.getAttribute("aria-label") ?? candidate.textContent)?.trim() === name);
  if (!one) throw new Error(`no button ${name}; there are ${all.map((candidate) => candidate.textContent).join(", ")}`);
  return one;
}

async function press(el: HTMLElement, key: string, more: KeyboardEventInit = {}): Promise<void> {
  el.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await settled();
}

async function click(el: HTMLElement): Promise<void> {
  el.click();
  await settled();
}

async function violations(el: HTMLElement): Promise<string[]> {
  // jsdom draws nothing, so contrast is for the browser tests.
  const { violations: all } = await axe.run(el, { rules: { "color-contrast": { enabled: false } } });
  return all.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}

test("no jobs: the panel says what to do next", async () => {
  const el = await draw(jobsModel([]));
  expect(el.textContent).toContain("No jobs yet");
  expect(el.textContent).toContain("Submit job");
});

test("a listing that fails can be asked for again", async () => {
  const model = new FakeModel();
  const el = await draw(model);
  await model.fail("jobs?limit=500", 503, "unavailable", "the demo survey is still being made");
  expect(found(el, "[role=alert]").textContent).toContain("the demo survey is still being made");
  listing(model, [jobJson()]);
  await click(button(el, "Try again"));
  expect(rows(el)).toHaveLength(1);
});

test("a row says in words what its sign and colour say", async () => {
  const el = await draw(jobsModel([jobJson({ name: "m2 stars", phase: "ERROR", rows: null, error: { code: "x", message: "no" } })]));
  expect(found(el, ".sky-jobs__facts").textContent).toContain("failed");
  expect(rows(el)[0]?.getAttribute("aria-label")).toMatch(/^m2 stars, failed, query, submitted /);
});

test("a job that waits says what for, in the list and in its details", async () => {
  const note = "it waits for a node with room (0/1 nodes are available: 1 Insufficient memory)";
  const el = await draw(jobsModel([jobJson({ name: "m2 stars", ...RUNNING, note })]));
  expect(found(el, ".sky-jobs__facts").textContent).toContain("waiting");
  expect(found(el, ".sky-jobs__word").title).toBe(note);
  expect(rows(el)[0]?.getAttribute("aria-label")).toMatch(/^m2 stars, waiting, it waits for a node with room \(/);
  await click(rows(el)[0] as HTMLElement);
  expect(found(el, ".sky-jobs__standing [role=status]").textContent).toContain(note);
});

test("names and logs that hold HTML are text", async () => {
  const name = "<img src=x onerror=alert(1)>";
  const model = jobsModel([jobJson({ name })]);
  model.answers.set("GET jobs/a1/log", { json: { log: "<script>alert(2)</script>" } });
  const el = await draw(model);
  await click(rows(el)[0] as HTMLElement);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(el.querySelector("img, script")).toBeNull();
  expect(found(el, "h3").textContent).toBe(name);
  expect(found(el, ".sky-jobs__text--log").textContent).toBe("<script>alert(2)</script>");
});

test("of a thousand jobs only those in sight are drawn", async () => {
  const many = Array.from({ length: 499 }, (_, index) => jobJson({ id: `j${index}`, revision: index + 1 }));
  const el = await draw(jobsModel(many));
  expect(rows(el).length).toBeLessThan(30);
  expect(grid(el).getAttribute("aria-rowcount")).toBe("499");
});

test("the list is used with the keyboard alone", async () => {
  const model = jobsModel([jobJson({ id: "a", created_at: "2026-11-22T12:02:00Z" }), jobJson({ id: "b", created_at: "2026-11-22T12:01:00Z" })]);
  const el = await draw(model);
  const list = grid(el);
  list.focus();
  await settled();
  expect(list.getAttribute("aria-activedescendant")).toMatch(/-a$/);
  await press(list, "ArrowDown");
  expect(list.getAttribute("aria-activedescendant")).toMatch(/-b$/);
  await press(list, " ");
  expect(rows(el)[1]?.getAttribute("aria-selected")).toBe("true");
  await press(list, "Enter");
  expect(found(el, "h3").textContent).toBe("job b");
  await press(found(el, ".sky-jobs__details"), "Escape");
  expect(el.querySelector(".sky-jobs__details")).toBeNull();
  await press(list, "Delete");
  expect(found(el, ".sky-dialog").textContent).toContain("Delete “job b”?");
  await click(button(el, "Delete job"));
  expect(model.last("jobs/delete").body).toEqual({ ids: ["b"] });
});

test("a name is changed in its place", async () => {
  const model = jobsModel([jobJson({ id: "a" })]);
  const el = await draw(model);
  grid(el).focus();
  await press(grid(el), "F2");
  const field = found(el, "input[aria-label='New name']") as HTMLInputElement;
  field.value = "m2";
  await press(field, "Enter");
  expect(model.last("jobs/a").body).toEqual({ name: "m2" });
  await model.answer("jobs/a", { json: jobJson({ id: "a", name: "m2", revision: 2 }) });
  expect(found(el, "h3").textContent).toBe("m2");
});

test("details offer what the job's state allows", async () => {
  const model = jobsModel([jobJson({ id: "a", ...RUNNING })]);
  const el = await draw(model);
  await click(rows(el)[0] as HTMLElement);
  const actions = (): string[] => [...found(el, "[aria-label=Actions]").querySelectorAll("button")].map((one) => one.textContent ?? "");
  expect(actions()).toEqual(["Cancel", "Delete"]);
  tell(model, "changed", jobJson({ id: "a", revision: 2 }));
  await settled();
  expect(actions()).toEqual(["Open in notebook", "Show files", "Run again", "Delete"]);
});

test("a cutout job opens in the gallery and in a notebook", async () => {
  const cutouts = { id: "c", type: "cutout", request: { release: "DR2" } };
  const model = jobsModel([jobJson(cutouts)], { host: [...HOST, "show-gallery"] });
  const el = await draw(model);
  await click(rows(el)[0] as HTMLElement);
  const actions = [...found(el, "[aria-label=Actions]").querySelectorAll("button")];
  expect(actions.map((one) => one.textContent)).toEqual(["Open gallery", "Open in notebook", "Show files", "Run again", "Delete"]);
  await click(actions[0] as HTMLElement);
  expect(model.hostCalls("show-gallery")).toMatchObject([{ job_id: "c" }]);
  await click(actions[1] as HTMLElement);
  await model.answer("jobs/c/notebook", { json: { file_name: "cutouts.ipynb", content: { cells: [] } } });
  expect(model.hostCalls("open-notebook")).toMatchObject([{ file_name: "cutouts.ipynb" }]);
});

test("files, archive, folder and query go to the surroundings", async () => {
  const model = jobsModel([jobJson({ id: "a" })]);
  const el = await draw(model);
  await click(rows(el)[0] as HTMLElement);
  await click(button(el, "Download m2.fits"));
  await click(button(el, "All as tar"));
  await click(button(el, "Show files"));
  await click(button(el, "Edit"));
  const asked = model.sent.filter((message) => message["kind"] === "host").map(({ kind: _, ...rest }) => rest);
  expect(asked).toEqual([
    { action: "download", path: "jobs/a/files/m2.fits" },
    { action: "download", path: "jobs/a/archive" },
    { action: "open-files", path: "jobs/a" },
    { action: "edit-query", sql: "select ra from dr1_main" },
  ]);
});

test("an expiring job says so, and how often it can be renewed", async () => {
  const model = jobsModel([jobJson({ id: "a", expiring: true, renewals_left: 1, destruction_at: new Date(Date.now() + 2 * 86_400_000).toISOString() })]);
  const el = await draw(model);
  expect(found(el, ".sky-jobs__warn").textContent).toContain("expires in 2 days");
  await click(rows(el)[0] as HTMLElement);
  expect(el.textContent).toContain("1 renewal left");
  await click(button(el, "Renew"));
  expect(model.requests("jobs/a/renew")).toHaveLength(1);
});

test("a lost connection is told, and taken back when it is there again", async () => {
  const model = jobsModel([jobJson()]);
  const el = await draw(model);
  tell(model, "lost");
  await settled();
  expect(el.textContent).toContain("The connection is lost");
  tell(model, "hello", { revision: 1 });
  await settled();
  expect(el.textContent).not.toContain("The connection is lost");
});

test("where a button that was pressed is gone, the keyboard goes on in the details", async () => {
  const model = jobsModel([jobJson({ id: "a", ...RUNNING })]);
  const el = await draw(model);
  await click(rows(el)[0] as HTMLElement);
  const cancel = button(el, "Cancel");
  cancel.focus();
  await click(cancel);
  await model.answer("jobs/a/cancel", { json: jobJson({ id: "a", phase: "ABORTED", revision: 2 }) });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(cancel.isConnected).toBe(false);
  expect(document.activeElement).toBe(found(el, ".sky-jobs__details"));
});

test("times are relative, with the exact time in the tooltip", async () => {
  const el = await draw(jobsModel([jobJson()]));
  expect(found(el, "time").title).toBe("2026-11-22 12:00:00 UTC");
});

test("axe finds nothing in list, details and question", async () => {
  const el = await draw(jobsModel([jobJson({ id: "a", expiring: true }), jobJson({ id: "b", ...RUNNING })]));
  expect(await violations(el)).toEqual([]);
  await click(rows(el)[0] as HTMLElement);
  expect(await violations(el)).toEqual([]);
  await click(button(el, "Delete"));
  expect(await violations(el)).toEqual([]);
});

test("a panel that is taken away leaves nothing", async () => {
  const model = jobsModel([jobJson()]);
  const el = document.createElement("div");
  const close = jobs.render({ model, el });
  await settled();
  close();
  expect([el.childElementCount, model.listening]).toEqual([0, 0]);
});
