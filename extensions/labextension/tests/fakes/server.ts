/** A server in memory: answers by table, and event streams that a test writes to. */

export type Answer = Response | Error | (() => Response | Error);

export class FakeServer {
  readonly asked: { path: string; init: RequestInit }[] = [];
  readonly answers = new Map<string, Answer>();
  readonly streams: FakeStream[] = [];

  readonly fetch = async (path: string, init: RequestInit = {}): Promise<Response> => {
    this.asked.push({ path, init });
    const answer = this.answers.get(`${init.method ?? 'GET'} ${path}`);
    const now = typeof answer === 'function' ? answer() : answer;
    if (now instanceof Error) {
      throw now;
    }
    if (!now) {
      throw new Error(`nothing answers ${path}`);
    }
    return now;
  };

  /** Answer a path with a stream of events each time it is asked for. */
  stream(path: string): void {
    this.answers.set(`GET ${path}`, () => {
      const stream = new FakeStream(this.asked.at(-1)?.init.signal ?? null);
      this.streams.push(stream);
      return stream.response;
    });
  }
}

export class FakeStream {
  readonly response: Response;
  aborted = false;

  constructor(signal: AbortSignal | null) {
    const body = new ReadableStream<Uint8Array>({ start: controller => void (this.controller = controller) });
    signal?.addEventListener('abort', () => {
      if (!this.aborted && !this.ended) {
        this.aborted = true;
        this.controller?.error(new DOMException('aborted', 'AbortError'));
      }
    });
    this.response = new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  send(event: string, data: unknown, id = ''): void {
    this.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
  }

  write(text: string): void {
    this.writeBytes(new TextEncoder().encode(text));
  }

  writeBytes(bytes: Uint8Array): void {
    this.controller?.enqueue(bytes);
  }

  end(): void {
    this.ended = true;
    this.controller?.close();
  }

  private ended = false;
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
}

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } });
}
