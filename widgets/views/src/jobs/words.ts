/** Jobs in words: status, progress, duration, expiry, announcements. */

import { count, counted, duration, relativeTime, size } from "../shared/format";
import type { Job, Phase } from "../shared/job";
import { isActive } from "./order";

const PHASE_WORDS: Record<Phase, string> = {
  PENDING: "pending",
  QUEUED: "queued",
  EXECUTING: "running",
  COMPLETED: "completed",
  ERROR: "failed",
  ABORTED: "cancelled",
  UNKNOWN: "unknown",
  HELD: "held",
  SUSPENDED: "suspended",
  ARCHIVED: "expired",
};

export function phaseWord(phase: Phase): string {
  return PHASE_WORDS[phase];
}

/** Where a job stands: its phase, but for one that was given to a cluster which has not begun it. */
export function standingWord(job: Job): string {
  return job.phase === "EXECUTING" && job.note !== null ? "waiting" : phaseWord(job.phase);
}

/** What a job is called: its name, or its id where it has none. */
export function titleOf(job: Job): string {
  return job.name || job.id;
}

/** How far a job is, 0 to 1; null where that is not known. */
export function fractionOf(job: Job): number | null {
  const progress = job.progress;
  if (!progress) return null;
  if (progress.fraction !== null) return progress.fraction;
  return progress.total ? progress.done / progress.total : null;
}

/** `62,000 of 100,000 rows`, `1,200 rows so far`; empty where nothing is known. */
export function progressWords(job: Job): string {
  const progress = job.progress;
  if (!progress) return "";
  const unit = progress.unit || "rows";
  if (progress.total !== null) return `${count(progress.done)} of ${count(progress.total)} ${unit}`;
  return `${count(progress.done)} ${unit} so far`;
}

/** What came of it, or how far it is: `62 %`, `25,731 rows`. */
export function outcomeWords(job: Job): string {
  if (isActive(job)) {
    const fraction = fractionOf(job);
    return fraction === null ? (job.progress ? counted(job.progress.done, "row") : "") : `${Math.floor(fraction * 100)} %`;
  }
  return job.rows === null ? "" : counted(job.rows, "row");
}

/** Seconds that a job has run, at `now` (milliseconds); null where it has not begun. */
export function runSeconds(job: Job, now: number): number | null {
  if (job.phase === "EXECUTING" && job.started_at !== null) return Math.max(0, (now - Date.parse(job.started_at)) / 1000);
  return job.run_seconds;
}

export function durationWords(job: Job, now: number): string {
  const seconds = runSeconds(job, now);
  return seconds === null ? "" : duration(job.phase === "EXECUTING" ? Math.floor(seconds) : seconds);
}

/** When the files go: `expires in 2 days`; empty where that is not known, or over. */
export function expiryWords(job: Job, now: number): string {
  return job.expired || job.destruction_at === null ? "" : `expires ${relativeTime(job.destruction_at, now)}`;
}

export function renewalWords(job: Job): string {
  return job.renewals_left > 0 ? `${counted(job.renewals_left, "renewal")} left` : "no renewal left";
}

/** What is read out when a job has reached a phase. */
export function announcement(job: Job): string {
  const rows = job.phase === "COMPLETED" && job.rows !== null ? `, ${counted(job.rows, "row")}` : "";
  const why = job.phase === "ERROR" && job.error ? `: ${job.error.message}` : "";
  return `${titleOf(job)} ${phaseWord(job.phase)}${rows}${why}`;
}

/** A row in one sentence, for readers that hear it. */
export function rowLabel(job: Job, now: number): string {
  const parts = [
    titleOf(job),
    standingWord(job),
    job.note ?? "",
    job.type,
    isActive(job) ? progressWords(job) : outcomeWords(job),
    `submitted ${relativeTime(job.created_at, now)}`,
    job.expiring ? expiryWords(job, now) : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** The question before jobs are deleted. */
export function deletionQuestion(jobs: readonly Job[]): { title: string; text: string; yes: string } {
  const [first] = jobs;
  const running = jobs.filter(isActive).length;
  const bytes = jobs.reduce((sum, job) => sum + (job.size_bytes ?? 0), 0);
  const files = jobs.reduce((sum, job) => sum + (job.files_count ?? 0), 0);
  const erased = files > 0 ? `Erases ${counted(files, "file")}, ${size(bytes)}. ` : "";
  const stopped = running > 0 ? (jobs.length === 1 ? "It is still active and will be cancelled. " : `${count(running)} of them are still active and will be cancelled. `) : "";
  return {
    title: jobs.length === 1 && first ? `Delete “${titleOf(first)}”?` : `Delete ${counted(jobs.length, "job")}?`,
    text: `${stopped}${erased}This cannot be undone.`,
    yes: jobs.length === 1 ? "Delete job" : `Delete ${counted(jobs.length, "job")}`,
  };
}
