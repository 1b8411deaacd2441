/** The live preview: one row of the positions as the colour options would draw it. */

import { effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { apiPath, errorMessage, isApiError, type Transport } from "../shared/model";
import { ownOptions, type DraftTable, type OwnOptions } from "./draft";
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

  /** What is drawn, in words. */
  get caption(): string {
    const kind = this.kind.value;
    const own = this.own();
    const bands = kind === "grey" ? `${this.greyBand()} band` : [...(this.bandsOf(kind, own) ?? "")].join(" ");
    return Object.keys(own).length > 0 ? `${bands} · by its own columns` : bands;
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
    const own = this.own();
    const { form } = this;
    const bands = kind === "grey" ? this.greyBand() : this.bandsOf(kind, own);
    const x = own.x ?? numberOf(form.xSize.value);
    const y = own.y ?? numberOf(form.ySize.value);
    if (!draft || draft.rows === 0 || !form.release.value || !bands || x === null || y === null || x <= 0 || y <= 0) return null;
    const query = new URLSearchParams({ positions: draft.id, row: String(this.row.value + 1), release: form.release.value, kind, bands });
    query.set("x_size_arcmin", String(Math.min(LARGEST_ARCMIN, x)));
    query.set("y_size_arcmin", String(Math.min(LARGEST_ARCMIN, y)));
    if (kind !== "lupton") return `${apiPath("cutout", "preview")}?${query}`;
    for (const name of ["minimum", "stretch", "q"] as const) {
      const number = own[name] ?? numberOf(form[name].value);
      if (number === null) return null;
      query.set(name, String(number));
    }
    return `${apiPath("cutout", "preview")}?${query}`;
  }

  /** What the row says in place of the form. */
  private own(): OwnOptions {
    const table = this.table.value;
    return table ? ownOptions(table, this.row.value) : {};
  }

  private bandsOf(kind: "lupton" | "stiff", own: OwnOptions): string {
    return own[kind] ?? (this.form.triplets[kind].value[0] ?? []).join("");
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
