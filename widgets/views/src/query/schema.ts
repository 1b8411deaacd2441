/** The schema browser's state: which tables and columns are shown, which are open, and where the keyboard is. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { schemaFromJson, type Column, type Schema, type Table } from "../shared/catalog";
import { Loadable } from "../shared/loadable";
import type { Transport } from "../shared/model";

interface Item {
  id: string;
  level: number;
  /** Place among its siblings, from 1, and how many they are. */
  position: number;
  siblings: number;
}

export type TreeItem =
  | (Item & { kind: "release"; release: string; tables: number; open: boolean })
  | (Item & { kind: "table"; table: Table; open: boolean })
  | (Item & { kind: "column"; table: Table; column: Column });

const FILTER_DELAY_MS = 120;

/** Every release is open. */
const ALL = Symbol("all");

export class SchemaState {
  readonly schema: Loadable<Schema>;
  /** What stands in the filter's field, and what the tree is filtered by: a moment later. */
  readonly filterText = signal("");
  readonly filter = signal("");
  /** Ids of what was opened or closed by hand, against what it would be otherwise. */
  private readonly turned = signal<ReadonlySet<string>>(new Set());
  /** The release that is open at first; null for the first one. */
  readonly openRelease = signal<string | null>(null);
  readonly activeId = signal<string | null>(null);
  readonly items: ReadonlySignal<readonly TreeItem[]>;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `schema` is what the tree shows: the catalogue where it is left out. `allOpen`: every group stands open at first, and not one release. */
  constructor(transport: Transport, schema?: Loadable<Schema>, allOpen = false) {
    this.schema = schema ?? new Loadable(async () => schemaFromJson(await transport.json("GET", "query/schema")));
    this.items = computed(() => (this.schema.value ? treeItems(this.schema.value, this.filter.value, this.turned.value, allOpen ? ALL : this.openRelease.value) : []));
  }

  get activeIndex(): number {
    return this.items.value.findIndex((item) => item.id === this.activeId.value);
  }

  get active(): TreeItem | null {
    return this.items.value[this.activeIndex] ?? null;
  }

  setFilter(text: string): void {
    this.filterText.value = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.applyFilter(), FILTER_DELAY_MS);
  }

  /** Filter by what is in the field now; what was opened by hand for another filter is forgotten. */
  applyFilter(): void {
    clearTimeout(this.timer);
    const filter = this.filterText.value.trim();
    if (filter === this.filter.value) return;
    if (filter && !this.filter.value) this.before = this.turned.value;
    this.filter.value = filter;
    this.turned.value = filter ? new Set() : this.before;
    this.activeId.value = null;
  }

  toggle(id: string): void {
    const turned = new Set(this.turned.value);
    if (!turned.delete(id)) turned.add(id);
    this.turned.value = turned;
  }

  /** Up or down the tree by so many items. */
  move(by: number): void {
    const items = this.items.value;
    const from = this.activeIndex;
    const next = from < 0 ? (by > 0 ? by - 1 : items.length + by) : from + by;
    this.activeId.value = items[Math.max(0, Math.min(items.length - 1, next))]?.id ?? null;
  }

  /** Open the active item, or go to its first child. */
  openOrEnter(): void {
    const item = this.active;
    if (!item || item.kind === "column") return;
    if (!item.open) this.toggle(item.id);
    else this.move(1);
  }

  /** Close the active item, or go to its parent. */
  closeOrLeave(): void {
    const item = this.active;
    if (!item) return;
    if (item.kind !== "column" && item.open) {
      this.toggle(item.id);
      return;
    }
    const parent = this.items.value.slice(0, this.activeIndex).findLast((other) => other.level < item.level);
    if (parent) this.activeId.value = parent.id;
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private before: ReadonlySet<string> = new Set();
}

/**
 * The tree as a list of what is in sight: releases, tables, columns.
 *
 * One release is open, the first where `openRelease` is none of them; tables are closed. A filter leaves the tables whose name has it, and opens those where a column's name,
 * description or UCD has it, on these columns alone. `turned` names the items that stand the other way round.
 */
export function treeItems(schema: Schema, filter: string, turned: ReadonlySet<string>, openRelease: string | typeof ALL | null = null): TreeItem[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const byRelease = new Map<string, Table[]>();
  for (const table of schema.tables) byRelease.set(table.release, [...(byRelease.get(table.release) ?? []), table]);
  const found = [...byRelease].flatMap(([release, tables]) => {
    const shown = tables.flatMap((table) => matchTable(table, words) ?? []);
    return shown.length > 0 ? [{ release, shown }] : [];
  });
  const single = byRelease.size === 1;
  const opened = typeof openRelease === "string" && byRelease.has(openRelease) ? openRelease : schema.tables[0]?.release;
  return found.flatMap(({ release, shown }, index): TreeItem[] => {
    const id = `release:${release}`;
    const open = (words.length > 0 || openRelease === ALL || release === opened) !== turned.has(id);
    const tables = shown.flatMap((match, at) => tableItems(match, { level: single ? 1 : 2, position: at + 1, siblings: shown.length }, turned));
    if (single) return tables;
    const head: TreeItem = { kind: "release", id, level: 1, position: index + 1, siblings: found.length, release, tables: shown.length, open };
    return open ? [head, ...tables] : [head];
  });
}

interface Match {
  table: Table;
  columns: Column[];
  open: boolean;
}

function matchTable(table: Table, words: string[]): Match | null {
  const { columns } = table;
  if (words.length === 0) return { table, columns, open: false };
  const matching = columns.filter((column) => hasAll(`${column.name} ${column.description} ${column.ucd ?? ""}`, words));
  if (matching.length > 0) return { table, columns: matching, open: true };
  return hasAll(`${table.name} ${table.description}`, words) ? { table, columns, open: false } : null;
}

function tableItems({ table, columns, open }: Match, place: Omit<Item, "id">, turned: ReadonlySet<string>): TreeItem[] {
  const id = `table:${table.release}/${table.name}`;
  const isOpen = open !== turned.has(id);
  const head: TreeItem = { kind: "table", id, ...place, table, open: isOpen };
  if (!isOpen) return [head];
  const children = columns.map((column, at): TreeItem => {
    const position = { level: place.level + 1, position: at + 1, siblings: columns.length };
    return { kind: "column", id: `column:${table.release}/${table.name}/${column.name}`, ...position, table, column };
  });
  return [head, ...children];
}

function hasAll(text: string, words: string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/** A text cut where the filter's words are in it, for highlighting. */
export function highlightParts(text: string, filter: string): { text: string; hit: boolean }[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const lower = text.toLowerCase();
  const hits = new Array<boolean>(text.length).fill(false);
  for (const word of words) {
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) hits.fill(true, at, at + word.length);
  }
  const parts: { text: string; hit: boolean }[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const last = parts.at(-1);
    const hit = hits[at] ?? false;
    if (last && last.hit === hit) last.text += text[at] ?? "";
    else parts.push({ text: text[at] ?? "", hit });
  }
  return parts;
}

/** A table's name as SQL takes it. */
export function tableSqlName(table: Table): string {
  return table.written ?? sqlName(table.name);
}

/** A name as SQL takes it: quoted where it is no plain identifier. */
export function sqlName(name: string): string {
  return /^[A-Za-z][A-Za-z0-9_$#]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
