/** What the grid holds: order, widths, where the reader is and what is selected. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { nextKeys, orderRows, type SortKey } from "./order";
import type { ResultTable } from "./table";
import { cellText, toTsv, type Block } from "./text";

/** A place in the grid: row -1 is the head. */
export interface Place {
  row: number;
  column: number;
}

/** Where columns stand: `starts[i]` is the left edge of column i, px; the last one is the whole width. */
export type Starts = Float64Array;

export const ROW_HEIGHT = 24;
export const HEAD_HEIGHT = 42;
const NARROWEST = 48;
const WIDEST_AT_FIRST = 300;
/** Width of a character, px, in a wide font: names are bold and in capitals. */
const NAME_CHARACTER = 9.6;
const CHARACTER = 8.3;
const PADDING = 18;
const SAMPLE = 60;

export class GridState {
  readonly keys: Signal<readonly SortKey[]> = signal([]);
  readonly order: ReadonlySignal<Uint32Array>;
  readonly widths: Signal<readonly number[]>;
  readonly starts: ReadonlySignal<Starts>;
  /** Where the keyboard is; the selection runs from `anchor` to here. */
  readonly active: Signal<Place>;
  readonly anchor: Signal<Place>;
  readonly withHeader = signal(true);

  constructor(readonly table: ResultTable) {
    this.order = computed(() => orderRows(table, this.keys.value));
    this.widths = signal(table.columns.map((_, column) => this.fittingWidth(column)));
    this.starts = computed(() => {
      const starts = new Float64Array(table.columns.length + 1);
      this.widths.value.forEach((width, column) => (starts[column + 1] = (starts[column] ?? 0) + width));
      return starts;
    });
    const first = { row: table.rowCount > 0 ? 0 : -1, column: 0 };
    this.active = signal(first);
    this.anchor = signal(first);
  }

  get rowCount(): number {
    return this.table.rowCount;
  }

  get columnCount(): number {
    return this.table.columns.length;
  }

  /** What is selected; null where the keyboard is in the head. */
  get selection(): Block | null {
    const { value: to } = this.active;
    const { value: from } = this.anchor;
    if (to.row < 0 || from.row < 0) return null;
    return {
      top: Math.min(from.row, to.row),
      bottom: Math.max(from.row, to.row),
      left: Math.min(from.column, to.column),
      right: Math.max(from.column, to.column),
    };
  }

  /** Go to a place, as near as the grid has it; `extend` keeps the other end of the selection. */
  goTo(place: Place, extend = false): void {
    const row = Math.max(extend ? 0 : -1, Math.min(this.rowCount - 1, place.row));
    const column = Math.max(0, Math.min(this.columnCount - 1, place.column));
    this.active.value = { row, column };
    if (!extend || this.anchor.value.row < 0) this.anchor.value = { row, column };
  }

  move(rows: number, columns: number, extend = false): void {
    const { row, column } = this.active.value;
    this.goTo({ row: row + rows, column: column + columns }, extend);
  }

  selectRow(row: number, extend: boolean): void {
    const from = extend ? this.anchor.value.row : row;
    this.anchor.value = { row: Math.max(0, from), column: 0 };
    this.active.value = { row, column: this.columnCount - 1 };
  }

  selectAll(): void {
    if (this.rowCount === 0) return;
    this.anchor.value = { row: 0, column: 0 };
    this.active.value = { row: this.rowCount - 1, column: this.columnCount - 1 };
  }

  sort(column: number, add: boolean): void {
    this.keys.value = nextKeys(this.keys.value, column, add);
  }

  resize(column: number, width: number): void {
    this.widths.value = this.widths.value.map((old, at) => (at === column ? Math.max(NARROWEST, Math.round(width)) : old));
  }

  widen(column: number, by: number): void {
    this.resize(column, (this.widths.value[column] ?? 0) + by);
  }

  fit(column: number): void {
    this.resize(column, this.fittingWidth(column, Number.POSITIVE_INFINITY, 600));
  }

  /** The selected cells as tab-separated text; empty where nothing is selected. */
  copyText(): string {
    const block = this.selection;
    return block ? toTsv(this.table, this.order.value, block, this.withHeader.value) : "";
  }

  private fittingWidth(column: number, sample = SAMPLE, widest = WIDEST_AT_FIRST): number {
    const source = this.table.columns[column];
    if (!source) return NARROWEST;
    const sign = this.keys.peek().some((key) => key.column === column) ? 18 : 0;
    const name = source.name.length * NAME_CHARACTER + sign;
    let characters = (source.unit?.length ?? 0) + 2;
    for (let row = 0; row < Math.min(sample, this.table.rowCount); row += 1) {
      characters = Math.max(characters, (cellText(source, row) ?? "null").length);
    }
    return Math.round(Math.max(NARROWEST, Math.min(widest, Math.max(name, characters * CHARACTER) + PADDING)));
  }
}

/** First and last column that a window from `left` of `width` px shows. */
export function visibleColumns(starts: Starts, left: number, width: number): { first: number; last: number } {
  const count = starts.length - 1;
  let low = 0;
  let high = Math.max(0, count - 1);
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle + 1] ?? 0) <= left) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < count - 1 && (starts[last + 1] ?? 0) < left + width) last += 1;
  return { first: low, last };
}
