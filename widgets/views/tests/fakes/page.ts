/** The page of rows of tests/data/make_page.py, and tables made of plain values. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Cell, ResultColumn, ResultTable } from "../../src/result/table";

export function pageBytes(): Uint8Array<ArrayBuffer> {
  // A copy: bytes of a file that node read may begin anywhere inside a larger buffer.
  return new Uint8Array(readFileSync(resolve(import.meta.dirname, "../data/page.arrow")));
}

export function tableOf(columns: Record<string, Cell[]>): ResultTable {
  const rowCount = Object.values(columns)[0]?.length ?? 0;
  return { rowCount, columns: Object.entries(columns).map(([name, cells]) => columnOf(name, cells)) };
}

function columnOf(name: string, cells: Cell[]): ResultColumn {
  const numeric = cells.some((cell) => typeof cell === "number" || typeof cell === "bigint");
  return { name, type: numeric ? "float64" : "string", unit: null, ucd: null, description: "", numeric, at: (row) => cells[row] ?? null, format: String };
}
