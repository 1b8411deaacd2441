/** One job: what was asked, how it went, what came of it, and what can be done with it. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { copyText } from "../result/clipboard";
import { count, counted, duration, exactTime, relativeTime, size } from "../shared/format";
import type { Job, JobFile } from "../shared/job";
import { isRecord } from "../shared/json";
import { apiPath } from "../shared/model";
import { Button, IconButton, Loading, Message, Progress, RetryMessage } from "../shared/ui";
import { isActive } from "./order";
import { PhaseSign } from "./phase";
import type { JobsState } from "./state";
import { durationWords, expiryWords, fractionOf, standingWord, progressWords, renewalWords, titleOf } from "./words";

interface DetailsProps {
  state: JobsState;
  job: Job;
  now: number;
}

export function Details({ state, job, now, beside }: DetailsProps & { beside: boolean }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    // What covers the list takes the focus with it; beside the list the focus stays where it is.
    // What had it may be gone already: the button that ran a job again went with the details of the job before.
    const root = box.current?.closest(".sky-root");
    const { activeElement } = document;
    if (!beside && (activeElement === document.body || root?.contains(activeElement))) box.current?.focus({ preventScroll: true });
  }, []);
  const clicked = useRef(false);
  useEffect(() => {
    // A button that did its work may be gone, and the focus with it: the keyboard goes on from here.
    if (clicked.current && document.activeElement === document.body) box.current?.focus({ preventScroll: true });
    clicked.current = false;
  }, [job.phase, job.expiring]);
  return (
    <section
      ref={box}
      class="sky-jobs__details"
      aria-label={`Job ${titleOf(job)}`}
      tabIndex={-1}
      onClick={() => (clicked.current = true)}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          state.closeDetails();
        }
      }}
    >
      <Title state={state} job={job} beside={beside} />
      <div class="sky-jobs__content">
        <Standing job={job} now={now} />
        <Actions state={state} job={job} />
        <Expiry state={state} job={job} now={now} />
        <Files state={state} job={job} />
        <Request state={state} job={job} />
        <Log state={state} job={job} />
        <Facts job={job} now={now} />
      </div>
    </section>
  );
}

function Title({ state, job, beside }: { state: JobsState; job: Job; beside: boolean }): JSX.Element {
  const renaming = state.renaming.value === job.id;
  return (
    <div class="sky-jobs__title">
      {!beside && <IconButton icon="left" label="Back to the list" onClick={() => state.closeDetails()} />}
      {renaming ? (
        <NameField state={state} job={job} />
      ) : (
        <>
          <h3 class="sky-grow">{titleOf(job)}</h3>
          <IconButton icon="edit" label="Rename" busy={state.isBusy("rename", job.id)} onClick={() => (state.renaming.value = job.id)} />
        </>
      )}
      {beside && <IconButton icon="cross" label="Close details" onClick={() => state.closeDetails()} />}
    </div>
  );
}

function NameField({ state, job }: { state: JobsState; job: Job }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.select(), []);
  const done = useRef(false);
  const finish = (name: string): void => {
    if (done.current) return;
    done.current = true;
    void state.rename(job, name);
  };
  return (
    <input
      ref={field}
      class="sky-input sky-grow"
      aria-label="New name"
      maxLength={128}
      defaultValue={job.name}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish(event.currentTarget.value);
        if (event.key === "Escape") {
          event.stopPropagation();
          finish(job.name);
        }
      }}
      onBlur={(event) => finish(event.currentTarget.value)}
    />
  );
}

/** Phase, progress and error. */
function Standing({ job, now }: { job: Job; now: number }): JSX.Element {
  const words = [standingWord(job), durationWords(job, now), job.rows === null ? "" : counted(job.rows, "row")].filter(Boolean);
  return (
    <div class="sky-jobs__standing">
      <div class="sky-row">
        <PhaseSign phase={job.phase} />
        <span>{words.join(" · ")}</span>
      </div>
      {job.note && <Message kind="info">{job.note}</Message>}
      {job.phase === "EXECUTING" && !job.note && (
        <>
          <Progress fraction={fractionOf(job)} label="Progress" />
          <span class="sky-muted">{progressWords(job)}</span>
        </>
      )}
      {job.error && <Message kind="error">{job.error.message}</Message>}
    </div>
  );
}

function Actions({ state, job }: { state: JobsState; job: Job }): JSX.Element {
  const done = job.phase === "COMPLETED";
  return (
    <div class="sky-row sky-row--wrap" role="group" aria-label="Actions">
      {isActive(job) && (
        <Button icon="stop" busy={state.isBusy("cancel", job.id)} onClick={() => void state.cancel(job)}>
          Cancel
        </Button>
      )}
      {job.type === "cutout" && !job.expired && state.can("show-gallery") && (
        <Button icon="image" kind="primary" title="See the images, and what became of each position" onClick={() => state.showGallery(job)}>
          Open gallery
        </Button>
      )}
      {done && !job.expired && state.can("open-notebook") && (
        <Button icon="notebook" kind={job.type === "cutout" ? "plain" : "primary"} busy={state.isBusy("notebook", job.id)} onClick={() => void state.openNotebook(job)}>
          Open in notebook
        </Button>
      )}
      {job.folder && state.can("open-files") && (
        <Button icon="folder" title="Open its folder in the file browser" onClick={() => state.openFiles(job)}>
          Show files
        </Button>
      )}
      {!isActive(job) && (
        <Button icon="refresh" busy={state.isBusy("rerun", job.id)} onClick={() => void state.rerun(job)}>
          Run again
        </Button>
      )}
      <Button icon="trash" kind="danger" busy={state.isBusy("delete", job.id)} onClick={() => state.askToDelete([job.id])}>
        Delete
      </Button>
    </div>
  );
}

function Expiry({ state, job, now }: DetailsProps): JSX.Element | null {
  if (!job.expiring || job.expired) return null;
  const renew = (
    <Button icon="clock" busy={state.isBusy("renew", job.id)} onClick={() => void state.renew(job)}>
      Renew
    </Button>
  );
  return (
    <Message kind="warn" actions={job.renewals_left > 0 ? renew : undefined}>
      {`It ${expiryWords(job, now)}, and its files are removed then; ${renewalWords(job)}.`}
    </Message>
  );
}

function Section({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  return (
    <div class="sky-jobs__section">
      <div class="sky-row">
        <h4 class="sky-grow">{title}</h4>
        {actions}
      </div>
      {children}
    </div>
  );
}

function Files({ state, job }: { state: JobsState; job: Job }): JSX.Element | null {
  const { value, problem } = state.details.files.value;
  if (job.expired) {
    return (
      <Section title="Files">
        <p class="sky-muted">The files have been removed. Run it again to get them back.</p>
      </Section>
    );
  }
  if (isActive(job)) return null;
  const all = (value?.length ?? 0) > 0 && state.can("download") && (
    <Button icon="download" kind="quiet" title="Download all files in one tar archive" onClick={() => state.download(apiPath("jobs", job.id, "archive"))}>
      All as tar
    </Button>
  );
  return (
    <Section title={value?.length ? `Files (${value.length})` : "Files"} actions={all}>
      {problem !== null && <RetryMessage message={problem} onRetry={() => state.details.retry(job)} />}
      {value === null && problem === null && <Loading text="Getting the files …" />}
      {value?.length === 0 && <p class="sky-muted">No files.</p>}
      <ul class="sky-jobs__files">
        {value?.map((file) => (
          <FileItem key={file.name} state={state} job={job} file={file} />
        ))}
      </ul>
    </Section>
  );
}

function FileItem({ state, job, file }: { state: JobsState; job: Job; file: JobFile }): JSX.Element {
  const facts = [size(file.size_bytes), file.rows === null ? "" : counted(file.rows, "row")].filter(Boolean);
  return (
    <li class="sky-row">
      <span class="sky-jobs__file sky-grow" title={file.sha256 ? `${file.name}\nsha256 ${file.sha256}` : file.name}>
        {file.name}
      </span>
      <span class="sky-muted sky-jobs__size" title={`${count(file.size_bytes)} bytes`}>
        {facts.join(" · ")}
      </span>
      {job.type === "query" && state.can("cut-result") && (
        <IconButton icon="image" label={`Cut images at the positions of ${file.name}`} onClick={() => state.cutFile(job, file.name)} />
      )}
      {job.type === "query" && state.can("show-positions") && (
        <IconButton icon="globe" label={`Show the positions of ${file.name} on the globe`} onClick={() => state.showPositions(job, file.name)} />
      )}
      {state.can("download") && (
        <IconButton icon="download" label={`Download ${file.name}`} onClick={() => state.download(apiPath("jobs", job.id, "files", file.name))} />
      )}
    </li>
  );
}

function Request({ state, job }: { state: JobsState; job: Job }): JSX.Element {
  const sql = typeof job.request["sql"] === "string" ? job.request["sql"] : null;
  const text = sql ?? JSON.stringify(job.request, null, 2);
  const actions = (
    <>
      {sql !== null && state.can("edit-query") && (
        <Button icon="edit" kind="quiet" title="Edit it in the Query panel" onClick={() => state.editQuery(sql)}>
          Edit
        </Button>
      )}
      <CopyButton text={text} />
    </>
  );
  return (
    <Section title={sql === null ? "Request" : "Query"} actions={actions}>
      <pre class="sky-jobs__text" tabIndex={0} aria-label={sql === null ? "Request" : "Query"} role="region">
        {text}
      </pre>
      {sql !== null && <p class="sky-muted">{outputWords(job)}</p>}
    </Section>
  );
}

function CopyButton({ text }: { text: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <Button icon={copied ? "check" : "copy"} kind="quiet" onClick={() => setCopied(copyText(text))}>
        {copied ? "Copied" : "Copy"}
      </Button>
      <span class="sky-visually-hidden" role="status">
        {copied ? "copied" : ""}
      </span>
    </>
  );
}

/** The log; while the job runs its end is followed, unless the reader has gone up. */
function Log({ state, job }: { state: JobsState; job: Job }): JSX.Element {
  const { value, problem } = state.details.log.value;
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element && atEnd.current && isActive(job)) element.scrollTop = element.scrollHeight;
  }, [value]);
  return (
    <Section title="Log" actions={isActive(job) && <span class="sky-muted">follows while it runs</span>}>
      {problem !== null && <RetryMessage message={problem} onRetry={() => state.details.retry(job)} />}
      {value === null && problem === null && <Loading text="Getting the log …" />}
      {value === "" && <p class="sky-muted">Nothing yet.</p>}
      {value && (
        <pre
          ref={box}
          class="sky-jobs__text sky-jobs__text--log"
          tabIndex={0}
          role="region"
          aria-label="Log"
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            atEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
          }}
        >
          {value}
        </pre>
      )}
    </Section>
  );
}

function Facts({ job, now }: { job: Job; now: number }): JSX.Element {
  const moment = (iso: string | null): JSX.Element | null =>
    iso === null ? null : (
      <time dateTime={iso} title={exactTime(iso)}>
        {relativeTime(iso, now)}
      </time>
    );
  const facts: [string, ComponentChildren][] = [
    ["Id", <span class="sky-mono">{job.id}</span>],
    ["Type", job.type],
    ["Submitted", moment(job.created_at)],
    ["Started", moment(job.started_at)],
    ["Ended", moment(job.ended_at)],
    ["Duration", durationWords(job, now)],
    ["Time limit", job.limit_seconds === null ? null : duration(job.limit_seconds)],
    ["Size", job.size_bytes ? size(job.size_bytes) : null],
    ["Expires", job.expired ? "files removed" : moment(job.destruction_at)],
    ["Renewals", job.expired ? null : renewalWords(job)],
    ["Mail to", job.email],
    ["Run id", job.run_id],
    ["Attempts", job.attempt > 1 ? count(job.attempt) : null],
  ];
  return (
    <Section title="Details">
      <dl class="sky-jobs__dl">
        {facts
          .filter(([, value]) => value !== null && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </Section>
  );
}

/** Which file the query writes: `writes m2.fits (fits, compressed with gzip)`. */
function outputWords(job: Job): string {
  const output = job.request["output"];
  if (!isRecord(output) || typeof output["file_name"] !== "string") return "";
  const how = [output["format"], output["compression"] === "none" ? null : output["compression"]].filter((word) => typeof word === "string");
  return `writes ${output["file_name"]}${how.length ? ` (${how.join(", ")})` : ""}`;
}
