import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pictures } from "../../src/gallery/pictures";
import { Transport } from "../../src/shared/model";
import { PIXEL } from "../fakes/cutout";
import { FakeModel, settled } from "../fakes/model";

let model: FakeModel;
let pictures: Pictures;
const revoked: string[] = [];

beforeEach(() => {
  let made = 0;
  revoked.length = 0;
  URL.createObjectURL = () => `blob:${++made}`;
  URL.revokeObjectURL = (url) => void revoked.push(url);
  model = new FakeModel();
  pictures = new Pictures(new Transport(model));
});

afterEach(() => pictures.close());

function paths(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `p/${first + at}`);
}

function cancelled(): number {
  return model.sent.filter((message) => message["kind"] === "cancel").length;
}

test("only a few are asked for at once, in the order of their place", async () => {
  pictures.want(paths(0, 20));
  expect(model.requests().map((request) => request.path)).toEqual(paths(0, 6));
  await model.answer("p/3", { buffer: PIXEL });
  expect(pictures.at("p/3").value.url).toBe("blob:1");
  expect(model.requests().at(-1)?.path).toBe("p/6");
});

test("what scrolled away is broken off, and was never asked for where it waited", async () => {
  pictures.want(paths(0, 20));
  pictures.want(paths(4, 20));
  await settled();
  expect(cancelled()).toBe(4);
  expect(pictures.runningCount).toBe(6);
  expect(model.requests().map((request) => request.path)).toEqual([...paths(0, 6), ...paths(6, 4)]);
  expect(pictures.at("p/0").value).toEqual({ url: null, problem: null });
});

test("what came is kept, and let go of when much else has been seen", async () => {
  for (let page = 0; page < 30; page += 1) {
    const wanted = paths(page * 20, 20);
    for (const path of wanted) model.answers.set(`GET ${path}`, { buffer: PIXEL });
    pictures.want(wanted);
    await vi.waitFor(() => expect(wanted.every((path) => pictures.at(path).value.url)).toBe(true));
  }
  expect(revoked.length).toBe(180);
  pictures.want(paths(580, 20));
  await settled();
  expect(model.requests()).toHaveLength(600);
  pictures.want(paths(0, 20));
  await settled();
  expect(model.requests().length).toBeGreaterThan(600);
});

test("a failure is said and can be tried again", async () => {
  pictures.want(["p/1"]);
  await model.fail("p/1", 500, "internal_error", "no such file");
  expect(pictures.at("p/1").value).toEqual({ url: null, problem: "no such file" });
  pictures.retry("p/1");
  await model.answer("p/1", { buffer: PIXEL });
  expect(pictures.at("p/1").value.url).not.toBeNull();
});

test("closing gives every picture back", async () => {
  pictures.want(["p/1"]);
  await model.answer("p/1", { buffer: PIXEL });
  pictures.close();
  expect(revoked).toEqual(["blob:1"]);
});
