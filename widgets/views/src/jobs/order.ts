/** Which jobs are shown, and in which order. */

import type { Job, Phase } from "../shared/job";

/** The phases of UWS as a person asks for them. */
export const GROUPS = {
  active: { title: "Active", phases: ["PENDING", "QUEUED", "EXECUTING", "HELD", "SUSPENDED", "UNKNOWN"] },
  completed: { title: "Completed", phases: ["COMPLETED"] },
  failed: { title: "Failed", phases: ["ERROR"] },
  cancelled: { title: "Cancelled", phases: ["ABORTED"] },
  expired: { title: "Expired", phases: ["ARCHIVED"] },
} as const satisfies Record<string, { title: string; phases: readonly Phase[] }>;

export type Group = keyof typeof GROUPS;

export interface Filter {
  /** Words that must all be in name, id or type, in any letter case. */
  text: string;
  group: Group | "all";
}

export const COLUMNS = {
  status: "Status",
  name: "Name",
  type: "Type",
  rows: "Rows",
  duration: "Duration",
  created: "Submitted",
  expires: "Expires",
} as const;

export type Column = keyof typeof COLUMNS;

export interface SortKey {
  column: Column;
  descending: boolean;
}

export const NEWEST_FIRST: readonly SortKey[] = [{ column: "created", descending: true }];

/** Columns whose interesting end is the large one. */
const LARGE_FIRST: ReadonlySet<Column> = new Set(["created", "rows", "duration"]);
const MOST_KEYS = 3;

export function isActive(job: Job): boolean {
  return groupOf(job) === "active";
}

export function groupOf(job: Job): Group {
  for (const [group, { phases }] of Object.entries(GROUPS)) {
    if ((phases as readonly Phase[]).includes(job.phase)) return group as Group;
  }
  return "active";
}

/** The jobs that pass a filter, ordered by the first key, ties by the next ones, and in the end by age. */
export function arrange(jobs: Iterable<Job>, filter: Filter, keys: readonly SortKey[]): Job[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const passes = (job: Job): boolean => {
    if (filter.group !== "all" && groupOf(job) !== filter.group) return false;
    const text = `${job.name} ${job.id} ${job.type}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return [...jobs].filter(passes).sort((a, b) => compare(a, b, keys));
}

/** The keys after a column was chosen: it comes first, in the other direction where it was first already; the ones before break ties. */
export function choose(keys: readonly SortKey[], column: Column): SortKey[] {
  const first = keys[0];
  const descending = first?.column === column ? !first.descending : LARGE_FIRST.has(column);
  return [{ column, descending }, ...keys.filter((key) => key.column !== column)].slice(0, MOST_KEYS);
}

function compare(a: Job, b: Job, keys: readonly SortKey[]): number {
  for (const { column, descending } of keys) {
    const [left, right] = [value(a, column), value(b, column)];
    if (left === right) continue;
    // What is not known comes last in either direction.
    if (left === null) return 1;
    if (right === null) return -1;
    const order = typeof left === "string" && typeof right === "string" ? COLLATOR.compare(left, right) : left < right ? -1 : 1;
    if (order !== 0) return descending ? -order : order;
  }
  return a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? -1 : 1;
}

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function value(job: Job, column: Column): string | number | null {
  switch (column) {
    case "status":
      return Object.keys(GROUPS).indexOf(groupOf(job)) * 10 + (job.phase === "EXECUTING" ? 0 : 1);
    case "name":
      return job.name || job.id;
    case "type":
      return job.type;
    case "rows":
      return job.rows ?? job.progress?.done ?? null;
    case "duration":
      return job.run_seconds;
    case "created":
      return Date.parse(job.created_at);
    case "expires":
      return job.destruction_at === null ? null : Date.parse(job.destruction_at);
  }
}
