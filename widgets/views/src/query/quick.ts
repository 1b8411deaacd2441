/** One quick query at a time: it runs, can be cancelled, and leaves a result. */

import { signal } from "@preact/signals";
import { readTable } from "../result/table";
import type { Result } from "../result/view";
import { ApiError, apiPath, isApiError, type Transport } from "../shared/model";
import { uuid } from "../shared/uuid";

export interface Running {
  id: string;
  startedAt: number;
  cancelling: boolean;
}

export type Outcome =
  | { kind: "done"; result: Result; buffer: Uint8Array }
  | { kind: "cancelled" }
  | { kind: "failed"; error: unknown }
  /** Another one was running: a double click. */
  | { kind: "ignored" };

const TICK_MS = 100;
/** The wish to cancel may overtake the query on its way: it is repeated until the query has ended. */
const CANCEL_AGAIN_MS = 250;

export class QuickRun {
  readonly running = signal<Running | null>(null);
  readonly result = signal<Result | null>(null);
  readonly elapsedSeconds = signal(0);

  constructor(private readonly transport: Transport) {}

  /** Run a statement. What comes back never rejects. */
  async run(sql: string): Promise<Outcome> {
    if (this.running.peek() !== null) return { kind: "ignored" };
    const id = uuid();
    const startedAt = Date.now();
    this.running.value = { id, startedAt, cancelling: false };
    this.elapsedSeconds.value = 0;
    const clock = setInterval(() => (this.elapsedSeconds.value = (Date.now() - startedAt) / 1000), TICK_MS);
    try {
      return await this.ask(sql, id);
    } catch (error) {
      const asked = this.running.peek()?.cancelling ?? false;
      return isApiError(error, "cancelled") || (asked && isApiError(error, "conflict")) ? { kind: "cancelled" } : { kind: "failed", error };
    } finally {
      clearInterval(clock);
      this.running.value = null;
    }
  }

  /**
   * Ask for the running query to stop; it has stopped when `run` comes back.
   *
   * Rejects where the wish could not be told; the query goes on then.
   */
  async cancel(): Promise<void> {
    const current = this.running.peek();
    if (current === null || current.cancelling) return;
    this.running.value = { ...current, cancelling: true };
    const goesOn = (): boolean => this.running.peek()?.id === current.id;
    while (goesOn()) {
      try {
        await this.transport.request("DELETE", apiPath("query", "quick", current.id));
        return;
      } catch (error) {
        if (!goesOn()) return;
        if (!isApiError(error, "not_found")) {
          this.running.value = { ...current, cancelling: false };
          throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, CANCEL_AGAIN_MS));
    }
  }

  private async ask(sql: string, id: string): Promise<Outcome> {
    const { buffer } = await this.transport.request("POST", "query/quick", { sql, query_id: id });
    if (buffer === null) throw new ApiError("internal_error", "the service sent no rows for this query");
    const { table, meta } = readTable(buffer);
    if (meta === null) throw new ApiError("internal_error", "the service sent rows without saying how many there are");
    const result = { sql, table, meta };
    this.result.value = result;
    return { kind: "done", result, buffer };
  }
}
