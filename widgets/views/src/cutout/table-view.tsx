/** The table of positions, each fault marked at its row and column; only the rows in sight are drawn. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RowFault } from "../shared/cutout";
import { count, counted } from "../shared/format";
import { Button, Icon, IconButton, RetryMessage, useId } from "../shared/ui";
import { useSize } from "../jobs/hooks";
import type { DraftTable } from "./draft";

const ROW = 24;
const HEAD = 26;
/** Room for a bar below that scrolls sideways, px. */
const SCROLLBAR = 16;
const MORE = 4;
/** Rows that a table shows before it scrolls. */
const TALLEST_ROWS = 10;
const CHARACTER = 7.4;

interface TableProps {
  table: DraftTable;
  /** A row was chosen to be previewed. */
  onRow: (row: number) => void;
}

export function PositionsTable({ table, onRow }: TableProps): JSX.Element {
  const { draft } = table;
  const shown = table.shownCount;
  const height = HEAD + Math.min(TALLEST_ROWS, Math.max(1, shown)) * ROW;
  return (
    <div class="sky-cut__table">
      <FaultBar table={table} />
      {table.problem.value && <RetryMessage message={`some rows could not be read: ${table.problem.value}`} onRetry={() => table.retry()} />}
      <Grid table={table} height={height} onRow={onRow} />
      <ActiveFaults table={table} />
      {draft.fault_count > draft.faults.length && (
        <p class="sky-muted">
          The first {count(draft.faults.length)} of {counted(draft.fault_count, "fault")} are marked; more show as you scroll to them.
        </p>
      )}
    </div>
  );
}

function FaultBar({ table }: { table: DraftTable }): JSX.Element | null {
  const { fault_count: faults } = table.draft;
  if (faults === 0) return null;
  const rows = table.faultyRows.value.length;
  return (
    <div class="sky-cut__faultbar" role="group" aria-label="Faults">
      <span class="sky-cut__bad">
        <Icon name="error" />
        {counted(faults, "fault")}
        {rows > 0 && rows < faults ? ` in ${counted(rows, "row")}` : ""}
      </span>
      {rows > 0 && (
        <>
          <IconButton icon="up" label="Go to the fault before (Shift F8)" onClick={() => table.nextFault(-1)} />
          <Button icon="down" kind="quiet" title="Go to the next fault (F8)" onClick={() => table.nextFault()}>
            Next fault
          </Button>
          <label class="sky-check">
            <input type="checkbox" checked={table.onlyFaulty.value} onChange={(event) => table.showOnlyFaulty(event.currentTarget.checked)} />
            only faults
          </label>
        </>
      )}
    </div>
  );
}

function Grid({ table, height, onRow }: TableProps & { height: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const id = useId();
  const [top, setTop] = useState(0);
  const shown = table.shownCount;
  const inSight = (size?.height ?? height) - HEAD;
  const first = Math.max(0, Math.floor(top / ROW) - MORE);
  const last = Math.min(shown - 1, Math.ceil((top + inSight) / ROW) + MORE);
  const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  const rows = places.map((place) => table.rowAt(place));
  const active = table.active.value;
  useEffect(() => table.need(rows), [first, last, table.onlyFaulty.value, table]);
  useKeepInSight(box, table, active);
  const widths = useWidths(table);
  const numberWidth = 22 + CHARACTER * String(table.draft.rows).length;
  const total = numberWidth + widths.reduce((sum, width) => sum + width, 0);
  return (
    <div
      ref={box}
      class="sky-cut__grid"
      style={{ minHeight: `${height}px`, maxHeight: `${height + SCROLLBAR}px` }}
      role="grid"
      aria-label={`Positions, ${counted(table.draft.rows, "row")}`}
      aria-rowcount={shown + 1}
      aria-colcount={widths.length + 1}
      aria-activedescendant={rows.includes(active) ? `${id}-${active}` : undefined}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={(event) => onKey(event, table, Math.max(1, Math.floor(inSight / ROW) - 1), onRow)}
    >
      <div role="presentation" class="sky-cut__all" style={{ width: `${total}px`, height: `${HEAD + shown * ROW}px` }}>
        <div role="row" aria-rowindex={1} class="sky-cut__head" style={{ height: `${HEAD}px` }}>
          <span role="columnheader" class="sky-cut__number" style={{ width: `${numberWidth}px` }}>
            <span class="sky-visually-hidden">Row</span>
          </span>
          {table.draft.columns.map((column, at) => (
            <span key={at} role="columnheader" class="sky-truncate" title={column} style={{ width: `${widths[at]}px` }}>
              {column}
            </span>
          ))}
        </div>
        {places.map((place, at) => {
          const row = rows[at] ?? 0;
          return (
            <Row
              key={row}
              {...{ table, row, widths, numberWidth }}
              id={`${id}-${row}`}
              top={HEAD + place * ROW}
              index={place + 2}
              active={row === active}
              onChoose={() => {
                table.active.value = row;
                onRow(row);
              }}
            />
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  table: DraftTable;
  row: number;
  id: string;
  top: number;
  index: number;
  active: boolean;
  widths: readonly number[];
  numberWidth: number;
  onChoose: () => void;
}

function Row({ table, row, id, top, index, active, widths, numberWidth, onChoose }: RowProps): JSX.Element {
  const cells = table.cells.value.get(row);
  const faults = table.faultsOf(row);
  const { columns } = table.draft;
  const ofColumn = (column: string): RowFault[] => faults.filter((fault) => same(fault.field, column));
  const elsewhere = faults.filter((fault) => !columns.some((column) => same(fault.field, column)));
  const notes = table.notes.get(row) ?? [];
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index}
      aria-selected={active}
      class={`sky-cut__row ${active ? "sky-cut__row--here" : ""}`}
      style={{ top: `${top}px`, height: `${ROW}px` }}
      onClick={onChoose}
    >
      <Cell
        role="rowheader"
        class={`sky-cut__number ${notes.length > 0 ? "sky-cut__number--noted" : ""}`}
        width={numberWidth}
        faults={elsewhere.length > 0 ? elsewhere : faults}
        text={count(row + 1)}
        {...(notes.length > 0 ? { title: notes.map((note) => note.message).join("\n") } : {})}
      />
      {columns.map((column, at) => (
        <Cell key={at} role="gridcell" width={widths[at] ?? 80} faults={ofColumn(column)} text={cells ? (cells[at] ?? "") : "…"} />
      ))}
    </div>
  );
}

interface CellProps {
  role: "gridcell" | "rowheader";
  class?: string;
  width: number;
  faults: readonly RowFault[];
  text: string;
  title?: string;
}

function Cell({ role, class: className = "", width, faults, text, title = text }: CellProps): JSX.Element {
  const bad = faults.length > 0;
  return (
    <span
      role={role}
      class={`sky-truncate ${className} ${bad ? "sky-cut__cell--bad" : ""}`}
      style={{ width: `${width}px` }}
      title={bad ? faults.map((fault) => fault.message).join("\n") : title}
      aria-invalid={bad && role === "gridcell" ? "true" : undefined}
    >
      {bad && <Icon name="warning" />}
      {text}
      {bad && role === "gridcell" && <span class="sky-visually-hidden">: {faults.map((fault) => fault.message).join("; ")}</span>}
    </span>
  );
}

/** What is wrong with the row that the keyboard is at, or will become of it, in words. */
function ActiveFaults({ table }: { table: DraftTable }): JSX.Element | null {
  const row = table.active.value;
  const faults = table.faultsOf(row);
  const notes = table.notes.get(row) ?? [];
  if (table.general.length + table.generalNotes.length + faults.length + notes.length === 0) return null;
  return (
    <ul class="sky-cut__reasons">
      {table.general.map((fault) => (
        <li key={`${fault.field} ${fault.message}`}>
          {fault.field && <strong>{fault.field}: </strong>}
          {fault.message}
        </li>
      ))}
      {faults.map((fault) => (
        <li key={`${fault.field} ${fault.message}`}>
          <strong>
            Row {count(row + 1)}
            {fault.field ? `, ${fault.field}` : ""}:
          </strong>{" "}
          {fault.message}
        </li>
      ))}
      {[...notes, ...table.generalNotes].map((note) => (
        <li key={note.message} class="sky-cut__note">
          {note.row !== null && <strong>Row {count(note.row)}: </strong>}
          {note.message}
        </li>
      ))}
    </ul>
  );
}

function onKey(event: KeyboardEvent, table: DraftTable, page: number, onRow: (row: number) => void): void {
  const acts: Record<string, () => void> = {
    ArrowDown: () => table.move(1),
    ArrowUp: () => table.move(-1),
    PageDown: () => table.move(page),
    PageUp: () => table.move(-page),
    Home: () => table.move(-Infinity),
    End: () => table.move(Infinity),
    Enter: () => onRow(table.active.peek()),
    F8: () => table.nextFault(event.shiftKey ? -1 : 1),
  };
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

/** Scroll so that the active row is in sight, whenever it becomes another. */
function useKeepInSight(box: { current: HTMLDivElement | null }, table: DraftTable, active: number): void {
  const place = table.placeOf(active);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || place < 0) return;
    const top = place * ROW;
    const bottom = top + ROW + HEAD;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (element.clientHeight > 0 && bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [place]);
}

/** Widths of the columns, px, by what their first rows hold. */
function useWidths(table: DraftTable): readonly number[] {
  const [widths] = useState(() =>
    table.draft.columns.map((column, at) => {
      const longest = table.draft.preview.reduce((most, cells) => Math.max(most, (cells[at] ?? "").length), column.length + 1);
      return Math.round(Math.max(64, Math.min(260, longest * CHARACTER + 26)));
    }),
  );
  return widths;
}

function same(field: string, column: string): boolean {
  return field.trim().toUpperCase() === column.trim().toUpperCase();
}
