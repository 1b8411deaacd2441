/** What the gallery holds and does: which job, which rows in which order, what is selected, and which row fills the screen. */

import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { OUTCOMES, type GalleryRow, type Outcome, type RowDetails } from "../shared/cutout";
import { counted } from "../shared/format";
import { jobFromJson } from "../shared/job";
import { fields } from "../shared/json";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, type HostActions, type PanelModel, type Transport } from "../shared/model";
import type { MessageKind } from "../shared/ui";
import { detailsFromJson } from "./details";
import { arrange, EVERYTHING, spansOf, type Column, type Filter, type Sorting } from "./order";
import { Pictures } from "./pictures";
import { JobRows } from "./rows";
import { shownOf, viewsOf, type Shown, type View } from "./views";

export const SIZES = { S: 96, M: 168, L: 288 } as const;
export type Size = keyof typeof SIZES;

/** Sides of the thumbnails that are asked for, px. */
const THUMBNAILS = [128, 256, 512] as const;
/** Longest list of rows that an address may hold, characters. */
const LONGEST_LIST = 6000;

export interface Notice {
  kind: MessageKind;
  text: string;
  action?: { label: string; act: () => void };
}

export class GalleryState {
  readonly source: Signal<JobRows | null> = signal(null);
  readonly size: Signal<Size> = signal("M");
  readonly viewKey: Signal<string | null> = signal(null);
  readonly filter: Signal<Filter> = signal(EVERYTHING);
  readonly sorting: Signal<Sorting> = signal({ column: "ROW", descending: false });
  readonly active: Signal<number | null> = signal(null);
  readonly selected: Signal<ReadonlySet<number>> = signal(new Set());
  /** The row that fills the screen. */
  readonly opened: Signal<number | null> = signal(null);
  readonly notice: Signal<Notice | null> = signal(null);
  readonly again = signal(false);
  readonly log: Signal<Loadable<string> | null> = signal(null);
  readonly details: Signal<Loadable<RowDetails> | null> = signal(null);
  readonly pictures: Pictures;

  readonly shown: ReadonlySignal<readonly GalleryRow[]>;
  readonly places: ReadonlySignal<ReadonlyMap<number, number>>;
  readonly counts: ReadonlySignal<ReadonlyMap<Outcome, number>>;
  readonly views: ReadonlySignal<readonly View[]>;

  private anchor: number | null = null;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly model: PanelModel,
    private readonly transport: Transport,
  ) {
    this.pictures = new Pictures(transport);
    const rows = computed(() => this.source.value?.rows.value ?? new Map<number, GalleryRow>());
    this.shown = computed(() => arrange(rows.value.values(), this.filter.value, this.sorting.value));
    this.places = computed(() => new Map(this.shown.value.map((row, place) => [row.row, place])));
    this.counts = computed(() => countOutcomes(rows.value.values()));
    this.views = computed(() => viewsOf(rows.value.values()));
    const follow = (): void => this.followJob();
    model.on("change:job_id", follow);
    this.stops.push(() => model.off("change:job_id", follow));
    this.stops.push(effect(() => this.followOpened(this.opened.value)));
    follow();
  }

  close(): void {
    this.stops.forEach((stop) => stop());
    this.source.peek()?.close();
    this.pictures.close();
  }

  // --- what is shown ---

  /** The picture of a row, of the chosen kind where it has it. */
  pictureOf(row: GalleryRow): Shown | null {
    return shownOf(row, this.viewKey.value ?? this.views.value[0]?.key ?? null);
  }

  /** Where the thumbnail of a row is asked for, for a box of so many px; null where it has no picture. */
  thumbnailPath(row: GalleryRow, box: number): string | null {
    const shown = this.pictureOf(row);
    const wanted = box * Math.min(2, globalThis.devicePixelRatio || 1);
    const side = THUMBNAILS.find((known) => known >= wanted) ?? THUMBNAILS.at(-1);
    return shown && this.picturePath(row, shown, side);
  }

  picturePath(row: GalleryRow, shown: Shown, side?: number): string {
    const query = new URLSearchParams({ product: shown.view.product, name: shown.file });
    if (side !== undefined) query.set("size", String(side));
    return `${apiPath("cutout", "jobs", this.id, "picture", row.row)}?${query}`;
  }

  get id(): string {
    return this.source.value?.id ?? "";
  }

  row(number: number | null): GalleryRow | null {
    return number === null ? null : (this.source.value?.rows.value.get(number) ?? null);
  }

  sortBy(column: Column): void {
    const before = this.sorting.peek();
    this.sorting.value = { column, descending: before.column === column && !before.descending };
  }

  // --- keyboard and selection ---

  /** Go so many places on; `extend` selects what is passed. */
  move(steps: number, extend = false): void {
    const shown = this.shown.peek();
    if (shown.length === 0) return;
    const place = this.places.peek().get(this.active.peek() ?? -1);
    const from = place ?? (Number.isFinite(steps) ? -steps : 0);
    const next = shown[Math.max(0, Math.min(shown.length - 1, from + steps))];
    if (next) this.goTo(next.row, extend);
  }

  goTo(row: number, extend = false): void {
    this.active.value = row;
    if (extend) this.selectTo(row);
    else this.anchor = row;
  }

  toggle(row: number): void {
    const selected = new Set(this.selected.peek());
    if (!selected.delete(row)) selected.add(row);
    this.anchor = row;
    this.selected.value = selected;
  }

  selectTo(row: number): void {
    const places = this.places.peek();
    const to = places.get(row);
    const from = places.get(this.anchor ?? row) ?? to;
    if (to === undefined || from === undefined) return;
    const rows = this.shown.peek().slice(Math.min(from, to), Math.max(from, to) + 1);
    this.selected.value = new Set([...this.selected.peek(), ...rows.map((each) => each.row)]);
  }

  /** Select all that are shown, or none where all are. */
  toggleAll(): void {
    const rows = this.shown.peek().map((row) => row.row);
    const all = rows.length > 0 && rows.every((row) => this.selected.peek().has(row));
    this.selected.value = all ? new Set() : new Set(rows);
  }

  clearSelection(): void {
    this.selected.value = new Set();
  }

  open(row: number): void {
    this.goTo(row);
    this.opened.value = row;
  }

  /** Go on to the next row, while one fills the screen. */
  step(steps: number): void {
    this.move(steps);
    this.opened.value = this.active.peek();
  }

  // --- acts ---

  can(action: keyof HostActions): boolean {
    return this.transport.canHost(action);
  }

  /** Download rows as a tar archive, which the service makes as it sends it. */
  download(rows: "all" | Iterable<number>): void {
    const list = rows === "all" ? "all" : spansOf(rows);
    if (list.length > LONGEST_LIST) {
      this.notice.value = { kind: "warn", text: "These are too scattered for one download: take fewer, or all of them." };
      return;
    }
    this.transport.host("download", { path: `${apiPath("cutout", "jobs", this.id, "tar")}?rows=${list}` });
  }

  /** Show the positions of the selected rows, or of all, on the globe. */
  showPositions(): void {
    const chosen = this.selected.peek();
    const rows = [...(this.source.peek()?.rows.peek().values() ?? [])].filter((row) => (chosen.size === 0 || chosen.has(row.row)) && row.ra_deg !== null && row.dec_deg !== null);
    const buffer = tableToIPC(tableFromArrays({ RA: Float64Array.from(rows, (row) => row.ra_deg ?? NaN), DEC: Float64Array.from(rows, (row) => row.dec_deg ?? NaN) }), { format: "stream" });
    const name = this.source.peek()?.job.peek()?.name || this.id;
    if (buffer) this.transport.host("show-positions", { buffer, source: `${counted(rows.length, "image")} of ${name}` });
  }

  downloadFile(row: GalleryRow, file: string): void {
    this.transport.host("download", { path: `${apiPath("cutout", "jobs", this.id, "file", row.row)}?name=${encodeURIComponent(file)}` });
  }

  /** Where the file browser has a row's files; null where it has not. */
  folderOf(row: GalleryRow): string | null {
    const folder = this.source.value?.job.value?.folder;
    return folder && row.folder && this.can("open-files") ? `${folder}/${row.folder}` : null;
  }

  openFiles(path: string): void {
    this.transport.host("open-files", { path });
  }

  showLog(): void {
    const path = apiPath("jobs", this.id, "log");
    const log = new Loadable(async () => fields(await this.transport.json("GET", path), "log").text("log"));
    this.log.value = log;
    void log.ensure();
  }

  /** Cut once more what failed or came only partly, as a job of its own. */
  async runFailedAgain(): Promise<void> {
    if (this.again.peek()) return;
    this.again.value = true;
    try {
      const job = jobFromJson(await this.transport.json("POST", apiPath("cutout", "jobs", this.id, "again"), { outcomes: ["failed", "partly"] }));
      const open = (): void => this.showJob(job.id, job.name);
      this.notice.value = { kind: "success", text: `Submitted job ${job.name || job.id}.`, action: { label: "Open its gallery", act: open } };
    } catch (error) {
      this.notice.value = { kind: "error", text: `They could not be run again: ${errorMessage(error)}` };
    } finally {
      this.again.value = false;
    }
  }

  /** Show another job's images. */
  showJob(id: string, name: string): void {
    this.notice.value = null;
    if (this.can("show-gallery")) this.transport.host("show-gallery", { job_id: id, name });
    else this.model.set("job_id", id);
  }

  private followJob(): void {
    const id = this.model.get("job_id");
    const wanted = typeof id === "string" ? id : "";
    if (wanted === (this.source.peek()?.id ?? "")) return;
    this.source.peek()?.close();
    this.pictures.want([]);
    this.active.value = null;
    this.selected.value = new Set();
    this.opened.value = null;
    this.notice.value = null;
    this.log.value = null;
    this.filter.value = EVERYTHING;
    this.source.value = wanted ? new JobRows(this.transport, wanted) : null;
  }

  private followOpened(row: number | null): void {
    untracked(() => {
      if (row === null) {
        this.details.value = null;
        return;
      }
      const path = apiPath("cutout", "jobs", this.id, "rows", row);
      const details = new Loadable(async () => detailsFromJson(await this.transport.json("GET", path)));
      this.details.value = details;
      void details.ensure();
    });
  }
}

/** How far it is, in words: `1,200 of 10,000 rows`. */
export function progressWords(rows: number, total: number | null, ended: boolean): string {
  if (total === null || (ended && rows >= total)) return counted(rows, "row");
  return `${rows.toLocaleString("en-US")} of ${counted(total, "row")}`;
}

function countOutcomes(rows: Iterable<GalleryRow>): Map<Outcome, number> {
  const counts = new Map<Outcome, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  for (const row of rows) counts.set(row.outcome, (counts.get(row.outcome) ?? 0) + 1);
  return counts;
}
