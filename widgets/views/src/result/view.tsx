/** A result as people see it: how much of it there is, what can be done with it, and its rows. */

import { useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { count, counted, duration } from "../shared/format";
import type { ResultMeta } from "../shared/catalog";
import { Button, EmptyState } from "../shared/ui";
import { copyText, saveText } from "./clipboard";
import { Grid } from "./grid";
import { GridState } from "./state";
import type { ResultTable } from "./table";
import { toCsv } from "./text";
import "./result.css";

/** One page of rows and what is known of it. */
export interface Result {
  sql: string;
  table: ResultTable;
  meta: ResultMeta;
}

interface ResultViewProps {
  result: Result;
  /** Missing where the surroundings cannot open notebooks. */
  onNotebook?: (() => void) | undefined;
  /** A notebook is being made. */
  busy?: boolean;
  /** Missing where the surroundings cannot cut images. */
  onCutouts?: (() => void) | undefined;
  /** Missing where the surroundings have no globe. */
  onGlobe?: (() => void) | undefined;
  /** Missing where one has no tables of one's own. */
  onSave?: (() => void) | undefined;
}

/** What is said of a page that is not the whole. */
export const MORE_ROWS = "There are more; submit a job for all.";

/** Kept between drawings, so that order and widths are the same when the panel moves between sidebar and main area. */
const grids = new WeakMap<ResultTable, GridState>();

export function ResultView({ result, onNotebook, busy = false, onCutouts, onGlobe, onSave }: ResultViewProps): JSX.Element {
  const { table, meta } = result;
  const state = useMemo(() => gridOf(table), [table]);
  return (
    <section class="sky-result" aria-label="Result">
      <div class="sky-result__bar">
        <span class="sky-result__summary" role="status">
          {summary(meta)} {meta.truncated && <span class="sky-muted sky-result__more">{MORE_ROWS}</span>}
        </span>
        <div class="sky-result__actions">
          {onNotebook && (
            <Button icon="notebook" busy={busy} onClick={onNotebook} title="Make a notebook whose cell runs this query and draws it">
              Open in notebook
            </Button>
          )}
          {onCutouts && (
            <Button
              icon="image"
              disabled={!hasPositions(table)}
              onClick={onCutouts}
              title={hasPositions(table) ? "Cut images at the positions of the shown rows" : "Cutouts need columns RA and DEC, or COADD_OBJECT_ID"}
            >
              Cutouts
            </Button>
          )}
          {onGlobe && (
            <Button
              icon="globe"
              disabled={!hasPositions(table)}
              onClick={onGlobe}
              title={hasPositions(table) ? "Show the positions of the shown rows on the globe, and whether they are in the footprint" : "The globe needs columns RA and DEC, or COADD_OBJECT_ID"}
            >
              Globe
            </Button>
          )}
          {onSave && (
            <Button icon="table" disabled={table.columns.length === 0} onClick={onSave} title="Run the query again on the server and keep all its rows as a table of yours">
              Save as my table
            </Button>
          )}
          <Button icon="download" disabled={table.columns.length === 0} onClick={() => saveText("quickResults.csv", toCsv(table, state.order.value), "text/csv")} title="Save the shown rows as quickResults.csv">
            CSV
          </Button>
          <Button icon="copy" disabled={table.rowCount === 0} onClick={() => void copyText(state.copyText())} title="Copy the selected cells (Ctrl-C in the grid)">
            Copy
          </Button>
          <label class="sky-check">
            <input type="checkbox" checked={state.withHeader.value} onChange={(event) => (state.withHeader.value = event.currentTarget.checked)} />
            with header
          </label>
        </div>
      </div>
      {table.rowCount === 0 ? (
        <EmptyState title="No rows">
          <span>The query ran, and nothing meets its conditions.</span>
        </EmptyState>
      ) : (
        <>
          <Grid key={result.sql} state={state} label={`Result, ${counted(table.rowCount, "row")}`} />
          <Foot state={state} />
        </>
      )}
    </section>
  );
}

/** Whether the rows say where on the sky they are. */
export function hasPositions({ columns, rowCount }: ResultTable): boolean {
  const names = new Set(columns.map((column) => column.name.toUpperCase()));
  return rowCount > 0 && (names.has("COADD_OBJECT_ID") || (names.has("RA") && names.has("DEC")));
}

/** Where positions come from, as the Cutouts panel says it. */
export function sourceWords({ sql, meta }: Result): string {
  const statement = sql.replace(/\s+/g, " ").trim();
  const short = statement.length > 80 ? `${statement.slice(0, 79)}…` : statement;
  return `the ${meta.truncated ? `first ${counted(meta.rows, "row")}` : counted(meta.rows, "row")} of ${short || "the query"}`;
}

/** How many rows there are and how long they took, in one line. */
export function summary(meta: ResultMeta): string {
  const time = duration(meta.elapsed_seconds);
  if (!meta.truncated) return `${counted(meta.rows, "row")} · ${time}`;
  return `First ${counted(meta.rows, "row")} · ${time}`;
}

/** Where the reader is and how much is selected. */
function Foot({ state }: { state: GridState }): JSX.Element {
  const { row, column } = state.active.value;
  const block = state.selection;
  const source = state.table.columns[column];
  const value = source && row >= 0 ? source.at(state.order.value[row] ?? 0) : null;
  const words = source && row >= 0 ? (value === null ? "null" : value === "" ? "empty text" : source.format(value)) : (source?.description ?? "");
  const cells = block ? (block.bottom - block.top + 1) * (block.right - block.left + 1) : 0;
  return (
    <div class="sky-result__foot sky-row">
      <span class="sky-truncate sky-grow" title={words}>
        {source && `${source.name}${source.unit ? ` [${source.unit}]` : ""}${words ? `: ${words}` : ""}`}
      </span>
      {cells > 1 && <span>{count(cells)} cells selected</span>}
    </div>
  );
}

function gridOf(table: ResultTable): GridState {
  const state = grids.get(table) ?? new GridState(table);
  grids.set(table, state);
  return state;
}
