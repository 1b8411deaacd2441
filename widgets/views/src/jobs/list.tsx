/** The list: only the rows in sight are drawn, so that a thousand jobs scroll as ten do. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { useSize } from "./hooks";
import { COLUMNS, type Column } from "./order";
import { Row, rowId } from "./row";
import type { JobsState } from "./state";

/** Heights of a row, px; jobs.css draws them so. */
const TALL = 50;
const FLAT = 32;
const HEAD = 28;
/** Rows drawn beyond what is in sight, at either end. */
const MARGIN = 4;

/** Least room, px, from which a column is shown. Below the least of all the list has rows of two lines. */
const ROOM: readonly [Column, number][] = [
  ["status", 540],
  ["name", 540],
  ["type", 540],
  ["rows", 540],
  ["duration", 680],
  ["created", 540],
  ["expires", 800],
];

export function JobList({ state, now }: { state: JobsState; now: number }): JSX.Element {
  const grid = useRef<HTMLDivElement>(null);
  const size = useSize(grid);
  const [top, setTop] = useState(0);
  const columns = ROOM.filter(([, room]) => (size?.width ?? 0) >= room).map(([column]) => column);
  const flat = columns.length > 0;
  const height = flat ? FLAT : TALL;
  const head = flat ? HEAD : 0;
  const shown = state.shown.value;
  const active = shown.findIndex((job) => job.id === state.active.value);
  const room = Math.max(0, (size?.height ?? 600) - head);
  const first = Math.max(0, Math.floor(top / height) - MARGIN);
  const last = Math.min(shown.length, Math.ceil((top + room) / height) + MARGIN);
  const drawn = shown.slice(first, last);
  useKeepInSight(grid, active, height, head);
  useFocusAfterDetails(grid, state);
  const page = Math.max(1, Math.floor(room / height) - 1);
  const activeDrawn = active >= first && active < last;
  return (
    <div
      ref={grid}
      class={`sky-jobs__list ${flat ? "sky-jobs__list--flat" : ""}`}
      style={flat ? { "--sky-jobs-columns": columns.map((column) => `var(--sky-jobs-${column})`).join(" ") } : undefined}
      role="grid"
      aria-label="Jobs"
      aria-multiselectable="true"
      aria-rowcount={shown.length + (flat ? 1 : 0)}
      aria-activedescendant={activeDrawn ? rowId(state, state.active.value ?? "") : undefined}
      tabIndex={0}
      data-autofocus
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onFocus={() => {
        if (active < 0) state.move(0);
      }}
      onKeyDown={(event) => onKey(event, state, page)}
    >
      {flat && <ListHead state={state} columns={columns} />}
      <div role="rowgroup" class="sky-jobs__rows" style={{ height: `${shown.length * height}px` }}>
        {drawn.map((job, index) => (
          <Row
            key={job.id}
            state={state}
            job={job}
            now={now}
            columns={columns}
            top={(first + index) * height}
            rowIndex={first + index + (flat ? 2 : 1)}
          />
        ))}
      </div>
    </div>
  );
}

function ListHead({ state, columns }: { state: JobsState; columns: readonly Column[] }): JSX.Element {
  const keys = state.keys.value;
  const shown = state.shown.value;
  const selected = state.selected.value;
  const all = shown.length > 0 && shown.every((job) => selected.has(job.id));
  return (
    <div role="rowgroup" class="sky-jobs__heads">
      <div role="row" class="sky-jobs__head" aria-rowindex={1}>
        <div role="columnheader">
          <input
            type="checkbox"
            aria-label="Select all jobs shown"
            checked={all}
            ref={(box) => {
              if (box) box.indeterminate = !all && shown.some((job) => selected.has(job.id));
            }}
            onChange={() => state.toggleAll()}
          />
        </div>
        {columns.map((column) => {
          const at = keys.findIndex((key) => key.column === column);
          const key = keys[at];
          return (
            <div key={column} role="columnheader" aria-sort={at === 0 ? (key?.descending ? "descending" : "ascending") : undefined}>
              <button
                type="button"
                class="sky-jobs__sort"
                title={`Sort by ${COLUMNS[column].toLowerCase()}; the orders before break ties`}
                onClick={() => state.sortBy(column)}
              >
                {COLUMNS[column]}
                {key && (
                  <span class="sky-muted" aria-hidden="true">
                    {key.descending ? " ↓" : " ↑"}
                    {keys.length > 1 ? <sub>{at + 1}</sub> : null}
                  </span>
                )}
              </button>
            </div>
          );
        })}
        <div role="columnheader">
          <span class="sky-visually-hidden">Actions</span>
        </div>
      </div>
    </div>
  );
}

/** What a key does in the list. */
function onKey(event: KeyboardEvent, state: JobsState, page: number): void {
  // Keys in a field or on a button inside the list are theirs.
  if (event.target !== event.currentTarget || event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const active = state.active.peek();
  const acts: Record<string, () => void> = {
    ArrowDown: () => state.move(1, event.shiftKey),
    ArrowUp: () => state.move(-1, event.shiftKey),
    PageDown: () => state.move(page, event.shiftKey),
    PageUp: () => state.move(-page, event.shiftKey),
    Home: () => state.move(-Infinity, event.shiftKey),
    End: () => state.move(Infinity, event.shiftKey),
    Enter: () => active && state.open(active),
    " ": () => active && state.toggle(active),
    F2: () => {
      if (active) {
        state.open(active);
        state.renaming.value = active;
      }
    },
    Delete: () => state.askToDelete(),
    Escape: () => (state.opened.peek() ? state.closeDetails() : state.clearSelection()),
  };
  const act = control && event.key.toLowerCase() === "a" ? () => state.toggleAll() : control ? undefined : acts[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

/** Scroll so that the row which the keyboard is at is in sight, whenever it becomes another. */
function useKeepInSight(grid: { current: HTMLDivElement | null }, active: number, height: number, head: number): void {
  useLayoutEffect(() => {
    const element = grid.current;
    if (!element || active < 0) return;
    const top = active * height;
    const bottom = top + height + head;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (element.clientHeight > 0 && bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [active, height]);
}

/** Give the focus back to the list when details that covered it are closed. */
function useFocusAfterDetails(grid: { current: HTMLDivElement | null }, state: JobsState): void {
  const open = state.opened.value !== null;
  const was = useRef(open);
  useEffect(() => {
    const root = grid.current?.closest(".sky-root");
    const lost = document.activeElement === document.body || root?.contains(document.activeElement) === true;
    if (was.current && !open && lost) grid.current?.focus({ preventScroll: true });
    was.current = open;
  }, [open]);
}
