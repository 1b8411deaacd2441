/** A person's own positions: two numbers a line, or columns RA and DEC of a table. */

import { toBase64 } from "../shared/bytes";
import { Vertices } from "./vertices";

export const MOST_POSITIONS = 200_000;

export interface OwnPositions {
  vertices: Vertices;
  ra: Float64Array;
  dec: Float64Array;
  /** Lines that could not be read, from line 1; the first few. */
  unread: number[];
  unreadCount: number;
  /** Whence they are, in words, where they are not the text in the field. */
  source: string | null;
}

/** Positions that came from elsewhere. */
export function ownPositions(ra: Float64Array, dec: Float64Array, without: number, source: string): OwnPositions {
  return { vertices: new Vertices(ra, dec), ra, dec, unread: [], unreadCount: without, source };
}

/** Positions and what a check has found, as a table with commas. */
export function checkedCsv({ ra, dec }: Pick<OwnPositions, "ra" | "dec">, columns: Readonly<Record<string, readonly unknown[]>>): string {
  const names = Object.keys(columns);
  const cell = (value: unknown): string => (value === null || value === undefined ? "" : typeof value === "boolean" ? String(value) : typeof value === "number" ? String(Number(value.toFixed(4))) : String(value));
  const lines = Array.from(ra, (value, n) => [value, dec[n], ...names.map((name) => cell(columns[name]?.[n]))].join(","));
  return [["RA", "DEC", ...names].join(","), ...lines, ""].join("\n");
}

const FEW = 5;

/** Read positions; degrees, or sexagesimal with colons (hours for right ascension). */
export function readPositions(text: string): OwnPositions {
  const lines = text.split(/\r?\n/);
  const ra: number[] = [];
  const dec: number[] = [];
  const unread: number[] = [];
  let columns: [number, number] = [0, 1];
  let unreadCount = 0;
  lines.forEach((line, n) => {
    const plain = line.trim();
    if (plain === "" || plain.startsWith("#") || ra.length >= MOST_POSITIONS) return;
    const parts = plain.replace(/^[([]|[)\]]$/g, "").split(/\s*[,;\t]\s*|\s+/);
    const header = headerOf(parts);
    if (ra.length === 0 && header) {
      columns = header;
      return;
    }
    const [a, d] = [angle(parts[columns[0]], 15), angle(parts[columns[1]], 1)];
    if (a !== null && d !== null && a >= 0 && a <= 360 && Math.abs(d) <= 90) {
      ra.push(a);
      dec.push(d);
    } else {
      unreadCount += 1;
      if (unread.length < FEW) unread.push(n + 1);
    }
  });
  return { vertices: new Vertices(ra, dec), ra: Float64Array.from(ra), dec: Float64Array.from(dec), unread, unreadCount, source: null };
}

function headerOf(parts: readonly string[]): [number, number] | null {
  const names = parts.map((part) => part.toLowerCase());
  const [ra, dec] = [names.indexOf("ra"), names.indexOf("dec")];
  return ra >= 0 && dec >= 0 ? [ra, dec] : null;
}

function angle(text: string | undefined, unit: number): number | null {
  if (text === undefined) return null;
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text);
  const found = /^([-+]?)(\d{1,3}):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?$/.exec(text);
  if (!found) return null;
  const [whole, minutes, seconds] = [Number(found[2]), Number(found[3]), Number(found[4] ?? 0)];
  if (minutes >= 60 || seconds >= 60) return null;
  return (found[1] === "-" ? -1 : 1) * unit * (whole + minutes / 60 + seconds / 3600);
}

/** The positions as a check takes them. */
export function packed({ ra, dec }: OwnPositions): { ra_base64: string; dec_base64: string } {
  return { ra_base64: toBase64(new Uint8Array(ra.buffer)), dec_base64: toBase64(new Uint8Array(dec.buffer)) };
}
