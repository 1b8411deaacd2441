/** The order that rows are shown in. */

import type { Cell, ResultTable } from "./table";

export interface SortKey {
  column: number;
  descending: boolean;
}

/** Row numbers of the table in the order of the keys. Rows that are equal by all keys stay as they came; nulls and NaN come last either way. */
export function orderRows(table: ResultTable, keys: readonly SortKey[]): Uint32Array {
  const order = Uint32Array.from({ length: table.rowCount }, (_, row) => row);
  const parts = keys.flatMap(({ column, descending }) => {
    const source = table.columns[column];
    return source ? [{ values: Array.from(order, (row) => source.at(row)), sign: descending ? -1 : 1 }] : [];
  });
  if (parts.length === 0) return order;
  return order.sort((a, b) => {
    for (const { values, sign } of parts) {
      const compared = compareCells(values[a] ?? null, values[b] ?? null, sign);
      if (compared !== 0) return compared;
    }
    return a - b;
  });
}

/** Compare two cells of one column; `sign` turns the order of values, not that of what is missing. */
export function compareCells(a: Cell, b: Cell, sign: number): number {
  const missing = rankOfMissing(a) - rankOfMissing(b);
  if (missing !== 0) return missing;
  if (a === null || b === null || a === b) return 0;
  return a < b ? -sign : a > b ? sign : 0;
}

/**
 * What a click on a column's head makes of the keys: ascending, then descending, then as it came.
 *
 * With `add` (the shift key) the column becomes a further key, and the others stay.
 */
export function nextKeys(keys: readonly SortKey[], column: number, add: boolean): SortKey[] {
  const current = keys.find((key) => key.column === column);
  const next = current === undefined ? [{ column, descending: false }] : current.descending ? [] : [{ column, descending: true }];
  if (!add) return next;
  if (current === undefined) return [...keys, ...next];
  return keys.flatMap((key) => (key.column === column ? next : [key]));
}

function rankOfMissing(cell: Cell): number {
  if (cell === null) return 2;
  return typeof cell === "number" && Number.isNaN(cell) ? 1 : 0;
}
