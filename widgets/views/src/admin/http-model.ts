/** A model for a page of its own: the front-end surface of an anywidget model over plain HTTP, with the page's cookie. */

import { errorMessage, type MessageCallback, type PanelModel } from "../shared/model";

export interface HttpModelOptions {
  /** Address of the API, with a slash at its end. */
  base: string;
  state?: Record<string, unknown>;
  fetch?: typeof fetch;
}

export class HttpModel implements PanelModel {
  private readonly state = new Map<string, unknown>();
  private readonly messages = new Set<MessageCallback>();
  private readonly changes = new Map<string, Set<() => void>>();

  constructor(private readonly options: HttpModelOptions) {
    for (const [name, value] of Object.entries(options.state ?? {})) this.state.set(name, value);
  }

  get(name: string): unknown {
    return this.state.get(name);
  }

  set(name: string, value: unknown): void {
    if (this.state.get(name) === value) return;
    this.state.set(name, value);
    for (const callback of [...(this.changes.get(`change:${name}`) ?? [])]) callback();
  }

  /** Nothing is kept over a reload but what stands in the address. */
  save_changes(): void {}

  on(event: string, callback: MessageCallback | (() => void)): void {
    if (event === "msg:custom") this.messages.add(callback);
    else this.changes.set(event, new Set([...(this.changes.get(event) ?? []), callback as () => void]));
  }

  off(event: string, callback: MessageCallback | (() => void)): void {
    if (event === "msg:custom") this.messages.delete(callback);
    else this.changes.get(event)?.delete(callback as () => void);
  }

  send(content: Record<string, unknown>): void {
    if (content["kind"] !== "request") throw new Error(`this page answers requests only, not ${JSON.stringify(content["kind"])}`);
    void this.request(content);
  }

  private async request(content: Record<string, unknown>): Promise<void> {
    const { id, method, path, body } = content;
    try {
      const headers: Record<string, string> = { Accept: "application/json", "X-XSRFToken": xsrfToken() };
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const response = await (this.options.fetch ?? fetch)(`${this.options.base}${String(path)}`, {
        method: String(method),
        headers,
        cache: "no-store",
        credentials: "same-origin",
        // A login page would be an answer to nobody here: who is not known any more is told so.
        redirect: "error",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      this.reply({ id, status: response.status, json: await response.json().catch(() => null) });
    } catch (error) {
      const message = `the SkyDesk service does not answer: ${errorMessage(error)}`;
      this.reply({ id, status: 503, json: { error: { code: "unavailable", message, detail: {}, id: null } } });
    }
  }

  private reply(content: Record<string, unknown>): void {
    for (const callback of [...this.messages]) callback({ kind: "reply", ...content });
  }
}

function xsrfToken(): string {
  return /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}
