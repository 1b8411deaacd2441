/** The table of positions as the service has read it: its rows as far as they are known, its faults, and where the reader is. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { draftRowsFromJson, type Draft, type RowFault } from "../shared/cutout";
import { apiPath, errorMessage, type Transport } from "../shared/model";

/** Rows that are asked for at once. */
const PIECE = 200;

export class DraftTable {
  /** Cells by row, counted from 0; missing where not fetched yet. */
  readonly cells: Signal<ReadonlyMap<number, readonly string[]>>;
  readonly faults: Signal<ReadonlyMap<number, readonly RowFault[]>>;
  readonly onlyFaulty = signal(false);
  /** The row that the keyboard is at, counted from 0. */
  readonly active: Signal<number>;
  readonly problem = signal<string | null>(null);
  /** Rows to show, in their order; null for all of them. */
  readonly faultyRows: ReadonlySignal<readonly number[]>;
  /** Faults of the table as a whole, such as a column that is missing. */
  readonly general: readonly RowFault[];
  /** Notes by row, counted from 0, and those of the table as a whole. */
  readonly notes: ReadonlyMap<number, readonly RowFault[]>;
  readonly generalNotes: readonly RowFault[];

  private readonly asked = new Set<number>();

  constructor(
    readonly draft: Draft,
    private readonly transport: Transport,
  ) {
    this.cells = signal(new Map(draft.preview.map((cells, row) => [row, cells])));
    this.faults = signal(byRow(new Map(), draft.faults));
    this.general = draft.faults.filter((fault) => fault.row === null);
    this.notes = byRow(new Map(), draft.notes);
    this.generalNotes = draft.notes.filter((note) => note.row === null);
    this.faultyRows = computed(() => [...this.faults.value.keys()].sort((a, b) => a - b));
    this.active = signal(this.faultyRows.peek()[0] ?? 0);
  }

  /** How many rows are shown. */
  get shownCount(): number {
    return this.onlyFaulty.value ? this.faultyRows.value.length : this.draft.rows;
  }

  /** The row at a place of the shown list. */
  rowAt(place: number): number {
    return this.onlyFaulty.value ? (this.faultyRows.value[place] ?? 0) : place;
  }

  /** The place of a row in the shown list; -1 where it is not shown. */
  placeOf(row: number): number {
    return this.onlyFaulty.value ? this.faultyRows.value.indexOf(row) : row;
  }

  /** Fetch rows that come into sight. */
  need(rows: readonly number[]): void {
    for (const piece of new Set(rows.filter((row) => !this.cells.peek().has(row)).map((row) => Math.floor(row / PIECE)))) {
      if (!this.asked.has(piece)) void this.fetch(piece);
    }
  }

  move(steps: number): void {
    const last = this.shownCount - 1;
    if (last < 0) return;
    const place = Math.max(0, this.placeOf(this.active.peek()));
    this.active.value = this.rowAt(Math.max(0, Math.min(last, place + steps)));
  }

  /** Go to the next faulty row, round and round. */
  nextFault(step: 1 | -1 = 1): void {
    const rows = this.faultyRows.peek();
    const at = this.active.peek();
    const next = step > 0 ? (rows.find((row) => row > at) ?? rows[0]) : ([...rows].reverse().find((row) => row < at) ?? rows.at(-1));
    if (next !== undefined) this.active.value = next;
  }

  showOnlyFaulty(only: boolean): void {
    this.onlyFaulty.value = only;
    if (only && this.placeOf(this.active.peek()) < 0) this.active.value = this.faultyRows.peek()[0] ?? 0;
  }

  faultsOf(row: number): readonly RowFault[] {
    return this.faults.value.get(row) ?? [];
  }

  /** Ask again for what could not be fetched. */
  retry(): void {
    this.problem.value = null;
    this.need([this.active.peek()]);
  }

  private async fetch(piece: number): Promise<void> {
    this.asked.add(piece);
    try {
      const path = `${apiPath("cutout", "positions", this.draft.id, "rows")}?first=${piece * PIECE}&count=${PIECE}`;
      const { first, rows, faults } = draftRowsFromJson(await this.transport.json("GET", path));
      const cells = new Map(this.cells.peek());
      rows.forEach((row, index) => cells.set(first + index, row));
      this.cells.value = cells;
      if (faults.length > 0) this.faults.value = byRow(this.faults.peek(), faults);
      this.problem.value = null;
    } catch (error) {
      this.asked.delete(piece);
      this.problem.value = errorMessage(error);
    }
  }
}

/** What a row of the table says in place of the form, as far as a preview shows it. */
export interface OwnOptions {
  x?: number;
  y?: number;
  /** Bands of the first colour picture. */
  lupton?: string;
  stiff?: string;
  minimum?: number;
  stretch?: number;
  q?: number;
}

const NUMBERS: Readonly<Record<string, "x" | "y" | "minimum" | "stretch" | "q">> = { XSIZE: "x", YSIZE: "y", RGB_MINIMUM: "minimum", RGB_STRETCH: "stretch", RGB_ASINH: "q" };

/** The options that a row has of its own. */
export function ownOptions(table: DraftTable, row: number): OwnOptions {
  const own: OwnOptions = {};
  const cells = table.cells.value.get(row) ?? [];
  table.draft.columns.forEach((column, at) => {
    const name = column.trim().toUpperCase();
    const cell = (cells[at] ?? "").trim();
    const number = NUMBERS[name];
    if (cell === "") return;
    if (number !== undefined && Number.isFinite(Number(cell))) own[number] = Number(cell);
    const bands = cell.split(";")[0]?.replace(/[\s,]/g, "") ?? "";
    if (name === "RGB_LUPTON_COLORS" && bands.length === 3) own.lupton = bands;
    if (name === "RGB_STIFF_COLORS" && bands.length === 3) own.stiff = bands;
  });
  return own;
}

/** Faults by their row, counted from 0; those of rows that are named anew take the place of the old. */
function byRow(known: ReadonlyMap<number, readonly RowFault[]>, faults: readonly RowFault[]): ReadonlyMap<number, readonly RowFault[]> {
  const all = new Map(known);
  const fresh = new Map<number, RowFault[]>();
  for (const fault of faults) {
    if (fault.row !== null) fresh.set(fault.row - 1, [...(fresh.get(fault.row - 1) ?? []), fault]);
  }
  fresh.forEach((list, row) => all.set(row, list));
  return all;
}

/** The columns of the table that override the form, in words, with how many rows do: `3 rows override the size`. */
export function overrideWords(draft: Draft): string[] {
  const counts = draft.overrides ?? countOverrides(draft);
  const whole = draft.overrides !== null || draft.rows <= draft.preview.length;
  const words: string[] = [];
  for (const [what, columns] of OVERRIDES) {
    const rows = Math.max(0, ...columns.map((column) => counts[column] ?? 0));
    if (rows > 0) words.push(`${whole ? "" : "at least "}${rows.toLocaleString("en-US")} ${rows === 1 ? "row overrides" : "rows override"} ${what}`);
  }
  return words;
}

const OVERRIDES: readonly (readonly [string, readonly string[]])[] = [
  ["the size", ["XSIZE", "YSIZE"]],
  ["the bands", ["COLORS_FITS", "RGB_STIFF_COLORS", "RGB_LUPTON_COLORS"]],
  ["the Lupton stretch", ["RGB_MINIMUM", "RGB_STRETCH", "RGB_ASINH"]],
  ["the products", ["MAKE_FITS", "MAKE_RGB_STIFF", "MAKE_RGB_LUPTON", "DISCARD_FITS_FILES"]],
];

/** By the preview alone: how many of its rows fill a column. */
function countOverrides(draft: Draft): Record<string, number> {
  return Object.fromEntries(draft.columns.map((column, at) => [column.trim().toUpperCase(), draft.preview.filter((cells) => (cells[at] ?? "").trim() !== "").length]));
}
