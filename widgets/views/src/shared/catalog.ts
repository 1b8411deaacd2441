/** The catalogue and what is asked of it: the guards of `query`. */

import { fields, text } from "./json";

export interface Column {
  name: string;
  type: string;
  unit: string | null;
  ucd: string | null;
  description: string;
}

export interface Table {
  name: string;
  release: string;
  description: string;
  row_count: number | null;
  columns: Column[];
  /** How SQL names it, where that is not its name alone. */
  written?: string;
}

export interface Schema {
  tables: Table[];
  functions: string[];
}

export interface Example {
  title: string;
  description: string;
  sql: string;
}

export interface Format {
  format: string;
  title: string;
  /** What its file names end with, with the dot: `.fits`. */
  ending: string;
  compressions: string[];
}

export interface HistoryEntry {
  id: number | string;
  sql: string;
  kind: string;
  /** `ok`, or the code of the error it ended with. */
  outcome: string;
  ran_at: string;
  elapsed_seconds: number;
  rows: number | null;
}

/** Where a statement is wrong: counted from 1, null where not known. */
export interface Fault {
  message: string;
  line: number | null;
  column: number | null;
  length: number | null;
  hint: string | null;
}

/** What a quick query tells beside its rows. */
export interface ResultMeta {
  truncated: boolean;
  rows: number;
  row_limit: number | null;
  elapsed_seconds: number;
  database_seconds: number | null;
  release: string | null;
}

export interface Explanation {
  plan: string;
  statement: string;
  /** The plan as a tree, each step after the one that it serves; empty where the database tells no more than the text. */
  steps: PlanStep[];
}

export interface PlanStep {
  id: number;
  parent: number | null;
  operation: string;
  object: string;
  rows: number | null;
  cost: number | null;
}

/** A notebook to be opened: nbformat 4 under a file's name. */
export interface NotebookFile {
  file_name: string;
  content: unknown;
}

export function columnFromJson(json: unknown): Column {
  const of = fields(json, "column");
  return {
    name: of.text("name"),
    type: of.text("type"),
    unit: of.textOrNull("unit") || null,
    ucd: of.textOrNull("ucd") || null,
    description: of.textOrNull("description") ?? "",
  };
}

export function tableFromJson(json: unknown): Table {
  const of = fields(json, "table");
  return {
    name: of.text("name"),
    release: of.textOrNull("release") ?? "",
    description: of.textOrNull("description") ?? "",
    row_count: of.numberOrNull("row_count"),
    columns: of.list("columns", columnFromJson),
  };
}

export function schemaFromJson(json: unknown): Schema {
  const of = fields(json, "schema");
  return { tables: of.list("tables", tableFromJson), functions: of.list("functions", functionName) };
}

export function checkFromJson(json: unknown): Column[] {
  return fields(json, "check").list("columns", columnFromJson);
}

export function examplesFromJson(json: unknown): Example[] {
  return fields(json, "examples").list("examples", (member) => {
    const of = fields(member, "example");
    return { title: of.text("title"), description: of.textOrNull("description") ?? "", sql: of.text("sql") };
  });
}

export function formatsFromJson(json: unknown): Format[] {
  return fields(json, "formats").list("formats", (member) => {
    const of = fields(member, "format");
    return { format: of.text("format"), title: of.text("title"), ending: of.text("ending"), compressions: of.list("compressions", text) };
  });
}

export function historyFromJson(json: unknown): HistoryEntry[] {
  return fields(json, "history").list("history", (member) => {
    const of = fields(member, "history entry");
    return {
      id: typeof of.raw("id") === "number" ? of.number("id") : of.text("id"),
      sql: of.text("sql"),
      kind: of.text("kind"),
      outcome: of.text("outcome"),
      ran_at: of.text("ran_at"),
      elapsed_seconds: of.number("elapsed_seconds"),
      rows: of.numberOrNull("rows"),
    };
  });
}

export function explanationFromJson(json: unknown): Explanation {
  const of = fields(json, "explanation");
  return { plan: of.text("plan"), statement: of.text("statement"), steps: of.list("steps", stepFromJson) };
}

function stepFromJson(json: unknown): PlanStep {
  const of = fields(json, "step of a plan");
  return {
    id: of.number("id"),
    parent: of.numberOrNull("parent"),
    operation: of.text("operation"),
    object: of.text("object"),
    rows: of.numberOrNull("rows"),
    cost: of.numberOrNull("cost"),
  };
}

export function notebookFromJson(json: unknown): NotebookFile {
  const of = fields(json, "notebook");
  return { file_name: of.text("file_name"), content: of.raw("content") };
}

export function resultMetaFromJson(json: unknown): ResultMeta {
  const of = fields(json, "result");
  return {
    truncated: of.flag("truncated"),
    rows: of.number("rows"),
    row_limit: of.numberOrNull("row_limit"),
    elapsed_seconds: of.number("elapsed_seconds"),
    database_seconds: of.numberOrNull("database_seconds"),
    release: of.textOrNull("release"),
  };
}

/** The fault that the detail of an `invalid_query` or `query_refused` tells of. */
export function faultFromDetail(message: string, detail: Readonly<Record<string, unknown>>): Fault {
  const of = fields(detail, "fault");
  return {
    message,
    line: of.numberOrNull("line"),
    column: of.numberOrNull("column"),
    length: of.numberOrNull("length"),
    hint: of.textOrNull("hint"),
  };
}

/** A function of the catalogue's SQL: its plain name, or an object that has one. */
function functionName(json: unknown): string {
  return typeof json === "string" ? json : fields(json, "function").text("name");
}
