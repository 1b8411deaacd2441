/**
 * The result of a quick query in a place of its own, such as the lab's main area.
 *
 * The model's `result` holds the rows: the Arrow bytes themselves, with `sql` and `result_meta` beside it, or all three in one object
 * `{ buffer, meta, sql }`. A new `result` is drawn in the place of the old one.
 */

import { effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { notebookFromJson, resultMetaFromJson, type ResultMeta } from "../shared/catalog";
import { isRecord, type JsonRecord } from "../shared/json";
import { errorMessage, Transport, type PanelModel, type RenderArguments } from "../shared/model";
import { EmptyState, Message, mount } from "../shared/ui";
import { readTable } from "./table";
import { ResultView, sourceWords, type Result } from "./view";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new ResultState(model, transport);
    const unmount = mount(el, <ResultPanel state={state} />);
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};

class ResultState {
  readonly result = signal<Result | null>(null);
  readonly problem = signal<string | null>(null);
  private readonly stop: () => void;

  constructor(
    private readonly model: PanelModel,
    private readonly transport: Transport,
  ) {
    const revision = signal(0);
    const changed = (): void => void (revision.value += 1);
    model.on("change:result", changed);
    const stop = effect(() => {
      void revision.value;
      this.read();
    });
    this.stop = () => {
      stop();
      model.off("change:result", changed);
    };
  }

  get canOpenNotebook(): boolean {
    return this.transport.canHost("open-notebook");
  }

  async openNotebook(): Promise<void> {
    const result = this.result.peek();
    if (!result) return;
    try {
      this.transport.host("open-notebook", notebookFromJson(await this.transport.json("POST", "query/notebook", { sql: result.sql })));
      this.problem.value = null;
    } catch (error) {
      this.problem.value = errorMessage(error);
    }
  }

  get canCut(): boolean {
    return this.transport.canHost("cut-result");
  }

  /** Give the rows' positions to the Cutouts panel. */
  cut(): void {
    const result = this.result.peek();
    if (result) this.transport.host("cut-result", { buffer: bytesOfModel(this.model), source: sourceWords(result) });
  }

  get canSave(): boolean {
    return this.transport.canHost("save-as-table") && (this.result.value?.sql.trim() ?? "") !== "";
  }

  /** Ask for a name under which the rows become a table of one's own. */
  save(): void {
    const result = this.result.peek();
    if (result) this.transport.host("save-as-table", { sql: result.sql });
  }

  get canShowPositions(): boolean {
    return this.transport.canHost("show-positions");
  }

  /** Show the rows' positions on the globe. */
  showPositions(): void {
    const result = this.result.peek();
    if (result) this.transport.host("show-positions", { buffer: bytesOfModel(this.model), source: sourceWords(result) });
  }

  close(): void {
    this.stop();
  }

  private read(): void {
    try {
      this.result.value = resultOf(this.model);
      this.problem.value = null;
    } catch (error) {
      this.result.value = null;
      this.problem.value = `the rows could not be read: ${errorMessage(error)}`;
    }
  }
}

function ResultPanel({ state }: { state: ResultState }): JSX.Element {
  const result = state.result.value;
  const problem = state.problem.value;
  return (
    <div class="sky-result-panel">
      {problem && (
        <Message kind="error" onDismiss={() => (state.problem.value = null)}>
          {problem}
        </Message>
      )}
      {result && (
        <ResultView
          result={result}
          onNotebook={state.canOpenNotebook ? () => void state.openNotebook() : undefined}
          onCutouts={state.canCut ? () => state.cut() : undefined}
          onGlobe={state.canShowPositions ? () => state.showPositions() : undefined}
          onSave={state.canSave ? () => state.save() : undefined}
        />
      )}
      {!result && !problem && (
        <EmptyState title="No result yet">
          <span>Run a quick query in the Query panel; its rows are shown here.</span>
        </EmptyState>
      )}
    </div>
  );
}

/** The result that the model holds; null where it holds none. */
function resultOf(model: PanelModel): Result | null {
  const value = model.get("result");
  if (value === null || value === undefined) return null;
  const whole = isWhole(value);
  const { table, meta } = readTable(bytesOfModel(model));
  const stated = whole ? value["meta"] : model.get("result_meta");
  const sql = whole ? value["sql"] : model.get("sql");
  return { sql: typeof sql === "string" ? sql : "", table, meta: meta ?? metaOr(stated, table.rowCount) };
}

/** The Arrow bytes that the model holds. */
function bytesOfModel(model: PanelModel): Uint8Array {
  const value = model.get("result");
  return bytesOf(isWhole(value) ? value["buffer"] : value);
}

/** Whether rows, what is known of them and the statement come in one object. */
function isWhole(value: unknown): value is JsonRecord {
  return isRecord(value) && !(value instanceof ArrayBuffer) && !ArrayBuffer.isView(value);
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new Error(`expected Arrow bytes, got ${typeof value}`);
}

function metaOr(stated: unknown, rows: number): ResultMeta {
  if (isRecord(stated)) return resultMetaFromJson(stated);
  return { truncated: false, rows, row_limit: null, elapsed_seconds: 0, database_seconds: null, release: null };
}
