/** A tree of tables and columns of which only what is in sight is drawn. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Column } from "../shared/catalog";
import { count, counted } from "../shared/format";
import { Icon, useId } from "../shared/ui";
import { highlightParts, sqlName, tableSqlName, type SchemaState, type TreeItem } from "./schema";

export interface TreeProps {
  state: SchemaState;
  /** `stay` leaves the focus in the tree. */
  onInsert: (text: string, stay: boolean) => void;
}

const ITEM_HEIGHT = 24;
const MORE_ITEMS = 8;

/** `label` names the tree; `empty` is drawn where it has no items; `mostItems` is how many it has room for before it scrolls. */
export function Tree({ state, onInsert, label, empty, mostItems }: TreeProps & { label: string; empty: ComponentChildren; mostItems?: number }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const sight = useSignal({ top: 0, height: 320 });
  const id = useId();
  const items = state.items.value;
  const active = state.activeIndex;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = (): void => void (sight.value = { top: element.scrollTop, height: element.clientHeight || 320 });
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  useEffect(() => {
    const element = scroller.current;
    if (!element || active < 0) return;
    const top = active * ITEM_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ITEM_HEIGHT > element.scrollTop + element.clientHeight) element.scrollTop = top + ITEM_HEIGHT - element.clientHeight;
  }, [active]);

  const first = Math.max(0, Math.floor(sight.value.top / ITEM_HEIGHT) - MORE_ITEMS);
  const last = Math.min(items.length, Math.ceil((sight.value.top + sight.value.height) / ITEM_HEIGHT) + MORE_ITEMS);
  const inSight = active >= first && active < last;
  if (items.length === 0) return <>{empty}</>;
  return (
    <div
      ref={scroller}
      class="sky-tree"
      style={mostItems === undefined ? undefined : { flex: "none", height: `${Math.min(mostItems, items.length) * ITEM_HEIGHT}px`, minHeight: 0 }}
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={inSight ? `${id}-${active}` : undefined}
      onKeyDown={(event) => onKey(event, state, onInsert, Math.floor(sight.value.height / ITEM_HEIGHT))}
      onFocus={() => {
        if (state.activeIndex < 0) state.move(1);
      }}
    >
      <div role="presentation" class="sky-tree__all" style={{ height: `${items.length * ITEM_HEIGHT}px` }}>
        {items.slice(first, last).map((item, at) => (
          <Item key={item.id} id={`${id}-${first + at}`} item={item} top={(first + at) * ITEM_HEIGHT} active={first + at === active} state={state} onInsert={onInsert} />
        ))}
      </div>
    </div>
  );
}

interface ItemProps extends TreeProps {
  id: string;
  item: TreeItem;
  top: number;
  active: boolean;
}

function Item({ id, item, top, active, state, onInsert }: ItemProps): JSX.Element {
  const filter = state.filter.value;
  return (
    <div
      id={id}
      class={`sky-tree__item sky-tree__item--${item.kind} ${active ? "sky-tree__item--active" : ""}`}
      role="treeitem"
      aria-level={item.level}
      aria-posinset={item.position}
      aria-setsize={item.siblings}
      aria-expanded={item.kind === "column" ? undefined : item.open}
      aria-selected={active}
      style={{ top: `${top}px`, paddingLeft: `${(item.level - 1) * 14 + 4}px` }}
      title={tooltip(item)}
      onClick={(event) => {
        state.activeId.value = item.id;
        const onName = event.target instanceof Element && event.target.closest(".sky-tree__name") !== null;
        if (item.kind === "column" || (item.kind === "table" && onName)) onInsert(nameOf(item), false);
        else state.toggle(item.id);
      }}
    >
      {item.kind === "column" ? <span class="sky-tree__leaf" /> : <Icon name={item.open ? "down" : "right"} />}
      <span class="sky-tree__name sky-truncate">
        {item.kind === "release" ? item.release || "Tables" : <Highlighted text={item.kind === "table" ? item.table.name : item.column.name} filter={filter} />}
      </span>
      <span class="sky-tree__fact">{fact(item)}</span>
    </div>
  );
}

/** What is known of a column. */
export function ColumnFacts({ column, filter }: { column: Column; filter: string }): JSX.Element {
  return (
    <>
      <p>
        <Highlighted text={column.description || "No description."} filter={filter} />
      </p>
      <dl class="sky-schema__facts">
        <dt>Type</dt>
        <dd>{column.type}</dd>
        <dt>Unit</dt>
        <dd>{column.unit ?? "none"}</dd>
        <dt>UCD</dt>
        <dd>{column.ucd ? <Highlighted text={column.ucd} filter={filter} /> : "none"}</dd>
      </dl>
    </>
  );
}

/** A text with the filter's words marked. */
export function Highlighted({ text, filter }: { text: string; filter: string }): JSX.Element {
  return (
    <>
      {highlightParts(text, filter).map((part, at) =>
        part.hit ? (
          <mark key={at} class="sky-mark">
            {part.text}
          </mark>
        ) : (
          part.text
        ),
      )}
    </>
  );
}

function onKey(event: KeyboardEvent, state: SchemaState, onInsert: TreeProps["onInsert"], page: number): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const active = state.active;
  const actions: Record<string, () => void> = {
    ArrowDown: () => state.move(1),
    ArrowUp: () => state.move(-1),
    ArrowRight: () => state.openOrEnter(),
    ArrowLeft: () => state.closeOrLeave(),
    PageDown: () => state.move(page),
    PageUp: () => state.move(-page),
    Home: () => state.move(-state.items.value.length),
    End: () => state.move(state.items.value.length),
    Enter: () => {
      if (active?.kind === "release") state.toggle(active.id);
      else if (active) onInsert(nameOf(active), true);
    },
    " ": () => {
      if (active && active.kind !== "column") state.toggle(active.id);
    },
  };
  const act = actions[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

/** An item's name as SQL takes it. */
export function nameOf(item: TreeItem): string {
  if (item.kind === "release") return item.release;
  return item.kind === "table" ? tableSqlName(item.table) : sqlName(item.column.name);
}

function fact(item: TreeItem): string {
  if (item.kind === "release") return counted(item.tables, "table");
  if (item.kind === "table") return item.table.row_count === null ? "" : count(item.table.row_count);
  return item.column.unit ? `${item.column.type} · ${item.column.unit}` : item.column.type;
}

function tooltip(item: TreeItem): string {
  if (item.kind === "release") return item.release;
  if (item.kind === "table") {
    const rows = item.table.row_count === null ? "" : counted(item.table.row_count, "row");
    return [item.table.name, item.table.description, rows, "Click the name to insert it, the arrow to see its columns"].filter(Boolean).join("\n");
  }
  const { name, type, unit, ucd, description } = item.column;
  return [name, [type, unit, ucd].filter(Boolean).join(" · "), description].filter(Boolean).join("\n");
}
