/** What the jobs panel holds and does. */

import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { notebookFromJson } from "../shared/catalog";
import { counted } from "../shared/format";
import { jobFromJson, type Job } from "../shared/job";
import { fields, text } from "../shared/json";
import { apiPath, errorMessage, type PanelModel, type Transport } from "../shared/model";
import { newId, type Question, type Toast } from "../shared/ui";
import { DetailsState } from "./details-state";
import { arrange, choose, GROUPS, groupOf, isActive, NEWEST_FIRST, type Column, type Filter, type Group, type SortKey } from "./order";
import { JobStore, type PhaseChange } from "./store";
import { announcement, deletionQuestion } from "./words";

/** Jobs that one call may delete. */
const MOST_DELETED = 1000;
/** Changes that are read out one by one; more are counted. */
const MOST_ANNOUNCED = 3;
const LONGEST_NAME = 128;

type Act = "cancel" | "renew" | "rerun" | "rename" | "delete" | "notebook";

export class JobsState {
  readonly store: JobStore;
  /** Begins the ids of the rows: a page may have two lists of the same jobs. */
  readonly listId = newId();
  readonly filter: Signal<Filter> = signal({ text: "", group: "all" });
  readonly keys: Signal<readonly SortKey[]> = signal(NEWEST_FIRST);
  readonly shown: ReadonlySignal<readonly Job[]>;
  readonly counts: ReadonlySignal<ReadonlyMap<Group | "all", number>>;
  /** The job that the keyboard is at. */
  readonly active: Signal<string | null> = signal(null);
  readonly selected: Signal<ReadonlySet<string>> = signal(new Set());
  /** The job whose details are open. */
  readonly opened: ReadonlySignal<Job | null>;
  readonly details: DetailsState;
  readonly renaming: Signal<string | null> = signal(null);
  readonly question: Signal<Question | null> = signal(null);
  readonly toasts: Signal<readonly Toast[]> = signal([]);
  /** What a screen reader says next. */
  readonly announced = signal("");

  private readonly openedId: Signal<string | null> = signal(null);
  private readonly busy: Signal<ReadonlySet<string>> = signal(new Set());
  private readonly unsaid: string[] = [];
  private anchor: string | null = null;
  /** Jobs and their order before the last change. */
  private known: ReadonlyMap<string, Job> = new Map();
  private order: readonly string[] = [];
  private lastToast = 0;
  private readonly endings: (() => void)[] = [];

  constructor(
    readonly transport: Transport,
    private readonly model: PanelModel,
  ) {
    this.store = new JobStore(transport, (change) => this.announce(change));
    const { jobs } = this.store;
    this.shown = computed(() => arrange(jobs.value.values(), this.filter.value, this.keys.value));
    this.counts = computed(() => countGroups(jobs.value.values()));
    this.opened = computed(() => jobs.value.get(this.openedId.value ?? "") ?? null);
    this.details = new DetailsState(transport, this.opened);
    const follow = (): void => void this.openAsked();
    model.on("change:selected_job", follow);
    this.endings.push(
      () => model.off("change:selected_job", follow),
      effect(() => this.keepInList(jobs.value, this.shown.value)),
    );
    follow();
  }

  close(): void {
    this.endings.forEach((end) => end());
    this.details.close();
    this.store.close();
  }

  // --- list ---

  get activeCount(): number {
    return this.counts.value.get("active") ?? 0;
  }

  sortBy(column: Column): void {
    this.keys.value = choose(this.keys.value, column);
  }

  /** Go up or down the list; `extend` selects what is passed. */
  move(steps: number, extend = false): void {
    const shown = this.shown.peek();
    if (shown.length === 0) return;
    const at = shown.findIndex((job) => job.id === this.active.peek());
    const next = shown[at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + steps))];
    if (next) this.goTo(next.id, extend);
  }

  goTo(id: string, extend = false): void {
    this.active.value = id;
    if (extend) this.selectTo(id);
    else this.anchor = id;
  }

  toggle(id: string): void {
    const selected = new Set(this.selected.peek());
    if (!selected.delete(id)) selected.add(id);
    this.anchor = id;
    this.selected.value = selected;
  }

  selectTo(id: string): void {
    const shown = this.shown.peek();
    const from = shown.findIndex((job) => job.id === this.anchor);
    const to = shown.findIndex((job) => job.id === id);
    if (to < 0) return;
    const [first, last] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    this.selected.value = new Set(shown.slice(first, last + 1).map((job) => job.id));
  }

  /** Select all that are shown, or none where all are. */
  toggleAll(): void {
    const ids = this.shown.peek().map((job) => job.id);
    this.selected.value = ids.every((id) => this.selected.peek().has(id)) ? new Set() : new Set(ids);
  }

  clearSelection(): void {
    this.selected.value = new Set();
  }

  // --- details ---

  open(id: string): void {
    batch(() => {
      this.goTo(id);
      this.openedId.value = id;
    });
    this.remember(id);
  }

  closeDetails(): void {
    this.openedId.value = null;
    this.renaming.value = null;
    this.remember(null);
  }

  // --- acts ---

  can(action: Parameters<Transport["canHost"]>[0]): boolean {
    return this.transport.canHost(action);
  }

  isBusy(act: Act, id: string): boolean {
    return this.busy.value.has(`${act} ${id}`);
  }

  cancel(job: Job): Promise<void> {
    return this.change("cancel", job, "POST", apiPath("jobs", job.id, "cancel"));
  }

  renew(job: Job): Promise<void> {
    return this.change("renew", job, "POST", apiPath("jobs", job.id, "renew"));
  }

  async rerun(job: Job): Promise<void> {
    await this.once("rerun", job.id, async () => {
      const again = jobFromJson(await this.transport.json("POST", apiPath("jobs", job.id, "rerun")));
      this.store.put(again);
      this.open(again.id);
    });
  }

  /** Give a job another name; the old one stays where the new one is empty or the same. */
  async rename(job: Job, name: string): Promise<void> {
    this.renaming.value = null;
    const wanted = name.trim().slice(0, LONGEST_NAME);
    if (wanted && wanted !== job.name) await this.change("rename", job, "PATCH", apiPath("jobs", job.id), { name: wanted });
  }

  async openNotebook(job: Job): Promise<void> {
    await this.once("notebook", job.id, async () => {
      this.transport.host("open-notebook", notebookFromJson(await this.transport.json("GET", apiPath("jobs", job.id, "notebook"))));
    });
  }

  openFiles(job: Job): void {
    if (job.folder) this.transport.host("open-files", { path: job.folder });
  }

  editQuery(sql: string): void {
    this.transport.host("edit-query", { sql });
  }

  showGallery(job: Job): void {
    this.transport.host("show-gallery", { job_id: job.id, name: job.name });
  }

  /** Give the positions of a query job's file to the Cutouts panel. */
  cutFile(job: Job, file: string): void {
    this.transport.host("cut-result", { job_id: job.id, file, source: `${file} of ${job.name || job.id}` });
  }

  /** Show the positions of a query job's file on the globe. */
  showPositions(job: Job, file: string): void {
    this.transport.host("show-positions", { job_id: job.id, file, source: `${file} of ${job.name || job.id}` });
  }

  download(path: string): void {
    this.transport.host("download", { path });
  }

  /** Ask whether to delete what is selected, or the job that the keyboard is at. */
  askToDelete(ids: Iterable<string> = this.selected.peek().size ? this.selected.peek() : [this.active.peek() ?? ""]): void {
    const jobs = [...ids].flatMap((id) => this.store.jobs.peek().get(id) ?? []);
    if (jobs.length === 0) return;
    const ask = deletionQuestion(jobs);
    this.question.value = { ...ask, no: "Keep", danger: true, onYes: () => void this.delete(jobs.map((job) => job.id)) };
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.once("delete", ids.join(" "), async () => {
      for (let first = 0; first < ids.length; first += MOST_DELETED) {
        const answer = fields(await this.transport.json("POST", "jobs/delete", { ids: ids.slice(first, first + MOST_DELETED) }), "deletion");
        const failed = answer.list("failed", (member) => fields(member, "failure").text("message"));
        this.store.forget(answer.list("deleted", text));
        if (failed[0]) this.tell(`${counted(failed.length, "job")} could not be deleted: ${failed[0]}`);
      }
    });
  }

  dismiss(id: number): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast.id !== id);
  }

  /** Tell of something that went wrong, at the foot of the panel. */
  tell(words: string): void {
    this.toasts.value = [...this.toasts.value.slice(-2), { id: ++this.lastToast, kind: "error", text: words }];
  }

  private async change(act: Act, job: Job, method: string, path: string, body?: unknown): Promise<void> {
    await this.once(act, job.id, async () => this.store.put(jobFromJson(await this.transport.json(method, path, body))));
  }

  /** Do something to a job unless it is being done already. */
  private async once(act: Act, id: string, work: () => Promise<void>): Promise<void> {
    const key = `${act} ${id}`;
    if (this.busy.peek().has(key)) return;
    this.busy.value = new Set([...this.busy.peek(), key]);
    try {
      await work();
    } catch (error) {
      this.tell(errorMessage(error));
    } finally {
      this.busy.value = new Set([...this.busy.peek()].filter((other) => other !== key));
    }
  }

  /** Open the job that the model names, once it is known. */
  private async openAsked(): Promise<void> {
    const id = this.model.get("selected_job");
    if (id === null || id === undefined || id === "") this.openedId.value = null;
    if (typeof id !== "string" || !id || id === this.openedId.peek()) return;
    this.goTo(id);
    this.openedId.value = id;
    try {
      if (!this.store.jobs.peek().has(id) && !(await this.store.fetch(id)) && this.openedId.peek() === id) this.closeDetails();
    } catch (error) {
      this.tell(errorMessage(error));
    }
  }

  private remember(id: string | null): void {
    if ((this.model.get("selected_job") ?? null) === id) return;
    this.model.set("selected_job", id);
    this.model.save_changes();
  }

  /** Let go of jobs that are there no more; the keyboard goes to the one that took the place. */
  private keepInList(jobs: ReadonlyMap<string, Job>, shown: readonly Job[]): void {
    const isGone = (id: string | null): boolean => id !== null && this.known.has(id) && !jobs.has(id);
    if ([...this.selected.peek()].some(isGone)) this.selected.value = new Set([...this.selected.peek()].filter((id) => jobs.has(id)));
    if (isGone(this.active.peek())) this.active.value = neighbour(this.order, this.active.peek(), jobs);
    if (isGone(this.openedId.peek())) this.closeDetails();
    this.known = jobs;
    this.order = shown.map((job) => job.id);
  }

  private announce({ before, after }: PhaseChange): void {
    if (!this.store.loaded.peek() || (before === null && !isActive(after))) return;
    if (this.unsaid.push(announcement(after)) > 1) return;
    queueMicrotask(() => {
      const said = this.unsaid.splice(0);
      const rest = said.length - MOST_ANNOUNCED;
      this.announced.value = said.slice(0, MOST_ANNOUNCED).join("; ") + (rest > 0 ? `; and ${counted(rest, "more change")}` : "");
    });
  }
}

/** The nearest job that is still there: below first, then above. */
function neighbour(order: readonly string[], id: string | null, jobs: ReadonlyMap<string, Job>): string | null {
  const at = order.findIndex((other) => other === id);
  return [...order.slice(at + 1), ...order.slice(0, Math.max(0, at)).reverse()].find((other) => jobs.has(other)) ?? null;
}

function countGroups(jobs: Iterable<Job>): Map<Group | "all", number> {
  const counts = new Map<Group | "all", number>([["all", 0], ...Object.keys(GROUPS).map((group): [Group, number] => [group as Group, 0])]);
  for (const job of jobs) {
    for (const group of ["all", groupOf(job)] as const) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return counts;
}
