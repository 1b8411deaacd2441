/** The rows of a cutout job, as they come: all that are there, and new ones while it runs. */

import { batch, signal, type Signal } from "@preact/signals";
import { galleryPageFromJson, type GalleryRow } from "../shared/cutout";
import { jobFromJson, type Job } from "../shared/job";
import { fields } from "../shared/json";
import { apiPath, errorMessage, isApiError, type StreamEvent, type Transport } from "../shared/model";

/** Waits between two questions for new rows, milliseconds: until the first have come, and afterwards, where no event comes before. */
const IMPATIENT_MS = 300;
const PATIENT_MS = 4000;
/** A page of so many rows fills any screen: its images go before the next page, by so many milliseconds. */
const LARGE_PAGE = 1000;
const BREATH_MS = 150;
/** At most so often rows are asked for, however many events come. */
const SHORTEST_MS = 150;

export class JobRows {
  readonly job: Signal<Job | null> = signal(null);
  readonly rows: Signal<ReadonlyMap<number, GalleryRow>> = signal(new Map());
  readonly total: Signal<number | null> = signal(null);
  readonly ended = signal(false);
  /** Whether any answer has come. */
  readonly loaded = signal(false);
  readonly deleted = signal(false);
  readonly lost = signal(false);
  readonly problem: Signal<string | null> = signal(null);

  private next = 0;
  private asking = false;
  private askAgain = false;
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stop: () => void;

  constructor(
    private readonly transport: Transport,
    readonly id: string,
  ) {
    this.stop = transport.subscribe("jobs/events", (event) => this.receive(event));
    void this.readJob();
    void this.ask();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stop();
  }

  retry(): void {
    this.problem.value = null;
    void this.readJob();
    void this.ask();
  }

  private receive({ event, data }: StreamEvent): void {
    if (event === "lost") this.lost.value = true;
    else if (event === "hello") {
      this.lost.value = false;
      void this.readJob();
      this.askSoon(0);
    } else if (event === "changed") {
      const of = fields(data, "job");
      if (of.text("id") !== this.id) return;
      this.take(jobFromJson(data));
      this.askSoon(SHORTEST_MS);
    } else if (event === "deleted" && fields(data, "deleted").text("id") === this.id) this.gone();
  }

  private take(job: Job): void {
    const before = this.job.peek();
    if (!before || job.revision > before.revision) this.job.value = job;
  }

  private async readJob(): Promise<void> {
    try {
      this.take(jobFromJson(await this.transport.json("GET", apiPath("jobs", this.id))));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ask for rows in a while, and not before an earlier question is due. */
  private askSoon(wait: number): void {
    if (this.closed || this.ended.peek() || this.deleted.peek()) return;
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), wait);
  }

  private async ask(): Promise<void> {
    if (this.asking || this.closed) return;
    clearTimeout(this.timer);
    this.asking = true;
    this.askAgain = false;
    try {
      let rows = Infinity;
      while (rows > 0 && !this.closed) {
        rows = await this.askOnce();
        if (rows >= LARGE_PAGE) await new Promise((resolve) => setTimeout(resolve, BREATH_MS));
      }
      this.problem.value = null;
    } catch (error) {
      this.fail(error);
    } finally {
      this.asking = false;
    }
    const impatient = this.rows.peek().size === 0;
    this.askSoon(this.askAgain ? SHORTEST_MS : impatient ? IMPATIENT_MS : PATIENT_MS);
  }

  /** One page of rows; tells how many there were. */
  private async askOnce(): Promise<number> {
    const page = galleryPageFromJson(await this.transport.json("GET", `${apiPath("cutout", "jobs", this.id, "rows")}?since=${this.next}`));
    if (this.closed) return 0;
    batch(() => {
      if (page.rows.length > 0) {
        const rows = new Map(this.rows.peek());
        for (const row of page.rows) rows.set(row.row, row);
        this.rows.value = rows;
      }
      this.total.value = page.total;
      this.ended.value = page.ended && page.rows.length === 0;
      this.loaded.value = true;
    });
    this.next = page.next;
    return page.rows.length;
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    if (isApiError(error, "not_found")) this.gone();
    else this.problem.value = errorMessage(error);
  }

  private gone(): void {
    this.deleted.value = true;
    clearTimeout(this.timer);
  }
}
