/** The live preview: one row of the positions as the colour options would draw it. */

import { effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { apiPath, errorMessage, isApiError, type Transport } from "../shared/model";
import type { DraftTable } from "./draft";
import { numberOf, type CutoutForm } from "./options";

export const KINDS = ["lupton", "stiff", "grey"] as const;
export type Kind = (typeof KINDS)[number];

/** A preview larger than this is drawn slowly and seen no better, arcmin. */
const LARGEST_ARCMIN = 3;
const PAUSE_MS = 200;

export class Preview {
  readonly kind: Signal<Kind> = signal("lupton");
  /** The row that is drawn, counted from 0. */
  readonly row = signal(0);
  /** The address of the picture; the one before stays until the next has come. */
  readonly url: Signal<string | null> = signal(null);
  readonly busy = signal(false);
  readonly problem: Signal<string | null> = signal(null);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | null = null;
  private asked = "";
  private drawnOf = "";
  private readonly stop: () => void;

  constructor(
    private readonly transport: Transport,
    private readonly form: CutoutForm,
    private readonly table: ReadonlySignal<DraftTable | null>,
  ) {
    this.stop = effect(() => this.follow());
  }

  close(): void {
    this.stop();
    this.forget();
  }

  retry(): void {
    this.asked = "";
    this.follow();
  }

  go(row: number): void {
    const rows = this.table.peek()?.draft.rows ?? 0;
    this.row.value = Math.max(0, Math.min(rows - 1, row));
  }

  /** Bands and stretch that are drawn, in words. */
  get caption(): string {
    const kind = this.kind.value;
    if (kind === "grey") return `${this.greyBand()} band`;
    return [...(this.form.triplets[kind].value[0] ?? [])].join(" ");
  }

  private follow(): void {
    const id = this.table.value?.draft.id ?? "";
    if (id !== this.drawnOf) {
      this.drawnOf = id;
      this.row.value = 0;
    }
    const path = this.path();
    if (path === this.asked) return;
    this.asked = path ?? "";
    clearTimeout(this.timer);
    this.running?.abort();
    if (path === null) return this.forget();
    this.timer = setTimeout(() => void this.draw(path), PAUSE_MS);
  }

  /** What to ask for; null where there is nothing to draw, or the form is not right yet. */
  private path(): string | null {
    const draft = this.table.value?.draft;
    const kind = this.kind.value;
    const bands = kind === "grey" ? this.greyBand() : (this.form.triplets[kind].value[0] ?? []).join("");
    const [x, y] = [numberOf(this.form.xSize.value), numberOf(this.form.ySize.value)];
    const { minimum, stretch, q, release } = this.form;
    const numbers = [minimum, stretch, q].map((field) => numberOf(field.value));
    if (!draft || draft.rows === 0 || !release.value || !bands || x === null || y === null || x <= 0 || y <= 0) return null;
    const query = new URLSearchParams({ positions: draft.id, row: String(this.row.value + 1), release: release.value, kind, bands });
    query.set("x_size_arcmin", String(Math.min(LARGEST_ARCMIN, x)));
    query.set("y_size_arcmin", String(Math.min(LARGEST_ARCMIN, y)));
    if (kind === "lupton") {
      if (numbers.includes(null)) return null;
      ["minimum", "stretch", "q"].forEach((name, at) => query.set(name, String(numbers[at])));
    }
    return `${apiPath("cutout", "preview")}?${query}`;
  }

  private greyBand(): string {
    const [first] = this.form.bands.filter((band) => this.form.fitsBands.value.has(band));
    return first ?? this.form.bands[0] ?? "";
  }

  private async draw(path: string): Promise<void> {
    const running = (this.running = new AbortController());
    this.busy.value = true;
    try {
      const { buffer } = await this.transport.request("GET", path, undefined, running.signal);
      if (path === this.asked && buffer) this.show(URL.createObjectURL(new Blob([buffer.slice()], { type: "image/png" })), null);
    } catch (error) {
      if (path === this.asked && !isApiError(error, "cancelled")) this.show(null, errorMessage(error));
    } finally {
      if (this.running === running) this.busy.value = false;
    }
  }

  private show(url: string | null, problem: string | null): void {
    const before = this.url.peek();
    this.url.value = url;
    this.problem.value = problem;
    if (before) URL.revokeObjectURL(before);
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.running?.abort();
    this.busy.value = false;
    this.show(null, null);
  }
}
