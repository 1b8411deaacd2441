/** A model without a server: requests wait for the test to answer them, or are answered by a table. */

import type { Buffers, MessageCallback, PanelModel } from "../../src/shared/model";

interface SentRequest {
  id: string;
  method: string;
  path: string;
  body?: unknown;
}

type Answer = { status?: number; json?: unknown; buffer?: ArrayBuffer | ArrayBufferView };

export class FakeModel implements PanelModel {
  readonly sent: Record<string, unknown>[] = [];
  readonly traits = new Map<string, unknown>();
  saves = 0;
  /** Answers given at once, by "METHOD path". */
  readonly answers = new Map<string, Answer | ((body: unknown) => Answer)>();
  private readonly messages = new Set<MessageCallback>();
  private readonly changes = new Map<string, Set<() => void>>();

  constructor(traits: Record<string, unknown> = {}) {
    for (const [name, value] of Object.entries(traits)) this.traits.set(name, value);
  }

  get(name: string): unknown {
    return this.traits.get(name);
  }

  set(name: string, value: unknown): void {
    if (this.traits.get(name) === value) return;
    this.traits.set(name, value);
    for (const callback of [...(this.changes.get(`change:${name}`) ?? [])]) callback();
  }

  save_changes(): void {
    this.saves += 1;
  }

  on(event: string, callback: MessageCallback | (() => void)): void {
    if (event === "msg:custom") this.messages.add(callback);
    else this.changes.set(event, new Set([...(this.changes.get(event) ?? []), callback as () => void]));
  }

  off(event: string, callback: MessageCallback | (() => void)): void {
    if (event === "msg:custom") this.messages.delete(callback);
    else this.changes.get(event)?.delete(callback as () => void);
  }

  send(content: Record<string, unknown>): void {
    this.sent.push(structuredClone(content));
    if (content["kind"] !== "request") return;
    const answer = this.answers.get(`${String(content["method"])} ${String(content["path"])}`);
    if (answer) queueMicrotask(() => this.reply(String(content["id"]), typeof answer === "function" ? answer(content["body"]) : answer));
  }

  /** Listeners that are still attached. */
  get listening(): number {
    return this.messages.size + [...this.changes.values()].reduce((sum, set) => sum + set.size, 0);
  }

  requests(path?: string): SentRequest[] {
    const all = this.sent.filter((message) => message["kind"] === "request") as unknown as SentRequest[];
    return path === undefined ? all : all.filter((request) => request.path === path);
  }

  /** The last request to a path. */
  last(path: string): SentRequest {
    const found = this.requests(path).at(-1);
    if (!found) throw new Error(`nothing asked for ${path}; asked: ${this.requests().map((request) => request.path).join(", ")}`);
    return found;
  }

  hostCalls(action: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message["kind"] === "host" && message["action"] === action);
  }

  reply(id: string, { status = 200, json, buffer }: Answer): void {
    this.deliver(json === undefined ? { kind: "reply", id, status } : { kind: "reply", id, status, json }, buffer ? [buffer] : []);
  }

  /** Answer the last request to a path, and let the promises run. */
  async answer(path: string, answer: Answer): Promise<void> {
    this.reply(this.last(path).id, answer);
    await settled();
  }

  async fail(path: string, status: number, code: string, message: string, detail: Record<string, unknown> = {}): Promise<void> {
    await this.answer(path, { status, json: { error: { code, message, detail, id: "e1" } } });
  }

  deliver(message: unknown, buffers: Buffers = []): void {
    for (const callback of [...this.messages]) callback(message, buffers);
  }
}

/** Let every promise that can go on do so. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
