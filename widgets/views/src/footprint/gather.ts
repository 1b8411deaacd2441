/** Files of the chosen tiles, gathered by jobs: which files, what they come to, and the jobs. */

import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { counted, size } from "../shared/format";
import { jobFromJson } from "../shared/job";
import { fields } from "../shared/json";
import { errorMessage, isApiError, type Transport } from "../shared/model";

export interface Estimate {
  files: number;
  size_bytes: number;
  parts: number;
  without: number;
}

export interface FileChoice {
  kinds: readonly { kind: string; title: string }[];
  bands: readonly string[];
}

const PAUSE_MS = 300;

export class GatherState {
  readonly choice: Signal<FileChoice> = signal({ kinds: [], bands: [] });
  readonly kinds: Signal<ReadonlySet<string>> = signal(new Set(["image"]));
  readonly bands: Signal<ReadonlySet<string>> = signal(new Set());
  readonly opened = signal(false);
  readonly estimate: Signal<Estimate | null> = signal(null);
  readonly problem: Signal<string | null> = signal(null);
  readonly busy = signal(false);
  /** What was submitted: the words, and the first job. */
  readonly submitted: Signal<{ words: string; jobId: string } | null> = signal(null);
  /** Whether the service has said that the same was gathered before. */
  readonly duplicate = signal(false);
  readonly wish: ReadonlySignal<Record<string, unknown> | null>;

  private timer: ReturnType<typeof setTimeout> | undefined;
  private latest = 0;
  private readonly stop: () => void;

  constructor(
    private readonly transport: Transport,
    release: () => string | null,
    tiles: () => readonly string[],
  ) {
    this.wish = computed(() => {
      const names = tiles();
      if (names.length === 0 || this.kinds.value.size === 0) return null;
      return { release: release(), tiles: names, kinds: this.choice.value.kinds.map((each) => each.kind).filter((kind) => this.kinds.value.has(kind)), bands: this.choice.value.bands.filter((band) => this.bands.value.has(band)) };
    });
    this.stop = effect(() => {
      const wish = this.opened.value ? this.wish.value : null;
      this.estimate.value = null;
      this.problem.value = null;
      this.duplicate.value = false;
      clearTimeout(this.timer);
      this.latest += 1;
      if (wish) this.timer = setTimeout(() => void this.ask(wish), PAUSE_MS);
    });
  }

  close(): void {
    clearTimeout(this.timer);
    this.stop();
  }

  toggleKind(kind: string): void {
    this.kinds.value = toggled(this.kinds.peek(), kind);
  }

  toggleBand(band: string): void {
    this.bands.value = toggled(this.bands.peek(), band);
  }

  async submit(allowDuplicate = false): Promise<void> {
    const wish = this.wish.peek();
    if (!wish || this.busy.peek()) return;
    this.busy.value = true;
    this.problem.value = null;
    this.duplicate.value = false;
    try {
      const jobs = fields(await this.transport.json("POST", "footprint/jobs", { ...wish, allow_duplicate: allowDuplicate }), "jobs").list("jobs", jobFromJson);
      const first = jobs[0];
      this.submitted.value = first ? { words: jobs.length === 1 ? `Submitted job ${first.name || first.id}.` : `Submitted ${jobs.length} jobs.`, jobId: first.id } : null;
    } catch (error) {
      this.problem.value = errorMessage(error);
      this.duplicate.value = isApiError(error, "conflict");
    }
    this.busy.value = false;
  }

  private async ask(wish: Record<string, unknown>): Promise<void> {
    const mine = this.latest;
    try {
      const of = fields(await this.transport.json("POST", "footprint/jobs/estimate", wish), "estimate");
      const estimate = { files: of.number("files"), size_bytes: of.number("size_bytes"), parts: of.list("parts", (part) => part).length, without: of.list("without_files", (name) => name).length };
      if (mine === this.latest) this.estimate.value = estimate;
    } catch (error) {
      if (mine === this.latest) this.problem.value = errorMessage(error);
    }
  }
}

/** What gathering comes to, in words. */
export function estimateWords({ files, size_bytes, parts, without }: Estimate): string {
  if (files === 0) return "none of the tiles has such files";
  const missing = without > 0 ? `; ${counted(without, "tile")} ${without === 1 ? "has" : "have"} none` : "";
  return `${counted(files, "file")}, ${size(size_bytes)}${parts > 1 ? `, in ${parts} jobs` : ""}${missing}`;
}

function toggled(set: ReadonlySet<string>, value: string): ReadonlySet<string> {
  const copy = new Set(set);
  if (!copy.delete(value)) copy.add(value);
  return copy;
}
