/** What is filled in to match a table with the catalogue by position. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Schema, Table } from "../shared/catalog";
import type { Transport } from "../shared/model";
import type { OwnTable } from "../shared/own-tables";
import { tableSqlName } from "./schema";
import { LoadRun } from "./own-tables-run";

/** Columns that are taken where one says nothing else. */
const FIRST_COLUMNS = ["COADD_OBJECT_ID", "RA", "DEC"];
const LARGEST_RADIUS_ARCSEC = 3600;

export class MatchForm {
  readonly catalogTable = signal("");
  readonly radius = signal("1");
  readonly nearest = signal(true);
  readonly columns = signal<ReadonlySet<string>>(new Set());
  readonly columnFilter = signal("");
  readonly into = signal("");
  readonly run: LoadRun;
  /** Tables of the catalogue that have positions. */
  readonly candidates: readonly Table[];
  readonly obstacle: ReadonlySignal<string | null> = computed(() => this.findObstacle());

  constructor(
    transport: Transport,
    readonly table: OwnTable,
    catalog: Schema,
    release: string | null,
  ) {
    this.run = new LoadRun(transport);
    this.candidates = catalog.tables.filter(hasPositionColumns);
    this.into.value = `${table.name}_MATCH`;
    const here = this.candidates.filter((candidate) => candidate.release === release);
    const largest = (here.length > 0 ? here : this.candidates).toSorted((a, b) => (b.row_count ?? 0) - (a.row_count ?? 0))[0];
    if (largest) this.chooseTable(largest.name);
  }

  get chosen(): Table | null {
    return this.candidates.find((candidate) => candidate.name === this.catalogTable.value) ?? null;
  }

  /** The chosen table's columns that the filter leaves. */
  get shownColumns(): Table["columns"] {
    const words = this.columnFilter.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (this.chosen?.columns ?? []).filter((column) => words.every((word) => `${column.name} ${column.description}`.toLowerCase().includes(word)));
  }

  chooseTable(name: string): void {
    this.catalogTable.value = name;
    const names = new Set(this.chosen?.columns.map((column) => column.name));
    const kept = [...this.columns.peek()].filter((column) => names.has(column));
    this.columns.value = new Set(kept.length > 0 ? kept : FIRST_COLUMNS.filter((column) => names.has(column)));
  }

  takeColumn(name: string, taken: boolean): void {
    const columns = new Set(this.columns.peek());
    if (taken) columns.add(name);
    else columns.delete(name);
    this.columns.value = columns;
  }

  /** Match; gives the new table, or null where there is none. */
  async match(): Promise<OwnTable | null> {
    if (this.obstacle.peek() !== null) return null;
    const order = this.chosen?.columns.map((column) => column.name) ?? [];
    return this.run.run("tables/match", {
      table: this.table.own ? this.table.name : `${this.table.owner}.${this.table.name}`,
      catalog_table: this.catalogTable.peek(),
      radius_arcsec: Number(this.radius.peek()),
      nearest: this.nearest.peek(),
      columns: order.filter((name) => this.columns.peek().has(name)),
      into: this.into.peek().trim(),
    });
  }

  radiusFault(): string | null {
    const radius = Number(this.radius.value);
    if (this.radius.value.trim() && radius > 0 && radius <= LARGEST_RADIUS_ARCSEC) return null;
    return `a number above 0 and up to ${LARGEST_RADIUS_ARCSEC}, in arcseconds`;
  }

  private findObstacle(): string | null {
    if (this.candidates.length === 0) return "The catalogue has no table with positions that you may read.";
    if (!this.chosen) return "Choose a table of the catalogue.";
    if (this.radiusFault() !== null) return "Give a radius in arcseconds.";
    if (!this.into.value.trim()) return "Give the new table a name.";
    return null;
  }
}

/** Whether rows of a table can be found on the sky. */
export function hasPositionColumns(table: Pick<Table, "columns">): boolean {
  const names = new Set(table.columns.map((column) => column.name.toUpperCase()));
  return names.has("RA") && names.has("DEC");
}

/** The statement that shows a table. */
export function selectFrom(table: Table): string {
  return `SELECT *\nFROM ${tableSqlName(table)}`;
}
