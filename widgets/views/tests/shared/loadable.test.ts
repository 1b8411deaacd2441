import { expect, test } from "vitest";
import { Loadable } from "../../src/shared/loadable";

test("it is fetched once, and again after a failure, keeping what was known", async () => {
  let answers: (() => number)[] = [() => 1];
  let calls = 0;
  const loadable = new Loadable(async () => {
    calls += 1;
    return (answers.shift() ?? (() => 0))();
  });
  expect(loadable.status.value.state).toBe("idle");
  const first = loadable.ensure();
  expect(loadable.status.value.state).toBe("loading");
  await Promise.all([first, loadable.ensure()]);
  expect([loadable.value, calls]).toEqual([1, 1]);
  answers = [
    () => {
      throw new Error("no network");
    },
    () => 2,
  ];
  await loadable.reload();
  expect(loadable.status.value).toEqual({ state: "failed", message: "no network", value: 1 });
  await loadable.ensure();
  expect(loadable.status.value).toEqual({ state: "ready", value: 2 });
});

test("of several fetches the last one asked for counts", async () => {
  const waiting: ((value: string) => void)[] = [];
  const loadable = new Loadable(() => new Promise<string>((resolve) => waiting.push(resolve)));
  const both = [loadable.reload(), loadable.reload()];
  waiting[1]?.("new");
  waiting[0]?.("old");
  await Promise.all(both);
  expect(loadable.value).toBe("new");
  const late = loadable.reload();
  loadable.set("set");
  waiting[2]?.("late");
  await late;
  expect(loadable.value).toBe("set");
});
