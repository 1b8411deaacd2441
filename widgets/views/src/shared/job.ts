/** Jobs, their files and their events: the guards of `jobs`. */

import { fields, type JsonRecord } from "./json";

/** Phases of UWS 1.1 (IVOA Recommendation 2016-10-24, section 2.1.3). */
export const PHASES = [
  "PENDING",
  "QUEUED",
  "EXECUTING",
  "COMPLETED",
  "ERROR",
  "ABORTED",
  "UNKNOWN",
  "HELD",
  "SUSPENDED",
  "ARCHIVED",
] as const;
export type Phase = (typeof PHASES)[number];

export interface Progress {
  done: number;
  total: number | null;
  unit: string;
  /** 0 to 1; null where the total is not known. */
  fraction: number | null;
}

export interface Job {
  id: string;
  owner: string;
  type: string;
  name: string;
  phase: Phase;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  destruction_at: string | null;
  limit_seconds: number | null;
  run_seconds: number | null;
  progress: Progress | null;
  error: { code: string; message: string } | null;
  /** Why it waits, in words; null where it does not, or nobody knows. */
  note: string | null;
  rows: number | null;
  files_count: number | null;
  size_bytes: number | null;
  request: JsonRecord;
  email: string | null;
  renewals_left: number;
  expiring: boolean;
  expired: boolean;
  /** Where the lab's file browser has the job's files; null where it has not. */
  folder: string | null;
  run_id: string | null;
  attempt: number;
  revision: number;
}

export interface JobFile {
  name: string;
  size_bytes: number;
  sha256: string | null;
  media_type: string;
  rows: number | null;
}

export function jobFromJson(json: unknown): Job {
  const of = fields(json, "job");
  return {
    id: of.text("id"),
    owner: of.text("owner"),
    type: of.text("type"),
    name: of.textOrNull("name") ?? "",
    phase: of.oneOf("phase", PHASES),
    created_at: of.text("created_at"),
    started_at: of.textOrNull("started_at"),
    ended_at: of.textOrNull("ended_at"),
    destruction_at: of.textOrNull("destruction_at"),
    limit_seconds: of.numberOrNull("limit_seconds"),
    run_seconds: of.numberOrNull("run_seconds"),
    progress: of.orNull("progress", progressFromJson),
    error: of.orNull("error", jobErrorFromJson),
    note: of.textOrNull("note"),
    rows: of.numberOrNull("rows"),
    files_count: of.numberOrNull("files_count"),
    size_bytes: of.numberOrNull("size_bytes"),
    request: of.object("request"),
    email: of.textOrNull("email"),
    renewals_left: of.number("renewals_left"),
    expiring: of.flag("expiring"),
    expired: of.flag("expired"),
    folder: of.textOrNull("folder"),
    run_id: of.textOrNull("run_id"),
    attempt: of.number("attempt"),
    revision: of.number("revision"),
  };
}

export function jobsFromJson(json: unknown): { jobs: Job[]; revision: number } {
  const of = fields(json, "jobs");
  return { jobs: of.list("jobs", jobFromJson), revision: of.number("revision") };
}

export function jobFilesFromJson(json: unknown): JobFile[] {
  return fields(json, "files").list("files", jobFileFromJson);
}

function jobFileFromJson(json: unknown): JobFile {
  const of = fields(json, "file");
  return {
    name: of.text("name"),
    size_bytes: of.number("size_bytes"),
    sha256: of.textOrNull("sha256"),
    media_type: of.textOrNull("media_type") ?? "application/octet-stream",
    rows: of.numberOrNull("rows"),
  };
}

function progressFromJson(json: unknown): Progress {
  const of = fields(json, "progress");
  return {
    done: of.number("done"),
    total: of.numberOrNull("total"),
    unit: of.textOrNull("unit") ?? "",
    fraction: of.numberOrNull("fraction"),
  };
}

function jobErrorFromJson(json: unknown): { code: string; message: string } {
  const of = fields(json, "error");
  return { code: of.text("code"), message: of.text("message") };
}
