/** The Query panel: one tree of parts, arranged narrow or wide by its style sheet. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { hasPositions, MORE_ROWS, ResultView, summary } from "../result/view";
import { duration } from "../shared/format";
import { Button, Confirm, Dialog, EmptyState, Icon, IconButton, MenuButton, Message, PopoverButton, Progress, useId } from "../shared/ui";
import { EditorView } from "./editor-view";
import { OutputForm } from "./form-view";
import { ExamplesList, HistoryList } from "./lists-view";
import { OwnTablesDialog } from "./own-tables-dialogs";
import { PlanView } from "./plan-view";
import { SchemaBrowser } from "./schema-view";
import type { QueryState } from "./state";
import "./query.css";
import "./own-tables.css";

/** From here on the panel is wide, px. */
const WIDE_FROM = 760;

export function QueryPanel({ state }: { state: QueryState }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useWidth(root, state);
  useEffect(() => void state.load(), [state]);
  const wide = state.wide.value;
  const question = state.question.value;
  return (
    <div ref={root} class={`sky-query ${wide ? "sky-query--wide" : "sky-query--narrow"}`}>
      <Head state={state} />
      <EditorView state={state} />
      <Toolbar state={state} />
      <OutputForm state={state} />
      <div class="sky-query__status">
        <NoticeLine state={state} />
        <RunningLine state={state} />
      </div>
      <ResultArea state={state} />
      <Section title="Schema" class="sky-query__schema" always={wide}>
        <SchemaBrowser state={state.schema} own={state.own} onInsert={(text, stay) => state.insertAtCursor(text, stay)} onRetry={() => void state.load()} />
      </Section>
      {!wide && (
        <>
          <Section title="Examples" onOpen={() => void state.examples.ensure()}>
            <ExamplesList state={state} />
          </Section>
          <Section title="History" onOpen={() => void state.history.reload()}>
            <HistoryList state={state} />
          </Section>
        </>
      )}
      <ExplanationDialog state={state} />
      <OwnTablesDialog state={state.own} />
      {question && <Confirm question={question} onClose={() => (state.question.value = null)} />}
    </div>
  );
}

function Head({ state }: { state: QueryState }): JSX.Element {
  const expanded = state.expanded.value;
  return (
    <div class="sky-head sky-query__head">
      <h2>Query</h2>
      <span class="sky-grow" />
      {state.wide.value && (
        <>
          <PopoverButton label="History" text="History" icon="history" kind="quiet" onOpen={() => void state.history.reload()}>
            {(close) => <HistoryList state={state} onChosen={close} />}
          </PopoverButton>
          <PopoverButton label="Examples" text="Examples" icon="notebook" kind="quiet" onOpen={() => void state.examples.ensure()}>
            {(close) => <ExamplesList state={state} onChosen={close} />}
          </PopoverButton>
        </>
      )}
      {state.canHost("expand") && (
        <IconButton icon={expanded ? "fold" : "expand"} label={expanded ? "Put the panel back into the sidebar" : "Open the panel wide in the main area"} onClick={() => state.expand()} />
      )}
      <PopoverButton label="Help for the Query panel" icon="help" kind="quiet" class="sky-button--icon">
        {() => <Help />}
      </PopoverButton>
    </div>
  );
}

function Toolbar({ state }: { state: QueryState }): JSX.Element {
  const running = state.quick.running.value;
  const work = state.work.value;
  const wide = state.wide.value;
  const blank = state.isBlank.value;
  return (
    <div class="sky-query__toolbar" role="group" aria-label="What to do with the query">
      {wide && (
        <Button icon="check" busy={work === "check"} onClick={() => void state.check()} title="Check the query without running it">
          Check
        </Button>
      )}
      {running ? (
        <Button kind="danger" icon="stop" busy={running.cancelling} class="sky-query__quick" onClick={() => void state.cancelQuick()} title="Stop the running query">
          {running.cancelling ? "Cancelling" : "Cancel"}
        </Button>
      ) : (
        <Button kind="primary" icon="play" class="sky-query__quick" onClick={() => void state.runQuick()} title="Run now and show the first rows (Ctrl-Enter)">
          Quick
        </Button>
      )}
      <Button icon="send" busy={work === "submit"} onClick={() => void state.submit()} title="Run as a job that writes all rows to a file">
        {wide ? "Submit job" : "Submit"}
      </Button>
      {wide ? (
        <>
          <Button icon="info" busy={work === "explain"} onClick={() => void state.explain()} title="Show how the database would run it">
            Explain
          </Button>
          <Button icon="cross" disabled={blank} onClick={() => state.clear()} title="Empty the editor">
            Clear
          </Button>
        </>
      ) : (
        <MenuButton
          label="More"
          icon="more"
          class="sky-button--icon"
          busy={work === "check" || work === "explain"}
          items={[
            { label: "Check", hint: "Check the query without running it", onSelect: () => void state.check() },
            { label: "Explain", hint: "Show how the database would run it", onSelect: () => void state.explain() },
            { label: "Clear", hint: "Empty the editor", disabled: blank, onSelect: () => state.clear() },
          ]}
        />
      )}
    </div>
  );
}

function NoticeLine({ state }: { state: QueryState }): JSX.Element | null {
  const notice = state.notice.value;
  if (!notice) return null;
  return (
    <Message
      kind={notice.kind}
      onDismiss={() => (state.notice.value = null)}
      actions={notice.action && <Button onClick={notice.action.act}>{notice.action.label}</Button>}
    >
      <span>{notice.text}</span>
      {notice.hint && <p class="sky-muted">{notice.hint}</p>}
    </Message>
  );
}

/** How long the query has run, of how long it may. */
function RunningLine({ state }: { state: QueryState }): JSX.Element | null {
  const running = state.quick.running.value;
  const elapsed = state.quick.elapsedSeconds.value;
  if (!running || elapsed < 0.1) return null;
  const limit = state.quickSeconds.value;
  return (
    <div class="sky-query__running">
      <span>
        {running.cancelling ? "Stopping" : "Running"} · {elapsed.toFixed(elapsed < 10 ? 1 : 0)} s of {duration(limit)} at most
      </span>
      <Progress fraction={elapsed / limit} label="Time of the quick query that has passed" />
    </div>
  );
}

function ResultArea({ state }: { state: QueryState }): JSX.Element | null {
  const result = state.quick.result.value;
  const busy = state.quick.running.value !== null;
  if (!result) {
    return state.wide.value ? (
      <div class="sky-query__result">
        <EmptyState title="No rows yet">
          <span>Quick (Ctrl-Enter) shows the first rows here. Submit job writes all of them to a file.</span>
        </EmptyState>
      </div>
    ) : null;
  }
  if (!state.showsRows.value) {
    return (
      <div class="sky-query__result sky-query__summary">
        <span role="status" title={result.sql}>
          {summary(result.meta)}
        </span>
        <span class="sky-row">
          {state.canHost("cut-result") && hasPositions(result.table) && (
            <IconButton icon="image" label="Cut images at the positions of the shown rows" onClick={() => state.cutRows()} />
          )}
          {state.canHost("show-positions") && hasPositions(result.table) && (
            <IconButton icon="globe" label="Show the positions of the shown rows on the globe" onClick={() => state.showPositions()} />
          )}
          {state.own.available.value && <IconButton icon="table" label="Save all rows as my table" onClick={() => state.saveRows()} />}
          <Button onClick={() => state.showRows()} title="Show the rows in the main area">
            Show rows
          </Button>
        </span>
        {result.meta.truncated && <span class="sky-query__more sky-muted">{MORE_ROWS}</span>}
      </div>
    );
  }
  return (
    <div class="sky-query__result" aria-busy={busy}>
      <ResultView
        result={result}
        busy={state.work.value === "notebook"}
        onNotebook={state.canHost("open-notebook") ? () => void state.openNotebook(result.sql) : undefined}
        onCutouts={state.canHost("cut-result") ? () => state.cutRows() : undefined}
        onGlobe={state.canHost("show-positions") ? () => state.showPositions() : undefined}
        onSave={state.own.available.value ? () => state.saveRows() : undefined}
      />
    </div>
  );
}

interface SectionProps {
  title: string;
  class?: string;
  /** Open, and without a way to close it. */
  always?: boolean;
  onOpen?: () => void;
  children: ComponentChildren;
}

/** A part that can be opened; what is inside is made only then. */
function Section({ title, class: className = "", always = false, onOpen, children }: SectionProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <section class={`sky-section ${className}`} aria-label={title}>
      {!always && (
        <h3>
          <button
            type="button"
            class="sky-section__head"
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            onClick={() => {
              if (!open) onOpen?.();
              setOpen(!open);
            }}
          >
            <Icon name={open ? "down" : "right"} />
            {title}
          </button>
        </h3>
      )}
      {(open || always) && (
        <div id={id} class="sky-section__body">
          {children}
        </div>
      )}
    </section>
  );
}

function ExplanationDialog({ state }: { state: QueryState }): JSX.Element | null {
  const explanation = state.explanation.value;
  if (!explanation) return null;
  const close = (): void => void (state.explanation.value = null);
  return (
    <Dialog title="How the database would run it" wide onClose={close} actions={<Button onClick={close}>Close</Button>}>
      <PlanView explanation={explanation} />
      <details>
        <summary>The statement as the database is given it</summary>
        <pre class="sky-query__plan" tabIndex={0} aria-label="Statement">
          {explanation.statement}
        </pre>
      </details>
    </Dialog>
  );
}

function Help(): JSX.Element {
  return (
    <div class="sky-query__help">
      <p>
        <strong>Quick</strong> runs the query now and shows its first rows. <strong>Submit</strong> runs it as a job that writes all rows to a file and goes
        on when you close the browser.
      </p>
      <dl>
        <dt>
          <kbd>Ctrl</kbd> <kbd>Enter</kbd>
        </dt>
        <dd>run quickly</dd>
        <dt>
          <kbd>Ctrl</kbd> <kbd>Space</kbd>
        </dt>
        <dd>tables, columns, functions</dd>
        <dt>
          <kbd>Esc</kbd> then <kbd>Tab</kbd>
        </dt>
        <dd>leave the editor</dd>
        <dt>
          <kbd>Ctrl</kbd> <kbd>C</kbd> in the rows
        </dt>
        <dd>copy the selected cells</dd>
        <dt>
          <kbd>Shift</kbd> click on a head
        </dt>
        <dd>sort by a second column</dd>
      </dl>
    </div>
  );
}

/** Tell the state whether the panel is wide, by its own width and not the page's. */
function useWidth(root: { current: HTMLElement | null }, state: QueryState): void {
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return;
    const look = (): void => {
      // Behind another tab it has no width: it stays as it was, so that a query that ends meanwhile shows its rows where they belong.
      if (element.clientWidth > 0) state.wide.value = element.clientWidth >= WIDE_FROM;
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    look();
    return () => watcher.disconnect();
  }, [state]);
}
