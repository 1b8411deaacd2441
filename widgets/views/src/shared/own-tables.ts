/** Tables of one's own, those that others share, and what a file would become: the guards of `tables`. */

import { columnFromJson, type Column } from "./catalog";
import { fields, isRecord, text } from "./json";
import { errorFromJson } from "./model";

export interface Grant {
  kind: "user" | "group";
  name: string;
}

export interface OwnTable {
  owner: string;
  name: string;
  description: string;
  rows: number;
  size_bytes: number;
  columns: Column[];
  /** Names of the columns that have an index. */
  indexes: string[];
  created_at: string;
  changed_at: string;
  /** Who else may read it; of others' tables that is not told. */
  grants: Grant[];
  own: boolean;
}

export interface Quota {
  used_bytes: number;
  limit_bytes: number;
  tables: number;
  max_tables: number;
}

export interface TableList {
  tables: OwnTable[];
  quota: Quota;
}

/** A column as the service reads it from a file, and what may be corrected of it. */
export interface FoundColumn {
  name: string;
  /** The name in the file. */
  given_name: string;
  type: string;
  unit: string | null;
  ucd: string | null;
  description: string;
  /** What the reader should know of how it was read. */
  note: string | null;
}

/** Something wrong with a row or a column; null where it is the whole. */
export interface LoadFault {
  row: number | null;
  field: string;
  message: string;
}

/** What a file would become. */
export interface Inspection {
  id: string;
  rows: number | null;
  columns: FoundColumn[];
  /** Types that one may choose from. */
  types: string[];
  /** The first rows, as text; null is no value. */
  preview: (string | null)[][];
  faults: LoadFault[];
  /** How many there are, of which `faults` has the first. */
  fault_count: number;
}

/** A line of a load: how far it is, or what came of it. */
export type LoadLine = { kind: "progress"; rows: number } | { kind: "done"; table: OwnTable; quota: Quota };

export function ownTableFromJson(json: unknown): OwnTable {
  const of = fields(json, "table");
  return {
    owner: of.text("owner"),
    name: of.text("name"),
    description: of.textOrNull("description") ?? "",
    rows: of.number("rows"),
    size_bytes: of.number("size_bytes"),
    columns: of.list("columns", columnFromJson),
    indexes: of.list("indexes", text),
    created_at: of.text("created_at"),
    changed_at: of.text("changed_at"),
    grants: of.raw("grants") === undefined ? [] : of.list("grants", grantFromJson),
    own: of.flag("own"),
  };
}

export function tableListFromJson(json: unknown): TableList {
  const of = fields(json, "tables");
  return { tables: of.list("tables", ownTableFromJson), quota: quotaFromJson(of.object("quota")) };
}

export function inspectionFromJson(json: unknown): Inspection {
  const of = fields(json, "inspection");
  return {
    id: of.text("id"),
    rows: of.numberOrNull("rows"),
    columns: of.list("columns", foundColumnFromJson),
    types: of.list("types", text),
    preview: of.list("preview", (row) => (Array.isArray(row) ? row.map(cellFromJson) : [])),
    faults: of.list("faults", loadFaultFromJson),
    fault_count: of.number("fault_count"),
  };
}

/** Read a line of a load; a line that tells of an error is thrown as that error. */
export function loadLineFromJson(json: unknown): LoadLine {
  const of = fields(json, "line");
  if (of.raw("error") !== undefined) throw errorFromJson(json, 500);
  if (of.raw("table") !== undefined) return { kind: "done", table: ownTableFromJson(of.raw("table")), quota: quotaFromJson(of.object("quota")) };
  return { kind: "progress", rows: of.number("rows") };
}

/** The faults that the detail of an error tells of. */
export function loadFaultsFromDetail(detail: Readonly<Record<string, unknown>>): LoadFault[] {
  const faults = detail["faults"];
  return Array.isArray(faults) ? faults.filter(isRecord).map(loadFaultFromJson) : [];
}

function quotaFromJson(json: unknown): Quota {
  const of = fields(json, "quota");
  return { used_bytes: of.number("used_bytes"), limit_bytes: of.number("limit_bytes"), tables: of.number("tables"), max_tables: of.number("max_tables") };
}

function grantFromJson(json: unknown): Grant {
  const of = fields(json, "grant");
  return { kind: of.oneOf("kind", ["user", "group"]), name: of.text("name") };
}

function foundColumnFromJson(json: unknown): FoundColumn {
  const of = fields(json, "column");
  const { name, type, unit, ucd, description } = columnFromJson(json);
  return { name, given_name: of.textOrNull("given_name") ?? name, type, unit, ucd, description, note: of.textOrNull("note") };
}

function loadFaultFromJson(json: unknown): LoadFault {
  const of = fields(json, "fault");
  return { row: of.numberOrNull("row"), field: of.textOrNull("field") ?? "", message: of.text("message") };
}

function cellFromJson(json: unknown): string | null {
  return json === null || json === undefined ? null : String(json);
}
