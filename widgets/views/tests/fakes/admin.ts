/** What the administrators' API may tell, and a model that tells it. */

import { FakeModel } from "./model";

export function overviewJson(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    user: "ada",
    rights: ["admin", "monitor"],
    administers: [],
    counts: { labs: 2, queue: 1, jobs: 1, messages: 1 },
    health: [
      { name: "database", works: true, words: "works" },
      { name: "runner", works: false, words: "starts no jobs; look into the service's log" },
    ],
    profiles: [
      { name: "small", title: "Small" },
      { name: "gpu", title: "GPU" },
    ],
    groups: [
      { name: "limited", title: "Limited" },
      { name: "gpu", title: "GPU users" },
    ],
    ...more,
  };
}

export function labJson(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "l1",
    user: "vera",
    server: "",
    profile: "gpu",
    title: "GPU",
    phase: "ACTIVE",
    node: "node-a1",
    started_at: inMinutes(-90),
    ends_at: inMinutes(45),
    last_activity_at: inMinutes(-2),
    gpus: 1,
    gpu_seconds: 5400,
    group: "gpu",
    gpu_load: { gpus: 1, utilization_percent: 63.4, memory_used_bytes: 11469 * 2 ** 20, memory_total_bytes: 24564 * 2 ** 20, reported_at: inMinutes(-0.333) },
    extensions: 1,
    end: null,
    ...more,
  };
}

export function inMinutes(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}

/** A model behind which there is a bit of everything. */
export function adminModel(overview: Record<string, unknown> = {}, traits: Record<string, unknown> = {}): FakeModel {
  const model = new FakeModel(traits);
  const answers: Record<string, unknown> = {
    overview: overviewJson(overview),
    labs: { labs: [labJson(), labJson({ id: "l2", user: "annie", server: "deep", profile: "small", title: "Small", phase: "STARTING", started_at: null, ends_at: null, gpus: 0, gpu_load: null, gpu_seconds: 0, extensions: 0 })] },
    queue: {
      queue: [
        { id: "q1", user: "maria", profile: "gpu", title: "GPU", place: 0, requested_at: inMinutes(-50), estimate_seconds: 0, held_until: inMinutes(8) },
        { id: "q2", user: "caroline", profile: "gpu", title: "GPU", place: 1, requested_at: inMinutes(-20), estimate_seconds: 2600, held_until: null },
      ],
    },
    budgets: {
      budgets: [
        { group: "gpu", title: "GPU users", used_hours: 371.3, limit_hours: 400, limit_hours_each: 48, members: [{ user: "vera", used_hours: 40.2 }] },
        { group: "staff", title: "Staff", used_hours: 3, limit_hours: null, limit_hours_each: null, members: [] },
      ],
    },
    "jobs?limit=1000": {
      jobs: [
        { id: "j1", owner: "vera", name: "m2 stars", type: "query", phase: "EXECUTING", created_at: inMinutes(-3), run_seconds: 75, rows: null },
        { id: "j2", owner: "annie", name: "", type: "query", phase: "COMPLETED", created_at: inMinutes(-30), run_seconds: 12, rows: 25731 },
      ],
    },
    messages: { messages: [{ id: "m1", text: "<b>upgrade</b> at six", severity: "warning", from: "ada", to: { group: "gpu" }, made_at: inMinutes(-5), until: null }] },
    statistics: { days: 7, statistics: [{ group: "limited", title: "Limited", users: 12, labs_running: 1, labs: 40, lab_hours: 122.4, gpu_hours: 0, jobs: 88, jobs_active: 0 }] },
    "audit?limit=1000": {
      audit: [
        { number: 2, at: inMinutes(-4), who: "ada", what: "lease.extend", on_whom: "vera", target: "l1", detail: { seconds: 3600 }, outcome: "done", address: "10.0.0.7" },
        { number: 1, at: inMinutes(-9), who: "mona", what: "lease.end", on_whom: "annie", target: "l2", detail: { message: "" }, outcome: "refused: mona may not act", address: "" },
      ],
    },
  };
  for (const [path, json] of Object.entries(answers)) model.answers.set(`GET admin/${path}`, { json });
  return model;
}
