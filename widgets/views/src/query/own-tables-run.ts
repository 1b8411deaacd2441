/** A load on its way: how many rows are in, how to stop it, and what was wrong. */

import { signal } from "@preact/signals";
import { errorMessage, isApiError, type Transport } from "../shared/model";
import { loadFaultsFromDetail, loadLineFromJson, type LoadFault, type OwnTable } from "../shared/own-tables";

export class LoadRun {
  /** Rows that are in so far; null while nothing runs. */
  readonly rows = signal<number | null>(null);
  readonly problem = signal<string | null>(null);
  /** What is wrong with which field, where the service says. */
  readonly faults = signal<readonly LoadFault[]>([]);
  private call: AbortController | null = null;

  constructor(private readonly transport: Transport) {}

  /** Ask for a load and follow it; gives the table, or null where there is none: `problem` says why. */
  async run(path: string, body: Record<string, unknown>): Promise<OwnTable | null> {
    if (this.rows.peek() !== null) return null;
    const call = (this.call = new AbortController());
    let table: OwnTable | null = null;
    this.forget();
    this.rows.value = 0;
    try {
      const take = (json: unknown): void => {
        const line = loadLineFromJson(json);
        if (line.kind === "done") table = line.table;
        else this.rows.value = line.rows;
      };
      await this.follow(path, body, take, call.signal);
      if (table === null) this.problem.value = "the service ended the load without saying what came of it; look at the list of your tables";
    } catch (error) {
      this.tell(error);
    } finally {
      this.rows.value = null;
      this.call = null;
    }
    return table;
  }

  /** Stop the load: nothing of it stays. */
  cancel(): void {
    this.call?.abort();
  }

  forget(): void {
    this.problem.value = null;
    this.faults.value = [];
  }

  /** What is wrong with a field, in the words of the service. */
  faultOf(field: string): string | null {
    return this.faults.value.find((fault) => fault.row === null && fault.field.toLowerCase() === field.toLowerCase())?.message ?? null;
  }

  /** Say what went wrong. */
  tell(error: unknown): void {
    this.faults.value = isApiError(error) ? loadFaultsFromDetail(error.detail) : [];
    this.problem.value = isApiError(error, "cancelled") ? "Cancelled; nothing was loaded." : errorMessage(error);
  }

  /** A line may tell of an error: it is thrown once the answer has ended. */
  private async follow(path: string, body: Record<string, unknown>, take: (json: unknown) => void, stop: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    const line = (json: unknown): void => {
      try {
        take(json);
      } catch (error) {
        failures.push(error);
      }
    };
    await this.transport.lines("POST", path, body, line, stop);
    if (failures.length > 0) throw failures[0];
  }
}
