/** What the admin page holds and does. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { counted } from "../shared/format";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, type PanelModel, type Transport } from "../shared/model";
import type { Question, Toast } from "../shared/ui";
import * as data from "./data";
import { fewWords, spanWords } from "./words";

/** How often what is looked at is asked for again, milliseconds. */
const AGAIN = 10_000;
/** How long it is said that something was done, milliseconds. What was not done stays until it is dismissed. */
const TOLD = 8000;
/** Jobs and acts that are listed, the latest. */
const MOST_LISTED = 1000;

export const SECTIONS = {
  labs: "Labs",
  queue: "Queue",
  budgets: "Budgets",
  jobs: "Jobs",
  messages: "Messages",
  health: "Health",
  statistics: "Statistics",
  audit: "Audit log",
} as const;
export type Section = keyof typeof SECTIONS;

/** What a dialog is open for. */
export type Form = { kind: "extend"; lab: data.LabRow } | { kind: "end"; lab: data.LabRow } | { kind: "compose" };

export class AdminState {
  readonly overview: Loadable<data.Overview>;
  readonly labs: Loadable<data.LabRow[]>;
  readonly queue: Loadable<data.QueueRow[]>;
  readonly budgets: Loadable<data.BudgetRow[]>;
  readonly jobs: Loadable<data.JobRow[]>;
  readonly messages: Loadable<data.MessageRow[]>;
  readonly statistics: Loadable<data.StatisticsRow[]>;
  readonly audit: Loadable<data.AuditRow[]>;

  readonly section: Signal<Section>;
  readonly form: Signal<Form | null> = signal(null);
  readonly question: Signal<Question | null> = signal(null);
  readonly toasts: Signal<readonly Toast[]> = signal([]);
  /** Ids of what an act is going on for. */
  readonly busy: Signal<ReadonlySet<string>> = signal(new Set());
  /** Whether this person may act at all; the server decides each time on whom. */
  readonly mayAct: ReadonlySignal<boolean>;

  private lastToast = 0;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly follow: () => void;

  constructor(
    private readonly transport: Transport,
    private readonly model: PanelModel,
  ) {
    const get =
      <T>(path: string, read: (json: unknown) => T) =>
      async (): Promise<T> =>
        read(await transport.json("GET", `admin/${path}`));
    this.overview = new Loadable(get("overview", data.overviewFromJson));
    this.labs = new Loadable(get("labs", data.labsFromJson));
    this.queue = new Loadable(get("queue", data.queueFromJson));
    this.budgets = new Loadable(get("budgets", data.budgetsFromJson));
    this.jobs = new Loadable(get(`jobs?limit=${MOST_LISTED}`, data.jobsFromJson));
    this.messages = new Loadable(get("messages", data.messagesFromJson));
    this.statistics = new Loadable(get("statistics", data.statisticsFromJson));
    this.audit = new Loadable(get(`audit?limit=${MOST_LISTED}`, data.auditFromJson));
    this.section = signal(sectionOf(model.get("section")) ?? "labs");
    this.mayAct = computed(() => this.overview.value?.acts === true);
    this.follow = () => {
      const asked = sectionOf(model.get("section"));
      if (asked && asked !== this.section.peek()) this.show(asked);
    };
    model.on("change:section", this.follow);
    this.timer = setInterval(() => {
      if (document.visibilityState !== "hidden") void this.refresh();
    }, AGAIN);
    void this.refresh();
  }

  close(): void {
    clearInterval(this.timer);
    this.model.off("change:section", this.follow);
  }

  show(section: Section): void {
    this.section.value = section;
    this.model.set("section", section);
    this.model.save_changes();
    void this.refresh();
  }

  /** Ask anew for what is looked at. */
  async refresh(): Promise<void> {
    await Promise.all([this.overview.reload(), this.shown?.reload()]);
  }

  /** What the open section shows beside the overview. */
  get shown(): Loadable<unknown> | null {
    const section = this.section.peek();
    return section === "health" ? null : this[section];
  }

  isBusy(id: string): boolean {
    return this.busy.value.has(id);
  }

  // --- acts ---

  async extend(lab: data.LabRow, seconds: number): Promise<void> {
    this.form.value = null;
    await this.act(lab.id, `${lab.user}'s lab has ${spanWords(seconds)} more`, () =>
      this.transport.json("POST", apiPath("admin", "leases", lab.id, "extend"), { seconds }),
    );
  }

  async end(lab: data.LabRow, message: string): Promise<void> {
    this.form.value = null;
    await this.act(lab.id, `${lab.user}'s lab is being ended`, () =>
      this.transport.json("POST", apiPath("admin", "leases", lab.id, "end"), { message: message.trim() }),
    );
  }

  askToCancel(job: data.JobRow): void {
    const name = job.name || job.id;
    this.question.value = {
      title: `Cancel “${name}” of ${job.owner}?`,
      text: "The job stops where it is, and its owner sees that it was cancelled. This cannot be undone.",
      yes: "Cancel job",
      no: "Keep",
      danger: true,
      onYes: () => void this.act(job.id, `${name} is cancelled`, () => this.transport.json("POST", apiPath("admin", "jobs", job.id, "cancel"))),
    };
  }

  /** Send a message; what the server says against it is thrown for the form to show. */
  async send(message: data.NewMessage): Promise<void> {
    await this.transport.json("POST", "admin/messages", message);
    this.form.value = null;
    this.say("success", `the message is shown ${data.audienceWords(message.to)}`);
    await this.refresh();
  }

  askToWithdraw(message: data.MessageRow): void {
    this.question.value = {
      title: "Withdraw this message?",
      text: `“${fewWords(message.text)}” disappears from all labs. The audit log keeps it.`,
      yes: "Withdraw message",
      no: "Keep",
      danger: true,
      onYes: () => {
        const path = apiPath("admin", "messages", message.id);
        void this.act(message.id, "the message is withdrawn", () => this.transport.json("DELETE", path));
      },
    };
  }

  dismiss(id: number): void {
    this.toasts.value = this.toasts.peek().filter((toast) => toast.id !== id);
  }

  private async act(id: string, done: string, does: () => Promise<unknown>): Promise<void> {
    if (this.busy.peek().has(id)) return;
    this.busy.value = new Set(this.busy.peek()).add(id);
    try {
      await does();
      this.say("success", done);
    } catch (error) {
      this.say("error", errorMessage(error));
    } finally {
      const busy = new Set(this.busy.peek());
      busy.delete(id);
      this.busy.value = busy;
    }
    await this.refresh();
  }

  private say(kind: Toast["kind"], text: string): void {
    const id = ++this.lastToast;
    if (kind === "success") setTimeout(() => this.dismiss(id), TOLD);
    this.toasts.value = [...this.toasts.peek().slice(-2), { id, kind, text: text.charAt(0).toUpperCase() + text.slice(1) }];
  }
}

/** The tab's title with what is in it: `Labs (3)`. */
export function tabTitle(state: AdminState, section: Section): string {
  const counts = state.overview.value?.counts;
  const count = counts?.[section];
  if (count === undefined) return SECTIONS[section];
  return `${SECTIONS[section]} (${count}${section === "jobs" ? " active" : ""})`;
}

export function labsWords(overview: data.Overview): string {
  const waiting = overview.counts["queue"] ?? 0;
  const labs = counted(overview.counts["labs"] ?? 0, "lab");
  return waiting ? `${labs}, ${counted(waiting, "person waiting", "people waiting")}` : labs;
}

function sectionOf(word: unknown): Section | null {
  return typeof word === "string" && Object.hasOwn(SECTIONS, word) ? (word as Section) : null;
}
