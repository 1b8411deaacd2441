/** A table that is filtered by words and sorted by its heads. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { counted } from "../shared/format";
import { Button, EmptyState, Icon } from "../shared/ui";

export type Value = string | number | null;

export interface Column<Row> {
  key: string;
  title: string;
  /** What the column is sorted by, and what the filter looks into where it is text. */
  value: (row: Row) => Value;
  /** What is drawn; the value where it is not given. */
  cell?: (row: Row) => ComponentChildren;
  /** Shown only where the table is so wide: 2 for wide, 3 for very wide. */
  room?: 2 | 3;
  numeric?: boolean;
}

export interface Sorting {
  key: string;
  descending: boolean;
}

/** Filter and order of one table, kept while another is looked at. */
export class TableState<Row> {
  readonly filter: Signal<string> = signal("");
  readonly sorting: Signal<Sorting>;
  readonly shown: ReadonlySignal<readonly Row[]>;

  constructor(
    readonly columns: readonly Column<Row>[],
    rows: () => readonly Row[],
    first: Sorting,
  ) {
    this.sorting = signal(first);
    this.shown = computed(() => arranged(rows(), columns, this.filter.value, this.sorting.value));
  }

  sortBy(key: string): void {
    const { key: before, descending } = this.sorting.peek();
    this.sorting.value = { key, descending: before === key ? !descending : false };
  }
}

/** Rows that hold every word of a filter, in an order; what has no value comes last. */
export function arranged<Row>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string, { key, descending }: Sorting): Row[] {
  const words = filter.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter((row) => {
    const text = columns.map((column) => column.value(row)).join(" ").toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
  const column = columns.find((one) => one.key === key);
  if (!column) return matching;
  return matching.sort((a, b) => compared(column.value(a), column.value(b), descending));
}

function compared(a: Value, b: Value, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
  return descending ? -order : order;
}

interface TableProps<Row> {
  state: TableState<Row>;
  label: string;
  /** Number of rows without the filter. */
  all: number;
  /** What one row is called. */
  noun: string;
  rowKey: (row: Row) => string;
  /** What stands where there is no row at all. */
  empty: { title: string; text: string };
  acts?: ((row: Row) => ComponentChildren) | undefined;
  tools?: ComponentChildren;
}

export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { state, label, all, noun, empty, tools } = props;
  if (all === 0) {
    return (
      <>
        {tools && <div class="sky-admin__tools">{tools}</div>}
        <EmptyState title={empty.title}>
          <span>{empty.text}</span>
        </EmptyState>
      </>
    );
  }
  const shown = state.shown.value;
  return (
    <>
      <div class="sky-admin__tools">
        <input
          class="sky-input sky-admin__filter"
          type="search"
          placeholder={`Filter ${label.toLowerCase()}`}
          aria-label={`Filter ${label.toLowerCase()}`}
          value={state.filter.value}
          onInput={(event) => (state.filter.value = event.currentTarget.value)}
        />
        <span class="sky-muted sky-grow" role="status">
          {shown.length === all ? counted(all, noun) : `${shown.length} of ${counted(all, noun)}`}
        </span>
        {tools}
      </div>
      {shown.length === 0 ? (
        <EmptyState title={`No ${noun} matches`}>
          <Button onClick={() => (state.filter.value = "")}>Show all</Button>
        </EmptyState>
      ) : (
        <Rows {...props} />
      )}
    </>
  );
}

function Rows<Row>({ state, label, rowKey, acts }: TableProps<Row>): JSX.Element {
  return (
    // Wide tables scroll sideways in their own place, which the keyboard must be able to reach.
    <div class="sky-admin__scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="sky-admin__table" aria-label={label}>
        <thead>
          <tr>
            {state.columns.map((column) => (
              <Head key={column.key} state={state} column={column} />
            ))}
            {acts && (
              <th scope="col">
                <span class="sky-visually-hidden">Acts</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {state.shown.value.map((row) => (
            <tr key={rowKey(row)}>
              {state.columns.map((column) => (
                <td key={column.key} class={classOf(column)}>
                  {column.cell ? column.cell(row) : column.value(row)}
                </td>
              ))}
              {acts && <td class="sky-admin__acts">{acts(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head<Row>({ state, column }: { state: TableState<Row>; column: Column<Row> }): JSX.Element {
  const { key, descending } = state.sorting.value;
  const sorted = key === column.key;
  return (
    <th scope="col" class={classOf(column)} aria-sort={sorted ? (descending ? "descending" : "ascending") : undefined}>
      <button type="button" class="sky-admin__sort" onClick={() => state.sortBy(column.key)}>
        {column.title}
        {sorted && <Icon name={descending ? "down" : "up"} />}
      </button>
    </th>
  );
}

function classOf<Row>({ room, numeric }: Column<Row>): string | undefined {
  return [room ? `sky-admin__room-${room}` : "", numeric ? "sky-admin__number" : ""].filter(Boolean).join(" ") || undefined;
}
