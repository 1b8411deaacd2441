/** The administrators' page: tabs, and a table in each. */

import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Loadable } from "../shared/loadable";
import { Button, Confirm, EmptyState, Icon, IconButton, Loading, RetryMessage, Toasts, useId } from "../shared/ui";
import type { LabRow, Overview, StatisticsRow } from "./data";
import { ComposeForm, EndForm, ExtendForm } from "./forms";
import { labsWords, SECTIONS, tabTitle, type AdminState, type Section } from "./state";
import { Table, TableState, type Column } from "./table";
import { AUDIT_COLUMNS, BUDGET_COLUMNS, JOB_COLUMNS, LAB_COLUMNS, MESSAGE_COLUMNS, QUEUE_COLUMNS } from "./tables";
import { roleWords, STATISTICS } from "./statistics";

export function AdminPanel({ state, hub }: { state: AdminState; hub: string | null }): JSX.Element {
  const id = useId();
  const overview = state.overview.value;
  const section = state.section.value;
  const question = state.question.value;
  return (
    <>
      <header class="sky-head sky-admin__head">
        <h1>SkyDesk administration</h1>
        <span class="sky-grow sky-muted sky-truncate">{overview ? `${labsWords(overview)} · ${roleWords(overview)}` : ""}</span>
        {hub && <a href={`${hub}home`}>Hub</a>}
        <IconButton icon="refresh" label="Ask again now" onClick={() => void state.refresh()} />
      </header>
      <main class="sky-admin__main">
        <Tabs state={state} id={id} />
        <div class="sky-admin__panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${section}`}>
          {overview ? <Shown state={state} overview={overview} section={section} /> : <Waiting of={state.overview} />}
        </div>
      </main>
      <Toasts toasts={state.toasts.value} onDismiss={(toast) => state.dismiss(toast)} />
      <OpenForm state={state} />
      {question && <Confirm question={question} onClose={() => (state.question.value = null)} />}
    </>
  );
}

function Tabs({ state, id }: { state: AdminState; id: string }): JSX.Element {
  const sections = Object.keys(SECTIONS) as Section[];
  const section = state.section.value;
  const move = (event: KeyboardEvent): void => {
    const at = sections.indexOf(section);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: sections.length - 1 }[event.key];
    const there = next === undefined ? undefined : sections[(next + sections.length) % sections.length];
    if (!there) return;
    event.preventDefault();
    state.show(there);
    document.getElementById(`${id}-${there}`)?.focus();
  };
  return (
    <div class="sky-admin__tabs" role="tablist" aria-label="Sections" onKeyDown={move}>
      {sections.map((one) => (
        <button
          key={one}
          type="button"
          id={`${id}-${one}`}
          role="tab"
          aria-selected={one === section}
          aria-controls={`${id}-panel`}
          tabIndex={one === section ? 0 : -1}
          onClick={() => state.show(one)}
        >
          {tabTitle(state, one)}
        </button>
      ))}
    </div>
  );
}

function OpenForm({ state }: { state: AdminState }): JSX.Element | null {
  const form = state.form.value;
  const overview = state.overview.value;
  if (form?.kind === "extend") return <ExtendForm state={state} lab={form.lab} />;
  if (form?.kind === "end") return <EndForm state={state} lab={form.lab} />;
  return form?.kind === "compose" && overview ? <ComposeForm state={state} overview={overview} /> : null;
}

/** What stands in the place of what is not there yet, or could not be had. */
function Waiting({ of }: { of: Loadable<unknown> }): JSX.Element {
  const status = of.status.value;
  return (
    <div class="sky-admin__notice">
      {status.state === "failed" ? <RetryMessage message={status.message} onRetry={() => void of.reload()} /> : <Loading text="Asking the service …" />}
    </div>
  );
}

/** A section's rows, with a word where they may be old. */
function Loaded<T>({ of, children }: { of: Loadable<T>; children: (value: T) => ComponentChildren }): JSX.Element {
  const status = of.status.value;
  const { value } = of;
  if (value === null) return <Waiting of={of} />;
  return (
    <>
      {status.state === "failed" && (
        <div class="sky-admin__notice">
          <RetryMessage message={`what is shown may be old: ${status.message}`} onRetry={() => void of.reload()} />
        </div>
      )}
      {children(value)}
    </>
  );
}

function Shown({ state, overview, section }: { state: AdminState; overview: Overview; section: Section }): JSX.Element {
  switch (section) {
    case "labs":
      return <Labs state={state} />;
    case "queue":
      return (
        <Simple
          of={state.queue}
          columns={QUEUE_COLUMNS}
          first="place"
          label="Queue"
          noun="person"
          rowKey={(row) => row.id}
          title="Nobody waits"
          text="People who ask for a lab while all places of its profile are taken stand here."
        />
      );
    case "budgets":
      return (
        <Simple
          of={state.budgets}
          columns={BUDGET_COLUMNS}
          first="used"
          descending
          label="Budgets"
          noun="group"
          rowKey={(row) => row.group}
          title="No group has a budget"
          text="GPU-hours are counted for the groups whose profiles have GPUs."
        />
      );
    case "jobs":
      return <Jobs state={state} />;
    case "messages":
      return <Messages state={state} />;
    case "health":
      return <Health overview={overview} />;
    case "statistics":
      return <Loaded of={state.statistics}>{(rows) => <Statistics rows={rows} />}</Loaded>;
    case "audit":
      return (
        <Simple
          of={state.audit}
          columns={AUDIT_COLUMNS}
          first="at"
          descending
          label="Audit log"
          noun="act"
          rowKey={(row) => row.key}
          title="Nothing has been done yet"
          text="Every act of an administrator is written down here: who, when, what, on whom and from where."
        />
      );
  }
}

interface SimpleProps<Row> {
  of: Loadable<Row[]>;
  columns: readonly Column<Row>[];
  first: string;
  descending?: boolean;
  label: string;
  noun: string;
  rowKey: (row: Row) => string;
  title: string;
  text: string;
  acts?: ((row: Row) => ComponentChildren) | undefined;
  tools?: ComponentChildren;
}

function Simple<Row>({ of, columns, first, descending = false, title, text, ...rest }: SimpleProps<Row>): JSX.Element {
  const table = useMemo(() => new TableState(columns, () => of.value ?? [], { key: first, descending }), [of]);
  return <Loaded of={of}>{(rows) => <Table {...rest} state={table} all={rows.length} empty={{ title, text }} />}</Loaded>;
}

function Labs({ state }: { state: AdminState }): JSX.Element {
  const acts = (lab: LabRow): JSX.Element => (
    <>
      <Button
        icon="clock"
        disabled={lab.ends_at === null || lab.stopping}
        title={lab.ends_at === null ? "It has not started yet" : undefined}
        busy={state.isBusy(lab.id)}
        onClick={() => (state.form.value = { kind: "extend", lab })}
      >
        Extend<span class="sky-visually-hidden">{` the lab of ${lab.user}`}</span>
      </Button>
      <Button icon="stop" kind="danger" disabled={lab.stopping} onClick={() => (state.form.value = { kind: "end", lab })}>
        End<span class="sky-visually-hidden">{` the lab of ${lab.user}`}</span>
      </Button>
    </>
  );
  return (
    <Simple
      of={state.labs}
      columns={LAB_COLUMNS}
      first="end"
      label="Labs"
      noun="lab"
      rowKey={(lab) => lab.id}
      acts={state.mayAct.value ? acts : undefined}
      title="No lab runs"
      text="Labs stand here from the moment that somebody starts one."
    />
  );
}

function Jobs({ state }: { state: AdminState }): JSX.Element {
  return (
    <Simple
      of={state.jobs}
      columns={JOB_COLUMNS}
      first="created"
      descending
      label="Jobs"
      noun="job"
      rowKey={(job) => job.id}
      acts={
        state.mayAct.value
          ? (job) =>
              ["PENDING", "QUEUED", "EXECUTING"].includes(job.phase) && (
                <Button icon="stop" kind="danger" busy={state.isBusy(job.id)} onClick={() => state.askToCancel(job)}>
                  Cancel<span class="sky-visually-hidden">{` ${job.name || job.id} of ${job.owner}`}</span>
                </Button>
              )
          : undefined
      }
      title="No jobs"
      text="Jobs of all users whom you look after stand here."
    />
  );
}

function Messages({ state }: { state: AdminState }): JSX.Element {
  const acts = state.mayAct.value;
  return (
    <Simple
      of={state.messages}
      columns={MESSAGE_COLUMNS}
      first="made"
      descending
      label="Messages"
      noun="message"
      rowKey={(message) => message.id}
      acts={
        acts
          ? (message) => (
              <Button icon="trash" kind="danger" busy={state.isBusy(message.id)} onClick={() => state.askToWithdraw(message)}>
                Withdraw
              </Button>
            )
          : undefined
      }
      tools={
        acts && (
          <Button icon="send" kind="primary" onClick={() => (state.form.value = { kind: "compose" })}>
            New message
          </Button>
        )
      }
      title="No message is shown"
      text="A message appears in running labs and on the page where labs are started."
    />
  );
}

function Health({ overview }: { overview: Overview }): JSX.Element {
  return (
    <ul class="sky-admin__health" aria-label="Parts of the service">
      {overview.health.map(({ name, works, words }) => (
        <li key={name} class={works ? "sky-admin__well" : "sky-admin__ill"}>
          <Icon name={works ? "check" : "error"} />
          <strong>{name}</strong>
          <span>{words}</span>
        </li>
      ))}
    </ul>
  );
}

function Statistics({ rows }: { rows: StatisticsRow[] }): JSX.Element {
  if (rows.length === 0) {
    return (
      <EmptyState title="No statistics yet">
        <span>They are counted for each group once somebody has started a lab or submitted a job.</span>
      </EmptyState>
    );
  }
  const measures = Object.keys(STATISTICS).filter((measure) => rows.some((row) => row[measure] !== undefined));
  return (
    <div class="sky-admin__scroll" tabIndex={0} role="region" aria-label="Statistics">
      <table class="sky-admin__table">
        <caption>The last seven days, by group. Who is in several groups counts in each.</caption>
        <thead>
          <tr>
            <th scope="col">Group</th>
            {measures.map((measure) => (
              <th key={measure} scope="col" class="sky-admin__number">
                {STATISTICS[measure]?.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.group}>
              <th scope="row">{row.title}</th>
              {measures.map((measure) => (
                <td key={measure} class="sky-admin__number">
                  {STATISTICS[measure]?.words(row[measure] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
