/** A panel's model backed by the server: the front-end surface of an anywidget model, without a kernel (docs/api.md, Panels). */

import { ApiError, errorBody, errorBodyOf } from '../api';
import type { EventHub } from './events';

export type Callback = (...values: never[]) => void;

export interface ServerModelOptions {
  fetch: (path: string, init?: RequestInit) => Promise<Response>;
  events: EventHub;
  state: Record<string, unknown>;
  /** Do what a panel asks of its surroundings, and tell the user where that fails. */
  host: (action: string, content: Record<string, unknown>, buffers: ArrayBuffer[]) => void;
  /** Keep what the panel wants to find again after a reload. */
  save?: (changes: Record<string, unknown>) => void;
}

export class ServerModel {
  constructor(private readonly options: ServerModelOptions) {
    this.state = { ...options.state };
  }

  get(key: string): unknown {
    return this.state[key];
  }

  set(key: string, value: unknown): void {
    if (this.state[key] === value) {
      return;
    }
    this.state[key] = value;
    this.unsaved[key] = value;
    this.emit(`change:${key}`, this, value);
    this.emit('change', this);
  }

  save_changes(): void {
    const changes = this.unsaved;
    this.unsaved = {};
    if (Object.keys(changes).length) {
      this.options.save?.(changes);
    }
  }

  on(event: string, callback: Callback): void {
    const callbacks = this.callbacks.get(event) ?? new Set();
    this.callbacks.set(event, callbacks.add(callback));
  }

  off(event?: string | null, callback?: Callback | null): void {
    if (!event) {
      this.callbacks.clear();
    } else if (!callback) {
      this.callbacks.delete(event);
    } else {
      this.callbacks.get(event)?.delete(callback);
    }
  }

  send(content: unknown, _callbacks?: unknown, buffers: (ArrayBuffer | ArrayBufferView)[] = []): void {
    const message = content as Record<string, unknown> | null;
    switch (message?.kind) {
      case 'request':
        void this.request(message, buffers);
        break;
      case 'cancel':
        this.calls.get(String(message.id))?.abort();
        break;
      case 'subscribe':
        this.subscribe(String(message.path));
        break;
      case 'unsubscribe':
        this.unsubscribe(String(message.path));
        break;
      case 'host':
        this.options.host(String(message.action), message, buffers.map(toArrayBuffer));
        break;
      default:
        throw new Error(`model.send: kind must be request, cancel, subscribe, unsubscribe or host, got ${JSON.stringify(message?.kind)}`);
    }
  }

  /** End every subscription, break off every call and forget every callback. */
  dispose(): void {
    this.disposed = true;
    this.calls.forEach(call => call.abort());
    for (const { stop } of this.subscriptions.values()) {
      stop();
    }
    this.subscriptions.clear();
    this.callbacks.clear();
  }

  private async request(message: Record<string, unknown>, buffers: (ArrayBuffer | ArrayBufferView)[]): Promise<void> {
    const { id, path } = message;
    const call = new AbortController();
    this.calls.set(String(id), call);
    try {
      const response = await this.options.fetch(String(path), { ...requestInit(message, buffers), signal: call.signal });
      if (!response.ok) {
        this.reply({ id, status: response.status, json: await errorBodyOf(response) });
      } else if (message.lines === true && response.body && isLines(response)) {
        await this.tellLines(id, response.body);
        this.reply({ id, status: response.status });
      } else if (isJson(response)) {
        this.reply({ id, status: response.status, json: await response.json() });
      } else {
        this.reply({ id, status: response.status }, [new DataView(await response.arrayBuffer())]);
      }
    } catch (error) {
      // Nobody waits for a call that was broken off.
      if (!call.signal.aborted) {
        this.reply({ id, ...failure(error) });
      }
    } finally {
      this.calls.delete(String(id));
    }
  }

  /** Tell the lines of an NDJSON body as they come. */
  private async tellLines(id: unknown, body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let rest = '';
    for (let piece = await reader.read(); ; piece = await reader.read()) {
      rest += decoder.decode(piece.value, { stream: !piece.done });
      const lines = rest.split('\n');
      rest = piece.done ? '' : (lines.pop() ?? '');
      lines.filter(line => line.trim()).forEach(line => this.message({ kind: 'line', id, json: JSON.parse(line) }));
      if (piece.done) {
        return;
      }
    }
  }

  /** Several views may share this model: a stream ends with the last one, and `hello` comes again whenever somebody subscribes. */
  private subscribe(path: string): void {
    const tell = (event: string, data: unknown): void => this.message({ kind: 'event', path, event, data });
    const subscription = this.subscriptions.get(path);
    if (!subscription) {
      this.subscriptions.set(path, { count: 1, stop: this.options.events.subscribe(path, tell) });
      return;
    }
    subscription.count++;
    const hello = this.options.events.hello(path);
    if (hello !== undefined) {
      queueMicrotask(() => tell('hello', hello));
    }
  }

  private unsubscribe(path: string): void {
    const subscription = this.subscriptions.get(path);
    if (subscription && --subscription.count === 0) {
      this.subscriptions.delete(path);
      subscription.stop();
    }
  }

  private reply(content: Record<string, unknown>, buffers: DataView[] = []): void {
    this.message({ kind: 'reply', ...content }, buffers);
  }

  private message(content: Record<string, unknown>, buffers: DataView[] = []): void {
    if (!this.disposed) {
      this.emit('msg:custom', content, buffers);
    }
  }

  private emit(event: string, ...values: unknown[]): void {
    for (const callback of [...(this.callbacks.get(event) ?? [])]) {
      (callback as (...all: unknown[]) => void)(...values);
    }
  }

  private readonly state: Record<string, unknown>;
  private unsaved: Record<string, unknown> = {};
  private disposed = false;
  private readonly calls = new Map<string, AbortController>();
  private readonly callbacks = new Map<string, Set<Callback>>();
  private readonly subscriptions = new Map<string, { count: number; stop: () => void }>();
}

function requestInit(message: Record<string, unknown>, buffers: (ArrayBuffer | ArrayBufferView)[]): RequestInit {
  const method = String(message.method ?? 'GET');
  if (buffers.length) {
    return { method, body: toArrayBuffer(buffers[0]), headers: { 'Content-Type': 'application/octet-stream' } };
  }
  if (message.body === undefined) {
    return { method, cache: 'no-store' };
  }
  return { method, body: JSON.stringify(message.body), headers: { 'Content-Type': 'application/json' } };
}

function isJson(response: Response): boolean {
  return /^application\/([\w.-]+\+)?json\b/.test(response.headers.get('Content-Type') ?? '');
}

function isLines(response: Response): boolean {
  return /^application\/x-ndjson\b/.test(response.headers.get('Content-Type') ?? '');
}

function failure(error: unknown): { status: number; json: unknown } {
  const { status, code, message } =
    error instanceof ApiError ? error : new ApiError(503, 'unavailable', `the reply could not be read: ${(error as Error).message}`);
  return { status, json: errorBody(code, message) };
}

function toArrayBuffer(value: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  if (!ArrayBuffer.isView(value)) {
    return value;
  }
  return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer;
}
