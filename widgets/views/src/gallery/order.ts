/** Which rows are shown, and in which order. */

import { OUTCOMES, type GalleryRow, type Outcome } from "../shared/cutout";

/** Columns that a gallery can be sorted by, by the names of the table of positions. */
export const COLUMNS = {
  ROW: "Row",
  RA: "RA",
  DEC: "Dec",
  COADD_OBJECT_ID: "COADD_OBJECT_ID",
  XSIZE: "Width",
  YSIZE: "Height",
  NAME: "Name",
  TILENAME: "Tile",
  OUTCOME: "Outcome",
  SIZE: "Bytes",
} as const;
export type Column = keyof typeof COLUMNS;

export interface Sorting {
  column: Column;
  descending: boolean;
}

export interface Filter {
  text: string;
  outcome: Outcome | "all";
}

export const EVERYTHING: Filter = { text: "", outcome: "all" };

interface Comparison {
  column: Column;
  operator: string;
  value: number;
}

/** A filter's text, taken apart: words, and comparisons such as `dec<-5`. */
export interface Wanted {
  words: string[];
  comparisons: Comparison[];
}

const COMPARISON = /^([a-z_]+)\s*(<=|>=|<|>|=)\s*([-+]?[\d.]+(?:e[-+]?\d+)?)$/i;
const ALIASES: Readonly<Record<string, Column>> = { id: "COADD_OBJECT_ID", width: "XSIZE", height: "YSIZE", bytes: "SIZE" };

export function wantedOf(text: string): Wanted {
  const wanted: Wanted = { words: [], comparisons: [] };
  for (const word of text.replace(/\s*(<=|>=|<|>|=)\s*/g, "$1").split(/\s+/).filter(Boolean)) {
    const [, name = "", operator = "", number = ""] = COMPARISON.exec(word) ?? [];
    const column = columnOf(name);
    const value = Number(number);
    if (column && Number.isFinite(value)) wanted.comparisons.push({ column, operator, value });
    else wanted.words.push(word.toLowerCase());
  }
  return wanted;
}

/** The rows that pass, in order; ties keep the order of the table. */
export function arrange(rows: Iterable<GalleryRow>, filter: Filter, sorting: Sorting): GalleryRow[] {
  const wanted = wantedOf(filter.text);
  const passes = (row: GalleryRow): boolean => {
    if (filter.outcome !== "all" && row.outcome !== filter.outcome) return false;
    if (!wanted.comparisons.every((comparison) => holds(row, comparison))) return false;
    if (wanted.words.length === 0) return true;
    const text = `${row.name} ${row.tile} ${row.object_id ?? ""} ${row.message} ${row.outcome} ${row.row + 1}`.toLowerCase();
    return wanted.words.every((word) => text.includes(word));
  };
  const kept = [...rows].filter(passes);
  const sign = sorting.descending ? -1 : 1;
  return kept.sort((a, b) => sign * compare(a, b, sorting.column) || a.row - b.row);
}

/** What cannot be compared comes last in either direction. */
function compare(a: GalleryRow, b: GalleryRow, column: Column): number {
  const [left, right] = [valueOf(a, column), valueOf(b, column)];
  if (left === right) return 0;
  if (left === null) return 1;
  if (right === null) return -1;
  return left < right ? -1 : 1;
}

function holds(row: GalleryRow, { column, operator, value }: Comparison): boolean {
  const own = valueOf(row, column);
  const number = typeof own === "bigint" ? Number(own) : own;
  if (typeof number !== "number") return false;
  switch (operator) {
    case "<":
      return number < value;
    case "<=":
      return number <= value;
    case ">":
      return number > value;
    case ">=":
      return number >= value;
    default:
      return number === value;
  }
}

export function valueOf(row: GalleryRow, column: Column): number | bigint | string | null {
  switch (column) {
    case "ROW":
      return row.row + 1;
    case "RA":
      return row.ra_deg;
    case "DEC":
      return row.dec_deg;
    case "COADD_OBJECT_ID":
      return row.object_id !== null && /^\d+$/.test(row.object_id) ? BigInt(row.object_id) : null;
    case "XSIZE":
      return row.x_size_arcmin;
    case "YSIZE":
      return row.y_size_arcmin;
    case "NAME":
      return row.name || null;
    case "TILENAME":
      return row.tile || null;
    case "OUTCOME":
      return OUTCOMES.indexOf(row.outcome);
    case "SIZE":
      return row.size_bytes;
  }
}

/** Rows as the service counts them, in spans: `0-99,105`. */
export function spansOf(rows: Iterable<number>): string {
  const sorted = [...rows].sort((a, b) => a - b);
  const spans: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (end + 1 < sorted.length && (sorted[end + 1] ?? 0) === (sorted[end] ?? 0) + 1) end += 1;
    spans.push(end > at ? `${sorted[at]}-${sorted[end]}` : String(sorted[at]));
    at = end + 1;
  }
  return spans.join(",");
}

function columnOf(name: string): Column | null {
  const upper = name.toUpperCase();
  return upper in COLUMNS ? (upper as Column) : (ALIASES[name.toLowerCase()] ?? null);
}
