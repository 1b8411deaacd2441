/** Event streams shared by all panels: one connection a path, opened again by itself. */

import { EventStreamParser, type ServerSentEvent } from './sse';

export type EventListener = (event: string, data: unknown) => void;

export interface EventHubOptions {
  fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** Waits before the next try, milliseconds; the last one is repeated. */
  waits?: readonly number[];
  /** Silence after which the connection is taken for dead, milliseconds. The service sends a comment every 15 s. */
  silence?: number;
}

const WAITS = [500, 1000, 2000, 5000, 10_000, 20_000];
const SILENCE = 45_000;

export class EventHub {
  constructor(private readonly options: EventHubOptions) {}

  /** Listen to a path's events until the function that comes back is called. */
  subscribe(path: string, listener: EventListener): () => void {
    let stream = this.streams.get(path);
    if (!stream) {
      stream = new Stream(path, this.options);
      this.streams.set(path, stream);
    }
    const opened = stream;
    opened.add(listener);
    return () => {
      if (opened.remove(listener) === 0 && this.streams.get(path) === opened) {
        this.streams.delete(path);
        opened.close();
      }
    };
  }

  /** The greeting of a path's open connection, brought up to the last revision seen; undefined while there is none. */
  hello(path: string): unknown {
    return this.streams.get(path)?.hello;
  }

  dispose(): void {
    for (const stream of this.streams.values()) {
      stream.close();
    }
    this.streams.clear();
  }

  private readonly streams = new Map<string, Stream>();
}

/** One path's connection and those who listen to it. */
class Stream {
  constructor(
    private readonly path: string,
    private readonly options: EventHubOptions
  ) {
    window.addEventListener('online', this.hurry);
    void this.run();
  }

  add(listener: EventListener): void {
    this.listeners.add(listener);
    if (this.hello !== undefined) {
      // Whoever comes later missed the greeting; tell them how far the stream is by now.
      const hello = this.hello;
      queueMicrotask(() => this.listeners.has(listener) && listener('hello', hello));
    }
  }

  remove(listener: EventListener): number {
    this.listeners.delete(listener);
    return this.listeners.size;
  }

  close(): void {
    this.closed = true;
    window.removeEventListener('online', this.hurry);
    this.abort?.abort();
    this.hurry();
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        await this.connect();
      } catch {
        // Every way to lose a connection ends here: no network, an error status, a stream cut short, silence.
      }
      if (!this.closed) {
        this.lose();
        await this.wait();
      }
    }
  }

  private async connect(): Promise<void> {
    const abort = (this.abort = new AbortController());
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.lastId) {
      headers['Last-Event-ID'] = this.lastId;
    }
    let watch = this.watch(abort);
    try {
      const response = await this.options.fetch(this.path, { headers, cache: 'no-store', signal: abort.signal });
      if (!response.ok || !response.body) {
        throw new Error(`event stream ${this.path} answered ${response.status}`);
      }
      const parser = new EventStreamParser();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        clearTimeout(watch);
        watch = this.watch(abort);
        parser.push(decoder.decode(piece.value, { stream: true })).forEach(event => this.deliver(event));
      }
    } finally {
      clearTimeout(watch);
      abort.abort();
    }
  }

  private watch(abort: AbortController): ReturnType<typeof setTimeout> {
    return setTimeout(() => abort.abort(), this.options.silence ?? SILENCE);
  }

  private deliver(event: ServerSentEvent): void {
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return; // Not one of ours: all our events are JSON.
    }
    this.lastId = event.id || this.lastId;
    // Not every stream greets.
    this.failures = 0;
    this.lost = false;
    if (event.event === 'hello') {
      this.hello = data;
    } else if (this.hello !== undefined && /^\d+$/.test(event.id)) {
      this.hello = { ...(this.hello as object), revision: Number(event.id) };
    }
    this.tell(event.event, data);
  }

  private lose(): void {
    this.hello = undefined;
    if (!this.lost) {
      this.lost = true;
      this.tell('lost', null);
    }
  }

  private tell(event: string, data: unknown): void {
    for (const listener of [...this.listeners]) {
      listener(event, data);
    }
  }

  private wait(): Promise<void> {
    const waits = this.options.waits ?? WAITS;
    const wait = waits[Math.min(this.failures++, waits.length - 1)];
    return new Promise(resolve => {
      const timer = setTimeout(resolve, wait * (0.75 + Math.random() / 2));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private readonly hurry = (): void => this.wake();

  hello: unknown;
  private readonly listeners = new Set<EventListener>();
  private lastId = '';
  private lost = false;
  private failures = 0;
  private closed = false;
  private abort: AbortController | null = null;
  private wake: () => void = () => undefined;
}
