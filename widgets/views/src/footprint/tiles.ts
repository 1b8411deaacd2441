/** The tiles of a release: which they are, what they are called, and their edges as lines and areas. */

import { DEGREE, turn } from "./sphere";
import { Vertices } from "./vertices";

/** How a survey's tiles lie: strips of one declination, counted southward; in a strip eastward (skydesk/grid.py). */
export interface Grid {
  prefix: string;
  first_ra_deg: number;
  first_dec_deg: number;
  last_dec_deg: number;
  step_arcsec: number;
  size_pixels: number;
  pixel_scale_arcsec: number;
}

export interface Place {
  row: number;
  column: number;
}

/** Row, first column, count, and where there are gaps further first columns and counts. */
export type Run = readonly number[];

const GROUP = 4;

export function stepOf(grid: Grid): number {
  return grid.step_arcsec / 3600;
}

export function decOf(grid: Grid, row: number): number {
  return grid.first_dec_deg - row * stepOf(grid);
}

export function raStepOf(grid: Grid, row: number): number {
  return stepOf(grid) / Math.cos(decOf(grid, row) * DEGREE);
}

export function columnsOf(grid: Grid, row: number): number {
  return Math.ceil(360 / raStepOf(grid, row) - 1e-9);
}

export function centreOf(grid: Grid, { row, column }: Place): { ra: number; dec: number } {
  return { ra: turn(grid.first_ra_deg + column * raStepOf(grid, row)), dec: decOf(grid, row) };
}

/** Half of what the last tile of a strip would lie over the first, degrees: each gives up as much. */
function closingOf(grid: Grid, row: number): number {
  return (columnsOf(grid, row) * raStepOf(grid, row) - 360) / 2;
}

/** The place of a position in the grid: two roundings. Null north or south of it. */
export function placeAt(grid: Grid, ra: number, dec: number): Place | null {
  const row = Math.round((grid.first_dec_deg - dec) / stepOf(grid));
  if (row < 0 || decOf(grid, row) < grid.last_dec_deg - 1e-9) return null;
  const [east, step] = [turn(ra - grid.first_ra_deg), raStepOf(grid, row)];
  return { row, column: east >= 360 - step / 2 + closingOf(grid, row) ? 0 : Math.round(east / step) };
}

/** The name of a tile: hours and degrees, minutes cut after rounding to a thousandth of a second. */
export function nameOf(grid: Grid, place: Place): string {
  const { ra, dec } = centreOf(grid, place);
  const [raMinutes, decMinutes] = [ra / 15, Math.abs(dec)].map((value) => Math.floor(Math.round(value * 3_600_000) / 60_000)) as [number, number];
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${grid.prefix}${two(Math.floor(raMinutes / 60) % 24)}${two(raMinutes % 60)}${dec > 0 ? "+" : "-"}${two(Math.floor(decMinutes / 60))}${two(decMinutes % 60)}`;
}

/** Western and eastern edge of a piece of a strip, degrees east of the grid's first centre. */
function edges(grid: Grid, row: number, column: number, count: number): [number, number] {
  const step = raStepOf(grid, row);
  const closing = closingOf(grid, row);
  const last = column + count >= columnsOf(grid, row);
  return [(column - 0.5) * step + (column === 0 ? closing : 0), (column + count - 0.5) * step - (last ? closing : 0)];
}

/** Polygons of six corners: those of a piece of a strip, and the middles of its long sides. */
export interface Areas {
  vertices: Vertices;
  count: number;
}

/** Lines between neighbouring vertices: pairs of their numbers. */
export interface Lines {
  vertices: Vertices;
  pairs: Int32Array;
}

export class TileLayer {
  readonly count: number;
  readonly fine: Areas;
  readonly coarse: Areas;
  readonly lines: Lines;
  private readonly places = new Set<number>();

  constructor(
    readonly grid: Grid,
    runs: readonly Run[],
  ) {
    const pieces = runs.flatMap(([row = 0, ...pairs]) => pairs.flatMap((column, n) => (n % 2 === 0 ? [{ row, column, count: pairs[n + 1] ?? 0 }] : [])));
    for (const { row, column, count } of pieces) for (let n = 0; n < count; n += 1) this.places.add(keyOf({ row, column: column + n }));
    this.count = this.places.size;
    this.fine = areasOf(grid, parted(pieces, 1));
    this.coarse = areasOf(grid, parted(pieces, GROUP));
    this.lines = linesOf(grid, pieces);
  }

  has(place: Place): boolean {
    return this.places.has(keyOf(place));
  }
}

interface Piece extends Place {
  count: number;
}

function keyOf({ row, column }: Place): number {
  return row * 65_536 + column;
}

function parted(pieces: readonly Piece[], size: number): Piece[] {
  return pieces.flatMap(({ row, column, count }) => Array.from({ length: Math.ceil(count / size) }, (_, n) => ({ row, column: column + n * size, count: Math.min(size, count - n * size) })));
}

/** Areas of pieces of strips; those of single tiles too. */
export function areasOf(grid: Grid, pieces: readonly Piece[]): Areas {
  const ra = new Float64Array(6 * pieces.length);
  const dec = new Float64Array(6 * pieces.length);
  const half = stepOf(grid) / 2;
  pieces.forEach(({ row, column, count }, n) => {
    const [west, east] = edges(grid, row, column, count).map((edge) => grid.first_ra_deg + edge) as [number, number];
    const [south, north] = [decOf(grid, row) - half, decOf(grid, row) + half];
    ra.set([west, (west + east) / 2, east, east, (west + east) / 2, west], 6 * n);
    dec.set([north, north, north, south, south, south], 6 * n);
  });
  return { vertices: new Vertices(ra, dec), count: pieces.length };
}

/** Every edge once: the strips' limits as far as either neighbour goes, and the meridians between tiles. */
export function linesOf(grid: Grid, pieces: readonly Piece[]): Lines {
  const ra: number[] = [];
  const dec: number[] = [];
  const pairs: number[] = [];
  const half = stepOf(grid) / 2;
  const limits = new Map<number, [number, number][]>();
  for (const { row, column, count } of pieces) {
    const whole = edges(grid, row, column, count);
    for (const limit of [row, row + 1]) limits.set(limit, [...(limits.get(limit) ?? []), whole]);
    const meridians = Array.from({ length: count }, (_, n) => edges(grid, row, column + n, 1)[0]);
    for (const meridian of [...meridians, whole[1]]) {
      pairs.push(ra.length, ra.length + 1);
      ra.push(grid.first_ra_deg + meridian, grid.first_ra_deg + meridian);
      dec.push(decOf(grid, row) + half, decOf(grid, row) - half);
    }
  }
  for (const [limit, spans] of limits) {
    const height = decOf(grid, limit) + half;
    for (const [west, east] of joined(spans)) {
      const parts = Math.max(1, Math.ceil(((east - west) * Math.cos(height * DEGREE)) / half));
      for (let n = 0; n <= parts; n += 1) {
        if (n > 0) pairs.push(ra.length - 1, ra.length);
        ra.push(grid.first_ra_deg + west + ((east - west) * n) / parts);
        dec.push(height);
      }
    }
  }
  return { vertices: new Vertices(ra, dec), pairs: Int32Array.from(pairs) };
}

/** Spans that touch, as one. */
function joined(spans: readonly [number, number][]): [number, number][] {
  const all: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last && from <= last[1] + 1e-9) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}
