/** The jobs panel: head, filter, list, and the details of one job beside the list or over it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { counted } from "../shared/format";
import { errorMessage, type PanelModel } from "../shared/model";
import { Button, Confirm, EmptyState, IconButton, KeyList, Loading, MenuButton, Message, PopoverButton, RetryMessage, Toasts } from "../shared/ui";
import { Details } from "./details";
import { useNow, useSize } from "./hooks";
import { JobList } from "./list";
import { COLUMNS, GROUPS, type Column, type Group } from "./order";
import type { JobsState } from "./state";

/** Room that list and details need to stand side by side, px. */
const ROOM_FOR_BOTH = 760;

export function JobsPanel({ state, model }: { state: JobsState; model: PanelModel }): JSX.Element {
  const body = useRef<HTMLDivElement>(null);
  const size = useSize(body);
  const now = useNow(state.activeCount > 0);
  const opened = state.opened.value;
  const beside = (size?.width ?? 0) >= ROOM_FOR_BOTH;
  const question = state.question.value;
  return (
    <>
      <Head state={state} model={model} />
      <Notices state={state} />
      <div class={`sky-jobs__body ${opened && beside ? "sky-jobs__body--split" : ""}`} ref={body}>
        <div class="sky-jobs__main" hidden={opened !== null && !beside}>
          <Main state={state} now={now} />
        </div>
        {opened && <Details key={opened.id} state={state} job={opened} now={now} beside={beside} />}
      </div>
      <Toasts toasts={state.toasts.value} onDismiss={(id) => state.dismiss(id)} />
      <div class="sky-visually-hidden" role="status">
        {state.announced.value}
      </div>
      {question && <Confirm question={question} onClose={() => (state.question.value = null)} />}
    </>
  );
}

function Head({ state, model }: { state: JobsState; model: PanelModel }): JSX.Element {
  const active = state.activeCount;
  return (
    <div class="sky-head">
      <h2>Jobs</h2>
      <span class="sky-grow sky-muted sky-truncate">{active > 0 ? `${counted(active, "job")} active` : ""}</span>
      {state.can("expand") && <ExpandButton state={state} model={model} />}
      <PopoverButton icon="help" kind="quiet" class="sky-button--icon" label="Help on jobs">
        {() => <Help />}
      </PopoverButton>
    </div>
  );
}

function ExpandButton({ state, model }: { state: JobsState; model: PanelModel }): JSX.Element {
  const [expanded, setExpanded] = useState(model.get("expanded") === true);
  useEffect(() => {
    const follow = (): void => setExpanded(model.get("expanded") === true);
    model.on("change:expanded", follow);
    return () => model.off("change:expanded", follow);
  }, [model]);
  const label = expanded ? "Put the panel back into the sidebar" : "Open the panel wide in the main area";
  return <IconButton icon={expanded ? "fold" : "expand"} label={label} onClick={() => state.transport.host("expand", { panel: "jobs" })} />;
}

const KEYS: readonly [string, string][] = [
  ["↑ ↓", "go to a job"],
  ["Enter", "open its details"],
  ["Space", "select it"],
  ["Shift ↑ ↓", "select several"],
  ["Ctrl A", "select all"],
  ["F2", "rename it"],
  ["Delete", "delete what is selected"],
  ["Escape", "close details, then clear the selection"],
];

function Help(): JSX.Element {
  return (
    <div class="sky-jobs__help">
      <p>Jobs run on the server: they go on when you close the browser.</p>
      <KeyList keys={KEYS} />
    </div>
  );
}

/** What holds for list and details: that they may be old, and why. */
function Notices({ state }: { state: JobsState }): JSX.Element | null {
  const { loaded, problem, connection } = state.store;
  const lost = connection.value === "lost";
  if (!loaded.value || (!lost && problem.value === null)) return null;
  return (
    <div class="sky-jobs__notice">
      {lost ? (
        <Message kind="warn">The connection is lost; this panel follows as soon as it is back.</Message>
      ) : (
        <RetryMessage message={`this list may be old: ${errorMessage(problem.value)}`} onRetry={() => void state.store.list()} />
      )}
    </div>
  );
}

function Main({ state, now }: { state: JobsState; now: number }): JSX.Element {
  const { loaded, problem, jobs } = state.store;
  const failure = problem.value;
  if (!loaded.value) {
    return (
      <div class="sky-jobs__notice">
        {failure === null ? <Loading text="Getting your jobs …" /> : <RetryMessage message={errorMessage(failure)} onRetry={() => void state.store.list()} />}
      </div>
    );
  }
  return (
    <>
      {jobs.value.size === 0 ? (
        <NoJobs />
      ) : (
        <>
          <Toolbar state={state} />
          {state.shown.value.length === 0 ? <NoMatch state={state} /> : <JobList state={state} now={now} />}
        </>
      )}
    </>
  );
}

function NoJobs(): JSX.Element {
  return (
    <EmptyState title="No jobs yet">
      <span>
        Write a query in the Query panel and choose <em>Submit job</em>. It appears here at once, and goes on when you close the browser.
      </span>
    </EmptyState>
  );
}

function NoMatch({ state }: { state: JobsState }): JSX.Element {
  return (
    <EmptyState title="No job matches">
      <span>{counted(state.store.jobs.value.size, "job")} in all.</span>
      <Button onClick={() => (state.filter.value = { text: "", group: "all" })}>Show all</Button>
    </EmptyState>
  );
}

function Toolbar({ state }: { state: JobsState }): JSX.Element {
  const filter = state.filter.value;
  const counts = state.counts.value;
  const selected = state.selected.value.size;
  return (
    <div class="sky-jobs__tools">
      <div class="sky-row">
        <input
          class="sky-input sky-grow"
          type="search"
          placeholder="Filter by name or id"
          aria-label="Filter by name or id"
          value={filter.text}
          onInput={(event) => (state.filter.value = { ...filter, text: event.currentTarget.value })}
        />
        <SortMenu state={state} />
      </div>
      <div class="sky-row">
        <select
          class="sky-select sky-grow"
          aria-label="Status"
          value={filter.group}
          onChange={(event) => (state.filter.value = { ...filter, group: event.currentTarget.value as Group | "all" })}
        >
          {(["all", ...Object.keys(GROUPS)] as (Group | "all")[]).map((group) => (
            <option key={group} value={group}>
              {`${group === "all" ? "All" : GROUPS[group].title} (${counts.get(group) ?? 0})`}
            </option>
          ))}
        </select>
        {selected > 0 && (
          <>
            <Button icon="trash" kind="danger" onClick={() => state.askToDelete()}>
              {`Delete ${selected}`}
            </Button>
            <IconButton icon="cross" label={`Clear the selection of ${counted(selected, "job")}`} onClick={() => state.clearSelection()} />
          </>
        )}
      </div>
    </div>
  );
}

/** The orders that a list without column heads is sorted by. */
function SortMenu({ state }: { state: JobsState }): JSX.Element {
  const keys = state.keys.value;
  const sign = (column: Column): string => {
    const at = keys.findIndex((key) => key.column === column);
    return at < 0 ? "" : `${keys[at]?.descending ? " ↓" : " ↑"}${keys.length > 1 ? ` ${at + 1}` : ""}`;
  };
  return (
    <MenuButton
      icon="sort"
      kind="quiet"
      class="sky-button--icon"
      label="Sort"
      items={(Object.entries(COLUMNS) as [Column, string][]).map(([column, title]) => ({
        label: `${title}${sign(column)}`,
        hint: "Sorts by this first; the orders before break ties",
        onSelect: () => state.sortBy(column),
      }))}
    />
  );
}
