/** What is filled in for a job: file, format, compression, name, rows, e-mail. The file's ending and the format keep in step. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Format } from "../shared/catalog";

export interface FieldFault {
  field: "file_name" | "max_rows" | "email";
  message: string;
}

/** Formats whose files compress inside: their ending does not tell. */
const COMPRESSED_INSIDE = new Set(["h5", "parquet", "arrow"]);
const COMPRESSION_ENDINGS: Readonly<Record<string, string>> = { gzip: ".gz", zstd: ".zst" };
const DEFAULT_STEM = "result";
const DEFAULT_FORMAT = "parquet";
const DEFAULT_COMPRESSION = "none";

export class JobForm {
  readonly fileName = signal("");
  readonly format = signal(DEFAULT_FORMAT);
  readonly compression = signal(DEFAULT_COMPRESSION);
  readonly jobName = signal("");
  readonly maxRows = signal("");
  readonly emailWanted = signal(false);
  readonly email = signal("");
  readonly formats = signal<readonly Format[]>([]);
  readonly faults: ReadonlySignal<readonly FieldFault[]> = computed(() => this.findFaults());
  readonly compressions: ReadonlySignal<readonly string[]> = computed(() => this.known(this.format.value)?.compressions ?? ["none"]);

  /** Take the formats that there are, and read by them a name that was typed before they came. */
  learn(formats: readonly Format[]): void {
    this.formats.value = formats;
    this.compression.value = this.compressionOf(this.format.peek());
    this.setFileName(this.fileName.peek());
  }

  /** Take a name as it is typed; a known ending sets format and compression. */
  setFileName(text: string): void {
    this.fileName.value = text;
    const read = readEnding(text.trim(), this.formats.peek());
    if (!read) return;
    this.format.value = read.format;
    if (COMPRESSED_INSIDE.has(read.format)) this.compression.value = this.compressionOf(read.format);
    else this.compression.value = this.chosen = read.compression ?? DEFAULT_COMPRESSION;
  }

  /** Once the name is typed: give it an ending where it has none. */
  completeFileName(): void {
    const name = this.fileName.value.trim();
    if (name && !name.includes(".")) this.fileName.value = name + this.ending();
    else this.fileName.value = name;
  }

  setFormat(format: string): void {
    this.format.value = format;
    this.compression.value = this.compressionOf(format);
    this.renameToFit();
  }

  setCompression(compression: string): void {
    this.chosen = compression;
    this.compression.value = this.compressionOf(this.format.value);
    this.renameToFit();
  }

  /** The part of the request's body that this form fills; nothing for what was left as it is. */
  body(): Record<string, unknown> {
    const fileName = this.fileName.value.trim();
    const rows = Number(this.maxRows.value.trim());
    return {
      ...(fileName ? { file_name: fileName, format: this.format.value, compression: this.compression.value } : {}),
      ...(this.jobName.value.trim() ? { name: this.jobName.value.trim() } : {}),
      ...(this.maxRows.value.trim() ? { max_rows: rows } : {}),
      ...(this.emailWanted.value ? { email: this.email.value.trim() } : {}),
    };
  }

  faultOf(field: FieldFault["field"]): string | null {
    return this.faults.value.find((fault) => fault.field === field)?.message ?? null;
  }

  private findFaults(): FieldFault[] {
    const faults: FieldFault[] = [];
    const name = this.fileName.value.trim();
    if (name && /[\\/\u0000-\u001f]|^\.|\.\./.test(name)) faults.push({ field: "file_name", message: "a plain name, without folders, such as m2.fits" });
    else if (name && name.includes(".") && this.formats.value.length > 0 && !readEnding(name, this.formats.value)) {
      const endings = this.formats.value.map((format) => format.ending).join(", ");
      faults.push({ field: "file_name", message: `the ending says the format; use one of ${endings}` });
    }
    const rows = this.maxRows.value.trim();
    if (rows && !/^[1-9]\d{0,14}$/.test(rows)) faults.push({ field: "max_rows", message: "a whole number above 0, without separators" });
    if (this.emailWanted.value && !/^[^\s@]+@[^\s@]+$/.test(this.email.value.trim())) {
      faults.push({ field: "email", message: "an address such as name@example.org" });
    }
    return faults;
  }

  private renameToFit(): void {
    const name = this.fileName.value.trim();
    const stem = name ? (readEnding(name, this.formats.value)?.stem ?? name) : DEFAULT_STEM;
    this.fileName.value = stem + this.ending();
  }

  private ending(): string {
    const format = this.format.value;
    const outside = COMPRESSED_INSIDE.has(format) ? "" : (COMPRESSION_ENDINGS[this.compression.value] ?? "");
    return `${this.known(format)?.ending ?? `.${format}`}${outside}`;
  }

  /** The compression that was asked for, where the format has it; else the format's own first one, which the service takes too. */
  private compressionOf(format: string): string {
    const compressions = this.known(format)?.compressions ?? [];
    return compressions.find((compression) => compression === this.chosen) ?? compressions[0] ?? DEFAULT_COMPRESSION;
  }

  /** What was asked for, by hand or by an ending; null before that. */
  private chosen: string | null = null;

  private known(format: string): Format | undefined {
    return this.formats.value.find((known) => known.format === format);
  }
}

interface Ending {
  stem: string;
  format: string;
  /** null where the ending does not tell. */
  compression: string | null;
}

/** What a file name's ending says, where it says a format that is known: `m2.csv.gz` is CSV under gzip. */
export function readEnding(name: string, formats: readonly Format[]): Ending | null {
  const lower = name.toLowerCase();
  const packed = Object.entries(COMPRESSION_ENDINGS).find(([, ending]) => lower.endsWith(ending));
  const bare = packed ? lower.slice(0, -packed[1].length) : lower;
  const found = [...formats].sort((a, b) => b.ending.length - a.ending.length).find(({ ending }) => bare.endsWith(ending));
  if (!found || (packed && !found.compressions.includes(packed[0]))) return null;
  return { stem: name.slice(0, bare.length - found.ending.length), format: found.format, compression: packed ? packed[0] : null };
}
