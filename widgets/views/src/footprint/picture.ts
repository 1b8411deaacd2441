/** The colour image of a release in the panel: whether there is one, making it, and the cells that the globe draws. */

import { signal, type Signal } from "@preact/signals";
import { phaseWord } from "../jobs/words";
import { PHASES, type Phase } from "../shared/job";
import { fields } from "../shared/json";
import { apiPath, errorMessage, isApiError, type Transport } from "../shared/model";
import { coverFromFits } from "./cover";
import { cellPath, HipsImage, type FetchCell } from "./hips";
import type { Texture } from "./raster";

export interface PictureFacts {
  available: boolean;
  order: number;
  first_order: number;
  /** The person's own job that is at work on it. */
  job_id: string | null;
  /** Phase of whosever job is at work on it; null where none is. */
  job_phase: string | null;
  version: string | null;
}

/** Turns the bytes of a picture into texels of a side. */
export type Decode = (bytes: Uint8Array, side: number) => Promise<Texture>;

const FOLLOW_MS = 3000;
export class PictureState {
  readonly facts: Signal<PictureFacts | null> = signal(null);
  readonly image: Signal<HipsImage | null> = signal(null);
  readonly opacity = signal(1);
  readonly shown = signal(true);
  readonly problem: Signal<string | null> = signal(null);
  readonly busy = signal(false);
  /** Counts what has come, so that it is drawn. */
  readonly arrived = signal(0);

  private release = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly decode: Decode = decodePng,
  ) {}

  close(): void {
    clearTimeout(this.timer);
    this.image.peek()?.close();
  }

  /** Ask what there is of a release. */
  async load(release: string): Promise<void> {
    if (release !== this.release) {
      this.image.peek()?.close();
      this.image.value = null;
      this.facts.value = null;
    }
    this.release = release;
    await this.reload();
  }

  async reload(): Promise<void> {
    clearTimeout(this.timer);
    const release = this.release;
    try {
      const facts = factsFromJson(await this.transport.json("GET", apiPath("footprint", "hips", release)));
      if (release !== this.release) return;
      const ended = this.facts.peek()?.job_phase != null && facts.job_phase === null;
      this.facts.value = facts;
      this.problem.value = ended && !facts.available ? "the job that makes the picture has ended without one; its log in the Jobs panel says why" : null;
      await this.take(facts);
      if (facts.job_phase !== null) this.timer = setTimeout(() => void this.reload(), FOLLOW_MS);
    } catch (error) {
      if (release === this.release && !isApiError(error, "not_found")) this.problem.value = errorMessage(error);
    }
  }

  /** Start the job that makes the picture. */
  async make(): Promise<void> {
    if (this.busy.peek()) return;
    this.busy.value = true;
    try {
      await this.transport.json("POST", apiPath("footprint", "hips", this.release), {});
      await this.reload();
    } catch (error) {
      this.problem.value = errorMessage(error);
    }
    this.busy.value = false;
  }

  private async take(facts: PictureFacts): Promise<void> {
    const before = this.image.peek();
    const { release } = this;
    const hips = { release, version: facts.version ?? "", order: facts.order, firstOrder: facts.first_order };
    if (!facts.available || before?.facts.version === hips.version) return;
    const { buffer } = await this.transport.request("GET", this.addressOf("Moc.fits", hips.version));
    if (release !== this.release || !buffer) return;
    before?.close();
    this.image.value = new HipsImage(hips, this.fetchFrom(hips.version), coverFromFits(buffer), () => (this.arrived.value += 1));
  }

  private addressOf(file: string, version: string): string {
    return `${apiPath("footprint", "hips", this.release)}/files/${file}?version=${encodeURIComponent(version)}`;
  }

  /** Browsers keep cells for a day: the version in their addresses tells those of an image that was made anew from those before. */
  private fetchFrom(version: string): FetchCell {
    return async (cell, side, signal) => {
      try {
        const { buffer } = await this.transport.request("GET", this.addressOf(cellPath(cell), version), undefined, signal);
        return buffer && buffer.length > 0 ? await this.decode(buffer, side) : null;
      } catch (error) {
        if (isApiError(error, "not_found")) return null;
        throw error;
      }
    };
  }
}

/** What is said of a picture that is being made; null where none is. */
export function makingWords({ job_id, job_phase }: PictureFacts): string | null {
  if (job_phase === null) return null;
  const phase = PHASES.find((each): each is Phase => each === job_phase) ?? "UNKNOWN";
  return `${job_id === null ? "A job of somebody else that" : "The job that"} makes it is ${phaseWord(phase)}.`;
}

function factsFromJson(json: unknown): PictureFacts {
  const of = fields(json, "picture");
  return {
    available: of.flag("available"),
    order: of.numberOrNull("order") ?? 0,
    first_order: of.numberOrNull("first_order") ?? 3,
    job_id: of.textOrNull("job_id"),
    job_phase: of.textOrNull("job_phase"),
    version: of.textOrNull("version"),
  };
}

async function decodePng(bytes: Uint8Array, side: number): Promise<Texture> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/png" }), { resizeWidth: side, resizeHeight: side, resizeQuality: "medium" });
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser cannot read pictures");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { texels: new Uint32Array(context.getImageData(0, 0, side, side).data.buffer), side };
}
