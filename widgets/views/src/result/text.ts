/** Rows as text: for the clipboard and for a file. */

import type { Cell, ResultColumn, ResultTable } from "./table";

/** A block of cells: places in the shown order of rows, and columns, both ends included. */
export interface Block {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Tab-separated lines that spreadsheets take. A null is nothing; text with a tab, a quote or a line's end is quoted. */
export function toTsv(table: ResultTable, order: Uint32Array, block: Block, withHeader: boolean): string {
  const columns = table.columns.slice(block.left, block.right + 1);
  const rows = [...order.subarray(block.top, block.bottom + 1)];
  const lines = rows.map((row) => columns.map((column) => quoted(cellText(column, row) ?? "", /["\t\n\r]/)));
  if (withHeader) lines.unshift(columns.map((column) => quoted(column.name, /["\t\n\r]/)));
  return lines.map((line) => line.join("\t")).join("\n");
}

/** CSV (RFC 4180) of all rows in the shown order. A null is nothing, an empty text is `""`: they stay apart. */
export function toCsv(table: ResultTable, order: Uint32Array): string {
  const head = table.columns.map((column) => quoted(column.name, /[",\n\r]/));
  const lines = [...order].map((row) => table.columns.map((column) => csvField(column, column.at(row))));
  return [head, ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

/** The words for one cell; null for a null. */
export function cellText(column: ResultColumn, row: number): string | null {
  const value = column.at(row);
  return value === null ? null : column.format(value);
}

function csvField(column: ResultColumn, value: Cell): string {
  if (value === null) return "";
  return value === "" ? '""' : quoted(column.format(value), /[",\n\r]|^\s|\s$/);
}

function quoted(text: string, special: RegExp): string {
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
