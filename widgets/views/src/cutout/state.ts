/** The cutouts panel's state: whence positions come, what is made of them, what it will come to, and what came of it. */

import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { toBase64 } from "../shared/bytes";
import { draftFromJson, estimateFromJson, faultsFromDetail, formFromJson, type Draft, type EstimateAnswer, type FormFacts } from "../shared/cutout";
import { counted, size } from "../shared/format";
import { jobFromJson, type Job } from "../shared/job";
import { isRecord, type JsonRecord } from "../shared/json";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, isApiError, type HostActions, type PanelModel, type Transport } from "../shared/model";
import type { MessageKind } from "../shared/ui";
import { DraftTable } from "./draft";
import { CutoutForm } from "./options";
import { Preview } from "./preview";

export interface Notice {
  kind: MessageKind;
  text: string;
  actions?: readonly { label: string; act: () => void }[];
}

/** Whence the positions are. */
export interface Source {
  /** For whoever reads: `m2.csv`, `the text below`. */
  words: string;
  /** Whether they are the text in the field. */
  typed: boolean;
}

const TYPING_PAUSE_MS = 600;
const ESTIMATE_PAUSE_MS = 300;
const SAVE_PAUSE_MS = 400;
/** Files above this are not sent through the browser's memory, bytes. */
const LARGEST_UPLOAD = 60_000_000;

export class CutoutState {
  readonly text = signal("");
  readonly form = new CutoutForm();
  readonly facts: Loadable<FormFacts>;
  readonly table: Signal<DraftTable | null> = signal(null);
  readonly source: Signal<Source | null> = signal(null);
  readonly reading = signal(false);
  /** Why the positions could not be read at all. */
  readonly unreadable: Signal<string | null> = signal(null);
  readonly estimate: Signal<EstimateAnswer | null> = signal(null);
  readonly estimating = signal(false);
  readonly estimateProblem: Signal<string | null> = signal(null);
  readonly submitting = signal(false);
  readonly notice: Signal<Notice | null> = signal(null);
  readonly submitted: Signal<Job | null> = signal(null);
  readonly expanded = signal(false);
  readonly preview: Preview;
  /** Why it cannot be submitted now; null where it can. */
  readonly obstacle: ReadonlySignal<string | null> = computed(() => this.findObstacle());

  private readonly stops: (() => void)[] = [];
  private typing: ReturnType<typeof setTimeout> | undefined;
  private saving: ReturnType<typeof setTimeout> | undefined;
  private estimateTimer: ReturnType<typeof setTimeout> | undefined;
  private readingNow: AbortController | null = null;
  private estimatingNow: AbortController | null = null;

  constructor(
    private readonly model: PanelModel,
    private readonly transport: Transport,
  ) {
    this.facts = new Loadable(async () => formFromJson(await transport.json("GET", "cutout/form")));
    this.preview = new Preview(transport, this.form, this.table);
    this.text.value = textTrait(model, "positions_text");
    this.stops.push(
      this.follow("expanded", () => (this.expanded.value = model.get("expanded") === true)),
      this.follow("positions_text", () => this.textWasSet()),
      this.follow("cut", () => void this.takeGiven()),
      effect(() => this.estimateSoon()),
      effect(() => this.keepForm()),
      effect(() => this.followRelease()),
    );
  }

  /** Fetch the form, and the positions that were there before a reload. */
  async load(): Promise<void> {
    const before = this.facts.value;
    await this.facts.ensure();
    const facts = this.facts.value;
    if (!facts || facts === before) return;
    this.form.learn(facts, keptForm(this.model));
    if (this.table.peek() || this.reading.peek()) return;
    const draft = textTrait(this.model, "draft_id");
    if (draft) await this.restore(draft);
    else if (this.text.peek().trim()) await this.readText();
  }

  close(): void {
    this.flush();
    clearTimeout(this.typing);
    clearTimeout(this.estimateTimer);
    this.readingNow?.abort();
    this.estimatingNow?.abort();
    this.stops.forEach((stop) => stop());
    this.preview.close();
  }

  // --- positions ---

  /** Take what is typed; it is read once the typing pauses, at once where `now`. */
  setText(text: string, now = false): void {
    if (text === this.text.peek() && !now) return;
    this.text.value = text;
    this.keep("positions_text", text);
    clearTimeout(this.typing);
    if (now) void this.readText();
    else this.typing = setTimeout(() => void this.readText(), TYPING_PAUSE_MS);
  }

  async readText(): Promise<void> {
    clearTimeout(this.typing);
    const text = this.text.peek();
    if (!text.trim()) return this.forgetDraft();
    await this.read({ text }, { words: "the text above", typed: true });
  }

  async readFile(file: File): Promise<void> {
    if (file.size > LARGEST_UPLOAD) {
      this.unreadable.value = `${file.name} has ${size(file.size)}; put it into a job of yours or cut it into files below ${size(LARGEST_UPLOAD)}`;
      return;
    }
    const content = toBase64(new Uint8Array(await file.arrayBuffer()));
    await this.readElsewhere({ file_name: file.name, content_base64: content }, file.name);
  }

  /** Take an example: its positions come into the text field. */
  useExample(example: { title: string; text: string }): void {
    this.setText(example.text, true);
    if (!this.form.jobName.peek()) this.form.jobName.value = example.title;
  }

  clear(): void {
    const before = this.text.peek();
    this.setText("");
    this.forgetDraft();
    this.notice.value = before.trim() ? { kind: "info", text: "Cleared.", actions: [{ label: "Undo", act: () => this.undoClear(before) }] } : null;
  }

  // --- submit ---

  async submit(allowDuplicate = false): Promise<void> {
    const obstacle = this.obstacle.peek();
    const table = this.table.peek();
    if (obstacle !== null || !table) {
      this.notice.value = { kind: "info", text: obstacle ?? "Give positions first." };
      if ((table?.draft.fault_count ?? 0) > 0) table?.nextFault();
      return;
    }
    if (this.submitting.peek()) return;
    this.submitting.value = true;
    this.notice.value = null;
    try {
      const { jobName, emailWanted, email } = this.form;
      const body = {
        ...this.request(table.draft),
        ...(jobName.peek().trim() ? { name: jobName.peek().trim() } : {}),
        ...(emailWanted.peek() ? { email: email.peek().trim() } : {}),
        ...(allowDuplicate ? { allow_duplicate: true } : {}),
      };
      this.tellSubmitted(jobFromJson(await this.transport.json("POST", "cutout/jobs", body)));
    } catch (error) {
      this.tellFailure(error);
    } finally {
      this.submitting.value = false;
    }
  }

  openGallery(job: Job): void {
    this.transport.host("show-gallery", { job_id: job.id, name: job.name });
  }

  canHost(action: keyof HostActions): boolean {
    return this.transport.canHost(action);
  }

  expand(): void {
    this.transport.host("expand", { panel: "cutout" });
  }

  /** Ask for the estimate again. */
  retryEstimate(): void {
    const table = this.table.peek();
    if (table) void this.askEstimate(this.request(table.draft));
  }

  // --- inside ---

  private request(draft: Draft): JsonRecord {
    const { form } = this;
    return { positions: draft.id, release: form.release.value, options: form.options(), include_matched_csv: form.matchedCsv.value };
  }

  private async read(body: JsonRecord, source: Source): Promise<void> {
    const replaced = this.source.peek()?.typed ? this.table.peek()?.draft.id : undefined;
    const release = this.form.release.peek();
    await this.fetchDraft("POST", "cutout/positions", release ? { ...body, release } : body, source);
    // What was typed on the way is of no use any more; the service keeps only so many.
    if (replaced && this.table.peek()?.draft.id !== replaced) this.discard(replaced);
  }

  private async readElsewhere(body: JsonRecord, words: string): Promise<void> {
    clearTimeout(this.typing);
    await this.read(body, { words, typed: false });
    if (this.source.peek()?.words !== words) return;
    this.text.value = "";
    this.keep("positions_text", "");
  }

  private async restore(id: string): Promise<void> {
    const words = textTrait(this.model, "draft_source");
    const error = await this.fetchDraft("GET", apiPath("cutout", "positions", id), undefined, { words: words || "the text above", typed: !words });
    if (!isApiError(error, "not_found")) return;
    // Tables are not kept for ever: the text still is.
    this.unreadable.value = null;
    if (this.text.peek().trim()) await this.readText();
  }

  /** Put a table in the place of the one before; gives what went wrong, null where nothing did. */
  private async fetchDraft(method: string, path: string, body: JsonRecord | undefined, source: Source): Promise<unknown> {
    this.readingNow?.abort();
    const reading = (this.readingNow = new AbortController());
    this.reading.value = true;
    this.unreadable.value = null;
    try {
      const draft = draftFromJson(await this.transport.json(method, path, body, reading.signal));
      this.source.value = source;
      this.preview.row.value = 0;
      this.table.value = new DraftTable(draft, this.transport);
      this.keep("draft_id", draft.id);
      this.keep("draft_source", source.typed ? "" : source.words);
      return null;
    } catch (error) {
      if (!isApiError(error, "cancelled")) {
        this.forgetDraft();
        this.unreadable.value = errorMessage(error);
      }
      return error;
    } finally {
      if (this.readingNow === reading) this.reading.value = false;
    }
  }

  private forgetDraft(): void {
    this.readingNow?.abort();
    this.reading.value = false;
    this.table.value = null;
    this.source.value = null;
    this.unreadable.value = null;
    this.keep("draft_id", "");
    this.keep("draft_source", "");
  }

  private discard(id: string): void {
    this.transport.request("DELETE", apiPath("cutout", "positions", id)).catch((error: unknown) => {
      console.warn("skydesk: an old table of positions stays until it expires:", errorMessage(error));
    });
  }

  /** Take positions that another panel gave. */
  private async takeGiven(): Promise<void> {
    const given = this.model.get("cut");
    if (!isRecord(given)) return;
    this.model.set("cut", null);
    const words = typeof given["source"] === "string" ? given["source"] : "the query's result";
    this.notice.value = null;
    const { buffer, job_id: job, file } = given;
    if (buffer instanceof ArrayBuffer || ArrayBuffer.isView(buffer)) {
      // Rows of a query have ids and positions both: that is no contradiction.
      await this.readElsewhere({ file_name: "result.arrow", content_base64: toBase64(bytesOf(buffer)), both: true }, words);
    } else if (typeof job === "string" && typeof file === "string") {
      await this.readElsewhere({ job_id: job, file }, words);
    }
  }

  /** Find the tiles of another release for the same positions. */
  private followRelease(): void {
    const release = this.form.release.value;
    untracked(() => {
      const { draft } = this.table.peek() ?? {};
      const source = this.source.peek();
      if (!draft || !source || !release || draft.release === null || draft.release === release) return;
      void this.fetchDraft("GET", `${apiPath("cutout", "positions", draft.id)}?release=${encodeURIComponent(release)}`, undefined, source);
    });
  }

  private textWasSet(): void {
    const text = textTrait(this.model, "positions_text");
    if (text !== this.text.peek()) this.setText(text, true);
  }

  private undoClear(text: string): void {
    this.notice.value = null;
    this.setText(text, true);
  }

  private estimateSoon(): void {
    const table = this.table.value;
    const wrong = this.form.faults.value.length > 0;
    const ready = this.facts.value !== null;
    const body = table ? this.request(table.draft) : null;
    clearTimeout(this.estimateTimer);
    this.estimatingNow?.abort();
    untracked(() => {
      if (!body || wrong || !ready || table?.draft.rows === 0) {
        this.estimate.value = null;
        this.estimating.value = false;
        this.form.serviceFaults.value = [];
        return;
      }
      this.estimating.value = true;
      this.estimateTimer = setTimeout(() => void this.askEstimate(body), ESTIMATE_PAUSE_MS);
    });
  }

  private async askEstimate(body: JsonRecord): Promise<void> {
    const asking = (this.estimatingNow = new AbortController());
    this.estimating.value = true;
    try {
      const answer = estimateFromJson(await this.transport.json("POST", "cutout/estimate", body, asking.signal));
      this.estimate.value = answer;
      this.estimateProblem.value = null;
      this.form.serviceFaults.value = answer.faults.filter((fault) => fault.row === null);
    } catch (error) {
      if (isApiError(error, "cancelled")) return;
      this.estimate.value = null;
      const faults = isApiError(error) ? faultsFromDetail(error.detail) : [];
      this.form.serviceFaults.value = faults.filter((fault) => fault.row === null);
      this.estimateProblem.value = errorMessage(error);
    } finally {
      if (this.estimatingNow === asking) this.estimating.value = false;
    }
  }

  private findObstacle(): string | null {
    const table = this.table.value;
    if (this.reading.value) return "The positions are being read.";
    if (!table) return "Give positions first: paste them, choose a file, or take an example.";
    if (table.draft.rows === 0) return "The table has no rows.";
    const faults = table.draft.fault_count;
    if (faults > 0) return `Mend ${counted(faults, "fault")} in the positions first.`;
    if (this.form.faults.value.length > 0) return "Mend what is marked in the form first.";
    return this.estimate.value?.refusal ?? null;
  }

  private tellSubmitted(job: Job): void {
    this.submitted.value = job;
    this.keep("job_id", job.id);
    this.flush();
    const actions = [
      ...(this.canHost("show-gallery") ? [{ label: "Open gallery", act: () => this.openGallery(job) }] : []),
      ...(this.canHost("show-job") ? [{ label: "Show in jobs", act: () => this.transport.host("show-job", { id: job.id }) }] : []),
    ];
    this.notice.value = { kind: "success", text: `Submitted job ${job.name || job.id}.`, actions };
  }

  private tellFailure(error: unknown): void {
    const text = errorMessage(error);
    const faults = isApiError(error) ? faultsFromDetail(error.detail) : [];
    this.form.serviceFaults.value = faults.filter((fault) => fault.row === null);
    const again = (label: string, anyway: boolean): Notice["actions"] => [{ label, act: () => void this.submit(anyway) }];
    if (isApiError(error, "conflict")) this.notice.value = { kind: "warn", text, actions: again("Submit anyway", true) };
    else if (isApiError(error, "unavailable")) this.notice.value = { kind: "error", text, actions: again("Try again", false) };
    else this.notice.value = { kind: "error", text };
  }

  private follow(trait: string, take: () => void): () => void {
    this.model.on(`change:${trait}`, take);
    take();
    return () => this.model.off(`change:${trait}`, take);
  }

  private keepForm(): void {
    const kept = JSON.stringify(this.form.snapshot());
    if (this.facts.value !== null && this.form.facts.value !== null) untracked(() => this.keep("cutout_form", kept));
  }

  private keep(trait: string, value: string): void {
    if (this.model.get(trait) === value) return;
    this.model.set(trait, value);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.flush(), SAVE_PAUSE_MS);
  }

  private flush(): void {
    if (this.saving === undefined) return;
    clearTimeout(this.saving);
    this.saving = undefined;
    this.model.save_changes();
  }
}

function textTrait(model: PanelModel, name: string): string {
  const value = model.get(name);
  return typeof value === "string" ? value : "";
}

function keptForm(model: PanelModel): JsonRecord | null {
  try {
    const kept: unknown = JSON.parse(textTrait(model, "cutout_form") || "null");
    return isRecord(kept) ? kept : null;
  } catch {
    return null; // what cannot be read was not kept by this version
  }
}

function bytesOf(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
}
