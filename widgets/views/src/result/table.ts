/** A page of rows, read from Arrow without losing a digit. */

import { tableFromIPC, Type, type Column as ArrowColumn, type DataType } from "@uwdata/flechette";
import { resultMetaFromJson, type Column, type ResultMeta } from "../shared/catalog";

/** A value as the grid sorts and shows it. 64-bit integers stay exact; a timestamp is microseconds since 1970, UTC. */
export type Cell = null | boolean | number | bigint | string;

export interface ResultColumn extends Column {
  /** Shown to the right, sorted by value. */
  numeric: boolean;
  at(row: number): Cell;
  /** The words for a value; null has none. */
  format(value: Exclude<Cell, null>): string;
}

export interface ResultTable {
  columns: readonly ResultColumn[];
  rowCount: number;
}

/** Read an Arrow IPC stream: its rows, and what the service tells of them (null where it tells nothing). */
export function readTable(buffer: Uint8Array): { table: ResultTable; meta: ResultMeta | null } {
  // Arrow's vectors need their natural alignment, which a buffer inside a message may not have.
  const aligned = buffer.byteOffset % 8 === 0 ? buffer : buffer.slice();
  const arrow = tableFromIPC(aligned, { useBigInt: true, useBigIntTimestamp: true });
  const columns = arrow.schema.fields.map((field, index) => {
    const values: ArrowColumn<unknown> = arrow.getChildAt(index);
    return resultColumn(field.name, field.type, field.metadata ?? new Map<string, string>(), values);
  });
  const stated = arrow.schema.metadata?.get("skydesk");
  return { table: { columns, rowCount: arrow.numRows }, meta: stated ? resultMetaFromJson(JSON.parse(stated)) : null };
}

function resultColumn(name: string, type: DataType, metadata: Map<string, string>, values: ArrowColumn<unknown>): ResultColumn {
  const own = type.typeId === Type.Dictionary ? type.dictionary : type;
  const read = reader(own);
  return {
    name,
    type: metadata.get("type") ?? typeName(own),
    unit: metadata.get("unit") || null,
    ucd: metadata.get("ucd") || null,
    description: metadata.get("description") ?? "",
    numeric: own.typeId === Type.Int || own.typeId === Type.Float || own.typeId === Type.Decimal,
    at: (row) => {
      const value = values.at(row);
      return value === null || value === undefined ? null : read(value);
    },
    format: formatter(own),
  };
}

/** How a value of this Arrow type becomes a cell. */
function reader(type: DataType): (value: unknown) => Cell {
  if (type.typeId !== Type.Timestamp) return plain;
  const perSecond = [1n, 1_000n, 1_000_000n, 1_000_000_000n][type.unit] ?? 1_000_000n;
  return (value) => (typeof value === "bigint" ? (value * 1_000_000n) / perSecond : plain(value));
}

function plain(value: unknown): Cell {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return value;
    default:
      return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)) ?? null;
  }
}

function formatter(type: DataType): (value: Exclude<Cell, null>) => string {
  if (type.typeId === Type.Float && type.precision === 1) return (value) => (typeof value === "number" ? float32Text(value) : String(value));
  if (type.typeId === Type.Timestamp) return (value) => (typeof value === "bigint" ? timestampText(value) : String(value));
  if (type.typeId === Type.Date) return (value) => (typeof value === "number" ? new Date(value).toISOString().slice(0, 10) : String(value));
  return String;
}

/** The shortest decimal that is this single-precision number again: 21.1, not 21.100000381469727. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** Microseconds since 1970 as `2016-01-02 03:04:05.678901`, UTC; zeros at the end are left out. */
export function timestampText(microseconds: bigint): string {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const time = new Date(Number((microseconds - fraction) / 1000n));
  if (Number.isNaN(time.getTime())) return `${microseconds} µs`;
  const whole = time.toISOString().replace("T", " ").replace(/\.\d+Z$/, "");
  return fraction === 0n ? whole : `${whole}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}

function typeName(type: DataType): string {
  switch (type.typeId) {
    case Type.Int:
      return `${type.signed ? "" : "u"}int${type.bitWidth}`;
    case Type.Float:
      return `float${[16, 32, 64][type.precision] ?? 64}`;
    case Type.Bool:
      return "boolean";
    case Type.Timestamp:
    case Type.Date:
      return "timestamp";
    default:
      return "string";
  }
}
