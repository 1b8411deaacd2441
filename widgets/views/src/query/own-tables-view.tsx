/** My tables in the schema browser: the list, how much room is left, and what can be done with a table. */

import type { JSX } from "preact";
import { count, counted, size } from "../shared/format";
import type { Table } from "../shared/catalog";
import type { OwnTable, Quota } from "../shared/own-tables";
import { Button, Icon, Loading, MenuButton, RetryMessage, Time, useId, type MenuItem } from "../shared/ui";
import type { OwnTablesState } from "./own-tables";
import { tableSqlName } from "./schema";
import { ColumnFacts, Highlighted, nameOf, Tree, type TreeProps } from "./schema-tree";

/** Lines of the list before it scrolls; the half one says that there are more. */
const MOST_ITEMS = 9.5;
/** From here on the bar of the quota warns. */
const NEARLY_FULL = 0.9;

interface Props {
  state: OwnTablesState;
  onInsert: TreeProps["onInsert"];
}

export function OwnTables({ state, onInsert }: Props): JSX.Element {
  const id = useId();
  const open = state.open.value;
  return (
    <section class="sky-own" aria-label="My tables">
      <div class="sky-own__head">
        <h3>
          <button type="button" class="sky-own__title" aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => (state.open.value = !open)}>
            <Icon name={open ? "down" : "right"} />
            My tables
          </button>
        </h3>
        <Button icon="plus" kind="quiet" haspopup="dialog" onClick={() => state.newTable()} title="Make a table of a file or of a job's result">
          New table
        </Button>
      </div>
      {open && (
        <div id={id}>
          <Listed state={state} onInsert={onInsert} />
        </div>
      )}
    </section>
  );
}

function Listed({ state, onInsert }: Props): JSX.Element {
  const status = state.list.status.value;
  const list = state.list.value;
  return (
    <>
      {status.state === "failed" && <RetryMessage message={`Your tables could not be read: ${status.message}`} onRetry={() => void state.list.reload()} />}
      {!list && status.state === "loading" && <Loading text="Reading your tables …" />}
      {list && <QuotaBar quota={list.quota} />}
      {list && (list.tables.length === 0 ? <None /> : <Tree state={state.tree} onInsert={onInsert} label="My tables and their columns" mostItems={MOST_ITEMS} empty={<NotFound state={state} />} />)}
      <Details state={state} onInsert={onInsert} />
    </>
  );
}

function QuotaBar({ quota }: { quota: Quota }): JSX.Element {
  const { used_bytes: used, limit_bytes: limit, tables, max_tables: most } = quota;
  const fraction = limit > 0 ? Math.min(1, used / limit) : 1;
  const words = `${size(used)} of ${size(limit)} used`;
  const full = fraction >= NEARLY_FULL || tables >= most;
  return (
    <div class={`sky-own__quota ${full ? "sky-own__quota--full" : ""}`}>
      <div class="sky-own__bar" role="meter" aria-label="Room for my tables" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(fraction * 100)} aria-valuetext={words}>
        <div style={{ width: `${fraction * 100}%` }} />
      </div>
      <span class="sky-muted">
        {words} · {count(tables)} of {counted(most, "table")}
      </span>
    </div>
  );
}

function None(): JSX.Element {
  return (
    <p class="sky-own__none sky-muted">
      You have no tables yet. Load a list of your objects here, or save the rows of a query, and join it with the survey&apos;s tables by name.
    </p>
  );
}

function NotFound({ state }: { state: OwnTablesState }): JSX.Element {
  return <p class="sky-own__none sky-muted">None of your tables has “{state.tree.filter.value}”.</p>;
}

/** What is known of the table or column that one is at, and what can be done with it. */
function Details({ state, onInsert }: Props): JSX.Element | null {
  const item = state.tree.active;
  const active = state.active;
  if (!item || item.kind === "release" || !active) return null;
  const { own, table } = active;
  const filter = state.tree.filter.value;
  return (
    <div class="sky-schema__details sky-own__details">
      <strong class="sky-own__name" title={nameOf(item)}>
        {item.kind === "table" ? item.table.name : item.column.name}
      </strong>
      <div class="sky-row sky-row--wrap sky-own__actions">
        <Button onClick={() => onInsert(nameOf(item), false)} title="Put the name into the query at the cursor">
          Insert
        </Button>
        <Button onClick={() => state.query(table)} title={`Put SELECT * FROM ${tableSqlName(table)} into the editor`}>
          Query
        </Button>
        <MenuButton label={`Actions for ${table.name}`} text="Actions" icon="down" items={actions(state, own, table)} />
      </div>
      {item.kind === "column" ? (
        <ColumnFacts column={item.column} filter={filter} />
      ) : (
        <>
          <p>
            <Highlighted text={own.description || "No description."} filter={filter} />
          </p>
          <Facts own={own} />
        </>
      )}
    </div>
  );
}

function Facts({ own }: { own: OwnTable }): JSX.Element {
  return (
    <dl class="sky-schema__facts">
      <dt>Size</dt>
      <dd>
        {counted(own.rows, "row")} · {counted(own.columns.length, "column")} · {size(own.size_bytes)}
      </dd>
      {own.indexes.length > 0 && (
        <>
          <dt>Indexes</dt>
          <dd>{own.indexes.join(", ")}</dd>
        </>
      )}
      <dt>Changed</dt>
      <dd>
        <Time iso={own.changed_at} />
      </dd>
      <dt>{own.own ? "Readers" : "Owner"}</dt>
      <dd>{own.own ? readers(own) : own.owner}</dd>
    </dl>
  );
}

function readers({ grants }: OwnTable): string {
  return grants.length === 0 ? "only you" : `you, ${grants.map((grant) => (grant.kind === "group" ? `group ${grant.name}` : grant.name)).join(", ")}`;
}

function actions(state: OwnTablesState, own: OwnTable, table: Table): MenuItem[] {
  const forAll: MenuItem[] = [
    { label: "Match with the catalogue …", hint: "Find the catalogue's objects at these positions", onSelect: () => state.match(own) },
    ...(state.canCut(own) ? [{ label: "Cut images", hint: "Give the positions to the Cutouts panel", onSelect: () => void state.cut(table) }] : []),
  ];
  if (!own.own) return forAll;
  return [
    { label: "Load more …", hint: "Append the rows of a file", onSelect: () => state.append(own) },
    ...forAll,
    { label: "Rename, describe, index …", hint: "Name, descriptions, units and indexes", onSelect: () => state.edit(own) },
    { label: "Share …", hint: "Let users or groups read it", onSelect: () => state.share(own) },
    { label: "Drop …", hint: "Erase the table", danger: true, onSelect: () => state.askToDrop(own) },
  ];
}
