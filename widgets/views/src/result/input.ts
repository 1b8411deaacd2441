/** How the grid hears keys, pointers and scrolling. */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { HEAD_HEIGHT, ROW_HEIGHT, visibleColumns, type GridState, type Place } from "./state";

/** The part of the grid that is in sight, px. */
export interface Sight {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface DragHandlers {
  onPointerDown: (event: PointerEvent) => void;
  onPointerMove: (event: PointerEvent) => void;
  onPointerUp: () => void;
  onPointerCancel: () => void;
}

/** What a key does; `page` is the number of rows that Page Down goes. */
export function onKey(event: KeyboardEvent, state: GridState, page: number): void {
  const { shiftKey: shift } = event;
  const control = event.ctrlKey || event.metaKey;
  const { row, column } = state.active.value;
  const act = (what: () => void): void => {
    what();
    event.preventDefault();
    event.stopPropagation();
  };
  if (row < 0 && event.altKey && event.key === "ArrowLeft") return act(() => state.widen(column, -16));
  if (row < 0 && event.altKey && event.key === "ArrowRight") return act(() => state.widen(column, 16));
  if (event.altKey) return;
  switch (event.key) {
    case "ArrowDown":
      return act(() => (control ? state.goTo({ row: state.rowCount - 1, column }, shift) : state.move(1, 0, shift)));
    case "ArrowUp":
      return act(() => (control ? state.goTo({ row: 0, column }, shift) : state.move(-1, 0, shift)));
    case "ArrowRight":
      return act(() => (control ? state.goTo({ row, column: state.columnCount - 1 }, shift) : state.move(0, 1, shift)));
    case "ArrowLeft":
      return act(() => (control ? state.goTo({ row, column: 0 }, shift) : state.move(0, -1, shift)));
    case "PageDown":
      return act(() => state.move(page, 0, shift));
    case "PageUp":
      return act(() => state.goTo({ row: Math.max(0, row - page), column }, shift));
    case "Home":
      return act(() => state.goTo({ row: control ? 0 : row, column: 0 }, shift));
    case "End":
      return act(() => state.goTo({ row: control ? state.rowCount - 1 : row, column: state.columnCount - 1 }, shift));
    case "Enter":
    case " ":
      if (row < 0) act(() => state.sort(column, shift));
      return;
    case "a":
      if (control) act(() => state.selectAll());
      return;
    case "Escape":
      if (!same(state.anchor.value, state.active.value)) act(() => (state.anchor.value = state.active.value));
      return;
  }
}

/** Follow the scroller's place and size. */
export function useSight(scroller: { current: HTMLDivElement | null }, sight: { value: Sight }): void {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = (): void => {
      const { scrollLeft: left, scrollTop: top, clientWidth, clientHeight } = element;
      sight.value = { left, top, width: clientWidth || 800, height: clientHeight || 400 };
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
}

/** Scroll so that the active cell is in sight, whenever it becomes another. */
export function useKeepInSight(scroller: { current: HTMLDivElement | null }, state: GridState, numberWidth: number): void {
  const { row, column } = state.active.value;
  const first = useRef(true);
  useEffect(() => {
    const element = scroller.current;
    if (first.current || !element) {
      first.current = false;
      return;
    }
    const starts = state.starts.peek();
    const [left, right] = [starts[column] ?? 0, starts[column + 1] ?? 0];
    const width = element.clientWidth - numberWidth;
    if (left < element.scrollLeft || right - left > width) element.scrollLeft = left;
    else if (right > element.scrollLeft + width) element.scrollLeft = right - width;
    if (row < 0) return;
    const [top, bottom] = [row * ROW_HEIGHT, (row + 1) * ROW_HEIGHT];
    const height = element.clientHeight - HEAD_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + height) element.scrollTop = bottom - height;
  }, [row, column]);
}

/** Select by pressing and drawing; a row's number selects the row. */
export function useDragSelection(
  scroller: { current: HTMLDivElement | null },
  state: GridState,
  numberWidth: number,
): DragHandlers {
  const drawing = useRef<"cells" | "rows" | null>(null);
  const placeOf = (event: PointerEvent): { place: Place; inNumbers: boolean } | null => {
    const element = scroller.current;
    if (!element) return null;
    const box = element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = Math.floor((y - HEAD_HEIGHT + element.scrollTop) / ROW_HEIGHT);
    const column = visibleColumns(state.starts.peek(), x - numberWidth + element.scrollLeft, 0).first;
    return { place: { row: Math.max(0, Math.min(state.rowCount - 1, row)), column }, inNumbers: x < numberWidth };
  };
  const end = (): void => {
    drawing.current = null;
  };
  return {
    onPointerDown: (event) => {
      const hit = event.target instanceof Element ? event.target.closest(".sky-grid__cell, .sky-grid__number") : null;
      const found = placeOf(event);
      if (event.button !== 0 || !hit || !found) return;
      drawing.current = found.inNumbers ? "rows" : "cells";
      if (found.inNumbers) state.selectRow(found.place.row, event.shiftKey);
      else state.goTo(found.place, event.shiftKey);
    },
    onPointerMove: (event) => {
      if (drawing.current === null || event.buttons === 0) return end();
      const found = placeOf(event);
      if (!found) return;
      if (drawing.current === "rows") state.selectRow(found.place.row, true);
      else if (!same(found.place, state.active.peek())) state.goTo(found.place, true);
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}

/** Change a column's width until the pointer is let go. */
export function dragWidth(event: PointerEvent, state: GridState, column: number): void {
  if (!(event.currentTarget instanceof HTMLElement)) return;
  const handle = event.currentTarget;
  const from = event.clientX - (state.widths.peek()[column] ?? 0);
  const move = (moved: PointerEvent): void => state.resize(column, moved.clientX - from);
  handle.setPointerCapture(event.pointerId);
  handle.addEventListener("pointermove", move);
  handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
  event.preventDefault();
  event.stopPropagation();
}

function same(a: Place, b: Place): boolean {
  return a.row === b.row && a.column === b.column;
}
