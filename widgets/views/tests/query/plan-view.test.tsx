import { render } from "preact";
import { afterEach, expect, test } from "vitest";
import { PlanView } from "../../src/query/plan-view";
import { explanationFromJson } from "../../src/shared/catalog";

afterEach(() => document.body.replaceChildren());

function shown(steps: unknown[]): HTMLElement {
  const el = document.createElement("div");
  document.body.append(el);
  render(<PlanView explanation={explanationFromJson({ plan: "| Id |", statement: "select", steps })} />, el);
  return el;
}

const step = (id: number, parent: number | null, operation: string, rest: Record<string, unknown> = {}): unknown => ({
  id,
  parent,
  operation,
  object: "",
  rows: null,
  cost: null,
  ...rest,
});

test("a plan is an indented tree with what the database expects", () => {
  const el = shown([
    step(0, null, "SELECT STATEMENT", { rows: 1200, cost: 7 }),
    step(1, 0, "HASH JOIN"),
    step(2, 1, "TABLE ACCESS FULL", { object: "STARS", rows: 1 }),
    step(3, 1, "INDEX RANGE SCAN", { object: "GALAXIES_IX" }),
  ]);
  const depth = (item: Element): number => (item.parentElement?.closest("li") ? 1 + depth(item.parentElement.closest("li") as Element) : 0);
  const items = [...el.querySelectorAll("li")].map((item) => [depth(item), item.querySelector("span")?.textContent]);
  expect(items).toEqual([
    [0, "SELECT STATEMENT"],
    [1, "HASH JOIN"],
    [2, "TABLE ACCESS FULL"],
    [2, "INDEX RANGE SCAN"],
  ]);
  expect(el.querySelector(".sky-plan__estimate")?.textContent).toBe("about 1,200 rows, cost 7");
  expect([...el.querySelectorAll("strong")].map((name) => name.textContent)).toEqual(["STARS", "GALAXIES_IX"]);
  expect(el.querySelector("details pre")?.textContent).toBe("| Id |");
});

test("a step that says that it serves itself is left out and draws nothing endless", () => {
  const el = shown([step(0, null, "SELECT STATEMENT"), step(1, 1, "LOOP"), step(2, 0, "SORT")]);
  expect([...el.querySelectorAll("li > span:first-child")].map((name) => name.textContent)).toEqual(["SELECT STATEMENT", "SORT"]);
});

test("without a tree there are the database's own words", () => {
  const el = shown([]);
  expect(el.querySelector("pre")?.textContent).toBe("| Id |");
  expect(el.querySelector("details")).toBeNull();
});
