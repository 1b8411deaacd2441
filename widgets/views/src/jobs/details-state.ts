/** Log and files of the job whose details are open, kept up with it. */

import { effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { jobFilesFromJson, type Job, type JobFile } from "../shared/job";
import { fields } from "../shared/json";
import { apiPath, errorMessage, type Transport } from "../shared/model";
import { isActive } from "./order";

/** How often the log of a running job is read at most, milliseconds. Only a change of the job makes it be read. */
const LOG_PAUSE = 1000;

export interface Loaded<T> {
  value: T | null;
  problem: string | null;
}

const NOTHING: Loaded<never> = { value: null, problem: null };

export class DetailsState {
  readonly log: Signal<Loaded<string>> = signal(NOTHING);
  readonly files: Signal<Loaded<readonly JobFile[]>> = signal(NOTHING);

  private shownId: string | null = null;
  private shownRevision = -1;
  private filesOf = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readAt = -Infinity;
  private readonly stop: () => void;

  constructor(
    private readonly transport: Transport,
    job: ReadonlySignal<Job | null>,
  ) {
    this.stop = effect(() => this.follow(job.value));
  }

  close(): void {
    clearTimeout(this.timer);
    this.shownId = null;
    this.stop();
  }

  /** Read log and files again, after a failure. */
  retry(job: Job): void {
    void this.readLog(job.id);
    void this.readFiles(job.id);
  }

  private follow(job: Job | null): void {
    if (job?.id !== this.shownId) this.clear(job?.id ?? null);
    if (!job || job.revision === this.shownRevision) return;
    this.shownRevision = job.revision;
    this.readLogSoon(job);
    const files = `${job.id} ${job.phase} ${job.files_count ?? 0}`;
    if (files === this.filesOf) return;
    this.filesOf = files;
    if (isActive(job) || job.expired) this.files.value = { value: [], problem: null };
    else void this.readFiles(job.id);
  }

  private clear(id: string | null): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.readAt = -Infinity;
    this.shownId = id;
    this.shownRevision = -1;
    this.filesOf = "";
    this.log.value = NOTHING;
    this.files.value = NOTHING;
  }

  private readLogSoon(job: Job): void {
    if (this.timer !== undefined) return;
    const wait = isActive(job) ? Math.max(0, this.readAt + LOG_PAUSE - Date.now()) : 0;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.readAt = Date.now();
      void this.readLog(job.id);
    }, wait);
  }

  private async readLog(id: string): Promise<void> {
    const read = await this.read(apiPath("jobs", id, "log"), (json) => fields(json, "log").text("log"), this.log.peek());
    if (id === this.shownId) this.log.value = read;
  }

  private async readFiles(id: string): Promise<void> {
    const read = await this.read(apiPath("jobs", id, "files"), jobFilesFromJson, this.files.peek());
    if (id === this.shownId) this.files.value = read;
  }

  /** What a path answers; where it fails, what was there before and why. */
  private async read<T>(path: string, guard: (json: unknown) => T, before: Loaded<T>): Promise<Loaded<T>> {
    try {
      return { value: guard(await this.transport.json("GET", path)), problem: null };
    } catch (error) {
      return { value: before.value, problem: errorMessage(error) };
    }
  }
}
