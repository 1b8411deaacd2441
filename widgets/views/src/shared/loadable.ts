/** Something that is fetched: not yet, on its way, here, or failed and to be tried again. */

import { signal, type ReadonlySignal } from "@preact/signals";
import { errorMessage } from "./model";

export type Loaded<T> =
  | { state: "idle" }
  | { state: "loading"; value: T | null }
  | { state: "ready"; value: T }
  | { state: "failed"; message: string; value: T | null };

export class Loadable<T> {
  private readonly current = signal<Loaded<T>>({ state: "idle" });
  private latest = 0;

  /** `fetch` asks and guards; whatever it throws becomes the message of a failure. */
  constructor(private readonly fetch: () => Promise<T>) {}

  get status(): ReadonlySignal<Loaded<T>> {
    return this.current;
  }

  /** What is known, were it from before the last failure; null where nothing is. */
  get value(): T | null {
    const status = this.current.value;
    return status.state === "idle" ? null : status.value;
  }

  /** Fetch it unless it is here or on its way. */
  async ensure(): Promise<void> {
    const { state } = this.current.peek();
    if (state === "idle" || state === "failed") await this.reload();
  }

  /** Fetch it again; of several at once the last one asked for counts. */
  async reload(): Promise<void> {
    const turn = ++this.latest;
    const before = this.current.peek();
    const value = before.state === "idle" ? null : before.value;
    this.current.value = { state: "loading", value };
    try {
      const fetched = await this.fetch();
      if (turn === this.latest) this.current.value = { state: "ready", value: fetched };
    } catch (error) {
      if (turn === this.latest) this.current.value = { state: "failed", message: errorMessage(error), value };
    }
  }

  /** Take a value that came another way. */
  set(value: T): void {
    this.latest += 1;
    this.current.value = { state: "ready", value };
  }
}
