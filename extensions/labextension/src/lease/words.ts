/** Times, places and outcomes in words. */

import type { Lease, QueuePlace } from './lab';

/** Below this the seconds are shown. */
const LAST_MINUTES_SECONDS = 600;

/** What is left of a lab's time: `2 h 13 min`, `45 min`, and `4:59` in the last ten minutes. */
export function timeLeft(seconds: number): string {
  if (seconds <= 0) {
    return 'ending';
  }
  if (seconds <= LAST_MINUTES_SECONDS) {
    const whole = Math.ceil(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
  }
  return span(seconds);
}

/** A span as one says it: `30 s`, `5 min`, `2 h 13 min`, `3 days 4 h`. Rounded up, so that a warning of 15 minutes says 15. */
export function span(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(0, Math.ceil(seconds))} s`;
  }
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  if (minutes < 48 * 60) {
    return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  }
  const hours = Math.ceil(minutes / 60);
  return two(Math.floor(hours / 24), 'days', hours % 24, 'h');
}

/** A moment of the reader's own clock and place: `Sun 22 Nov, 14:05:30 GMT+1`. */
export function moment(milliseconds: number): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short'
  }).format(milliseconds);
}

/** A time of day: `14:05`. */
export function timeOfDay(milliseconds: number): string {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(milliseconds);
}

/** Why the lab cannot be extended now, as a sentence; null where it can. */
export function whyNot(lease: Lease): string | null {
  if (lease.extend.allowed) {
    return null;
  }
  if (lease.extend.reason) {
    return sentence(lease.extend.reason);
  }
  return lease.extensionsLeft > 0 ? 'This lab cannot be extended now.' : 'No extension is left.';
}

/** `2 left, 6 h each`. */
export function extensionsWords(lease: Lease): string {
  return lease.extensionsLeft > 0 ? `${lease.extensionsLeft} left, ${span(lease.extensionSeconds)} each` : 'none left';
}

/** Where somebody stands in a queue. */
export function placeWords(place: QueuePlace): string {
  if (place.heldUntil !== null) {
    return `a place is kept for you until ${timeOfDay(place.heldUntil)}`;
  }
  const estimate = place.estimateSeconds === null ? '' : `, in about ${span(place.estimateSeconds)}`;
  return place.place === 1 ? `you are next${estimate}` : `you are number ${place.place}${estimate}`;
}

/** Names as one lists them: `a`, `a and b`, `a, b and 3 more`. */
export function listed(names: readonly string[], most = 3): string {
  if (names.length <= 1) {
    return names[0] ?? '';
  }
  const shown = names.length <= most ? names.slice(0, -1) : names.slice(0, most - 1);
  const last = names.length <= most ? names[names.length - 1] : `${names.length - shown.length} more`;
  return `${shown.join(', ')} and ${last}`;
}

/** The service's words as a sentence. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function two(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;
}
