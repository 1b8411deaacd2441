/** Examples and history: statements that a click puts into the editor. */

import type { JSX } from "preact";
import { counted, duration } from "../shared/format";
import type { HistoryEntry } from "../shared/catalog";
import { Button, EmptyState, Loading, RetryMessage, Time } from "../shared/ui";
import type { QueryState } from "./state";

interface Props {
  state: QueryState;
  /** Called once something was chosen, before any question. */
  onChosen?: () => void;
}

export function ExamplesList({ state, onChosen }: Props): JSX.Element {
  const { examples } = state;
  const status = examples.status.value;
  if (status.state === "failed") return <RetryMessage message={`The examples could not be read: ${status.message}`} onRetry={() => void examples.reload()} />;
  if (!examples.value) return <Loading text="Reading the examples …" />;
  if (examples.value.length === 0) return <EmptyState title="This survey has no examples" />;
  return (
    <ul class="sky-list">
      {examples.value.map((example) => (
        <li key={example.title}>
          <button
            type="button"
            class="sky-item"
            onClick={() => {
              onChosen?.();
              state.replaceSql(example.sql, `The example “${example.title}”`);
            }}
          >
            <span class="sky-list__title">{example.title}</span>
            {example.description && <span class="sky-list__text">{example.description}</span>}
          </button>
        </li>
      ))}
    </ul>
  );
}

export function HistoryList({ state, onChosen }: Props): JSX.Element {
  const { history } = state;
  const status = history.status.value;
  if (status.state === "failed") return <RetryMessage message={`The history could not be read: ${status.message}`} onRetry={() => void history.reload()} />;
  if (!history.value) return <Loading text="Reading your history …" />;
  if (history.value.length === 0) {
    return (
      <EmptyState title="No queries yet">
        <span>What you run is listed here, to be used again.</span>
      </EmptyState>
    );
  }
  return (
    <>
      <ul class="sky-list">
        {history.value.map((entry) => (
          <li key={entry.id}>
            <button
              type="button"
              class="sky-item"
              title={entry.sql}
              onClick={() => {
                onChosen?.();
                state.replaceSql(entry.sql, "The query from your history");
              }}
            >
              <span class="sky-list__sql">{entry.sql.replace(/\s+/g, " ").trim()}</span>
              <span class="sky-list__text">
                <Outcome entry={entry} /> · <Time iso={entry.ran_at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      <div class="sky-list__foot">
        <Button
          icon="trash"
          onClick={() => {
            onChosen?.();
            state.askToClearHistory();
          }}
        >
          Clear history
        </Button>
      </div>
    </>
  );
}

/** What came of it. Of a job only that it was submitted is known here; the Jobs panel knows the rest. */
function Outcome({ entry }: { entry: HistoryEntry }): JSX.Element {
  const { kind, outcome, rows } = entry;
  if (outcome !== "ok") return <span class="sky-failed">✕ {outcome.replaceAll("_", " ")}</span>;
  if (kind === "job") return <span>submitted as a job</span>;
  return (
    <>
      <span class="sky-ok">✓ {rows === null ? "ok" : counted(rows, "row")}</span> · {duration(entry.elapsed_seconds)}
      {kind === "quick" ? "" : ` · ${kind}`}
    </>
  );
}
