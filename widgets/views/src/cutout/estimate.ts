/** What the request will come to: asked for again whenever positions and options have come to rest. */

import { effect, signal, untracked, type Signal } from "@preact/signals";
import { estimateFromJson, faultsFromDetail, type EstimateAnswer } from "../shared/cutout";
import type { JsonRecord } from "../shared/json";
import { errorMessage, isApiError, type Transport } from "../shared/model";
import type { CutoutForm } from "./options";

const PAUSE_MS = 300;

export class Estimating {
  readonly answer: Signal<EstimateAnswer | null> = signal(null);
  readonly busy = signal(false);
  readonly problem: Signal<string | null> = signal(null);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: AbortController | null = null;
  private readonly stop: () => void;

  /** `request` reads what is to be estimated from signals; null where there is nothing, or it is not right yet. */
  constructor(
    private readonly transport: Transport,
    private readonly form: CutoutForm,
    private readonly request: () => JsonRecord | null,
  ) {
    this.stop = effect(() => this.follow(request()));
  }

  close(): void {
    this.stop();
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  retry(): void {
    const body = untracked(this.request);
    if (body) void this.ask(body);
  }

  private follow(body: JsonRecord | null): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    untracked(() => {
      if (body) {
        this.busy.value = true;
        this.timer = setTimeout(() => void this.ask(body), PAUSE_MS);
        return;
      }
      this.answer.value = null;
      this.problem.value = null;
      this.busy.value = false;
      this.form.serviceFaults.value = [];
    });
  }

  private async ask(body: JsonRecord): Promise<void> {
    const asking = (this.asking = new AbortController());
    this.busy.value = true;
    try {
      const answer = estimateFromJson(await this.transport.json("POST", "cutout/estimate", body, asking.signal));
      this.answer.value = answer;
      this.problem.value = null;
      this.form.serviceFaults.value = answer.faults.filter((fault) => fault.row === null);
    } catch (error) {
      if (isApiError(error, "cancelled")) return;
      const faults = (isApiError(error) ? faultsFromDetail(error.detail) : []).filter((fault) => fault.row === null);
      this.answer.value = null;
      this.form.serviceFaults.value = faults;
      // What stands beside its field needs no second place.
      this.problem.value = faults.length > 0 ? null : errorMessage(error);
    } finally {
      if (this.asking === asking) this.busy.value = false;
    }
  }
}
