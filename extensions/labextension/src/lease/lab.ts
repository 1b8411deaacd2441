/** What the service says of this lab: its lease, the owner's places in queues, messages (docs/api.md, lab). */

export interface Lease {
  id: string;
  profile: string;
  title: string;
  phase: string;
  /** Milliseconds since 1970, by the service's clock; null while it is not known. */
  endsAt: number | null;
  idleSeconds: number | null;
  gpus: number;
  extensionsLeft: number;
  extensionSeconds: number;
  extend: { allowed: boolean; reason: string | null };
  /** How many wait for a lab of this profile. */
  waiting: number;
  warningsSeconds: number[];
}

export interface QueuePlace {
  profile: string;
  title: string;
  /** 1 for who is next. */
  place: number;
  estimateSeconds: number | null;
  /** Until when a place is kept for this person; null while they wait. Milliseconds, the service's clock. */
  heldUntil: number | null;
}

export interface LabMessage {
  id: string;
  text: string;
  severity: 'info' | 'warning';
  from: string;
  madeAt: string;
  read: boolean;
}

export interface Lab {
  lease: Lease | null;
  queue: QueuePlace[];
  messages: LabMessage[];
  /** The service's clock when it answered, milliseconds. */
  now: number;
}

type Fields = Record<string, unknown>;

/** Check the answer of `GET lab` and the data of the event `lab`. */
export function readLab(value: unknown): Lab {
  const lab = record(value, 'lab');
  return {
    lease: lab.lease === null || lab.lease === undefined ? null : readLease(record(lab.lease, 'lab.lease')),
    queue: list(lab.queue, 'lab.queue').map(readPlace),
    messages: list(lab.messages, 'lab.messages').map(readMessage),
    now: time(lab.now, 'lab.now')
  };
}

function readLease(lease: Fields): Lease {
  const extend = record(lease.extend, 'lease.extend');
  return {
    id: name(lease.id, 'lease.id'),
    profile: name(lease.profile, 'lease.profile'),
    title: typeof lease.title === 'string' && lease.title ? lease.title : name(lease.profile, 'lease.profile'),
    phase: name(lease.phase, 'lease.phase'),
    endsAt: absent(lease.ends_at) ? null : time(lease.ends_at, 'lease.ends_at'),
    idleSeconds: absent(lease.idle_seconds) ? null : number(lease.idle_seconds, 'lease.idle_seconds'),
    gpus: number(lease.gpus, 'lease.gpus'),
    extensionsLeft: number(lease.extensions_left, 'lease.extensions_left'),
    extensionSeconds: number(lease.extension_seconds, 'lease.extension_seconds'),
    extend: { allowed: extend.allowed === true, reason: typeof extend.reason === 'string' ? extend.reason : null },
    waiting: absent(extend.waiting) ? 0 : number(extend.waiting, 'extend.waiting'),
    warningsSeconds: list(lease.warnings_seconds, 'lease.warnings_seconds').map(one => number(one, 'lease.warnings_seconds'))
  };
}

function readPlace(value: unknown): QueuePlace {
  const place = record(value, 'lab.queue');
  const profile = name(place.profile, 'queue.profile');
  return {
    profile,
    title: typeof place.title === 'string' && place.title ? place.title : profile,
    place: number(place.place, 'queue.place'),
    estimateSeconds: absent(place.estimate_seconds) ? null : number(place.estimate_seconds, 'queue.estimate_seconds'),
    heldUntil: absent(place.held_until) ? null : time(place.held_until, 'queue.held_until')
  };
}

function readMessage(value: unknown): LabMessage {
  const message = record(value, 'lab.messages');
  return {
    id: name(message.id, 'message.id'),
    text: name(message.text, 'message.text'),
    severity: message.severity === 'warning' ? 'warning' : 'info',
    from: typeof message.from === 'string' ? message.from : '',
    madeAt: typeof message.made_at === 'string' ? message.made_at : '',
    read: message.read === true
  };
}

function absent(value: unknown): boolean {
  return value === null || value === undefined;
}

function record(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(what, 'an object');
  }
  return value as Fields;
}

function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) {
    throw wrong(what, 'a list');
  }
  return value;
}

/** A text, or a number that serves as one: ids may be either. */
function name(value: unknown, what: string): string {
  if (typeof value === 'number') {
    return String(value);
  }
  if (typeof value !== 'string' || !value) {
    throw wrong(what, 'a text');
  }
  return value;
}

function number(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw wrong(what, 'a number');
  }
  return value;
}

function time(value: unknown, what: string): number {
  const found = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(found)) {
    throw wrong(what, 'a time');
  }
  return found;
}

function wrong(what: string, expected: string): Error {
  return new Error(`${what} must be ${expected}; the server and the lab extension may be of different versions`);
}
