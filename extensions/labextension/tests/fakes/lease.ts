/** What the service may say of a lab, and a tracker that hears it from a test. */

import type { EventListener } from '../../src/model/events';
import { LeaseTracker } from '../../src/lease/tracker';

export const NOW = Date.parse('2026-11-22T12:00:00Z');

export function leaseJson(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'l1',
    profile: 'gpu',
    title: 'GPU',
    phase: 'ACTIVE',
    started_at: '2026-11-22T11:00:00Z',
    ends_at: '2026-11-22T14:00:00Z',
    seconds_left: 7200,
    idle_seconds: 2700,
    gpus: 1,
    extensions_left: 1,
    extension_seconds: 21600,
    extend: { allowed: true, reason: null },
    warnings_seconds: [3600, 900, 300],
    ...fields
  };
}

export function labJson(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { server: '', lease: leaseJson(), queue: [], messages: [], now: '2026-11-22T12:00:00Z', ...fields };
}

export function messageJson(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: 'm1', text: 'the hub stops at six', severity: 'warning', from: 'ada', made_at: '2026-11-22T11:30:00Z', until: null, ...fields };
}

/** A service in memory: what it is asked, what it answers, and an event stream. */
export class FakeLeaseService {
  readonly asked: { path: string; method: string; body: unknown }[] = [];
  answer: () => unknown = () => labJson();
  listener: EventListener | null = null;
  hidden = false;

  tracker(server = ''): LeaseTracker {
    return new LeaseTracker({
      server,
      ask: async (path, init = {}) => {
        this.asked.push({ path, method: init.method ?? 'GET', body: init.body === undefined ? undefined : JSON.parse(String(init.body)) });
        return this.answer();
      },
      subscribe: (path, listener) => {
        this.asked.push({ path, method: 'SUBSCRIBE', body: undefined });
        this.listener = listener;
        return () => void (this.listener = null);
      },
      hidden: () => this.hidden
    });
  }

  /** Let the stream say how things stand now. */
  tell(fields: Record<string, unknown> = {}): void {
    this.listener?.('lab', labJson({ now: new Date().toISOString(), ...fields }));
  }
}
