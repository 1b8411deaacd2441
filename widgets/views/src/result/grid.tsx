/** The grid: only the cells in sight are in the page, however many rows and columns there are. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { count } from "../shared/format";
import { Icon, useId } from "../shared/ui";
import { dragWidth, onKey, useDragSelection, useKeepInSight, useSight, type Sight } from "./input";
import { HEAD_HEIGHT, ROW_HEIGHT, visibleColumns, type GridState, type Place } from "./state";
import type { ResultColumn } from "./table";
import type { Block } from "./text";

interface Range {
  first: number;
  last: number;
}

const MORE_ROWS = 6;

export function Grid({ state, label }: { state: GridState; label: string }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const sight = useSignal<Sight>({ left: 0, top: 0, width: 800, height: 400 });
  const numberWidth = 20 + 8 * String(state.rowCount).length;
  useSight(scroller, sight);
  useKeepInSight(scroller, state, numberWidth);

  const { left, top, width, height } = sight.value;
  const starts = state.starts.value;
  const rows = visibleRows(state.rowCount, top, height);
  const columns = visibleColumns(starts, left, width - numberWidth);
  const total = numberWidth + (starts.at(-1) ?? 0);
  const active = state.active.value;
  const selection = state.selection;
  const drag = useDragSelection(scroller, state, numberWidth);
  return (
    <div class="sky-grid">
      <div
        ref={scroller}
        class="sky-grid__scroller"
        role="grid"
        aria-label={label}
        aria-describedby={`${id}-keys`}
        aria-rowcount={state.rowCount + 1}
        aria-colcount={state.columnCount + 1}
        aria-multiselectable="true"
        aria-activedescendant={isRendered(active, rows, columns) ? cellId(id, active) : undefined}
        tabIndex={0}
        onKeyDown={(event) => onKey(event, state, Math.max(1, Math.floor((height - HEAD_HEIGHT) / ROW_HEIGHT) - 1))}
        onCopy={(event) => {
          const text = state.copyText();
          if (!text || !event.clipboardData) return;
          event.preventDefault();
          event.clipboardData.setData("text/plain", text);
        }}
        {...drag}
      >
        <div class="sky-grid__all" role="presentation" style={{ width: `${total}px`, height: `${HEAD_HEIGHT + state.rowCount * ROW_HEIGHT}px` }}>
          <Head state={state} id={id} columns={columns} numberWidth={numberWidth} total={total} />
          {span(rows).map((row) => (
            <Row key={row} state={state} id={id} row={row} columns={columns} numberWidth={numberWidth} total={total} selection={selection} active={active} />
          ))}
        </div>
      </div>
      <p id={`${id}-keys`} class="sky-visually-hidden">
        Arrow keys move, with Shift they select, Control C copies. In the head, Enter sorts, Shift Enter adds a sort key, Alt and arrow keys change a
        column&apos;s width.
      </p>
    </div>
  );
}

interface Drawn {
  state: GridState;
  id: string;
  columns: Range;
  numberWidth: number;
  total: number;
}

function Head({ state, id, columns, numberWidth, total }: Drawn): JSX.Element {
  const { row: activeRow, column: activeColumn } = state.active.value;
  return (
    <div class="sky-grid__head" role="row" aria-rowindex={1} style={{ width: `${total}px`, height: `${HEAD_HEIGHT}px` }}>
      <div class="sky-grid__corner" role="columnheader" aria-colindex={1} style={{ width: `${numberWidth}px` }}>
        <span class="sky-visually-hidden">Row</span>
      </div>
      {span(columns).map((index) => {
        const column = state.table.columns[index];
        return column && <HeadCell key={index} {...{ state, id, index, column, numberWidth }} active={activeRow < 0 && activeColumn === index} />;
      })}
    </div>
  );
}

interface HeadCellProps {
  state: GridState;
  id: string;
  index: number;
  column: ResultColumn;
  numberWidth: number;
  active: boolean;
}

function HeadCell({ state, id, index, column, numberWidth, active }: HeadCellProps): JSX.Element {
  const keys = state.keys.value;
  const at = keys.findIndex((key) => key.column === index);
  const key = keys[at];
  const sorted = key === undefined ? "none" : key.descending ? "descending" : "ascending";
  return (
    <div
      id={cellId(id, { row: -1, column: index })}
      class={`sky-grid__title ${column.numeric ? "sky-grid--number" : ""} ${active ? "sky-grid--active" : ""}`}
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={at > 0 ? undefined : sorted}
      title={describe(column)}
      style={{ left: `${numberWidth + (state.starts.value[index] ?? 0)}px`, width: `${state.widths.value[index] ?? 0}px` }}
      onClick={(event) => {
        state.goTo({ row: -1, column: index });
        state.sort(index, event.shiftKey);
      }}
    >
      <span class="sky-grid__name">
        <span class="sky-truncate">{column.name}</span>
        {key && (
          <span class="sky-grid__sort">
            <Icon name={key.descending ? "down" : "up"} />
            <span class="sky-visually-hidden">sorted {sorted}</span>
            {keys.length > 1 && <small>{at + 1}</small>}
          </span>
        )}
      </span>
      <span class="sky-grid__unit sky-truncate">{column.unit ? `[${column.unit}]` : "\u00a0"}</span>
      <span
        class="sky-grid__handle"
        aria-hidden="true"
        onClick={(event) => event.stopPropagation()}
        onDblClick={() => state.fit(index)}
        onPointerDown={(event) => dragWidth(event, state, index)}
      />
    </div>
  );
}

function Row(props: Drawn & { row: number; selection: Block | null; active: Place }): JSX.Element {
  const { state, id, row, columns, numberWidth, total, selection, active } = props;
  const source = state.order.value[row] ?? 0;
  const inRows = selection !== null && row >= selection.top && row <= selection.bottom;
  return (
    <div
      class={`sky-grid__row ${row % 2 === 1 ? "sky-grid__row--odd" : ""}`}
      role="row"
      aria-rowindex={row + 2}
      style={{ top: `${HEAD_HEIGHT + row * ROW_HEIGHT}px`, height: `${ROW_HEIGHT}px`, width: `${total}px` }}
    >
      <div class={`sky-grid__number ${inRows ? "sky-grid__number--on" : ""}`} role="rowheader" aria-colindex={1} style={{ width: `${numberWidth}px` }}>
        {count(row + 1)}
      </div>
      {span(columns).map((index) => {
        const column = state.table.columns[index];
        const selected = inRows && index >= selection.left && index <= selection.right;
        const isActive = active.row === row && active.column === index;
        return (
          column && (
            <div
              key={index}
              id={cellId(id, { row, column: index })}
              class={`sky-grid__cell ${column.numeric ? "sky-grid--number" : ""} ${selected ? "sky-grid--selected" : ""} ${isActive ? "sky-grid--active" : ""}`}
              role="gridcell"
              aria-colindex={index + 2}
              aria-selected={selected}
              style={{ left: `${numberWidth + (state.starts.value[index] ?? 0)}px`, width: `${state.widths.value[index] ?? 0}px` }}
            >
              <Value column={column} row={source} />
            </div>
          )
        );
      })}
    </div>
  );
}

/** A value as text. A null and an empty text are told apart from each other, and from the words "null" and "''". */
function Value({ column, row }: { column: ResultColumn; row: number }): JSX.Element {
  const value = column.at(row);
  if (value === null) return <span class="sky-grid__null">null</span>;
  if (value === "")
    return (
      <span class="sky-grid__null" title="empty text">
        &apos;&apos;
      </span>
    );
  const text = column.format(value);
  return <span title={text.length > 24 ? text : undefined}>{text}</span>;
}

function describe(column: ResultColumn): string {
  const facts = [column.type, column.unit, column.ucd].filter(Boolean).join(" · ");
  return [column.name, facts, column.description].filter(Boolean).join("\n");
}

function visibleRows(rowCount: number, top: number, height: number): Range {
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - MORE_ROWS);
  return { first, last: Math.min(rowCount - 1, Math.ceil((top + height) / ROW_HEIGHT) + MORE_ROWS) };
}

function span({ first, last }: Range): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
}

function isRendered(place: Place, rows: Range, columns: Range): boolean {
  const inRows = place.row < 0 || (place.row >= rows.first && place.row <= rows.last);
  return inRows && place.column >= columns.first && place.column <= columns.last;
}

function cellId(id: string, { row, column }: Place): string {
  return `${id}-${row}-${column}`;
}
