/** Which cells a colour image has: its coverage map (MOC 2.0, ranges of order 29, as FITS), for nothing is to be asked for that is not there. */

import type { Cell } from "./hips";

const CARD = 80;
const BLOCK = 2880;
const DEEPEST = 29;
/** Order that ranges are kept at: numbers of its cells are exact in doubles. */
const KEPT_ORDER = 24;

/** Read the map of an image; gives a test of cells of any order to 24. */
export function coverFromFits(bytes: Uint8Array): (cell: Cell) => boolean {
  const table = tableOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + table.at, 16 * table.ranges);
  const shift = BigInt(2 * (DEEPEST - KEPT_ORDER));
  const first = new Float64Array(table.ranges);
  const last = new Float64Array(table.ranges);
  for (let n = 0; n < table.ranges; n += 1) {
    first[n] = Number(view.getBigUint64(16 * n) >> shift);
    last[n] = Number((view.getBigUint64(16 * n + 8) - 1n) >> shift);
  }
  return ({ order, pixel }) => {
    const wide = 4 ** (KEPT_ORDER - order);
    const at = firstEndingAt(last, pixel * wide);
    return at < first.length && first[at]! < (pixel + 1) * wide;
  };
}

/** The first range that does not end before a cell. */
function firstEndingAt(last: Float64Array, cell: number): number {
  let low = 0;
  let high = last.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (last[middle]! < cell) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the ranges of the first table begin, and how many there are. */
function tableOf(bytes: Uint8Array): { at: number; ranges: number } {
  const primary = headerAt(bytes, 0);
  const table = headerAt(bytes, primary.end);
  const numbers = Number(table.cards.get("NAXIS2")) * (Number(table.cards.get("NAXIS1")) / 8);
  if (primary.cards.get("SIMPLE") !== "T" || table.cards.get("ORDERING") !== "RANGE" || !Number.isInteger(numbers / 2)) throw new Error("the image's coverage map is none of ranges");
  if (table.end + 8 * numbers > bytes.length) throw new Error("the image's coverage map is cut off");
  return { at: table.end, ranges: numbers / 2 };
}

function headerAt(bytes: Uint8Array, from: number): { cards: Map<string, string>; end: number } {
  const cards = new Map<string, string>();
  for (let at = from; at + CARD <= bytes.length; at += CARD) {
    const card = String.fromCharCode(...bytes.subarray(at, at + CARD));
    const name = card.slice(0, 8).trim();
    if (name === "END") return { cards, end: from + Math.ceil((at + CARD - from) / BLOCK) * BLOCK };
    cards.set(name, card.slice(10).replace(/\/.*$/, "").replaceAll("'", "").trim());
  }
  throw new Error("the image's coverage map is no FITS file");
}
