import axe from "axe-core";
import { afterEach, expect, test, vi } from "vitest";
import admin from "../../src/admin";
import { adminModel, inMinutes, labJson } from "../fakes/admin";
import { FakeModel, settled } from "../fakes/model";

const open: (() => void)[] = [];
afterEach(() => {
  open.splice(0).forEach((close) => close());
  document.body.replaceChildren();
  vi.useRealTimers();
});

async function draw(model: FakeModel, section?: string): Promise<HTMLElement> {
  if (section) model.set("section", section);
  const el = document.createElement("div");
  document.body.append(el);
  open.push(admin.render({ model, el }));
  await settled();
  return el;
}

function found<T extends HTMLElement = HTMLElement>(el: Element, selector: string): T {
  const element = el.querySelector<T>(selector);
  if (!element) throw new Error(`nothing matches ${selector} in ${el.textContent ?? ""}`);
  return element;
}

function button(el: Element, name: string): HTMLElement {
  const all = [...el.querySelectorAll<HTMLElement>("button")];
  const one = all.find((candidate) => candidate.textContent?.trim() === name);
  if (!one) throw new Error(`no button ${name}; there are ${all.map((candidate) => candidate.textContent).join(" | ")}`);
  return one;
}

async function click(el: HTMLElement): Promise<void> {
  el.click();
  await settled();
}

async function write(el: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement, value: string): Promise<void> {
  el.value = value;
  el.dispatchEvent(new Event(el.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  await settled();
}

const rows = (el: Element): string[] => [...el.querySelectorAll("tbody tr")].map((row) => row.textContent ?? "");

const SECTIONS = ["labs", "queue", "budgets", "jobs", "messages", "health", "statistics", "audit"];

test.each(SECTIONS)("axe finds nothing in %s", async (section) => {
  const el = await draw(adminModel(), section);
  const { violations } = await axe.run(el, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
});

test("the labs are listed by their end, with what they use", async () => {
  const el = await draw(adminModel());
  expect(found(el, "header").textContent).toContain("2 labs, 1 person waiting · ada, administrator");
  expect(rows(el)[0]).toMatch(/^veraGPUrunningnode-a12 h ago4[45] min.*1, 1 h 30 min used63 %, 11.2 of 24 GiB, 2\d s ago1×/);
  expect(rows(el)[1]).toMatch(/^annie \/ deepSmallstarting/);
  expect(found(el, "[role=tab][aria-selected=true]").textContent).toBe("Labs (2)");
});

test("a lab that says nothing of its GPU is told from one that has none", async () => {
  const model = adminModel();
  model.answers.set("GET admin/labs", { json: { labs: [labJson({ gpu_load: null }), labJson({ id: "l2", user: "annie", gpus: 0, gpu_load: null })] } });
  const el = await draw(model);
  expect(rows(el)[0]).toContain("1 h 30 min usednot reported");
  expect(rows(el)[1]).toContain("none–");
});

test("labs are filtered by words and sorted by heads", async () => {
  const el = await draw(adminModel());
  await write(found<HTMLInputElement>(el, "input[type=search]"), "deep small");
  expect(rows(el)).toHaveLength(0);
  expect(el.textContent).toContain("No lab matches");
  await click(button(el, "Show all"));
  await write(found<HTMLInputElement>(el, "input[type=search]"), "small");
  expect(rows(el)).toHaveLength(1);
  expect(found(el, ".sky-admin__tools [role=status]").textContent).toBe("1 of 2 labs");
  await write(found<HTMLInputElement>(el, "input[type=search]"), "");
  await click(button(el, "User"));
  expect(rows(el)[0]).toMatch(/^annie/);
  expect(found(el, "th[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
  await click(button(el, "User"));
  expect(rows(el)[0]).toMatch(/^vera/);
  expect(found(el, "th[aria-sort]").getAttribute("aria-sort")).toBe("descending");
});

test("a lab is extended by what is chosen, and the list is asked for anew", async () => {
  const model = adminModel();
  model.answers.set("POST admin/leases/l1/extend", { json: labJson() });
  const el = await draw(model);
  await click(button(el, "Extend the lab of vera"));
  await write(found<HTMLSelectElement>(el, "dialog select"), "7200");
  const asked = model.requests("admin/labs").length;
  await click(button(el, "Extend by 2 h"));
  expect(model.last("admin/leases/l1/extend").body).toEqual({ seconds: 7200 });
  expect(el.textContent).toContain("Vera's lab has 2 h more");
  expect(model.requests("admin/labs").length).toBe(asked + 1);
});

test("a lab that has not started cannot be extended, and the button says why", async () => {
  const el = await draw(adminModel());
  const extend = button(el, "Extend the lab of annie");
  expect(extend.getAttribute("aria-disabled")).toBe("true");
  expect(extend.title).toBe("It has not started yet");
});

test("a lab is ended after one question, with words for its owner", async () => {
  const model = adminModel();
  model.answers.set("POST admin/leases/l1/end", { status: 409, json: { error: { code: "conflict", message: "the lab of vera has ended already", detail: {}, id: "e" } } });
  const el = await draw(model);
  await click(button(el, "End the lab of vera"));
  expect(model.requests().filter(({ method }) => method === "POST")).toEqual([]);
  expect(found(el, "dialog h3").textContent).toBe("End the GPU lab of vera?");
  await write(found<HTMLTextAreaElement>(el, "dialog textarea"), " the node is repaired ");
  await click(button(el, "End lab"));
  expect(model.last("admin/leases/l1/end").body).toEqual({ message: "the node is repaired" });
  expect(found(el, ".sky-toasts [role=alert]").textContent).toContain("The lab of vera has ended already");
});

test("a job is cancelled after one question", async () => {
  const model = adminModel();
  model.answers.set("POST admin/jobs/j1/cancel", { json: {} });
  const el = await draw(model, "jobs");
  expect(rows(el)[0]).toMatch(/^veram2 starsqueryrunning/);
  expect(rows(el)[1]).not.toContain("Cancel");
  await click(button(el, "Cancel m2 stars of vera"));
  await click(button(el, "Cancel job"));
  expect(model.requests("admin/jobs/j1/cancel")).toHaveLength(1);
});

test("a message is written to a profile's labs until a time", async () => {
  const model = adminModel();
  const el = await draw(model, "messages");
  await click(button(el, "New message"));
  await click(button(el, "Send message"));
  expect(found(el, "dialog [role=alert]").textContent).toContain("The message needs a text.");
  await write(found<HTMLTextAreaElement>(el, "dialog textarea"), "the disk is full");
  const [to, severity] = [...el.querySelectorAll<HTMLSelectElement>("dialog select")];
  expect([...(to?.options ?? [])].map((option) => option.textContent)).toEqual(["Everybody", "Members of Limited", "Members of GPU users", "Small labs", "GPU labs"]);
  await write(to as HTMLSelectElement, "4");
  await write(severity as HTMLSelectElement, "warning");
  const until = found<HTMLInputElement>(el, "dialog input");
  await write(until, "2020-01-01T00:00");
  await click(button(el, "Send message"));
  expect(found(el, "dialog [role=alert]").textContent).toContain("is over already");
  await write(until, "2099-01-01T00:00");
  model.answers.set("POST admin/messages", { status: 403, json: { error: { code: "not_allowed", message: "ada may not", detail: {}, id: "e" } } });
  await click(button(el, "Send message"));
  expect(found(el, "dialog [role=alert]").textContent).toContain("ada may not");
  model.answers.set("POST admin/messages", { status: 201, json: {} });
  await click(button(el, "Send message"));
  expect(model.last("admin/messages")).toMatchObject({ method: "GET" });
  const sent = model.requests("admin/messages").filter(({ method }) => method === "POST");
  expect(sent.at(-1)?.body).toEqual({ text: "the disk is full", severity: "warning", to: { profile: "gpu" }, until: new Date("2099-01-01T00:00").toISOString() });
  expect(el.querySelector("dialog")).toBeNull();
});

test("a message is text, and is withdrawn after one question", async () => {
  const model = adminModel();
  model.answers.set("DELETE admin/messages/m1", { json: {} });
  const el = await draw(model, "messages");
  expect(rows(el)[0]).toContain("Warning: <b>upgrade</b> at sixto the group gpu");
  await click(button(el, "Withdraw"));
  await click(button(el, "Withdraw message"));
  expect(model.requests("admin/messages/m1")).toHaveLength(1);
});

test("a monitor sees all and no act", async () => {
  for (const section of ["labs", "jobs", "messages"]) {
    const el = await draw(adminModel({ rights: ["monitor"] }), section);
    expect(rows(el).length).toBeGreaterThan(0);
    for (const word of ["Extend", "End", "Cancel", "Withdraw", "New message"]) {
      expect([...el.querySelectorAll("button")].filter((one) => one.textContent?.startsWith(word) && one.closest("th") === null)).toEqual([]);
    }
  }
});

test("a group's administrator acts, and writes to the group only", async () => {
  const el = await draw(adminModel({ rights: [], administers: ["gpu"] }), "messages");
  expect(found(el, "header").textContent).toContain("administrator of gpu");
  await click(button(el, "New message"));
  expect([...found<HTMLSelectElement>(el, "dialog select").options].map((option) => option.textContent)).toEqual(["Members of GPU users"]);
});

test("budgets are bars with words", async () => {
  const el = await draw(adminModel(), "budgets");
  expect(found(el, "[role=meter]").getAttribute("aria-valuenow")).toBe("371.3");
  expect(rows(el)[0]).toContain("371 h of 400 h, nearly used up");
  expect(rows(el)[1]).toContain("3.0 h, no limit");
});

test("queue, health, statistics and audit log are said in words", async () => {
  const el = await draw(adminModel(), "queue");
  expect(rows(el)[0]).toMatch(/^offeredmariaGPU.*held for [78] min/);
  expect(rows(el)[1]).toMatch(/^1carolineGPU.*in about 43 min/);
  await click(button(el, "Health"));
  expect([...el.querySelectorAll(".sky-admin__health li")].map((part) => part.textContent)).toEqual(["databaseworks", "runnerstarts no jobs; look into the service's log"]);
  await click(button(el, "Statistics"));
  expect(rows(el)).toEqual(["Limited12140122 h0 h880"]);
  await click(button(el, "Audit log"));
  expect(rows(el)[0]).toMatch(/adaextended a labveraby 1 hdone10\.0\.0\.7$/);
  expect(rows(el)[1]).toMatch(/monaended a labannierefused: mona may not act$/);
});

test("the tabs are walked by arrows, and the section is told to the address", async () => {
  const model = adminModel();
  const el = await draw(model);
  found(el, "[role=tab][aria-selected=true]").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
  await settled();
  expect(model.get("section")).toBe("audit");
  expect(document.activeElement?.textContent).toBe("Audit log");
  model.set("section", "queue");
  await settled();
  expect(found(el, "[role=tab][aria-selected=true]").textContent).toBe("Queue (1)");
  model.set("section", "nonsense");
  await settled();
  expect(found(el, "[role=tab][aria-selected=true]").textContent).toBe("Queue (1)");
});

test("what cannot be had is said, asked for again, and kept when it gets old", async () => {
  const model = new FakeModel();
  const el = await draw(model);
  await model.fail("admin/overview", 403, "not_allowed", "ada has no rights here");
  expect(found(el, "[role=alert]").textContent).toContain("ada has no rights here");
  for (const [path, answer] of adminModel().answers) model.answers.set(path, answer);
  await click(button(el, "Try again"));
  await click(button(el, "Labs (2)"));
  expect(rows(el)).toHaveLength(2);
  model.answers.set("GET admin/labs", { status: 503, json: { error: { code: "unavailable", message: "the service restarts", detail: {}, id: "e" } } });
  await click(button(el, "Labs (2)"));
  expect(rows(el)).toHaveLength(2);
  expect(found(el, "[role=alert]").textContent).toContain("what is shown may be old: the service restarts");
});

test("nothing at all says what to do next", async () => {
  const model = adminModel();
  model.answers.set("GET admin/labs", { json: { labs: [] } });
  const el = await draw(model);
  expect(el.textContent).toContain("No lab runs");
});

test("the page asks again by itself, but not while it is hidden", async () => {
  vi.useFakeTimers();
  const model = adminModel();
  const el = document.createElement("div");
  open.push(admin.render({ model, el }));
  await vi.advanceTimersByTimeAsync(10_001);
  expect(model.requests("admin/labs")).toHaveLength(2);
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(model.requests("admin/labs")).toHaveLength(2);
});

test("a lab that is being ended has no act left", async () => {
  const model = adminModel();
  model.answers.set("GET admin/labs", { json: { labs: [labJson({ ends_at: inMinutes(-1), end: { reason: "admin", message: "x" } })] } });
  const el = await draw(model);
  expect(rows(el)[0]).toContain("ending");
  expect(rows(el)[0]).toContain("over");
  expect(button(el, "End the lab of vera").getAttribute("aria-disabled")).toBe("true");
});
