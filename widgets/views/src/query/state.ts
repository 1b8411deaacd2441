/** The query panel's state: the statement, what is being done with it, and what came of it. */

import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import {
  checkFromJson,
  examplesFromJson,
  explanationFromJson,
  faultFromDetail,
  formatsFromJson,
  historyFromJson,
  notebookFromJson,
  type Example,
  type Explanation,
  type Fault,
  type Format,
  type HistoryEntry,
} from "../shared/catalog";
import { counted } from "../shared/format";
import { jobFromJson, type Job } from "../shared/job";
import { Loadable } from "../shared/loadable";
import { sourceWords } from "../result/view";
import { errorMessage, isApiError, Transport, type PanelModel } from "../shared/model";
import { sessionFromJson } from "../shared/session";
import type { MessageKind, Question } from "../shared/ui";
import { JobForm } from "./job-form";
import { OwnTablesState } from "./own-tables";
import { QuickRun, type Outcome } from "./quick";
import { SchemaState } from "./schema";

/** The one message below the editor. */
export interface Notice {
  kind: MessageKind;
  text: string;
  hint?: string | null;
  action?: { label: string; act: () => void };
}

export type Work = "check" | "explain" | "submit" | "notebook";

const SAVE_DELAY_MS = 300;
const QUICK_SECONDS = 30;
const DOUBLE_CLICK_MS = 350;

export class QueryState {
  readonly sql = signal("");
  readonly notice = signal<Notice | null>(null);
  readonly fault = signal<Fault | null>(null);
  readonly work = signal<Work | null>(null);
  readonly question = signal<Question | null>(null);
  readonly explanation = signal<Explanation | null>(null);
  /** The job that was submitted last. */
  readonly submitted = signal<Job | null>(null);
  readonly wide = signal(false);
  readonly expanded = signal(false);
  readonly quickSeconds = signal(QUICK_SECONDS);
  readonly maxRows = signal<number | null>(null);

  readonly quick: QuickRun;
  readonly schema: SchemaState;
  readonly own: OwnTablesState;
  readonly form = new JobForm();
  readonly examples: Loadable<Example[]>;
  readonly history: Loadable<HistoryEntry[]>;
  readonly formats: Loadable<Format[]>;
  readonly isBlank: ReadonlySignal<boolean> = computed(() => this.sql.value.trim() === "");
  /** Whether rows are drawn in this panel; otherwise the surroundings draw them. */
  readonly showsRows: ReadonlySignal<boolean>;

  /** Puts a text at the cursor; the editor sets it. `stay` leaves the focus where it is. */
  insertAtCursor: (text: string, stay: boolean) => void = (text) => this.setSql(`${this.sql.peek()}${text}`);

  /** Texts that replacing does not lose: they came from a list, or have been run. */
  private readonly kept = new Set<string>();
  private readonly stops: (() => void)[] = [];
  private saving: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: PanelModel,
    private readonly transport: Transport,
  ) {
    this.quick = new QuickRun(transport);
    this.schema = new SchemaState(transport);
    this.own = new OwnTablesState(transport, {
      catalog: this.schema,
      ask: (question) => (this.question.value = question),
      replaceSql: (sql, what) => this.replaceSql(sql, what),
      tell: (kind, text, action) => (this.notice.value = { kind, text, ...(action ? { action } : {}) }),
    });
    this.examples = new Loadable(async () => examplesFromJson(await transport.json("GET", "query/examples")));
    this.history = new Loadable(async () => historyFromJson(await transport.json("GET", "query/history")));
    this.formats = new Loadable(async () => formatsFromJson(await transport.json("GET", "query/formats")));
    this.showsRows = computed(() => this.wide.value || !transport.canHost("show-result"));
    this.follow("sql", (value) => (this.sql.value = typeof value === "string" ? value : ""));
    this.follow("expanded", (value) => (this.expanded.value = value === true));
    this.follow("save_sql", (value) => this.takeSaved(value));
    this.stops.push(
      effect(() => {
        const formats = this.formats.value ?? [];
        untracked(() => this.form.learn(formats));
      }),
    );
  }

  /** Fetch what the panel needs from the start. */
  async load(): Promise<void> {
    await Promise.all([this.schema.schema.ensure(), this.formats.ensure(), this.loadSession()]);
  }

  setSql(text: string): void {
    if (text === this.sql.peek()) return;
    this.sql.value = text;
    this.model.set("sql", text);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.model.save_changes(), SAVE_DELAY_MS);
  }

  /** Put a text from a list into the editor, after asking where an edited text would be lost. */
  replaceSql(text: string, what: string): void {
    const replace = (): void => {
      this.kept.add(text);
      this.setSql(text);
      this.clearOutcome();
    };
    if (this.isBlank.peek() || this.kept.has(this.sql.peek()) || this.sql.peek() === text) return replace();
    this.question.value = {
      title: "Replace your query?",
      text: `The editor holds a query that you have edited and not run. ${what} would take its place.`,
      yes: "Replace",
      no: "Keep mine",
      onYes: replace,
    };
  }

  clear(): void {
    const before = this.sql.peek();
    this.setSql("");
    this.clearOutcome();
    if (before.trim()) this.notice.value = { kind: "info", text: "Cleared.", action: { label: "Undo", act: () => this.undoClear(before) } };
  }

  async check(): Promise<void> {
    await this.during("check", async () => {
      const columns = checkFromJson(await this.transport.json("POST", "query/check", { sql: this.sql.peek() }));
      const names = columns.map((column) => column.name);
      const some = names.slice(0, 6).join(", ");
      this.notice.value = {
        kind: "success",
        text: `The query is right: ${counted(names.length, "column")}${names.length > 0 ? ` (${some}${names.length > 6 ? ", …" : ""})` : ""}.`,
      };
    });
  }

  async explain(): Promise<void> {
    await this.during("explain", async () => {
      this.explanation.value = explanationFromJson(await this.transport.json("POST", "query/explain", { sql: this.sql.peek() }));
    });
  }

  /** Run the statement quickly. A second call while it runs does nothing. */
  async runQuick(): Promise<void> {
    const sql = this.sql.peek();
    if (this.quick.running.peek() || this.refuseBlank()) return;
    this.clearOutcome();
    this.flush();
    this.tell(await this.quick.run(sql), sql);
  }

  /** Stop the running query. The second click of a double click on Quick is none. */
  async cancelQuick(): Promise<void> {
    const running = this.quick.running.peek();
    if (!running || Date.now() - running.startedAt < DOUBLE_CLICK_MS) return;
    try {
      await this.quick.cancel();
    } catch (error) {
      this.notice.value = { kind: "error", text: `The query could not be cancelled: ${errorMessage(error)}` };
    }
  }

  async submit(allowDuplicate = false): Promise<void> {
    const fault = this.form.faults.peek()[0];
    if (fault) {
      this.notice.value = { kind: "error", text: `${FIELD_NAMES[fault.field]}: ${fault.message}` };
      return;
    }
    const sql = this.sql.peek();
    await this.during("submit", async () => {
      const body = { sql, ...this.form.body(), ...(allowDuplicate ? { allow_duplicate: true } : {}) };
      const job = jobFromJson(await this.transport.json("POST", "query/job", body));
      this.kept.add(sql);
      this.submitted.value = job;
      this.model.set("selected_job", job.id);
      this.model.save_changes();
      const show = this.transport.canHost("show-job") ? { label: "Show in jobs", act: () => this.transport.host("show-job", { id: job.id }) } : undefined;
      this.notice.value = { kind: "success", text: `Submitted job ${job.name || job.id}.`, ...(show ? { action: show } : {}) };
      this.refreshHistory();
    });
  }

  async openNotebook(sql: string): Promise<void> {
    await this.during("notebook", async () => {
      this.transport.host("open-notebook", notebookFromJson(await this.transport.json("POST", "query/notebook", { sql })));
    });
  }

  /** Ask the surroundings to show the rows of the last result. */
  showRows(): void {
    const result = this.quick.result.peek();
    if (result && this.buffer) this.transport.host("show-result", { buffer: this.buffer, meta: result.meta, sql: result.sql });
  }

  /** Give the positions of the last result to the Cutouts panel. */
  cutRows(): void {
    const result = this.quick.result.peek();
    if (result && this.buffer) this.transport.host("cut-result", { buffer: this.buffer, source: sourceWords(result) });
  }

  /** Show the positions of the last result on the globe. */
  showPositions(): void {
    const result = this.quick.result.peek();
    if (result && this.buffer) this.transport.host("show-positions", { buffer: this.buffer, source: sourceWords(result) });
  }

  askToClearHistory(): void {
    this.question.value = {
      title: "Clear your history?",
      text: "The list of the queries that you ran is erased. Jobs and their results stay.",
      yes: "Clear history",
      danger: true,
      onYes: () => void this.clearHistory(),
    };
  }

  /** Ask for a name under which the rows of the last quick query become a table of one's own. */
  saveRows(): void {
    const result = this.quick.result.peek();
    if (result) this.own.saveRows(result.sql);
  }

  canHost(action: Parameters<Transport["canHost"]>[0]): boolean {
    return this.transport.canHost(action);
  }

  expand(): void {
    this.transport.host("expand", { panel: "query" });
  }

  close(): void {
    this.flush();
    this.stops.forEach((stop) => stop());
    this.schema.close();
    this.own.close();
  }

  private buffer: Uint8Array | null = null;

  private follow(trait: string, take: (value: unknown) => void): void {
    const changed = (): void => take(this.model.get(trait));
    this.model.on(`change:${trait}`, changed);
    this.stops.push(() => this.model.off(`change:${trait}`, changed));
    changed();
  }

  /** Another panel gave a statement once, whose rows are to be a table. */
  private takeSaved(sql: unknown): void {
    if (typeof sql !== "string" || !sql.trim()) return;
    this.model.set("save_sql", null);
    this.own.saveRows(sql);
  }

  private tell(outcome: Outcome, sql: string): void {
    if (outcome.kind === "ignored") return;
    this.kept.add(sql);
    this.refreshHistory();
    if (outcome.kind === "cancelled") this.notice.value = { kind: "info", text: "Cancelled; the query was stopped." };
    else if (outcome.kind === "failed") this.showError(outcome.error, () => void this.runQuick());
    else {
      this.buffer = outcome.buffer;
      this.model.set("result_meta", { ...outcome.result.meta, sql });
      this.model.save_changes();
      if (!this.showsRows.peek()) this.showRows();
    }
  }

  private async during(work: Work, act: () => Promise<void>): Promise<void> {
    if (this.work.peek() !== null || this.refuseBlank(work)) return;
    this.work.value = work;
    this.clearOutcome();
    this.flush();
    try {
      await act();
    } catch (error) {
      this.showError(error, RETRIES[work](this));
    } finally {
      this.work.value = null;
    }
  }

  private refuseBlank(work?: Work): boolean {
    if (work === "notebook" || !this.isBlank.peek()) return false;
    this.notice.value = { kind: "info", text: "Write a query first, or take one of the examples." };
    return true;
  }

  /** Say what went wrong, where in the text, and what can be done. */
  private showError(error: unknown, retry: () => void): void {
    const text = errorMessage(error);
    if (isApiError(error, "invalid_query") || isApiError(error, "query_refused")) {
      const fault = faultFromDetail(text, error.detail);
      this.fault.value = fault;
      const where = fault.line === null ? "" : `Line ${fault.line}${fault.column === null ? "" : `, column ${fault.column}`}: `;
      this.notice.value = { kind: "error", text: `${where}${text}`, hint: fault.hint };
    } else if (isApiError(error, "deadline_exceeded")) {
      this.notice.value = { kind: "error", text, action: { label: "Submit as a job", act: () => void this.submit() } };
    } else if (isApiError(error, "conflict") && this.work.peek() === "submit") {
      this.notice.value = { kind: "warn", text, action: { label: "Submit anyway", act: () => void this.submit(true) } };
    } else if (isApiError(error, "unavailable")) {
      this.notice.value = { kind: "error", text, action: { label: "Try again", act: retry } };
    } else {
      this.notice.value = { kind: "error", text };
    }
  }

  private clearOutcome(): void {
    this.notice.value = null;
    this.fault.value = null;
    this.explanation.value = null;
  }

  private undoClear(text: string): void {
    this.setSql(text);
    this.notice.value = null;
  }

  private refreshHistory(): void {
    if (this.history.status.peek().state !== "idle") void this.history.reload();
  }

  private async clearHistory(): Promise<void> {
    try {
      await this.transport.request("DELETE", "query/history");
      this.history.set([]);
    } catch (error) {
      this.notice.value = { kind: "error", text: `The history could not be cleared: ${errorMessage(error)}` };
    }
  }

  private async loadSession(): Promise<void> {
    try {
      const { limits, survey, services, user } = sessionFromJson(await this.transport.json("GET", "session"));
      this.own.learn(services.map((service) => service.name), user.groups);
      this.schema.openRelease.value = survey.default_release;
      const query = limits["query"];
      if (typeof query !== "object" || query === null) return;
      if ("quick_seconds" in query && typeof query.quick_seconds === "number") this.quickSeconds.value = query.quick_seconds;
      if ("max_rows" in query && typeof query.max_rows === "number") this.maxRows.value = query.max_rows;
    } catch (error) {
      // The limits are only told, never kept here: without them the panel works, and the schema's own failure is on show.
      console.warn("skydesk: limits are not known:", errorMessage(error));
    }
  }

  /** Give the model what is not saved yet. */
  private flush(): void {
    if (this.saving === undefined) return;
    clearTimeout(this.saving);
    this.saving = undefined;
    this.model.save_changes();
  }
}

const FIELD_NAMES = { file_name: "Output file", max_rows: "Most rows", email: "E-mail" } as const;

const RETRIES: Record<Work, (state: QueryState) => () => void> = {
  check: (state) => () => void state.check(),
  explain: (state) => () => void state.explain(),
  submit: (state) => () => void state.submit(),
  notebook: (state) => () => void (state.quick.result.peek() && state.openNotebook(state.quick.result.peek()?.sql ?? "")),
};
