/** The cutouts panel's state: positions, what is made of them, what it will come to, and what came of it. */

import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { faultsFromDetail, formFromJson, type Draft, type FormFacts } from "../shared/cutout";
import { counted } from "../shared/format";
import { jobFromJson, type Job } from "../shared/job";
import { isRecord, type JsonRecord } from "../shared/json";
import { Loadable } from "../shared/loadable";
import { errorMessage, isApiError, type HostActions, type PanelModel, type Transport } from "../shared/model";
import type { MessageKind } from "../shared/ui";
import { Estimating } from "./estimate";
import { Kept } from "./kept";
import { CutoutForm } from "./options";
import { givenOf, PositionsSource } from "./positions";
import { Preview } from "./preview";

export interface Notice {
  kind: MessageKind;
  text: string;
  actions?: readonly { label: string; act: () => void }[];
}

export class CutoutState {
  readonly form = new CutoutForm();
  readonly facts: Loadable<FormFacts>;
  readonly positions: PositionsSource;
  readonly preview: Preview;
  readonly estimate: Estimating;
  readonly submitting = signal(false);
  readonly notice: Signal<Notice | null> = signal(null);
  readonly expanded = signal(false);
  /** Why it cannot be submitted now; null where it can. */
  readonly obstacle: ReadonlySignal<string | null> = computed(() => this.findObstacle());

  private readonly kept: Kept;
  private readonly stops: (() => void)[] = [];

  constructor(
    model: PanelModel,
    private readonly transport: Transport,
  ) {
    this.kept = new Kept(model);
    this.facts = new Loadable(async () => formFromJson(await transport.json("GET", "cutout/form")));
    this.positions = new PositionsSource(transport, this.kept, () => this.form.release.peek());
    this.preview = new Preview(transport, this.form, this.positions.table);
    this.estimate = new Estimating(transport, this.form, () => this.complete());
    this.stops.push(
      this.kept.follow("expanded", (value) => (this.expanded.value = value === true)),
      this.kept.follow("positions_text", () => this.textWasSet()),
      this.kept.follow("cut", () => void this.takeGiven()),
      effect(() => this.keepForm()),
      effect(() => this.followRelease(this.form.release.value)),
      effect(() => this.forgetSuccess(this.positions.table.value)),
    );
  }

  /** Fetch the form, and the positions that were there before a reload. */
  async load(): Promise<void> {
    const before = this.facts.value;
    await this.facts.ensure();
    const facts = this.facts.value;
    if (!facts || facts === before) return;
    this.form.learn(facts, keptForm(this.kept.text("cutout_form")));
    if (!this.positions.table.peek() && !this.positions.reading.peek()) await this.positions.restore();
  }

  close(): void {
    this.kept.flush();
    this.stops.forEach((stop) => stop());
    this.estimate.close();
    this.preview.close();
    this.positions.close();
  }

  /** Take an example: its positions come into the text field. */
  useExample(example: { title: string; text: string }): void {
    this.positions.setText(example.text, true);
    // An example is there to be looked at.
    this.form.setProduct("lupton", true);
    if (!this.form.jobName.peek()) this.form.jobName.value = example.title;
  }

  clear(): void {
    const before = this.positions.text.peek();
    this.positions.setText("");
    this.positions.forget();
    this.notice.value = before.trim() ? { kind: "info", text: "Cleared.", actions: [{ label: "Undo", act: () => this.undoClear(before) }] } : null;
  }

  async submit(allowDuplicate = false): Promise<void> {
    const obstacle = this.obstacle.peek();
    const table = this.positions.table.peek();
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

  canHost(action: keyof HostActions): boolean {
    return this.transport.canHost(action);
  }

  expand(): void {
    this.transport.host("expand", { panel: "cutout" });
  }

  private request(draft: Draft): JsonRecord {
    const { form } = this;
    return { positions: draft.id, release: form.release.value, options: form.options(), include_matched_csv: form.matchedCsv.value };
  }

  /** The request where it is whole and nothing is wrong with it as far as this page sees. */
  private complete(): JsonRecord | null {
    const table = this.positions.table.value;
    const wrong = this.form.faults.value.length > 0 || this.form.facts.value === null;
    return table && !wrong && table.draft.rows > 0 ? this.request(table.draft) : null;
  }

  private findObstacle(): string | null {
    const table = this.positions.table.value;
    if (this.positions.reading.value) return "The positions are being read.";
    if (!table) return "Give positions first: paste them, choose a file, or take an example.";
    if (table.draft.rows === 0) return "The table has no rows.";
    const faults = table.draft.fault_count;
    if (faults > 0) return `Mend ${counted(faults, "fault")} in the positions first.`;
    if (this.form.faults.value.length > 0) return "Mend what is marked in the form first.";
    return this.estimate.answer.value?.refusal ?? null;
  }

  private tellSubmitted(job: Job): void {
    this.kept.keep("job_id", job.id);
    this.kept.flush();
    const gallery = (): void => this.transport.host("show-gallery", { job_id: job.id, name: job.name });
    const actions = [
      ...(this.canHost("show-gallery") ? [{ label: "Open gallery", act: gallery }] : []),
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

  private async takeGiven(): Promise<void> {
    const given = givenOf(this.kept.takeOut("cut"));
    if (!given) return;
    this.notice.value = null;
    await this.positions.readGiven(given);
  }

  private textWasSet(): void {
    const text = this.kept.text("positions_text");
    if (text !== this.positions.text.peek()) this.positions.setText(text, true);
  }

  private undoClear(text: string): void {
    this.notice.value = null;
    this.positions.setText(text, true);
  }

  private followRelease(release: string): void {
    untracked(() => void this.positions.place(release));
  }

  /** What was said of a job is not said of other positions. */
  private forgetSuccess(_: unknown): void {
    untracked(() => {
      if (this.notice.value?.kind === "success") this.notice.value = null;
    });
  }

  private keepForm(): void {
    const kept = JSON.stringify(this.form.snapshot());
    if (this.form.facts.value !== null) untracked(() => this.kept.keep("cutout_form", kept));
  }
}

function keptForm(text: string): JsonRecord | null {
  try {
    const kept: unknown = JSON.parse(text || "null");
    return isRecord(kept) ? kept : null;
  } catch {
    return null; // what cannot be read was not kept by this version
  }
}
