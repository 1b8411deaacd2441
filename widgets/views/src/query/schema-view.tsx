/** The schema browser: a filter, one's own tables, those of the survey, and what is known of the item that one is at. */

import type { JSX } from "preact";
import { counted } from "../shared/format";
import { EmptyState, Icon, Loading, RetryMessage, useId } from "../shared/ui";
import { OwnTables } from "./own-tables-view";
import type { OwnTablesState } from "./own-tables";
import type { SchemaState } from "./schema";
import { ColumnFacts, Highlighted, nameOf, Tree, type TreeProps } from "./schema-tree";

interface BrowserProps extends TreeProps {
  own: OwnTablesState;
  onRetry: () => void;
}

export function SchemaBrowser({ state, own, onInsert, onRetry }: BrowserProps): JSX.Element {
  const status = state.schema.status.value;
  const field = useId();
  return (
    <div class="sky-schema">
      <label class="sky-visually-hidden" for={field}>
        Filter tables and columns
      </label>
      <div class="sky-schema__filter">
        <Icon name="search" />
        <input
          id={field}
          class="sky-input"
          type="search"
          placeholder="Filter tables and columns"
          value={state.filterText.value}
          onInput={(event) => state.setFilter(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") state.applyFilter();
          }}
        />
      </div>
      {own.available.value && <OwnTables state={own} onInsert={onInsert} />}
      {status.state === "failed" && <RetryMessage message={`The tables could not be read: ${status.message}`} onRetry={onRetry} />}
      {state.schema.value ? <Tree state={state} onInsert={onInsert} label="Tables and columns" empty={<NothingFound state={state} />} /> : status.state === "loading" && <Loading text="Reading the tables …" />}
      <Details state={state} onInsert={onInsert} />
    </div>
  );
}

function NothingFound({ state }: { state: SchemaState }): JSX.Element {
  return (
    <EmptyState title="Nothing found">
      <span>{state.filter.value ? `No table or column has “${state.filter.value}”.` : "The catalogue has no tables that you may read."}</span>
    </EmptyState>
  );
}

/** What is known of the active item, in full. */
function Details({ state, onInsert }: TreeProps): JSX.Element | null {
  const item = state.active;
  if (!item || item.kind === "release") return null;
  const filter = state.filter.value;
  return (
    <div class="sky-schema__details">
      <div class="sky-row">
        <strong class="sky-grow sky-truncate" title={nameOf(item)}>
          {item.kind === "table" ? item.table.name : item.column.name}
        </strong>
        <button type="button" class="sky-button" onClick={() => onInsert(nameOf(item), false)}>
          Insert
        </button>
      </div>
      {item.kind === "table" ? (
        <>
          <p>
            <Highlighted text={item.table.description} filter={filter} />
          </p>
          <p class="sky-muted">
            {[item.table.release, item.table.row_count === null ? "" : counted(item.table.row_count, "row"), counted(item.table.columns.length, "column")].filter(Boolean).join(" · ")}
          </p>
        </>
      ) : (
        <ColumnFacts column={item.column} filter={filter} />
      )}
    </div>
  );
}
