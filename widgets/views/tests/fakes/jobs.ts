/** Jobs to show, and a model that knows some. */

import { FakeModel } from "./model";

/** A finished query job of docs/api.md; `fields` replace its own. */
export function jobJson(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const id = String(fields["id"] ?? "a1");
  return {
    id,
    owner: "ann",
    type: "query",
    name: `job ${id}`,
    phase: "COMPLETED",
    created_at: "2026-11-22T12:00:00Z",
    started_at: "2026-11-22T12:00:01Z",
    ended_at: "2026-11-22T12:00:13Z",
    destruction_at: "2026-12-06T12:00:00Z",
    limit_seconds: 600,
    run_seconds: 12,
    progress: null,
    error: null,
    note: null,
    rows: 25731,
    files_count: 1,
    size_bytes: 2_341_000,
    request: { sql: "select ra from dr1_main", output: { file_name: "m2.fits", format: "fits", compression: "none", split_bytes: null }, max_rows: null },
    email: null,
    renewals_left: 2,
    expiring: false,
    expired: false,
    folder: `jobs/${id}`,
    run_id: null,
    attempt: 1,
    revision: 1,
    ...fields,
  };
}

export const RUNNING = { phase: "EXECUTING", ended_at: null, run_seconds: 2, rows: null, files_count: 0, size_bytes: 0, folder: null };

export const HOST = ["open-files", "open-notebook", "download", "expand", "edit-query"];

/** A model whose listing has these jobs, whose logs and files answer, and whose surroundings can do everything. */
export function jobsModel(jobs: Record<string, unknown>[], traits: Record<string, unknown> = {}): FakeModel {
  const model = new FakeModel({ host: HOST, ...traits });
  listing(model, jobs);
  for (const job of jobs) {
    const id = String(job["id"]);
    model.answers.set(`GET jobs/${id}/log`, { json: { log: `log of ${id}` } });
    model.answers.set(`GET jobs/${id}/files`, {
      json: { files: [{ name: "m2.fits", size_bytes: 2_341_000, sha256: "ab", media_type: "application/fits", rows: 25731 }] },
    });
  }
  return model;
}

/** What the listing answers from now on. */
export function listing(model: FakeModel, jobs: Record<string, unknown>[], revision?: number): void {
  const newest = Math.max(0, ...jobs.map((job) => Number(job["revision"])));
  model.answers.set("GET jobs?limit=500", { json: { jobs, revision: revision ?? newest } });
}

export function tell(model: FakeModel, event: string, data: unknown = null): void {
  model.deliver({ kind: "event", path: "jobs/events", event, data });
}
