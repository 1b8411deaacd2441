/** A coverage map that somebody brings: read and measured by the service, drawn, cut with a release, saved again. */

import { signal, type Signal } from "@preact/signals";
import { toBase64 } from "../shared/bytes";
import { size } from "../shared/format";
import { fields, isRecord, ShapeError } from "../shared/json";
import { errorMessage, type Transport } from "../shared/model";
import { mocFromJson } from "./data";
import { saveBytes } from "./save";

export const LARGEST_MAP = 16_000_000;

export interface BroughtMap {
  name: string;
  order: number;
  area_deg2: number;
  /** What the release covers of it. */
  covered_deg2: number;
  release: string | null;
  cells: readonly { order: number; pixel: number }[];
  content: string;
}

export type MapFormat = "fits" | "json" | "ascii";

export class MapState {
  readonly map: Signal<BroughtMap | null> = signal(null);
  readonly shown = signal(true);
  readonly reading = signal(false);
  readonly problem: Signal<string | null> = signal(null);
  readonly notice: Signal<string | null> = signal(null);

  private latest = 0;

  constructor(
    private readonly transport: Transport,
    private readonly release: () => string | null,
  ) {}

  async readFile(file: File): Promise<void> {
    const mine = ++this.latest;
    this.problem.value = this.notice.value = null;
    if (file.size > LARGEST_MAP) {
      this.problem.value = `${file.name} has ${size(file.size)}, and ${size(LARGEST_MAP)} are the most; send it at a lower order, or only the part that you need`;
      return;
    }
    this.reading.value = true;
    try {
      const content = toBase64(new Uint8Array(await file.arrayBuffer()));
      const map = await this.measured(file.name, content);
      if (mine === this.latest) this.map.value = map;
    } catch (error) {
      if (mine === this.latest) this.problem.value = `${file.name}: ${errorMessage(error)}`;
    }
    if (mine === this.latest) this.reading.value = false;
  }

  clear(): void {
    this.latest += 1;
    this.map.value = this.problem.value = this.notice.value = null;
    this.reading.value = false;
  }

  /** Save what the map and the release have in common. */
  async saveCommon(format: MapFormat): Promise<void> {
    const map = this.map.peek();
    if (!map) return;
    try {
      const release = this.release();
      const body = { release, order: Math.max(11, Math.min(14, map.order)), format, within: { moc_base64: map.content } };
      const moc = mocFromJson(await this.transport.json("POST", "footprint/moc", body));
      saveBytes(
        Uint8Array.from(atob(moc.content), (letter) => letter.charCodeAt(0)),
        `${stemOf(map.name)}_in_${release}.${format === "ascii" ? "txt" : format}`,
      );
      this.notice.value = `what they have in common covers ${moc.area_deg2.toFixed(3)} deg²`;
    } catch (error) {
      this.notice.value = errorMessage(error);
    }
  }

  private async measured(name: string, content: string): Promise<BroughtMap> {
    const release = this.release();
    const of = fields(await this.transport.json("POST", "footprint/map", { map: { moc_base64: content }, ...(release ? { release } : {}) }), "map");
    return { name, content, release, order: of.number("order"), area_deg2: of.number("area_deg2"), covered_deg2: of.number("covered_deg2"), cells: cellsFromJson(of.raw("drawn")) };
  }
}

function cellsFromJson(json: unknown): { order: number; pixel: number }[] {
  if (!isRecord(json)) throw new ShapeError("map: expected cells by their order");
  return Object.entries(json).flatMap(([order, pixels]) => {
    if (!Array.isArray(pixels) || !pixels.every((pixel) => typeof pixel === "number")) throw new ShapeError("map: expected a list of cells");
    return pixels.map((pixel: number) => ({ order: Number(order), pixel }));
  });
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]*$/, "") || "map";
}
