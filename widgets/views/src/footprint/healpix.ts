/** Cells of HEALPix, nested (Gorski et al. 2005, ApJ 622, 759, section 5). */

import { turn } from "./sphere";

const RING = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4] as const;
const ASIDE = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7] as const;

/** The corners of a cell, degrees: north, west, south, east. */
export function cornersOf(nside: number, pixel: number): { ra: number; dec: number }[] {
  const face = Math.floor(pixel / (nside * nside));
  const within = pixel % (nside * nside);
  const [x, y] = [everySecondBit(within), everySecondBit(Math.floor(within / 2))];
  return [
    [x + 1, y + 1],
    [x, y + 1],
    [x, y],
    [x + 1, y],
  ].map(([a = 0, b = 0]) => onFace(face, a / nside, b / nside));
}

/** Where a cell's grid of (n + 1) x (n + 1) points lies, degrees: from its southern corner first north-east, then north-west; 0 gives that corner alone. */
export function pointsOf(order: number, pixel: number, n: number): { ra: number; dec: number }[] {
  const parts = Math.max(1, n);
  const nside = 2 ** order;
  const face = Math.floor(pixel / (nside * nside));
  const within = pixel % (nside * nside);
  const [x, y] = [everySecondBit(within), everySecondBit(Math.floor(within / 2))];
  return Array.from({ length: (n + 1) ** 2 }, (_, k) => onFace(face, (x + (k % (n + 1)) / parts) / nside, (y + Math.floor(k / (n + 1)) / parts) / nside));
}

/** Where a cell is in an ancestor that is so many orders up, in its sides: north-east, north-west. */
export function placeInAncestor(pixel: number, orders: number): [number, number] {
  const within = pixel % 4 ** orders;
  return [everySecondBit(within) / 2 ** orders, everySecondBit(Math.floor(within / 2)) / 2 ** orders];
}

function everySecondBit(value: number): number {
  let found = 0;
  for (let bit = 1; value > 0; bit *= 2, value = Math.floor(value / 4)) if (value % 2 === 1) found += bit;
  return found;
}

function onFace(face: number, x: number, y: number): { ra: number; dec: number } {
  const ring = (RING[face] ?? 3) - x - y;
  const width = ring < 1 ? ring : ring > 3 ? 4 - ring : 1;
  const z = ring < 1 ? 1 - (width * width) / 3 : ring > 3 ? (width * width) / 3 - 1 : ((2 - ring) * 2) / 3;
  const ra = width < 1e-12 ? 0 : (((ASIDE[face] ?? 0) * width + x - y) * 45) / width;
  return { ra: turn(ra), dec: (Math.asin(Math.max(-1, Math.min(1, z))) * 180) / Math.PI };
}
