/** Pictures of the rows in sight: asked for a few at a time, broken off when they scroll away, kept for a while. */

import { signal, type Signal } from "@preact/signals";
import { errorMessage, isApiError, type Transport } from "../shared/model";

export interface Picture {
  url: string | null;
  problem: string | null;
}

const NOTHING: Picture = { url: null, problem: null };
/** Calls at once; a browser makes six to one server. */
const AT_ONCE = 6;
/** Pictures that are kept, at least; more than any screen shows. */
const KEPT = 400;

export class Pictures {
  private readonly pictures = new Map<string, Signal<Picture>>();
  private readonly running = new Map<string, AbortController>();
  private wanted: readonly string[] = [];
  private wantedSet: ReadonlySet<string> = new Set();

  constructor(private readonly transport: Transport) {}

  /** How many pictures are on their way. */
  get runningCount(): number {
    return this.running.size;
  }

  /** The picture at a path of the API, as far as it is here. */
  at(path: string): Signal<Picture> {
    let picture = this.pictures.get(path);
    if (!picture) {
      picture = signal(NOTHING);
      this.pictures.set(path, picture);
    }
    return picture;
  }

  /** Say which pictures are wanted now, the most wanted first: others that are on their way are broken off. */
  want(paths: readonly string[]): void {
    this.wanted = paths;
    this.wantedSet = new Set(paths);
    for (const [path, call] of this.running) if (!this.wantedSet.has(path)) call.abort();
    for (const path of paths) this.touch(path);
    this.letGo();
    this.pump();
  }

  /** Ask again for a picture that did not come. */
  retry(path: string): void {
    this.at(path).value = NOTHING;
    this.pump();
  }

  close(): void {
    this.wanted = [];
    for (const call of this.running.values()) call.abort();
    for (const picture of this.pictures.values()) revoke(picture.peek());
    this.pictures.clear();
  }

  private pump(): void {
    for (const path of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      const { url, problem } = this.at(path).peek();
      if (url === null && problem === null && !this.running.has(path)) void this.fetch(path);
    }
  }

  private async fetch(path: string): Promise<void> {
    const call = new AbortController();
    this.running.set(path, call);
    try {
      const { buffer } = await this.transport.request("GET", path, undefined, call.signal);
      if (!buffer) throw new Error("the service sent no picture");
      const picture = this.pictures.get(path);
      if (picture) picture.value = { url: URL.createObjectURL(new Blob([buffer as Uint8Array<ArrayBuffer>], { type: "image/png" })), problem: null };
    } catch (error) {
      const picture = this.pictures.get(path);
      if (picture && !isApiError(error, "cancelled")) picture.value = { url: null, problem: errorMessage(error) };
    } finally {
      this.running.delete(path);
      this.pump();
    }
  }

  /** Put it at the end of those that may be let go. */
  private touch(path: string): void {
    const picture = this.pictures.get(path);
    if (!picture) return;
    this.pictures.delete(path);
    this.pictures.set(path, picture);
  }

  /** Let go of the pictures that were out of sight for longest. */
  private letGo(): void {
    const most = Math.max(KEPT, 2 * this.wanted.length);
    for (const [path, picture] of this.pictures) {
      if (this.pictures.size <= most) return;
      if (this.wantedSet.has(path)) continue;
      this.pictures.delete(path);
      revoke(picture.peek());
    }
  }
}

function revoke({ url }: Picture): void {
  if (url !== null) URL.revokeObjectURL(url);
}
