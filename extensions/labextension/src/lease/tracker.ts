/** The lab's lease as the service tells it: followed through lost connections, and counted down by the service's clock. */

import { Signal, type ISignal } from '@lumino/signaling';
import { ApiError } from '../api';
import type { EventListener } from '../model/events';
import { readLab, type Lab, type Lease } from './lab';

export interface EndingReport {
  busyKernels: { name: string; path: string }[];
  saved: string[];
  unsaved: string[];
}

export interface LeaseTrackerOptions {
  /** The server's name; empty for the user's default one. */
  server: string;
  ask: (path: string, init?: RequestInit) => Promise<unknown>;
  subscribe: (path: string, listener: EventListener) => () => void;
  /** Whether somebody can see the page. A browser has few connections to one host: a page that is hidden keeps none open. */
  hidden?: () => boolean;
  now?: () => number;
}

const HIDDEN_ASK_SECONDS = 60;
const RETRY_SECONDS = 15;
/** Kernels and documents that the service takes in one report. */
const MOST_REPORTED = 1000;

export class LeaseTracker {
  constructor(private readonly options: LeaseTrackerOptions) {
    this.now = options.now ?? Date.now;
  }

  /** The last that was heard; null before. */
  get lab(): Lab | null {
    return this.current;
  }

  get lease(): Lease | null {
    return this.current?.lease ?? null;
  }

  /** Emitted when the service has told something. */
  get changed(): ISignal<this, Lab> {
    return this.changedSignal;
  }

  /** Emitted every second while there is a lease. */
  get ticked(): ISignal<this, number> {
    return this.tickedSignal;
  }

  /** Seconds until the lease ends, by the service's clock; null where there is none, or its end is not known. */
  get secondsLeft(): number | null {
    const end = this.lease?.endsAt ?? null;
    return end === null ? null : (end - this.now() - this.skew) / 1000;
  }

  /** A moment of the service's clock on this computer's, milliseconds. */
  here(moment: number): number {
    return moment - this.skew;
  }

  /** Ask now, and follow from then on. */
  async start(): Promise<void> {
    document.addEventListener('visibilitychange', this.follow);
    this.ticking = setInterval(() => this.tick(), 1000);
    await this.refresh();
    this.follow();
  }

  dispose(): void {
    this.disposed = true;
    document.removeEventListener('visibilitychange', this.follow);
    clearInterval(this.ticking);
    clearInterval(this.asking);
    this.stop?.();
    this.stop = null;
    Signal.clearData(this);
  }

  /** Ask how things stand. An answer that does not come is asked for again; a service without leases is left alone. */
  async refresh(): Promise<void> {
    clearTimeout(this.retry);
    try {
      this.take(await this.options.ask(`lab?${this.named}`));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        this.dispose();
      } else if (!this.disposed) {
        this.retry = setTimeout(() => void this.refresh(), RETRY_SECONDS * 1000);
      }
    }
  }

  /** Ask for more time; throws with the service's reason where there is none. */
  async extend(): Promise<void> {
    this.take(await this.post('lab/extend', { server: this.options.server }));
  }

  async leaveQueue(profile: string): Promise<void> {
    this.take(await this.options.ask(`lab/queue/${encodeURIComponent(profile)}?${this.named}`, { method: 'DELETE' }));
  }

  async markRead(message: string): Promise<void> {
    this.take(await this.post(`lab/messages/${encodeURIComponent(message)}/read`, { server: this.options.server }));
  }

  /** Tell what was done before the end, to be shown afterwards. */
  async reportEnding({ busyKernels, saved, unsaved }: EndingReport): Promise<void> {
    const [busy, done, undone] = [busyKernels, saved, unsaved].map(all => all.slice(0, MOST_REPORTED));
    await this.post('lab/ending', { server: this.options.server, busy_kernels: busy, saved: done, unsaved: undone });
  }

  private get named(): string {
    return `server=${encodeURIComponent(this.options.server)}`;
  }

  private post(path: string, body: object): Promise<unknown> {
    return this.options.ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  }

  private take(value: unknown): void {
    if (this.disposed) {
      return;
    }
    const lab = readLab(value);
    this.skew = lab.now - this.now();
    this.current = lab;
    this.changedSignal.emit(lab);
    this.tick();
  }

  private tick(): void {
    const left = this.secondsLeft;
    if (left !== null) {
      this.tickedSignal.emit(left);
    }
  }

  /** Hold the event stream open while the page is seen; ask now and then while it is not. */
  private readonly follow = (): void => {
    if (this.disposed) {
      return;
    }
    clearInterval(this.asking);
    const hidden = this.options.hidden?.() ?? document.visibilityState === 'hidden';
    if (hidden) {
      this.stop?.();
      this.stop = null;
      this.asking = setInterval(() => void this.refresh(), HIDDEN_ASK_SECONDS * 1000);
    } else if (!this.stop) {
      this.stop = this.options.subscribe(`lab/events?${this.named}`, (event, data) => this.hear(event, data));
    }
  };

  private hear(event: string, data: unknown): void {
    if (event === 'lab') {
      this.take(data);
    }
  }

  private readonly now: () => number;
  private current: Lab | null = null;
  private skew = 0;
  private disposed = false;
  private stop: (() => void) | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private asking: ReturnType<typeof setInterval> | undefined;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private readonly changedSignal = new Signal<this, Lab>(this);
  private readonly tickedSignal = new Signal<this, number>(this);
}
