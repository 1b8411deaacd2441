/** The session: asked at the start, again by itself while the service is away, and never guessed. */

import { Signal, type ISignal } from '@lumino/signaling';

export interface Service {
  name: string;
  title: string;
  description: string;
  icon: string;
  panel: boolean;
  style: boolean;
  rank: number;
}

export interface Session {
  user: { name: string; groups: string[] };
  services: Service[];
  filesRoot: string | null;
  /** True where SkyDesk runs in the lab's own server, without a hub. */
  embedded: boolean;
  version: string;
}

export type SessionState =
  | { status: 'asking' }
  | { status: 'ready'; session: Session }
  | { status: 'failed'; message: string; retryAt: number };

export interface SessionOptions {
  ask: () => Promise<unknown>;
  /** Waits between tries, seconds; the last one is repeated. */
  waitsSeconds?: readonly number[];
}

const WAITS_SECONDS = [2, 4, 8, 15, 30];

export class SessionTracker {
  constructor(private readonly options: SessionOptions) {}

  get state(): SessionState {
    return this.current;
  }

  get changed(): ISignal<this, SessionState> {
    return this.signal;
  }

  /** Ask now. While a question is under way its answer serves everybody. */
  refresh(): Promise<void> {
    this.underWay ??= this.ask().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  dispose(): void {
    clearTimeout(this.timer);
    Signal.clearData(this);
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    this.become({ status: 'asking' });
    try {
      const session = readSession(await this.options.ask());
      this.failures = 0;
      this.become({ status: 'ready', session });
    } catch (error) {
      const waits = this.options.waitsSeconds ?? WAITS_SECONDS;
      const wait = waits[Math.min(this.failures++, waits.length - 1)] * 1000;
      this.timer = setTimeout(() => void this.refresh(), wait);
      this.become({ status: 'failed', message: (error as Error).message, retryAt: Date.now() + wait });
    }
  }

  private become(state: SessionState): void {
    this.current = state;
    this.signal.emit(state);
  }

  private current: SessionState = { status: 'asking' };
  private readonly signal = new Signal<this, SessionState>(this);
  private underWay: Promise<void> | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
}

/** Check the answer of `GET session` (docs/api.md). */
export function readSession(value: unknown): Session {
  const data = record(value, 'session');
  const user = record(data.user, 'session.user');
  return {
    user: { name: text(user.name, 'session.user.name'), groups: list(user.groups ?? [], 'session.user.groups').map(String) },
    services: list(data.services, 'session.services').map(readService),
    filesRoot: typeof data.files_root === 'string' ? data.files_root : null,
    embedded: data.mode === 'embedded',
    version: typeof data.version === 'string' ? data.version : ''
  };
}

function readService(value: unknown): Service {
  const data = record(value, 'session.services');
  const name = text(data.name, 'service.name');
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) {
    throw new Error(`service.name must be a lower-case word, got ${JSON.stringify(name)}`);
  }
  return {
    name,
    title: text(data.title, 'service.title'),
    description: typeof data.description === 'string' ? data.description : '',
    icon: typeof data.icon === 'string' ? data.icon : '',
    panel: data.panel === true,
    style: data.style === true,
    rank: typeof data.rank === 'number' ? data.rank : 100
  };
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${name} must be an object; the server and the lab extension may be of different versions`);
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || !value) {
    throw new Error(`${name} must be a text; the server and the lab extension may be of different versions`);
  }
  return value;
}

function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) {
    throw new Error(`${name} must be a list; the server and the lab extension may be of different versions`);
  }
  return value;
}
