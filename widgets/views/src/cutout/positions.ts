/** Whence the positions come - typed, a file, another panel - and the table that the service has made of them. */

import { signal, type Signal } from "@preact/signals";
import { toBase64 } from "../shared/bytes";
import { draftFromJson } from "../shared/cutout";
import { size } from "../shared/format";
import { isRecord, type JsonRecord } from "../shared/json";
import { apiPath, errorMessage, isApiError, type Transport } from "../shared/model";
import { DraftTable } from "./draft";
import type { Kept } from "./kept";

/** Whence the positions are. */
export interface Source {
  /** For whoever reads: `m2.csv`, `the text above`. */
  words: string;
  /** Whether they are the text in the field. */
  typed: boolean;
}

const TYPED: Source = { words: "the text above", typed: true };
const TYPING_PAUSE_MS = 600;
/** Files above this are refused by the service; base64 makes a third more of them, bytes. */
const LARGEST_UPLOAD = 36_000_000;

export class PositionsSource {
  readonly text = signal("");
  readonly table: Signal<DraftTable | null> = signal(null);
  readonly source: Signal<Source | null> = signal(null);
  readonly reading = signal(false);
  /** Why the positions could not be read at all. */
  readonly unreadable: Signal<string | null> = signal(null);

  private typing: ReturnType<typeof setTimeout> | undefined;
  private readingNow: AbortController | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly kept: Kept,
    private readonly release: () => string,
  ) {
    this.text.value = kept.text("positions_text");
  }

  close(): void {
    clearTimeout(this.typing);
    this.readingNow?.abort();
  }

  /** Take what is typed; it is read once the typing pauses, at once where `now`. */
  setText(text: string, now = false): void {
    if (text === this.text.peek() && !now) return;
    this.text.value = text;
    this.kept.keep("positions_text", text);
    clearTimeout(this.typing);
    if (now) void this.readText();
    else this.typing = setTimeout(() => void this.readText(), TYPING_PAUSE_MS);
  }

  async readFile(file: File): Promise<void> {
    if (file.size > LARGEST_UPLOAD) {
      this.unreadable.value = `${file.name} has ${size(file.size)}, and ${size(LARGEST_UPLOAD)} can be sent; cut it into several, or keep the columns RA and DEC only`;
      return;
    }
    const content = toBase64(new Uint8Array(await file.arrayBuffer()));
    await this.readElsewhere({ file_name: file.name, content_base64: content }, file.name);
  }

  /** Take positions that another panel gave. */
  async readGiven(given: JsonRecord): Promise<void> {
    const words = typeof given["source"] === "string" ? given["source"] : "the query's result";
    const { buffer, job_id: job, file } = given;
    if (buffer instanceof ArrayBuffer || ArrayBuffer.isView(buffer)) {
      // Rows of a query have ids and positions both: that is no contradiction.
      await this.readElsewhere({ file_name: "result.arrow", content_base64: toBase64(bytesOf(buffer)), both: true }, words);
    } else if (typeof job === "string" && typeof file === "string") {
      await this.readElsewhere({ job_id: job, file }, words);
    }
  }

  /** Get what was there before a reload: the table where the service still has it, else the text is read again. */
  async restore(): Promise<void> {
    const id = this.kept.text("draft_id");
    const words = this.kept.text("draft_source");
    if (id) {
      const error = await this.fetch("GET", apiPath("cutout", "positions", id), undefined, words ? { words, typed: false } : TYPED);
      if (!isApiError(error, "not_found")) return;
      this.unreadable.value = null;
    }
    if (this.text.peek().trim()) await this.readText();
  }

  /** Find the tiles of another release for the same positions. */
  async place(release: string): Promise<void> {
    const draft = this.table.peek()?.draft;
    const source = this.source.peek();
    if (!draft || !source || !release || draft.release === null || draft.release === release) return;
    await this.fetch("GET", `${apiPath("cutout", "positions", draft.id)}?release=${encodeURIComponent(release)}`, undefined, source);
  }

  forget(): void {
    this.readingNow?.abort();
    this.reading.value = false;
    this.table.value = null;
    this.source.value = null;
    this.unreadable.value = null;
    this.kept.keep("draft_id", "");
    this.kept.keep("draft_source", "");
  }

  private async readText(): Promise<void> {
    clearTimeout(this.typing);
    const text = this.text.peek();
    if (text.trim()) await this.read({ text }, TYPED);
    else this.forget();
  }

  private async readElsewhere(body: JsonRecord, words: string): Promise<void> {
    clearTimeout(this.typing);
    const source = { words, typed: false };
    await this.read(body, source);
    if (this.source.peek() !== source) return;
    this.text.value = "";
    this.kept.keep("positions_text", "");
  }

  private async read(body: JsonRecord, source: Source): Promise<void> {
    const replaced = this.source.peek()?.typed ? this.table.peek()?.draft.id : undefined;
    const release = this.release();
    await this.fetch("POST", "cutout/positions", release ? { ...body, release } : body, source);
    // What was typed on the way is of no use any more; the service keeps only so many.
    if (replaced && this.table.peek()?.draft.id !== replaced) this.discard(replaced);
  }

  /** Put a table in the place of the one before; gives what went wrong, null where nothing did. */
  private async fetch(method: string, path: string, body: JsonRecord | undefined, source: Source): Promise<unknown> {
    this.readingNow?.abort();
    const reading = (this.readingNow = new AbortController());
    this.reading.value = true;
    this.unreadable.value = null;
    try {
      const draft = draftFromJson(await this.transport.json(method, path, body, reading.signal));
      this.source.value = source;
      this.table.value = new DraftTable(draft, this.transport);
      this.kept.keep("draft_id", draft.id);
      this.kept.keep("draft_source", source.typed ? "" : source.words);
      return null;
    } catch (error) {
      if (!isApiError(error, "cancelled")) {
        this.forget();
        this.unreadable.value = errorMessage(error);
      }
      return error;
    } finally {
      if (this.readingNow === reading) this.reading.value = false;
    }
  }

  private discard(id: string): void {
    this.transport.request("DELETE", apiPath("cutout", "positions", id)).catch((error: unknown) => {
      console.warn("skydesk: an old table of positions stays until it expires:", errorMessage(error));
    });
  }
}

/** Positions as another panel gives them; null for anything else. */
export function givenOf(value: unknown): JsonRecord | null {
  return isRecord(value) ? value : null;
}

function bytesOf(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
}
