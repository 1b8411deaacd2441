/** One job in the list: two lines where it is narrow, cells where it is wide. */

import type { JSX } from "preact";
import { count, exactTime, relativeTime } from "../shared/format";
import type { Job } from "../shared/job";
import { Icon, Progress, type IconName } from "../shared/ui";
import { groupOf, isActive, type Column } from "./order";
import { PhaseSign } from "./phase";
import type { JobsState } from "./state";
import { durationWords, expiryWords, fractionOf, outcomeWords, progressWords, rowLabel, standingWord, titleOf } from "./words";

interface RowProps {
  state: JobsState;
  job: Job;
  now: number;
  columns: readonly Column[];
  top: number;
  rowIndex: number;
}

export function rowId(state: JobsState, id: string): string {
  return `${state.listId}-${id}`;
}

export function Row({ state, job, now, columns, top, rowIndex }: RowProps): JSX.Element {
  const selected = state.selected.value.has(job.id);
  const classes = ["sky-jobs__row", `sky-jobs__row--${groupOf(job)}`];
  if (state.active.value === job.id) classes.push("sky-jobs__row--here");
  if (state.opened.value?.id === job.id) classes.push("sky-jobs__row--open");
  return (
    <div
      id={rowId(state, job.id)}
      role="row"
      class={classes.join(" ")}
      aria-rowindex={rowIndex}
      aria-selected={selected}
      aria-label={rowLabel(job, now)}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => onClick(event, state, job)}
    >
      <div role="gridcell" class="sky-jobs__check">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${titleOf(job)}`}
          checked={selected}
          onClick={(event) => event.stopPropagation()}
          onChange={() => {
            state.active.value = job.id;
            state.toggle(job.id);
          }}
        />
      </div>
      {columns.length > 0 ? columns.map((column) => <Cell key={column} column={column} job={job} now={now} />) : <TwoLines job={job} now={now} />}
      <div role="gridcell" class="sky-jobs__acts">
        <RowActions state={state} job={job} />
      </div>
    </div>
  );
}

function TwoLines({ job, now }: { job: Job; now: number }): JSX.Element {
  const facts = [job.type, outcomeWords(job)].filter(Boolean);
  return (
    <div role="gridcell" class="sky-jobs__lines">
      <div class="sky-row">
        <PhaseSign phase={job.phase} />
        <span class="sky-jobs__name sky-truncate sky-grow" title={titleOf(job)}>
          {titleOf(job)}
        </span>
        <time class="sky-muted sky-jobs__age" dateTime={job.created_at} title={exactTime(job.created_at)}>
          {relativeTime(job.created_at, now)}
        </time>
      </div>
      <div class="sky-jobs__facts sky-truncate">
        <span class="sky-jobs__word" title={job.note ?? undefined}>
          {standingWord(job)}
        </span>
        {job.expiring && !job.expired && (
          <span class="sky-jobs__warn" title={exactTime(job.destruction_at ?? "")}>
            {" · "}
            <Icon name="warning" /> {expiryWords(job, now)}
          </span>
        )}
        {facts.map((fact) => (
          <span key={fact}> · {fact}</span>
        ))}
      </div>
      {job.phase === "EXECUTING" && <Progress fraction={fractionOf(job)} label={`Progress of ${titleOf(job)}`} />}
    </div>
  );
}

function Cell({ column, job, now }: { column: Column; job: Job; now: number }): JSX.Element {
  return (
    <div role="gridcell" class={`sky-jobs__cell sky-jobs__cell--${column}`}>
      <CellText column={column} job={job} now={now} />
    </div>
  );
}

function CellText({ column, job, now }: { column: Column; job: Job; now: number }): JSX.Element | null {
  switch (column) {
    case "status":
      return (
        <span class="sky-row" title={job.error?.message ?? job.note ?? undefined}>
          <PhaseSign phase={job.phase} />
          <span class="sky-truncate">{standingWord(job)}</span>
        </span>
      );
    case "name":
      return (
        <span class="sky-truncate" title={titleOf(job)}>
          {titleOf(job)}
        </span>
      );
    case "type":
      return <span class="sky-truncate">{job.type}</span>;
    case "rows":
      return <RowsCell job={job} />;
    case "duration":
      return <span>{durationWords(job, now)}</span>;
    case "created":
      return (
        <time dateTime={job.created_at} title={exactTime(job.created_at)}>
          {relativeTime(job.created_at, now)}
        </time>
      );
    case "expires":
      return <ExpiryCell job={job} now={now} />;
  }
}

function RowsCell({ job }: { job: Job }): JSX.Element {
  if (job.phase !== "EXECUTING") return <span>{job.rows === null ? "" : count(job.rows)}</span>;
  return (
    <span class="sky-jobs__progress" title={progressWords(job)}>
      <Progress fraction={fractionOf(job)} label={`Progress of ${titleOf(job)}`} />
      <span>{outcomeWords(job)}</span>
    </span>
  );
}

function ExpiryCell({ job, now }: { job: Job; now: number }): JSX.Element {
  if (job.expired || job.destruction_at === null) return <span class="sky-muted">{job.expired ? "removed" : ""}</span>;
  return (
    <time class={job.expiring ? "sky-jobs__warn" : ""} dateTime={job.destruction_at} title={exactTime(job.destruction_at)}>
      {job.expiring && <Icon name="warning" />} {relativeTime(job.destruction_at, now)}
    </time>
  );
}

/** What can be done at once; for the keyboard the same is in the details and on keys. */
function RowActions({ state, job }: { state: JobsState; job: Job }): JSX.Element {
  return (
    <>
      {isActive(job) && <Act icon="stop" label={`Cancel ${titleOf(job)}`} onClick={() => void state.cancel(job)} />}
      {job.expiring && job.renewals_left > 0 && <Act icon="clock" label={`Renew ${titleOf(job)}`} onClick={() => void state.renew(job)} />}
      <Act icon="trash" label={`Delete ${titleOf(job)}`} onClick={() => state.askToDelete([job.id])} />
    </>
  );
}

function Act({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }): JSX.Element {
  return (
    <button
      type="button"
      tabIndex={-1}
      class="sky-button sky-button--quiet sky-button--icon"
      title={label}
      aria-label={label}
      onClick={(event) => {
        event.stopPropagation();
        onClick();
      }}
    >
      <Icon name={icon} />
    </button>
  );
}

function onClick(event: MouseEvent, state: JobsState, job: Job): void {
  if (event.shiftKey) {
    state.goTo(job.id, true);
    document.getSelection()?.removeAllRanges();
  } else if (event.ctrlKey || event.metaKey) {
    state.active.value = job.id;
    state.toggle(job.id);
  } else state.open(job.id);
}
