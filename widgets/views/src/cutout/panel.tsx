/** The Cutouts panel: positions, what is made of them, what that comes to; side by side where there is room. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { count, counted, duration, size } from "../shared/format";
import { Button, Field, IconButton, Loading, Message, PopoverButton, RetryMessage } from "../shared/ui";
import { OptionsPart } from "./options-view";
import { PositionsPart } from "./positions-view";
import type { CutoutState } from "./state";

export function CutoutPanel({ state }: { state: CutoutState }): JSX.Element {
  useEffect(() => void state.load(), [state]);
  const status = state.facts.status.value;
  return (
    <div class="sky-cut">
      <Head state={state} />
      {status.state === "failed" && (
        <div class="sky-cut__notice">
          <RetryMessage message={`The form could not be read: ${status.message}`} onRetry={() => void state.load()} />
        </div>
      )}
      {!state.facts.value && status.state !== "failed" && (
        <div class="sky-cut__notice">
          <Loading text="Getting the form …" />
        </div>
      )}
      <div class="sky-cut__body">
        <PositionsPart state={state} />
        {state.facts.value && <OptionsPart state={state} />}
        {state.facts.value && <JobPart state={state} />}
      </div>
      {state.facts.value && <Foot state={state} />}
    </div>
  );
}

function Head({ state }: { state: CutoutState }): JSX.Element {
  const expanded = state.expanded.value;
  return (
    <div class="sky-head sky-cut__headline">
      <h2>Cutouts</h2>
      <span class="sky-grow" />
      {state.canHost("expand") && (
        <IconButton icon={expanded ? "fold" : "expand"} label={expanded ? "Put the panel back into the sidebar" : "Open the panel wide in the main area"} onClick={() => state.expand()} />
      )}
      <PopoverButton label="Help for the Cutouts panel" icon="help" kind="quiet" class="sky-button--icon">
        {() => <Help state={state} />}
      </PopoverButton>
    </div>
  );
}

function JobPart({ state }: { state: CutoutState }): JSX.Element {
  const { form } = state;
  return (
    <section class="sky-cut__part sky-cut__job" aria-label="Job">
      <Field label="Job name" fault={form.faultOf("name")}>
        {(field) => (
          <input {...field} class="sky-input" type="text" maxLength={128} placeholder="cutouts" value={form.jobName.value} onInput={(event) => (form.jobName.value = event.currentTarget.value)} />
        )}
      </Field>
      <label class="sky-check">
        <input type="checkbox" checked={form.emailWanted.value} onChange={(event) => (form.emailWanted.value = event.currentTarget.checked)} />
        E-mail when it has ended
      </label>
      {form.emailWanted.value && (
        <Field label="E-mail address" fault={form.faultOf("email")}>
          {(field) => (
            <input {...field} class="sky-input" type="email" placeholder="name@example.org" value={form.email.value} onInput={(event) => (form.email.value = event.currentTarget.value)} />
          )}
        </Field>
      )}
    </section>
  );
}

/** What it will come to, why not, and the button. */
function Foot({ state }: { state: CutoutState }): JSX.Element {
  const notice = state.notice.value;
  const obstacle = state.obstacle.value;
  const refusal = state.estimate.answer.value?.refusal ?? null;
  const others = state.form.serviceFaults.value.filter((fault) => !KNOWN_FIELDS.test(fault.field));
  return (
    <div class="sky-cut__foot">
      {notice && (
        <Message
          kind={notice.kind}
          onDismiss={() => (state.notice.value = null)}
          actions={notice.actions?.map((action) => (
            <Button key={action.label} onClick={action.act}>
              {action.label}
            </Button>
          ))}
        >
          {notice.text}
        </Message>
      )}
      {refusal && <Message kind="warn">{refusal}</Message>}
      {others.map((fault) => (
        <Message key={`${fault.field} ${fault.message}`} kind="error">
          {fault.field && `${fault.field}: `}
          {fault.message}
        </Message>
      ))}
      {state.estimate.problem.value && <RetryMessage message={`no estimate: ${state.estimate.problem.value}`} onRetry={() => state.estimate.retry()} />}
      <div class="sky-cut__submit">
        <EstimateLine state={state} />
        <Button kind="primary" icon="send" busy={state.submitting.value} disabled={obstacle !== null} title={obstacle ?? "Cut the images as a job, which goes on when you close the browser"} onClick={() => void state.submit()}>
          Submit job
        </Button>
      </div>
    </div>
  );
}

/** Fields that say themselves what is wrong with them. */
const KNOWN_FIELDS =
  /(x_size_arcmin|y_size_arcmin|release|products|fits_bands|planes|lupton_bands|stiff_bands|minimum|stretch|\bq|chart\.bands|faintest_helper_mag|name|email)(\[\d+\])?$/;

function EstimateLine({ state }: { state: CutoutState }): JSX.Element {
  const estimate = state.estimate.answer.value?.estimate ?? null;
  const obstacle = state.obstacle.value;
  if (!estimate) {
    return (
      <span class="sky-cut__estimate sky-muted" role="status">
        {state.estimate.busy.value ? "Estimating …" : (obstacle ?? "")}
      </span>
    );
  }
  return (
    <span class="sky-cut__estimate" role="status" aria-busy={state.estimate.busy.value}>
      <strong>{counted(estimate.files, "file")}</strong> of {counted(estimate.rows, "position")}, {size(estimate.size_bytes)}, about {duration(estimate.seconds)}
      {obstacle && obstacle !== state.estimate.answer.value?.refusal && <span class="sky-cut__obstacle">{obstacle}</span>}
    </span>
  );
}

function Help({ state }: { state: CutoutState }): JSX.Element {
  const facts = state.form.facts.value;
  const limits = facts?.limits;
  const may = limits
    ? [
        limits.max_positions === null ? "" : counted(limits.max_positions, "position"),
        limits.max_result_bytes === null ? "" : `${size(limits.max_result_bytes)} of files`,
        limits.max_seconds === null ? "" : duration(limits.max_seconds),
      ].filter(Boolean)
    : [];
  return (
    <div class="sky-cut__help">
      <p>Images of the survey around your positions: paste them, drop a file, or send them here from a query&apos;s result.</p>
      {limits && <p>{may.length > 0 ? `Your groups allow up to ${may.join(", ")} a job.` : "Your groups set no limit to a job."}</p>}
      <p>
        A table has a header. <strong>RA</strong> and <strong>DEC</strong> are degrees or sexagesimal, ICRS; or <strong>COADD_OBJECT_ID</strong>. These columns hold instead of the form, row by
        row:
      </p>
      <dl>
        {(facts?.columns ?? []).map((column) => (
          <div key={column.name}>
            <dt class="sky-mono">{column.name}</dt>
            <dd>{column.description}</dd>
          </div>
        ))}
      </dl>
      <p>
        In the table: <kbd>F8</kbd> goes to the next fault, <kbd>Enter</kbd> previews the row{limits?.quick_positions ? `; up to ${count(limits.quick_positions)} positions can be cut without a job from a notebook` : ""}.
      </p>
    </div>
  );
}
