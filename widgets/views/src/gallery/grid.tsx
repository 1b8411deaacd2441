/** The grid of images: only those in sight are in the page, however many there are. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { GalleryRow } from "../shared/cutout";
import { Icon, useId } from "../shared/ui";
import { useSize } from "../jobs/hooks";
import { OutcomeSign, outcomeWord } from "./outcome";
import { SIZES, type GalleryState } from "./state";

const GAP = 8;
/** Height of the words below an image, px. */
const CAPTION = 38;
/** Lines of images drawn beyond what is in sight, at either end. */
const MORE_LINES = 1;
/** While the page flies by, images are asked for so often at most, milliseconds. */
const PAUSE_MS = 120;

interface Layout {
  columns: number;
  /** Sides of an image's box, px. */
  box: number;
  lineHeight: number;
}

export function Grid({ state }: { state: GalleryState }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const size = useSize(scroller);
  const id = useId();
  const shown = state.shown.value;
  const layout = layoutOf(size?.width ?? 0, SIZES[state.size.value]);
  const { columns, lineHeight, box } = layout;
  const lines = Math.ceil(shown.length / columns);
  const [top, setTop] = useState(0);
  const height = size?.height ?? 0;
  const firstLine = Math.max(0, Math.floor(top / lineHeight) - MORE_LINES);
  const lastLine = Math.min(lines - 1, Math.floor((top + height) / lineHeight) + MORE_LINES);
  const first = firstLine * columns;
  const drawn = size ? shown.slice(first, (lastLine + 1) * columns) : [];
  useScrollTop(scroller, lineHeight, setTop);
  useKeepInSight(scroller, state, layout);
  useWanted(state, drawn, box);
  const active = state.active.value;
  const selected = state.selected.value;
  return (
    <div
      ref={scroller}
      class="sky-gal__grid"
      role="listbox"
      aria-label="Images"
      aria-multiselectable="true"
      aria-describedby={`${id}-keys`}
      aria-activedescendant={drawn.some((row) => row.row === active) ? `${id}-${active}` : undefined}
      tabIndex={0}
      data-autofocus
      onKeyDown={(event) => onKey(event, state, columns, Math.max(1, Math.floor(height / lineHeight)))}
      onFocus={() => {
        if (state.active.peek() === null) state.move(0);
      }}
    >
      <div role="presentation" class="sky-gal__all" style={{ height: `${lines * lineHeight + GAP}px` }}>
        {drawn.map((row, index) => {
          const place = first + index;
          return (
            <Cell
              key={row.row}
              id={`${id}-${row.row}`}
              state={state}
              row={row}
              path={state.thumbnailPath(row, box)}
              place={place}
              count={shown.length}
              left={GAP + (place % columns) * (box + GAP)}
              top={GAP + Math.floor(place / columns) * lineHeight}
              box={box}
              active={row.row === active}
              selected={selected.has(row.row)}
            />
          );
        })}
      </div>
      <p id={`${id}-keys`} class="sky-visually-hidden">
        Arrow keys move, Enter fills the screen with an image, Space selects it, A selects all.
      </p>
    </div>
  );
}

interface CellProps {
  id: string;
  state: GalleryState;
  row: GalleryRow;
  path: string | null;
  place: number;
  count: number;
  left: number;
  top: number;
  box: number;
  active: boolean;
  selected: boolean;
}

function Cell({ id, state, row, path, place, count, left, top, box, active, selected }: CellProps): JSX.Element {
  const picture = path === null ? null : state.pictures.at(path).value;
  const words = [row.name || `row ${row.row + 1}`, outcomeWord(row.outcome), row.message].filter(Boolean).join(", ");
  return (
    <div
      id={id}
      role="option"
      aria-selected={selected}
      aria-posinset={place + 1}
      aria-setsize={count}
      aria-label={words}
      title={words}
      class={`sky-gal__cell ${active ? "sky-gal__cell--here" : ""} ${selected ? "sky-gal__cell--selected" : ""}`}
      style={{ left: `${left}px`, top: `${top}px`, width: `${box}px`, height: `${box + CAPTION}px` }}
      onClick={(event) => {
        if (event.shiftKey) state.goTo(row.row, true);
        else if (event.ctrlKey || event.metaKey) {
          state.goTo(row.row);
          state.toggle(row.row);
        } else state.open(row.row);
      }}
    >
      <div class="sky-gal__box" style={{ height: `${box}px` }}>
        {picture?.url && <img src={picture.url} alt="" draggable={false} decoding="async" />}
        {picture?.problem && <span class="sky-gal__none sky-gal__none--bad">{picture.problem}</span>}
        {path === null && (
          <span class="sky-gal__none">
            <OutcomeSign outcome={row.outcome} />
            {outcomeWord(row.outcome)}
          </span>
        )}
        <span
          class="sky-gal__check"
          aria-hidden="true"
          title="Select (Space)"
          onClick={(event) => {
            event.stopPropagation();
            state.goTo(row.row);
            state.toggle(row.row);
          }}
        >
          {selected && <Icon name="check" />}
        </span>
        {row.outcome !== "done" && path !== null && (
          <span class={`sky-gal__badge sky-gal__badge--${row.outcome}`} aria-hidden="true">
            <OutcomeSign outcome={row.outcome} />
            {outcomeWord(row.outcome)}
          </span>
        )}
      </div>
      <span class="sky-gal__name sky-truncate">{row.name || `Row ${row.row + 1}`}</span>
      <span class="sky-gal__tile sky-truncate">{row.message || row.tile}</span>
    </div>
  );
}

/** How many images stand side by side, and how large they are when they fill the width. */
export function layoutOf(width: number, side: number): Layout {
  const columns = Math.max(1, Math.floor((width - GAP) / (side + GAP)));
  const box = width > 0 ? Math.max(48, Math.floor((width - GAP) / columns) - GAP) : side;
  const most = Math.floor(side * 1.5);
  const kept = Math.min(box, most);
  return { columns, box: kept, lineHeight: kept + CAPTION + GAP };
}

function onKey(event: KeyboardEvent, state: GalleryState, columns: number, linesInSight: number): void {
  if (event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const extend = event.shiftKey;
  const active = state.active.peek();
  const acts: Record<string, () => void> = {
    ArrowRight: () => state.move(1, extend),
    ArrowLeft: () => state.move(-1, extend),
    ArrowDown: () => state.move(columns, extend),
    ArrowUp: () => state.move(-columns, extend),
    PageDown: () => state.move(columns * linesInSight, extend),
    PageUp: () => state.move(-columns * linesInSight, extend),
    Home: () => state.move(-Infinity, extend),
    End: () => state.move(Infinity, extend),
    Enter: () => active !== null && state.open(active),
    " ": () => active !== null && state.toggle(active),
    a: () => state.toggleAll(),
    A: () => state.toggleAll(),
    Escape: () => state.clearSelection(),
  };
  const act = control && event.key.toLowerCase() !== "a" ? undefined : acts[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

/** Follow the scroller, but draw again only when another line comes into sight. */
function useScrollTop(scroller: { current: HTMLDivElement | null }, lineHeight: number, setTop: (top: number) => void): void {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = (): void => setTop(Math.floor(element.scrollTop / lineHeight) * lineHeight);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => element.removeEventListener("scroll", look);
  }, [lineHeight]);
}

/** Scroll so that the active image is in sight, whenever it becomes another. */
function useKeepInSight(scroller: { current: HTMLDivElement | null }, state: GalleryState, { columns, lineHeight }: Layout): void {
  const active = state.active.value;
  useLayoutEffect(() => {
    const element = scroller.current;
    const place = active === null ? undefined : state.places.peek().get(active);
    if (!element || place === undefined || element.clientHeight === 0) return;
    const top = Math.floor(place / columns) * lineHeight;
    const bottom = top + lineHeight + GAP;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [active, columns, lineHeight]);
}

/** Ask for the images in sight: at once, and again now and then while the page is scrolled. */
function useWanted(state: GalleryState, drawn: readonly GalleryRow[], box: number): void {
  const paths = drawn.flatMap((row) => state.thumbnailPath(row, box) ?? []);
  const key = paths.join(" ");
  const asked = useRef(-Infinity);
  useEffect(() => {
    if (state.opened.peek() !== null) return;
    const ask = (): void => {
      if (paths.length > 0) asked.current = performance.now();
      state.pictures.want(paths);
    };
    const wait = asked.current + PAUSE_MS - performance.now();
    if (wait <= 0) {
      ask();
      return;
    }
    const timer = setTimeout(ask, wait);
    return () => clearTimeout(timer);
  }, [key, state.opened.value]);
}
