/** What is filled in to make a table: whence its rows come, its name, and how its columns are read. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { toBase64 } from "../shared/bytes";
import { size } from "../shared/format";
import { jobFilesFromJson, jobsFromJson, type Job, type JobFile } from "../shared/job";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, isApiError, type Transport } from "../shared/model";
import { inspectionFromJson, type Inspection, type LoadFault, type OwnTable } from "../shared/own-tables";
import { LoadRun } from "./own-tables-run";

/** What a load is for. */
export type LoadPurpose = { kind: "new" } | { kind: "append"; table: OwnTable } | { kind: "query"; sql: string };

/** A column as it will be, by the name that it has in the file. */
export interface Correction {
  given_name: string;
  name: string;
  type: string;
  unit: string;
  description: string;
  /** Whether it is loaded. */
  taken: boolean;
}

/** Formats that the service reads. */
export const ACCEPTED = ".csv,.tsv,.tab,.txt,.fits,.fit,.h5,.hdf5,.parquet,.vot,.xml,.ecsv,.gz";
/** The service takes 64 MiB, in base 64. */
const LARGEST_UPLOAD = 50_000_000;
const MOST_JOBS = 50;

export class LoadForm {
  readonly name = signal("");
  readonly description = signal("");
  readonly pasted = signal("");
  readonly reading = signal(false);
  /** Why the source could not be read at all. */
  readonly unreadable = signal<string | null>(null);
  readonly inspection = signal<Inspection | null>(null);
  readonly columns = signal<readonly Correction[]>([]);
  /** Whence the rows come, for whoever reads. */
  readonly source = signal("");
  readonly run: LoadRun;
  /** Finished query jobs, of whose files one may make a table. */
  readonly jobs: Loadable<Job[]>;
  readonly job = signal<string | null>(null);
  readonly files = signal<readonly JobFile[]>([]);
  /** Why it cannot be loaded now; null where it can. */
  readonly obstacle: ReadonlySignal<string | null> = computed(() => this.findObstacle());
  private readingNow: AbortController | null = null;

  constructor(
    private readonly transport: Transport,
    readonly purpose: LoadPurpose,
  ) {
    this.run = new LoadRun(transport);
    this.jobs = new Loadable(async () => {
      const { jobs } = jobsFromJson(await transport.json("GET", `jobs?phase=COMPLETED&limit=${MOST_JOBS}`));
      return jobs.filter((job) => job.type === "query" && !job.expired);
    });
  }

  async readFile(file: File): Promise<void> {
    if (file.size > LARGEST_UPLOAD) {
      this.unreadable.value = `${file.name} has ${size(file.size)}, and ${size(LARGEST_UPLOAD)} can be sent from here; load it in a notebook with sky.tables or in a terminal with skydesk tables load`;
      return;
    }
    this.suggestName(file.name);
    await this.inspect({ file_name: file.name, content_base64: toBase64(new Uint8Array(await file.arrayBuffer())) }, file.name);
  }

  /** Read what was pasted: a table of text with a line of names. */
  async readPasted(): Promise<void> {
    const text = this.pasted.peek();
    if (!text.trim()) return;
    const firstLine = text.trimStart().split("\n", 1)[0] ?? "";
    const name = firstLine.includes("\t") ? "pasted.tsv" : "pasted.csv";
    await this.inspect({ file_name: name, content_base64: toBase64(new TextEncoder().encode(text)) }, "what you pasted");
  }

  /** Choose a job; its files are fetched, and where there is one alone it is read. */
  async chooseJob(id: string): Promise<void> {
    this.job.value = id || null;
    this.files.value = [];
    if (!id) return;
    try {
      const files = jobFilesFromJson(await this.transport.json("GET", apiPath("jobs", id, "files")));
      if (this.job.peek() !== id) return;
      this.files.value = files;
      if (files.length === 1 && files[0]) await this.readJobFile(files[0].name);
    } catch (error) {
      this.unreadable.value = errorMessage(error);
    }
  }

  async readJobFile(file: string): Promise<void> {
    const id = this.job.peek();
    if (id === null || !file) return;
    const job = this.jobs.value?.find((known) => known.id === id);
    this.suggestName(file.startsWith("result.") && job?.name ? job.name : file);
    await this.inspect({ job_id: id, file }, `${file} of job ${job?.name || id}`);
  }

  /** Go back to the choice of a source. */
  otherSource(): void {
    this.readingNow?.abort();
    this.inspection.value = null;
    this.columns.value = [];
    this.unreadable.value = null;
    this.job.value = null;
    this.run.forget();
  }

  correct(at: number, change: Partial<Correction>): void {
    this.columns.value = this.columns.peek().map((column, index) => (index === at ? { ...column, ...change } : column));
  }

  /** The columns that are loaded. */
  get taken(): readonly Correction[] {
    return this.columns.value.filter((column) => column.taken);
  }

  /** What is wrong with a column, as the file was read and as the service said of the load. */
  columnFaults({ given_name: given, name }: Correction): LoadFault[] {
    const names = new Set([given.toLowerCase(), name.toLowerCase()]);
    return this.allFaults.filter((fault) => names.has(fault.field.toLowerCase()));
  }

  get allFaults(): LoadFault[] {
    return [...this.run.faults.value.filter((fault) => fault.field !== "name" && fault.field !== "description"), ...this.foundFaults];
  }

  /** What was wrong in the file, without the columns that are left out or whose type is another now: of these the load will tell. */
  get foundFaults(): LoadFault[] {
    const found = this.inspection.value;
    if (!found) return [];
    const changed = new Set(this.columns.value.filter((column, at) => !column.taken || column.type !== found.columns[at]?.type).flatMap(({ given_name: given, name }) => [given.toLowerCase(), name.toLowerCase()]));
    return found.faults.filter((fault) => !changed.has(fault.field.toLowerCase()));
  }

  /** Load it; gives the table, or null where nothing was loaded. */
  async load(): Promise<OwnTable | null> {
    if (this.obstacle.peek() !== null) return null;
    const { purpose } = this;
    const source = purpose.kind === "query" ? { sql: purpose.sql } : { inspection: this.inspection.peek()?.id };
    const columns = this.inspection.peek() === null ? null : this.taken.map(({ given_name, name, type }) => ({ given_name, name: name.trim(), type }));
    if (purpose.kind === "append") return this.run.run(apiPath("tables", purpose.table.name, "append"), { source, columns });
    const table = await this.run.run("tables", { name: this.name.peek().trim(), description: this.description.peek().trim(), source, columns });
    return table && this.describe(table);
  }

  /** Tell the service the units and descriptions that were corrected. */
  private async describe(table: OwnTable): Promise<OwnTable | null> {
    const changed = this.taken.flatMap((column) => {
      const found = this.inspection.peek()?.columns.find((known) => known.given_name === column.given_name);
      const made = table.columns.find((known) => known.name.toLowerCase() === column.name.trim().toLowerCase());
      if (!found || !made || (column.unit.trim() === (found.unit ?? "") && column.description.trim() === found.description)) return [];
      return [{ name: made.name, unit: column.unit.trim(), description: column.description.trim() }];
    });
    if (changed.length === 0) return table;
    try {
      await this.transport.json("PATCH", apiPath("tables", table.name), { columns: changed });
    } catch (error) {
      this.run.problem.value = `The table ${table.name} was loaded, but its units and descriptions were not kept: ${errorMessage(error)}`;
      return null;
    }
    return table;
  }

  private async inspect(body: Record<string, unknown>, words: string): Promise<void> {
    this.readingNow?.abort();
    const reading = (this.readingNow = new AbortController());
    this.reading.value = true;
    this.unreadable.value = null;
    this.run.forget();
    try {
      const found = inspectionFromJson(await this.transport.json("POST", "tables/inspect", body, reading.signal));
      this.source.value = words;
      this.columns.value = found.columns.map(({ given_name, name, type, unit, description }) => ({ given_name, name, type, unit: unit ?? "", description, taken: true }));
      this.inspection.value = found;
    } catch (error) {
      if (!isApiError(error, "cancelled")) this.unreadable.value = errorMessage(error);
    } finally {
      if (this.readingNow === reading) this.reading.value = false;
    }
  }

  private suggestName(from: string): void {
    if (!this.name.peek().trim()) this.name.value = tableName(from);
  }

  private findObstacle(): string | null {
    if (this.reading.value) return "The file is being read.";
    if (this.purpose.kind !== "query" && this.inspection.value === null) return "Choose a file first.";
    if (this.purpose.kind !== "append" && !this.name.value.trim()) return "Give the table a name.";
    if (this.inspection.value !== null && this.taken.length === 0) return "Take at least one column.";
    if (this.taken.some((column) => !column.name.trim())) return "Give every column a name.";
    return null;
  }
}

/** A table's name made of a file's or a job's: `m2 stars.csv.gz` is M2_STARS. */
export function tableName(from: string): string {
  const stem = from.replace(/(\.gz)?$/i, "").replace(/\.\w{1,7}$/, "");
  return stem
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^[^A-Za-z]+|_+$/g, "")
    .slice(0, 30)
    .toUpperCase();
}
