/** The user's jobs as far as they are known: a listing, brought forward by events. */

import { signal, type Signal } from "@preact/signals";
import { jobFromJson, jobsFromJson, type Job } from "../shared/job";
import { fields } from "../shared/json";
import { apiPath, isApiError, type StreamEvent, type Transport } from "../shared/model";

/** Jobs asked for at once; more come page by page. */
const PAGE = 500;

export type Connection = "connecting" | "live" | "lost";

export interface PhaseChange {
  before: Job | null;
  after: Job;
}

export class JobStore {
  readonly jobs: Signal<ReadonlyMap<string, Job>> = signal(new Map());
  /** Whether a listing has ever arrived. */
  readonly loaded = signal(false);
  readonly problem: Signal<unknown> = signal(null);
  readonly connection: Signal<Connection> = signal("connecting");

  /** Ids are never used again: what was deleted stays so, whatever an older listing says. */
  private readonly deleted = new Set<string>();
  private revision = -1;
  private listing: Promise<void> | null = null;
  private listAgain = false;
  private readonly stop: () => void;

  constructor(
    private readonly transport: Transport,
    private readonly onPhase: (change: PhaseChange) => void = () => undefined,
  ) {
    void this.list();
    this.stop = transport.subscribe("jobs/events", (event) => this.receive(event));
  }

  close(): void {
    this.stop();
  }

  /** Get the whole listing. While one is under way, another follows it. */
  list(): Promise<void> {
    if (this.listing) {
      this.listAgain = true;
      return this.listing;
    }
    this.listing = this.listUntilSettled().finally(() => {
      this.listing = null;
    });
    return this.listing;
  }

  /** Get one job that may not be in the listing yet; tell whether there is such a job. */
  async fetch(id: string): Promise<boolean> {
    try {
      this.put(jobFromJson(await this.transport.json("GET", apiPath("jobs", id))));
      return true;
    } catch (error) {
      if (isApiError(error, "not_found")) return false;
      throw error;
    }
  }

  /** Take a job's new state, unless a newer one is known. */
  put(job: Job): void {
    const before = this.jobs.peek().get(job.id) ?? null;
    if (this.deleted.has(job.id) || (before && before.revision >= job.revision)) return;
    this.jobs.value = new Map(this.jobs.peek()).set(job.id, job);
    if (before?.phase !== job.phase) this.onPhase({ before, after: job });
  }

  /** Forget jobs for good. */
  forget(ids: Iterable<string>): void {
    const jobs = new Map(this.jobs.peek());
    for (const id of ids) {
      this.deleted.add(id);
      jobs.delete(id);
    }
    if (jobs.size !== this.jobs.peek().size) this.jobs.value = jobs;
  }

  private receive({ event, data }: StreamEvent): void {
    switch (event) {
      case "hello":
        this.connection.value = "live";
        // Whatever happened while nobody listened is in the listing.
        if (this.listing || this.revision < fields(data, "hello").number("revision")) void this.list();
        break;
      case "lost":
        this.connection.value = "lost";
        this.revision = -1;
        break;
      case "changed": {
        const job = jobFromJson(data);
        this.revision = this.revision < 0 ? -1 : Math.max(this.revision, job.revision);
        this.put(job);
        break;
      }
      case "deleted":
        this.forget([fields(data, "deleted").text("id")]);
        break;
    }
  }

  private async listUntilSettled(): Promise<void> {
    do {
      this.listAgain = false;
      try {
        await this.listOnce();
        this.problem.value = null;
      } catch (error) {
        this.problem.value = error;
      }
    } while (this.listAgain);
  }

  private async listOnce(): Promise<void> {
    const listed = new Map<string, Job>();
    let revision = Infinity;
    let page: { jobs: Job[]; revision: number };
    let before: string | undefined;
    do {
      page = jobsFromJson(await this.transport.json("GET", `jobs?limit=${PAGE}${before ? `&before=${encodeURIComponent(before)}` : ""}`));
      page.jobs.forEach((job) => listed.set(job.id, job));
      revision = Math.min(revision, page.revision);
      before = page.jobs.at(-1)?.id;
    } while (page.jobs.length >= PAGE);
    this.merge(listed, revision);
  }

  /** Put a listing in the place of what is known, but for what is newer than it. */
  private merge(listed: Map<string, Job>, revision: number): void {
    const known = this.jobs.peek();
    const changes: PhaseChange[] = [];
    const merged = new Map<string, Job>();
    for (const [id, job] of listed) {
      const before = known.get(id) ?? null;
      if (this.deleted.has(id)) continue;
      const after = before && before.revision >= job.revision ? before : job;
      merged.set(id, after);
      if (this.loaded.peek() && before?.phase !== after.phase) changes.push({ before, after });
    }
    for (const [id, job] of known) if (!listed.has(id) && job.revision > revision) merged.set(id, job);
    this.revision = Math.max(this.revision, revision);
    this.jobs.value = merged;
    this.loaded.value = true;
    changes.forEach(this.onPhase);
  }
}
