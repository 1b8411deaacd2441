/** Spans, hours and acts in words. */

import { count } from "../shared/format";
import type { GpuLoad } from "./data";

/** A span as one plans with it: `30 s`, `45 min`, `2 h 5 min`, `3 days 4 h`. */
export function spanWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 48 * 3600) return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return two(Math.floor(whole / 86400), "days", Math.floor((whole % 86400) / 3600), "h");
}

/** Hours with a tenth where it matters: `0.4 h`, `12 h`. */
export function hoursWords(hours: number): string {
  return `${hours !== 0 && Math.abs(hours) < 10 ? hours.toFixed(1) : count(Math.round(hours))} h`;
}

/** How busy GPUs are: `63 %, 11.2 of 24 GiB, 20 s ago`. */
export function gpuLoadWords(load: GpuLoad, now: number = Date.now()): string {
  const percent = load.utilization_percent === null ? "" : `${Math.round(load.utilization_percent)} %, `;
  const ago = Math.max(0, -secondsUntil(load.reported_at, now));
  return `${percent}${gibibytes(load.memory_used_bytes)} of ${gibibytes(load.memory_total_bytes)} GiB, ${spanWords(ago)} ago`;
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1).replace(/\.0$/, "");
}

/** The beginning of a longer text. */
export function fewWords(text: string, most = 80): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

const ACTS: Record<string, string> = {
  "lease.extend": "extended a lab",
  "lease.end": "ended a lab",
  "job.cancel": "cancelled a job",
  "message.post": "sent a message",
  "message.remove": "withdrew a message",
};

/** An act of the audit log: its own word where we have none. */
export function actWords(what: string): string {
  return ACTS[what] ?? what;
}

/** One thing that an act was done with. */
export function detailWords(name: string, value: unknown): string {
  if (name === "seconds" && typeof value === "number") return `by ${spanWords(value)}`;
  if (name === "text" || name === "message") return `“${fewWords(String(value), 200)}”`;
  return `${name} ${String(value)}`;
}

function two(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;
}

/** How far a lab has come. */
export function phaseWords({ phase, stopping }: { phase: string; stopping: boolean }): string {
  if (stopping) return "ending";
  return { STARTING: "starting", ACTIVE: "running", ENDED: "ended" }[phase] ?? phase.toLowerCase();
}

/** Seconds from now until a moment, negative where it is over. */
export function secondsUntil(iso: string, now: number = Date.now()): number {
  return (Date.parse(iso) - now) / 1000;
}
