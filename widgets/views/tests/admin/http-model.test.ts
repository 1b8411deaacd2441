import { expect, test } from "vitest";
import { HttpModel } from "../../src/admin/http-model";
import { isApiError, Transport } from "../../src/shared/model";

type Asked = { url: string; init: RequestInit };

function modelOn(answer: () => Response): { model: HttpModel; asked: Asked[] } {
  const asked: Asked[] = [];
  const fake = (async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return answer();
  }) as typeof fetch;
  return { model: new HttpModel({ base: "/services/skydesk/skydesk/api/", fetch: fake, state: { hub: "/hub/" } }), asked };
}

test("a request goes to the service with the page's XSRF token, as JSON", async () => {
  document.cookie = "_xsrf=2|ab|cd";
  const { model, asked } = modelOn(() => Response.json({ ok: true }));
  expect(await new Transport(model).json("POST", "admin/messages", { text: "hello" })).toEqual({ ok: true });
  expect(asked[0]?.url).toBe("/services/skydesk/skydesk/api/admin/messages");
  expect(asked[0]?.init).toMatchObject({ method: "POST", body: '{"text":"hello"}', credentials: "same-origin", redirect: "error" });
  expect(asked[0]?.init.headers).toEqual({ Accept: "application/json", "X-XSRFToken": "2|ab|cd", "Content-Type": "application/json" });
});

test("a refusal keeps the service's words", async () => {
  const { model } = modelOn(() => Response.json({ error: { code: "not_allowed", message: "you may not", detail: {}, id: "e" } }, { status: 403 }));
  await expect(new Transport(model).json("GET", "admin/labs")).rejects.toSatisfy((error) => isApiError(error, "not_allowed") && error.message === "you may not");
});

test("a page of a proxy, or nobody who answers, is an error in words", async () => {
  const page = new Transport(modelOn(() => new Response("<html>", { status: 502 })).model);
  await expect(page.json("GET", "admin/labs")).rejects.toThrow("the SkyDesk service does not answer");
  const { model } = modelOn(() => {
    throw new TypeError("Failed to fetch");
  });
  await expect(new Transport(model).json("GET", "admin/labs")).rejects.toThrow("the SkyDesk service does not answer: Failed to fetch");
});

test("state is told to who listens, and to nobody else any more", () => {
  const { model } = modelOn(() => Response.json({}));
  const heard: unknown[] = [];
  const listen = (): void => void heard.push(model.get("section"));
  model.on("change:section", listen);
  model.set("section", "jobs");
  model.set("section", "jobs");
  model.off("change:section", listen);
  model.set("section", "labs");
  expect(heard).toEqual(["jobs"]);
  expect(model.get("hub")).toBe("/hub/");
});

test("what only a lab can do is refused", () => {
  expect(() => modelOn(() => Response.json({})).model.send({ kind: "host", action: "open-files" })).toThrow('this page answers requests only, not "host"');
});
