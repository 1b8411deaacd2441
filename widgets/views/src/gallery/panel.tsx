/** The gallery: how far the job is, what is shown, and the images. */

import type { ComponentChildren, JSX } from "preact";
import { OUTCOMES, type Outcome } from "../shared/cutout";
import { count, counted } from "../shared/format";
import { phaseWord } from "../jobs/words";
import { isActive } from "../jobs/order";
import { Button, Dialog, EmptyState, IconButton, KeyList, Loading, MenuButton, Message, PopoverButton, Progress, RetryMessage } from "../shared/ui";
import { FullView } from "./full";
import { Grid } from "./grid";
import { COLUMNS, EVERYTHING, type Column } from "./order";
import { outcomeWord } from "./outcome";
import type { JobRows } from "./rows";
import { progressWords, SIZES, type GalleryState, type Size } from "./state";

export function GalleryPanel({ state }: { state: GalleryState }): JSX.Element {
  const source = state.source.value;
  const opened = state.row(state.opened.value);
  if (!source) {
    return (
      <div class="sky-gal">
        <EmptyState title="No job chosen">
          <span>Open the gallery of a cutout job from the Jobs panel, or after submitting one in the Cutouts panel.</span>
        </EmptyState>
      </div>
    );
  }
  return (
    <div class="sky-gal">
      <Head state={state} source={source} />
      <Notices state={state} source={source} />
      <Main state={state} source={source} />
      {opened && <FullView state={state} row={opened} />}
      <LogDialog state={state} />
    </div>
  );
}

function Head({ state, source }: { state: GalleryState; source: JobRows }): JSX.Element {
  const job = source.job.value;
  const rows = source.rows.value.size;
  const total = source.total.value;
  const active = job !== null && isActive(job);
  return (
    <>
      <div class="sky-head sky-gal__head">
        <h2 class="sky-truncate" title={job?.name}>
          {job?.name || "Cutouts"}
        </h2>
        <span class="sky-muted sky-gal__how" role="status">
          {job && `${phaseWord(job.phase)} · `}
          {source.loaded.value && progressWords(rows, total, source.ended.value)}
        </span>
        <span class="sky-grow" />
        <Acts state={state} />
      </div>
      {active && <Progress fraction={total ? rows / total : null} label="Images that have been cut" />}
    </>
  );
}

function Acts({ state }: { state: GalleryState }): JSX.Element {
  const selected = state.selected.value;
  const failed = (state.counts.value.get("failed") ?? 0) + (state.counts.value.get("partly") ?? 0);
  const ended = state.source.value?.ended.value ?? false;
  const any = state.shown.value.length > 0;
  return (
    <div class="sky-gal__acts">
      {failed > 0 && ended && (
        <Button icon="refresh" busy={state.again.value} onClick={() => void state.runFailedAgain()} title="Cut once more what failed or came only partly, as a job of its own">
          Run failed again ({count(failed)})
        </Button>
      )}
      {state.can("download") && any && (
        <Button icon="download" onClick={() => state.download(selected.size > 0 ? selected : "all")} title="Download the files of these rows as one tar archive">
          {selected.size > 0 ? `Download ${count(selected.size)}` : "Download all"}
        </Button>
      )}
      {state.can("show-positions") && any && (
        <Button icon="globe" onClick={() => state.showPositions()} title={selected.size > 0 ? "Show the positions of the selected images on the globe" : "Show the positions of all images on the globe"}>
          Globe
        </Button>
      )}
      <Button icon="info" kind="quiet" onClick={() => state.showLog()} title="Show the job's log">
        Log
      </Button>
      <PopoverButton icon="help" kind="quiet" class="sky-button--icon" label="Help on the gallery">
        {() => <Help />}
      </PopoverButton>
    </div>
  );
}

function Tools({ state }: { state: GalleryState }): JSX.Element {
  const filter = state.filter.value;
  const { column, descending } = state.sorting.value;
  const views = state.views.value;
  const selected = state.selected.value.size;
  const rows = state.source.value?.rows.value.size ?? 0;
  const shown = state.shown.value.length;
  return (
    <div class="sky-gal__tools" role="group" aria-label="What is shown">
      <input
        class="sky-input sky-gal__filter"
        type="search"
        placeholder="Filter: name, tile, id, or dec<-5"
        aria-label="Filter by name, tile, id, message, or a column such as dec<-5"
        value={filter.text}
        onInput={(event) => (state.filter.value = { ...filter, text: event.currentTarget.value })}
      />
      <select class="sky-select" aria-label="Outcome" value={filter.outcome} onChange={(event) => (state.filter.value = { ...filter, outcome: event.currentTarget.value as Outcome | "all" })}>
        <option value="all">All outcomes ({count(rows)})</option>
        {OUTCOMES.map((outcome) => (
          <option key={outcome} value={outcome}>
            {outcomeWord(outcome)} ({count(state.counts.value.get(outcome) ?? 0)})
          </option>
        ))}
      </select>
      {views.length > 1 && (
        <select class="sky-select" aria-label="Picture" value={state.viewKey.value ?? views[0]?.key} onChange={(event) => (state.viewKey.value = event.currentTarget.value)}>
          {views.map((view) => (
            <option key={view.key} value={view.key}>
              {view.title}
            </option>
          ))}
        </select>
      )}
      <MenuButton
        icon="sort"
        label="Sort"
        text={`${COLUMNS[column]} ${descending ? "↓" : "↑"}`}
        title={`Sorted by ${COLUMNS[column]}, ${descending ? "descending" : "ascending"}`}
        items={(Object.entries(COLUMNS) as [Column, string][]).map(([key, title]) => ({
          label: `${title}${key === column ? (descending ? " ↓" : " ↑") : ""}`,
          hint: key === column ? "Again turns the order round" : `Sort by ${title}`,
          onSelect: () => state.sortBy(key),
        }))}
      />
      <span class="sky-gal__sizes" role="group" aria-label="Size of the images">
        {(Object.keys(SIZES) as Size[]).map((size) => (
          <button
            key={size}
            type="button"
            class="sky-gal__size"
            aria-pressed={state.size.value === size}
            title={{ S: "Small images", M: "Medium images", L: "Large images" }[size]}
            onClick={() => (state.size.value = size)}
          >
            {size}
          </button>
        ))}
      </span>
      <span class="sky-gal__shown" role="status">
        {shown < rows && `${count(shown)} shown`}
        {selected > 0 && (
          <>
            {shown < rows && " · "}
            {count(selected)} selected
            <IconButton icon="cross" label={`Clear the selection of ${counted(selected, "image")}`} onClick={() => state.clearSelection()} />
          </>
        )}
      </span>
    </div>
  );
}

function Notices({ state, source }: { state: GalleryState; source: JobRows }): JSX.Element | null {
  const notice = state.notice.value;
  const problem = source.problem.value;
  const job = source.job.value;
  const all: ComponentChildren[] = [];
  if (source.lost.value && !source.ended.value) all.push(<Message kind="warn">The connection is lost; the gallery follows as soon as it is back.</Message>);
  if (problem) all.push(<RetryMessage message={`the images could not be listed: ${problem}`} onRetry={() => source.retry()} />);
  if (job?.error) all.push(<Message kind="error">{job.error.message}</Message>);
  if (notice) {
    const action = notice.action;
    all.push(
      <Message kind={notice.kind} onDismiss={() => (state.notice.value = null)} actions={action && <Button onClick={action.act}>{action.label}</Button>}>
        {notice.text}
      </Message>,
    );
  }
  return all.length > 0 && !source.deleted.value ? <div class="sky-gal__notices">{all}</div> : null;
}

function Main({ state, source }: { state: GalleryState; source: JobRows }): JSX.Element | null {
  const job = source.job.value;
  if (source.deleted.value) {
    return (
      <EmptyState title="This job was deleted">
        <span>Its images are gone; cut them again from the Cutouts panel.</span>
      </EmptyState>
    );
  }
  if (job?.expired) {
    return (
      <EmptyState title="The images have been removed">
        <span>The job has expired. Run it again in the Jobs panel to get them back.</span>
      </EmptyState>
    );
  }
  if (!source.loaded.value) return source.problem.value ? null : <div class="sky-gal__notices">{<Loading text="Getting the images …" />}</div>;
  if (source.rows.value.size === 0) return <NoRows source={source} />;
  return (
    <>
      <Tools state={state} />
      {state.shown.value.length > 0 ? (
        <Grid state={state} />
      ) : (
        <EmptyState title="No image matches">
          <span>{counted(source.rows.value.size, "row")} in all.</span>
          <Button onClick={() => (state.filter.value = EVERYTHING)}>Show all</Button>
        </EmptyState>
      )}
    </>
  );
}

function NoRows({ source }: { source: JobRows }): JSX.Element {
  const job = source.job.value;
  if (source.ended.value) {
    return (
      <EmptyState title="No images">
        <span>The job has {job ? phaseWord(job.phase) : "ended"} before any was cut; its log says more.</span>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={job?.phase === "QUEUED" || job?.phase === "PENDING" ? "The job waits for its turn" : "The first images are on their way"}>
      <span>They appear here as they are cut. You can close this and come back.</span>
    </EmptyState>
  );
}

function LogDialog({ state }: { state: GalleryState }): JSX.Element | null {
  const log = state.log.value;
  if (!log) return null;
  const status = log.status.value;
  const close = (): void => void (state.log.value = null);
  return (
    <Dialog
      title="Log of the job"
      wide
      onClose={close}
      actions={
        <>
          <Button icon="refresh" busy={status.state === "loading"} onClick={() => void log.reload()}>
            Read again
          </Button>
          <Button onClick={close}>Close</Button>
        </>
      }
    >
      {status.state === "failed" && <Message kind="error">{status.message}</Message>}
      <pre class="sky-gal__log" tabIndex={0} role="region" aria-label="Log">
        {log.value ?? ""}
      </pre>
    </Dialog>
  );
}

const KEYS: readonly [string, string][] = [
  ["← → ↑ ↓", "go to an image"],
  ["Home End", "the first, the last"],
  ["Enter", "fill the screen"],
  ["Escape", "back; clear the selection"],
  ["Space", "select it"],
  ["Shift ← →", "select several"],
  ["A", "select all that are shown"],
];

function Help(): JSX.Element {
  return (
    <div class="sky-gal__help">
      <p>
        The filter takes words (name, tile, object id, message) and comparisons of columns: <code>ra&gt;34.5</code>, <code>dec&lt;=-5</code>, <code>xsize&gt;1</code>.
      </p>
      <KeyList keys={KEYS} />
    </div>
  );
}
