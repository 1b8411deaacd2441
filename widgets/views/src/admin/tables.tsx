/** The columns of the page's tables. */

import type { JSX } from "preact";
import { count, exactTime } from "../shared/format";
import { Time } from "../shared/ui";
import { audienceWords, type AuditRow, type BudgetRow, type JobRow, type LabRow, type MessageRow, type QueueRow } from "./data";
import type { Column } from "./table";
import { phaseWord } from "../jobs/words";
import { actWords, gpuLoadWords, hoursWords, phaseWords, secondsUntil, spanWords } from "./words";

function At({ iso, none = "–" }: { iso: string | null; none?: string }): JSX.Element {
  return iso === null ? <span class="sky-muted">{none}</span> : <Time iso={iso} />;
}

/** What is left until a moment, the moment itself in the tooltip. */
function Left({ iso }: { iso: string | null }): JSX.Element {
  if (iso === null) return <span class="sky-muted">not yet known</span>;
  const seconds = secondsUntil(iso);
  return (
    <time dateTime={iso} title={exactTime(iso)}>
      {seconds > 0 ? spanWords(seconds) : "over"}
    </time>
  );
}

function moment(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}

export const LAB_COLUMNS: readonly Column<LabRow>[] = [
  {
    key: "user",
    title: "User",
    value: (lab) => lab.user,
    cell: (lab) => (
      <>
        <strong>{lab.user}</strong>
        {lab.server && <span class="sky-muted"> / {lab.server}</span>}
      </>
    ),
  },
  { key: "profile", title: "Profile", value: (lab) => lab.title },
  {
    key: "state",
    title: "State",
    value: (lab) => phaseWords(lab),
  },
  { key: "node", title: "Node", value: (lab) => lab.node, cell: (lab) => lab.node || <span class="sky-muted">–</span>, room: 2 },
  { key: "age", title: "Started", value: (lab) => moment(lab.started_at), cell: (lab) => <At iso={lab.started_at} none="starting" /> },
  { key: "end", title: "Time left", value: (lab) => moment(lab.ends_at), cell: (lab) => <Left iso={lab.ends_at} /> },
  {
    key: "idle",
    title: "Last used",
    value: (lab) => moment(lab.last_activity_at),
    cell: (lab) => <At iso={lab.last_activity_at} none="not known" />,
  },
  {
    key: "gpus",
    title: "GPU",
    value: (lab) => lab.gpus,
    cell: (lab) =>
      lab.gpus === 0 ? (
        <span class="sky-muted">none</span>
      ) : (
        <span title={lab.group ? `charged to ${lab.group}` : undefined}>{`${lab.gpus}, ${spanWords(lab.gpu_seconds)} used`}</span>
      ),
  },
  {
    key: "load",
    title: "GPU load",
    value: (lab) => lab.gpu_load?.utilization_percent ?? null,
    cell: (lab) =>
      lab.gpu_load === null ? (
        <span class="sky-muted">{lab.gpus === 0 ? "–" : "not reported"}</span>
      ) : (
        <span title={exactTime(lab.gpu_load.reported_at)}>{gpuLoadWords(lab.gpu_load)}</span>
      ),
    room: 2,
  },
  {
    key: "extensions",
    title: "Extended",
    value: (lab) => lab.extensions,
    cell: (lab) => (lab.extensions ? `${lab.extensions}×` : <span class="sky-muted">no</span>),
    room: 3,
  },
];

export const QUEUE_COLUMNS: readonly Column<QueueRow>[] = [
  { key: "place", title: "Place", value: (row) => row.place, numeric: true, cell: (row) => (row.held_until ? "offered" : row.place) },
  { key: "user", title: "User", value: (row) => row.user, cell: (row) => <strong>{row.user}</strong> },
  { key: "profile", title: "Profile", value: (row) => row.title },
  { key: "since", title: "Waits since", value: (row) => moment(row.requested_at), cell: (row) => <At iso={row.requested_at} /> },
  {
    key: "estimate",
    title: "Expected",
    value: (row) => row.estimate_seconds,
    cell: (row) =>
      row.held_until ? (
        <>
          held for <Left iso={row.held_until} />
        </>
      ) : row.estimate_seconds === null ? (
        <span class="sky-muted">not known</span>
      ) : (
        `in about ${spanWords(row.estimate_seconds)}`
      ),
  },
];

export const BUDGET_COLUMNS: readonly Column<BudgetRow>[] = [
  { key: "group", title: "Group", value: (row) => row.title, cell: (row) => <strong>{row.title}</strong> },
  {
    key: "used",
    title: "GPU-hours of the last seven days",
    value: (row) => row.used_hours,
    cell: (row) => <Bar used={row.used_hours} limit={row.limit_hours} name={row.title} />,
  },
  {
    key: "each",
    title: "Most for one member",
    value: (row) => row.limit_hours_each,
    cell: (row) => (row.limit_hours_each === null ? <span class="sky-muted">no limit</span> : hoursWords(row.limit_hours_each)),
    room: 2,
  },
  {
    key: "members",
    title: "Members who used some",
    value: (row) => row.members.map((member) => member.user).join(" "),
    cell: (row) =>
      row.members.length === 0 ? (
        <span class="sky-muted">nobody</span>
      ) : (
        <ul class="sky-admin__members">
          {row.members.map((member) => (
            <li key={member.user}>{`${member.user} ${hoursWords(member.used_hours)}`}</li>
          ))}
        </ul>
      ),
  },
];

/** How much of a budget is used: a bar, and the same in words. */
function Bar({ used, limit, name }: { used: number; limit: number | null; name: string }): JSX.Element {
  if (limit === null) return <>{`${hoursWords(used)}, no limit`}</>;
  const percent = limit > 0 ? Math.min(100, (100 * used) / limit) : 100;
  const state = percent >= 100 ? "used up" : percent >= 80 ? "nearly used up" : "";
  return (
    <div class="sky-admin__budget">
      <div
        class={`sky-progress sky-admin__bar ${percent >= 80 ? "sky-admin__bar--high" : ""}`}
        role="meter"
        aria-label={`GPU-hours of ${name}`}
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(used, limit)}
      >
        <div class="sky-progress__bar" style={{ width: `${percent}%` }} />
      </div>
      <span>{`${hoursWords(used)} of ${hoursWords(limit)}${state ? `, ${state}` : ""}`}</span>
    </div>
  );
}

export const JOB_COLUMNS: readonly Column<JobRow>[] = [
  { key: "owner", title: "User", value: (job) => job.owner, cell: (job) => <strong>{job.owner}</strong> },
  { key: "name", title: "Name", value: (job) => job.name || job.id },
  { key: "type", title: "Type", value: (job) => job.type },
  { key: "phase", title: "State", value: (job) => phaseWord(job.phase) },
  { key: "rows", title: "Rows", value: (job) => job.rows, cell: (job) => (job.rows === null ? "" : count(job.rows)), numeric: true, room: 2 },
  {
    key: "run",
    title: "Run",
    value: (job) => job.run_seconds,
    cell: (job) => (job.run_seconds === null ? "" : spanWords(job.run_seconds)),
    numeric: true,
    room: 2,
  },
  { key: "created", title: "Submitted", value: (job) => moment(job.created_at), cell: (job) => <At iso={job.created_at} /> },
];

export const MESSAGE_COLUMNS: readonly Column<MessageRow>[] = [
  {
    key: "text",
    title: "Message",
    value: (row) => row.text,
    cell: (row) => (
      <span class="sky-admin__text">
        {row.severity === "warning" && <strong>Warning: </strong>}
        {row.text}
      </span>
    ),
  },
  { key: "to", title: "Shown", value: (row) => audienceWords(row.to) },
  { key: "from", title: "From", value: (row) => row.from },
  { key: "made", title: "Sent", value: (row) => moment(row.made_at), cell: (row) => <At iso={row.made_at} /> },
  { key: "until", title: "Until", value: (row) => moment(row.until), cell: (row) => <At iso={row.until} none="it is withdrawn" /> },
];

export const AUDIT_COLUMNS: readonly Column<AuditRow>[] = [
  { key: "at", title: "When", value: (row) => moment(row.at), cell: (row) => <At iso={row.at} /> },
  { key: "who", title: "Who", value: (row) => row.who, cell: (row) => <strong>{row.who}</strong> },
  { key: "what", title: "What", value: (row) => actWords(row.what) },
  { key: "on", title: "On whom", value: (row) => row.on_whom },
  { key: "detail", title: "Detail", value: (row) => row.detail, cell: (row) => <span class="sky-admin__text">{row.detail}</span> },
  { key: "outcome", title: "Outcome", value: (row) => row.outcome },
  { key: "address", title: "From", value: (row) => row.address, room: 2 },
];
