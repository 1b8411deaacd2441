/** What the administrators' API tells (docs/api.md, admin), each noun through one guard. */

import { fields, isRecord, text, type Fields } from "../shared/json";
import { PHASES, type Phase } from "../shared/job";
import { detailWords } from "./words";

export interface Overview {
  user: string;
  rights: string[];
  /** Groups whose members' labs and jobs this person looks after. */
  administers: string[];
  /** Whether this person may act on anybody. */
  acts: boolean;
  counts: Partial<Record<string, number>>;
  health: { name: string; works: boolean; words: string }[];
  profiles: { name: string; title: string }[];
  groups: { name: string; title: string }[];
}

export interface LabRow {
  id: string;
  user: string;
  server: string;
  profile: string;
  title: string;
  phase: string;
  node: string;
  started_at: string | null;
  ends_at: string | null;
  last_activity_at: string | null;
  gpus: number;
  /** GPU time charged so far, GPU-seconds. */
  gpu_seconds: number;
  group: string;
  /** How busy its GPUs are; null where its lab has not said anything lately. */
  gpu_load: GpuLoad | null;
  extensions: number;
  /** Whether it is being stopped already. */
  stopping: boolean;
}

/** All GPUs of one lab. */
export interface GpuLoad {
  /** Mean; null where the driver does not say. */
  utilization_percent: number | null;
  memory_used_bytes: number;
  memory_total_bytes: number;
  reported_at: string;
}

export interface QueueRow {
  id: string;
  user: string;
  profile: string;
  title: string;
  place: number;
  requested_at: string;
  estimate_seconds: number | null;
  held_until: string | null;
}

export interface BudgetRow {
  group: string;
  title: string;
  used_hours: number;
  limit_hours: number | null;
  limit_hours_each: number | null;
  members: { user: string; used_hours: number }[];
}

export interface JobRow {
  id: string;
  owner: string;
  name: string;
  type: string;
  phase: Phase;
  created_at: string;
  run_seconds: number | null;
  rows: number | null;
}

export type Audience = { all: true } | { group: string } | { profile: string };

export interface MessageRow {
  id: string;
  text: string;
  severity: string;
  from: string;
  to: Audience;
  made_at: string;
  until: string | null;
}

export interface NewMessage {
  text: string;
  severity: "info" | "warning";
  to: Audience;
  until: string | null;
}

export interface StatisticsRow {
  group: string;
  title: string;
  [measure: string]: number | string | null;
}

export interface AuditRow {
  key: string;
  at: string;
  who: string;
  what: string;
  on_whom: string;
  target: string;
  detail: string;
  outcome: string;
  address: string;
}

export function audienceWords(to: Audience): string {
  if ("all" in to) return "to everybody";
  return "group" in to ? `to the group ${to.group}` : `in ${to.profile} labs`;
}

export function overviewFromJson(json: unknown): Overview {
  const of = fields(json, "overview");
  const rights = of.list("rights", text);
  const administers = of.list("administers", text);
  const named = (member: unknown): { name: string; title: string } => {
    const one = fields(member, "overview");
    return { name: one.text("name"), title: one.textOrNull("title") ?? one.text("name") };
  };
  return {
    user: of.text("user"),
    rights,
    administers,
    acts: rights.includes("admin") || administers.length > 0,
    counts: numbersOf(of.object("counts")),
    health: of.list("health", healthFromJson),
    profiles: of.list("profiles", named),
    groups: of.list("groups", named),
  };
}

export function labsFromJson(json: unknown): LabRow[] {
  return fields(json, "labs").list("labs", (member) => {
    const of = fields(member, "lab");
    return {
      id: of.text("id"),
      user: of.text("user"),
      server: of.text("server"),
      profile: of.text("profile"),
      title: of.textOrNull("title") ?? of.text("profile"),
      phase: of.text("phase"),
      node: of.textOrNull("node") ?? "",
      started_at: of.textOrNull("started_at"),
      ends_at: of.textOrNull("ends_at"),
      last_activity_at: of.textOrNull("last_activity_at"),
      gpus: of.number("gpus"),
      gpu_seconds: of.number("gpu_seconds"),
      group: of.textOrNull("group") ?? "",
      gpu_load: of.orNull("gpu_load", gpuLoadFromJson),
      extensions: of.numberOrNull("extensions") ?? 0,
      stopping: of.raw("end") !== null && of.raw("end") !== undefined,
    };
  });
}

function gpuLoadFromJson(json: unknown): GpuLoad {
  const of = fields(json, "gpu_load");
  return {
    utilization_percent: of.numberOrNull("utilization_percent"),
    memory_used_bytes: of.number("memory_used_bytes"),
    memory_total_bytes: of.number("memory_total_bytes"),
    reported_at: of.text("reported_at"),
  };
}

export function queueFromJson(json: unknown): QueueRow[] {
  return fields(json, "queue").list("queue", (member) => {
    const of = fields(member, "place");
    return {
      id: of.text("id"),
      user: of.text("user"),
      profile: of.text("profile"),
      title: of.textOrNull("title") ?? of.text("profile"),
      place: of.number("place"),
      requested_at: of.text("requested_at"),
      estimate_seconds: of.numberOrNull("estimate_seconds"),
      held_until: of.textOrNull("held_until"),
    };
  });
}

export function budgetsFromJson(json: unknown): BudgetRow[] {
  return fields(json, "budgets").list("budgets", (member) => {
    const of = fields(member, "budget");
    return {
      group: of.text("group"),
      title: of.textOrNull("title") ?? of.text("group"),
      used_hours: of.number("used_hours"),
      limit_hours: of.numberOrNull("limit_hours"),
      limit_hours_each: of.numberOrNull("limit_hours_each"),
      members: of.list("members", (one) => ({ user: fields(one, "member").text("user"), used_hours: fields(one, "member").number("used_hours") })),
    };
  });
}

export function jobsFromJson(json: unknown): JobRow[] {
  return fields(json, "jobs").list("jobs", (member) => {
    const of = fields(member, "job");
    return {
      id: of.text("id"),
      owner: of.text("owner"),
      name: of.textOrNull("name") ?? "",
      type: of.text("type"),
      phase: of.oneOf("phase", PHASES),
      created_at: of.text("created_at"),
      run_seconds: of.numberOrNull("run_seconds"),
      rows: of.numberOrNull("rows"),
    };
  });
}

export function messagesFromJson(json: unknown): MessageRow[] {
  return fields(json, "messages").list("messages", (member) => {
    const of = fields(member, "message");
    return {
      id: of.text("id"),
      text: of.text("text"),
      severity: of.text("severity"),
      from: of.text("from"),
      to: audienceFromJson(of.object("to")),
      made_at: of.text("made_at"),
      until: of.textOrNull("until"),
    };
  });
}

export function statisticsFromJson(json: unknown): StatisticsRow[] {
  return fields(json, "statistics").list("statistics", (member) => {
    const of = fields(member, "statistics");
    return { ...numbersOf(isRecord(member) ? member : {}), group: of.text("group"), title: of.textOrNull("title") ?? of.text("group") };
  });
}

export function auditFromJson(json: unknown): AuditRow[] {
  return fields(json, "audit").list("audit", (member) => {
    const of = fields(member, "act");
    return {
      key: String(of.number("number")),
      at: of.text("at"),
      who: of.text("who"),
      what: of.text("what"),
      on_whom: of.textOrNull("on_whom") ?? "",
      target: of.textOrNull("target") ?? "",
      detail: detailOf(of),
      outcome: of.text("outcome"),
      address: of.textOrNull("address") ?? "",
    };
  });
}

function audienceFromJson(to: Record<string, unknown>): Audience {
  if (typeof to["group"] === "string") return { group: to["group"] };
  return typeof to["profile"] === "string" ? { profile: to["profile"] } : { all: true };
}

/** Whatever an act was done with: `by 1 h`, `“the disk is full”`. */
function detailOf(of: Fields): string {
  const detail = of.raw("detail");
  if (!isRecord(detail)) return "";
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => detailWords(name, value))
    .join(", ");
}

function healthFromJson(json: unknown): Overview["health"][number] {
  const of = fields(json, "health");
  return { name: of.text("name"), works: of.flag("works"), words: of.textOrNull("words") ?? (of.flag("works") ? "works" : "does not work") };
}

function numbersOf(record: Record<string, unknown>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}
