/**
 * How a panel talks with the world: its model, and a `Transport` that makes promises of the model's messages.
 *
 * For the author of the next panel
 * --------------------------------
 * A panel is a folder `src/<panel>/` with an `index.tsx` that ends in one default export:
 *
 *     export default {
 *       render({ model, el }: RenderArguments): () => void {
 *         const transport = new Transport(model);
 *         const unmount = mount(el, <JobsPanel state={new JobsState(transport, model)} />);
 *         return () => { unmount(); transport.close(); };
 *       },
 *     };
 *
 * `npm run build` finds the folder by itself and makes `static/<panel>.js` and, if the entry imports a style sheet, `static/<panel>.css`.
 * anywidget loads the module as one blob: no named `render`, no dynamic import, no address of another file inside.
 *
 * The panel never fetches. `transport.request("GET", "jobs")` is answered by whoever owns the model: in the lab's sidebar the HTTP API, in a
 * notebook the kernel. Paths are those of docs/api.md, below `skydesk/api/`. What comes back as JSON is `unknown` until a guard has looked at
 * it: one guard a noun, in `session.ts`, `catalog.ts` and `job.ts`, made of the readers in `json.ts`:
 *
 *     const { json } = await transport.request("GET", `jobs/${id}`);
 *     const job = jobFromJson(json);
 *
 * A reply with a status of 400 or more is thrown as `ApiError`; a reply that never comes because the model is closed too. `isApiError(error,
 * "conflict")` asks for one kind. Where nobody answered at all (no network, server gone), the model replies with status 0 or 503 and the
 * code is `unavailable`: offer to try again.
 *
 * State lives in a class of signals (`state.ts`, tested without drawing); components only draw it. Widgets share `ui/`, look by the classes
 * of `theme.css` (prefix `sky-`, colours only from JupyterLab's variables), and set text from data as text, never as HTML.
 *
 * What a model must do (docs/api.md, "Panels")
 * --------------------------------------------
 * - answer each `request` with one `reply` of the same id, in any order; a binary body is the first buffer, and then there is no `json`;
 * - a request with `lines: true` may be answered line by line: a `line` message with its `json` for each as it comes, then a `reply` without a
 *   body. A model that cannot replies with the whole body;
 * - several views may share a model: replies go to all, each takes its own ids. Subscriptions are counted: the stream ends with the last one,
 *   and `hello` is sent again whenever somebody subscribes;
 * - `get("host")` is the list of the host actions that the surroundings can do; panels hide the others.
 */

import { isRecord } from "./json";
import { uuid } from "./uuid";

/** A message's buffers: anywidget gives DataViews, the lab's model may give what fetch gave. */
export type Buffers = readonly (ArrayBuffer | ArrayBufferView)[];

export type MessageCallback = (message: unknown, buffers?: Buffers) => void;

/** The part of anywidget's model that panels use; the lab's sidebar implements the same. */
export interface PanelModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: "msg:custom", callback: MessageCallback): void;
  on(event: `change:${string}`, callback: () => void): void;
  off(event: "msg:custom", callback: MessageCallback): void;
  off(event: `change:${string}`, callback: () => void): void;
  send(content: Record<string, unknown>): void;
}

/** What a panel's `render` is called with. */
export interface RenderArguments {
  model: PanelModel;
  el: HTMLElement;
}

/** An answer with a status below 400. */
export interface Reply {
  status: number;
  /** The JSON body; undefined where the body was binary or empty. */
  json: unknown;
  /** The binary body; null where the body was JSON. */
  buffer: Uint8Array | null;
}

/** One event of a stream: the API's own names, and `lost` while the connection is away. */
export interface StreamEvent {
  event: string;
  data: unknown;
}

/** What the surroundings may be able to do, with what they need for it. */
export interface HostActions {
  "open-files": { path: string };
  "open-notebook": { file_name: string; content: unknown };
  /** The address of an API answer, below `skydesk/api/`, to be saved as a file. */
  download: { path: string };
  expand: { panel: string };
  "show-result": { buffer: Uint8Array; meta: unknown; sql: string };
  "show-job": { id: string };
  /** Put a statement into the Query panel. */
  "edit-query": { sql: string };
  /** Ask in the Query panel for a name under which a statement's rows become a table of one's own. */
  "save-as-table": { sql: string };
  /** Open the images of a cutout job. */
  "show-gallery": { job_id: string; name: string };
  /** Take positions into the Cutouts panel: rows of a quick query (Arrow), or a result file of a job. `source` says whence, in words. */
  "cut-result": { buffer: Uint8Array; source: string } | { job_id: string; file: string; source: string };
  /** Show positions on the globe of the Footprint panel, and tell which of them are in: as for `cut-result`. */
  "show-positions": { buffer: Uint8Array; source: string } | { job_id: string; file: string; source: string };
}

/** An answer that says no. `code` is one of skydesk/errors.py, or `unavailable` where nobody answered. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly status: number;

  constructor(code: string, message: string, detail: Readonly<Record<string, unknown>> = {}, status = 0) {
    super(message);
    this.code = code;
    this.detail = detail;
    this.status = status;
  }
}

/** Tell whether an error is an `ApiError`, and of that code where one is given. */
export function isApiError(error: unknown, code?: string): error is ApiError {
  return error instanceof ApiError && (code === undefined || error.code === code);
}

/** The words to show for whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Pending {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  /** Takes the lines of a reply that comes line by line. */
  line?: (json: unknown) => void;
}

type Listener = (event: StreamEvent) => void;

/** Requests, subscriptions and host actions over one model. Close it when the panel goes. */
export class Transport {
  private readonly model: PanelModel;
  private readonly pending = new Map<string, Pending>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private closed = false;

  constructor(model: PanelModel) {
    this.model = model;
    model.on("msg:custom", this.receive);
  }

  /**
   * Ask the API.
   *
   * `path` is below `skydesk/api/`; its parts must be encoded by the caller (`apiPath`). `signal` gives up waiting: the promise ends with an
   * `ApiError` of code `cancelled`, and the model is told, which may break the call off.
   */
  request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Reply> {
    return this.ask({ method, path, ...(body === undefined ? {} : { body }) }, signal);
  }

  /** The JSON of an answer; the usual case of `request`. */
  async json(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    return (await this.request(method, path, body, signal)).json;
  }

  /**
   * Ask for what is answered line by line (NDJSON), and hand on each line as it comes; resolves after the last.
   *
   * Where the model cannot tell lines as they come, all come at the end.
   */
  async lines(method: string, path: string, body: unknown, line: (json: unknown) => void, signal?: AbortSignal): Promise<void> {
    const { json, buffer } = await this.ask({ method, path, body, lines: true }, signal, line);
    if (buffer) new TextDecoder().decode(buffer).split("\n").filter((text) => text.trim()).forEach((text) => line(JSON.parse(text)));
    else if (json !== undefined) line(json);
  }

  private ask(call: Record<string, unknown>, signal?: AbortSignal, line?: (json: unknown) => void): Promise<Reply> {
    if (this.closed) return Promise.reject(new ApiError("unavailable", "this panel is closed"));
    if (signal?.aborted) return Promise.reject(new ApiError("cancelled", "nobody waits for the answer any more"));
    const id = uuid();
    return new Promise<Reply>((resolve, reject) => {
      const giveUp = (): void => {
        const waiting = this.settle(id);
        if (!waiting) return;
        this.model.send({ kind: "cancel", id });
        waiting.reject(new ApiError("cancelled", "nobody waits for the answer any more"));
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.pending.set(id, {
        resolve: (reply) => (signal?.removeEventListener("abort", giveUp), resolve(reply)),
        reject: (error) => (signal?.removeEventListener("abort", giveUp), reject(error)),
        ...(line ? { line } : {}),
      });
      try {
        this.model.send({ kind: "request", id, ...call });
      } catch (error) {
        this.settle(id)?.reject(new ApiError("unavailable", `the request could not be sent: ${errorMessage(error)}`));
      }
    });
  }

  /** Hear the events of a stream until the function that comes back is called. */
  subscribe(path: string, listener: Listener): () => void {
    const listeners = this.listeners.get(path) ?? new Set<Listener>();
    listeners.add(listener);
    if (listeners.size === 1) {
      this.listeners.set(path, listeners);
      this.model.send({ kind: "subscribe", path });
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0 || this.closed) return;
      this.listeners.delete(path);
      this.model.send({ kind: "unsubscribe", path });
    };
  }

  /** Ask the surroundings to do something. Nothing happens where they cannot: ask `canHost` first. */
  host<Action extends keyof HostActions>(action: Action, details: HostActions[Action]): void {
    this.model.send({ kind: "host", action, ...details });
  }

  /** Tell whether the surroundings can do it. */
  canHost(action: keyof HostActions): boolean {
    const actions = this.model.get("host");
    return Array.isArray(actions) && actions.includes(action);
  }

  /** Stop listening; whatever was still asked ends with an `ApiError`. */
  close(): void {
    if (this.closed) return;
    for (const path of this.listeners.keys()) this.model.send({ kind: "unsubscribe", path });
    this.closed = true;
    this.listeners.clear();
    this.model.off("msg:custom", this.receive);
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(new ApiError("unavailable", "this panel is closed"));
  }

  private readonly receive = (message: unknown, buffers: Buffers = []): void => {
    if (!isRecord(message)) return;
    if (message["kind"] === "reply" && typeof message["id"] === "string") this.reply(message["id"], message, buffers);
    if (message["kind"] === "line" && typeof message["id"] === "string") this.pending.get(message["id"])?.line?.(message["json"]);
    if (message["kind"] === "event" && typeof message["path"] === "string" && typeof message["event"] === "string") {
      const event = { event: message["event"], data: message["data"] };
      for (const listener of [...(this.listeners.get(message["path"]) ?? [])]) listener(event);
    }
  };

  private reply(id: string, message: Record<string, unknown>, buffers: Buffers): void {
    const pending = this.settle(id);
    if (!pending) return;
    const status = typeof message["status"] === "number" ? message["status"] : 0;
    const json = message["json"];
    if (status >= 200 && status < 400) pending.resolve({ status, json, buffer: firstBuffer(buffers) });
    else pending.reject(errorFromJson(json ?? jsonOf(firstBuffer(buffers)), status));
  }

  private settle(id: string): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }
}

/** A path of the API with each part encoded: ``apiPath("jobs", id, "files", name)``. */
export function apiPath(...parts: (string | number)[]): string {
  return parts.map((part) => encodeURIComponent(part)).join("/");
}

/** The `ApiError` that a body of the form `{"error": {...}}` tells of, or one made from the status alone. */
export function errorFromJson(json: unknown, status: number): ApiError {
  const error = isRecord(json) ? json["error"] : undefined;
  if (isRecord(error) && typeof error["code"] === "string" && typeof error["message"] === "string") {
    return new ApiError(error["code"], error["message"], isRecord(error["detail"]) ? error["detail"] : {}, status);
  }
  if (status === 0 || status === 502 || status === 503) return new ApiError("unavailable", "the SkyDesk service does not answer", {}, status);
  if (status === 401 || status === 403) return new ApiError("unauthenticated", "you are not logged in any more; reload the page", {}, status);
  return new ApiError("internal_error", `the server answered with status ${status}`, {}, status);
}

function firstBuffer(buffers: Buffers): Uint8Array | null {
  const first = buffers[0];
  if (first === undefined) return null;
  return ArrayBuffer.isView(first) ? new Uint8Array(first.buffer, first.byteOffset, first.byteLength) : new Uint8Array(first);
}

function jsonOf(buffer: Uint8Array | null): unknown {
  if (!buffer) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(buffer));
  } catch {
    return undefined; // not JSON, such as a proxy's page: the status speaks for it
  }
}
