/** What the editor offers while one types: tables, columns and functions of the live schema. */

import type { Column, Schema, Table } from "../shared/catalog";
import { sqlName, tableSqlName } from "./schema";

export interface Suggestion {
  label: string;
  /** What is put in; the label where missing. */
  apply?: string;
  kind: "table" | "column" | "function";
  /** A few words beside the label. */
  detail: string;
  /** More, shown for the one that is chosen. */
  info: string;
  /** What fits better comes first: -99 to 99. */
  boost: number;
}

export interface Suggestions {
  /** Where the word that is being typed begins. */
  from: number;
  options: Suggestion[];
}

/** The names after these belong to tables. */
const TABLE_WORDS = /\b(?:from|join|into|update)\b/i;
const AFTER_TABLES = /^(?:where|group|order|having|on|using|union|intersect|minus|fetch|connect|start|sample|left|right|inner|outer|full|cross|natural|join|select|with|set|pivot)$/i;

/**
 * Suggest what may come at a place in a statement.
 *
 * After a dot: the columns of that table or alias. After FROM and JOIN: tables first. Elsewhere the columns of the tables that the statement
 * names; of all tables where it names none.
 */
export function suggest(text: string, position: number, schema: Schema): Suggestions | null {
  const before = text.slice(0, position);
  const word = /(?:([A-Za-z][\w$#]*|"[^"]*")\.)?([A-Za-z_][\w$#]*)?$/.exec(before);
  const typed = word?.[2] ?? "";
  const owner = word?.[1];
  const from = position - typed.length;
  const named = namedTables(text, schema);
  if (owner !== undefined) {
    const table = named.get(unquoted(owner)) ?? schema.tables.find((known) => sameName(known.name, unquoted(owner)));
    const options = table ? columnSuggestions([table]) : tablesOf(owner, schema);
    return options.length > 0 ? { from, options } : null;
  }
  const wantsTable = inTableList(before.slice(0, from));
  const tables = [...new Set(named.values())];
  const columns = columnSuggestions(tables.length > 0 ? tables : schema.tables);
  const offered = [...tableSuggestions(schema, wantsTable ? 90 : 0), ...(wantsTable ? [] : columns), ...(wantsTable ? [] : functionSuggestions(schema))];
  return offered.length > 0 ? { from, options: offered } : null;
}

/** The schema's tables that a statement names, by alias and by name, in lower case. */
export function namedTables(text: string, schema: Schema): Map<string, Table> {
  const tokens = tokenize(text);
  // Of two tables of one name the catalogue's comes first in the schema, and it is the one that the name alone means.
  const byName = new Map(schema.tables.toReversed().map((table) => [table.name.toLowerCase(), table]));
  const found = new Map<string, Table>();
  let expectTable = false;
  tokens.forEach((token, at) => {
    if (TABLE_WORDS.test(token) && /^\w+$/.test(token)) {
      expectTable = true;
      return;
    }
    if (token === "(" || token === ")" || AFTER_TABLES.test(token)) expectTable = false;
    const table = expectTable ? byName.get(unquoted(token)) : undefined;
    if (!table) return;
    found.set(table.name.toLowerCase(), table);
    const next = tokens[at + 1] ?? "";
    const alias = /^as$/i.test(next) ? (tokens[at + 2] ?? "") : next;
    if (/^(?:[A-Za-z]\w*|"[^"]+")$/.test(alias) && !AFTER_TABLES.test(alias)) found.set(unquoted(alias), table);
  });
  return found;
}

/** Words, quoted names and signs of a statement, without comments and texts. */
function tokenize(text: string): string[] {
  const bare = text.replace(/--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)/g, " ");
  return bare.match(/"[^"]*"|[A-Za-z][\w$#]*(?:\.[A-Za-z][\w$#]*)*|[(),;.]/g) ?? [];
}

/** Whether the text ends inside a list of tables: after FROM, JOIN, or a comma that follows these. */
function inTableList(before: string): boolean {
  const tokens = tokenize(before);
  const last = tokens.at(-1);
  if (last === undefined) return false;
  if (/^\w+$/.test(last) && TABLE_WORDS.test(last)) return true;
  if (last !== ",") return false;
  for (const token of tokens.toReversed()) {
    if (/^\w+$/.test(token) && TABLE_WORDS.test(token)) return true;
    if (token === "(" || token === ")" || AFTER_TABLES.test(token)) return false;
  }
  return false;
}

function tableSuggestions(schema: Schema, boost: number): Suggestion[] {
  return schema.tables.map((table) => ({
    ...named(table.name, tableSqlName(table)),
    kind: "table",
    detail: table.release,
    info: table.description,
    boost,
  }));
}

/** The columns of some tables, each name once. */
function columnSuggestions(tables: readonly Table[]): Suggestion[] {
  const byName = new Map<string, { column: Column; tables: string[] }>();
  for (const table of tables) {
    for (const column of table.columns) {
      const known = byName.get(column.name);
      if (known) known.tables.push(table.name);
      else byName.set(column.name, { column, tables: [table.name] });
    }
  }
  return [...byName.values()].map(({ column, tables: owners }) => ({
    ...named(column.name),
    kind: "column",
    detail: column.unit ? `${column.type} [${column.unit}]` : column.type,
    info: [column.description, column.ucd, tables.length > 1 ? owners.join(", ") : ""].filter(Boolean).join("\n"),
    boost: 20,
  }));
}

function functionSuggestions(schema: Schema): Suggestion[] {
  return schema.functions.map((name) => ({ label: name, kind: "function", detail: "function", info: "", boost: -10 }));
}

/** Tables that an owner shares, once the owner's name and the dot are written. */
function tablesOf(owner: string, schema: Schema): Suggestion[] {
  const prefix = `${unquoted(owner)}.`;
  const shared = schema.tables.filter((table) => table.name.toLowerCase().startsWith(prefix));
  return shared.map((table) => ({ ...named(table.name.slice(prefix.length)), kind: "table", detail: table.release, info: table.description, boost: 90 }));
}

function named(name: string, written = sqlName(name)): { label: string; apply?: string } {
  return written === name ? { label: name } : { label: name, apply: written };
}

function unquoted(name: string): string {
  return name.replace(/^"|"$/g, "").toLowerCase();
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
