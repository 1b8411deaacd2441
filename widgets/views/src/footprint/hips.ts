/**
 * The survey's colour image under the lines: cells of its HiPS (IVOA HiPS 1.0, nested, equatorial) as they are looked at.
 *
 * A cell of order k is a picture whose columns run north-west and whose rows, from the top, run north-east: the southern corner is at its
 * upper left (HiPS 1.0, section 4.2.1, and the readers that follow it). What is in sight is drawn of the nearest ancestor that is here, so
 * that there is something to see until the cell itself comes. Cells are asked for from the coarse to the fine; one that is not there has no
 * finer ones either.
 */

import { placeInAncestor, pointsOf } from "./healpix";
import type { View } from "./projection";
import type { Raster, Texture } from "./raster";
import { DEGREE, vectorOf, type Vector } from "./sphere";
import { Vertices } from "./vertices";

export interface Hips {
  release: string;
  version: string;
  order: number;
  firstOrder: number;
}

export interface Cell {
  order: number;
  pixel: number;
}

/** Fetches a cell as a picture of so many pixels a side; null where the image has none there. */
export type FetchCell = (cell: Cell, side: number, signal: AbortSignal) => Promise<Texture | null>;

/** Side of a base cell, degrees: the twelfth part of the sky is as large as its square. */
const BASE_DEG = 58.6323;
/** Distance of the farthest corner of a cell from its centre, of its side. */
const RADIUS = 0.95;
const CELL_PX = 512;
/** Screen pixels that a texel may be wide before finer cells are asked for. */
const WIDEST_TEXEL = 1.3;
const AT_ONCE = 4;
/** Side of the pictures that are kept of cells which are drawn small. */
const SMALL_PX = 128;
/** Pictures that are kept: bytes, and at least those in sight. */
const KEPT_BYTES = 80_000_000;
const MESHES = 600;
const MOST_BULGE_PX = 0.4;
/** Orders between what is asked for on the way down. */
const STEP = 2;

export class HipsImage {
  /** Why the last cell that failed did not come. */
  problem: string | null = null;
  private readonly textures = new Map<string, Texture | null>();
  private readonly failed = new Set<string>();
  private readonly running = new Map<string, AbortController>();
  private readonly meshes = new Map<string, Vertices>();
  private wanted: readonly Cell[] = [];
  private side = CELL_PX;
  private latest: View | null = null;
  private readonly corners = new Float64Array(6);
  private readonly texels = new Float64Array(6);

  constructor(
    readonly facts: Hips,
    private readonly fetchCell: FetchCell,
    /** Tells which cells may have a picture at all. */
    private readonly covered: (cell: Cell) => boolean,
    private readonly changed: () => void,
  ) {}

  get runningCount(): number {
    return this.running.size;
  }

  close(): void {
    this.latest = null;
    this.wanted = [];
    for (const call of this.running.values()) call.abort();
    this.textures.clear();
  }

  /** Ask again for what did not come. */
  retry(): void {
    this.failed.clear();
    this.problem = null;
    if (this.latest) this.want(this.latest);
  }

  /** Ask for what a view shows and is not here; break off what it does not show. */
  want(view: View): void {
    this.latest = view;
    const cells = visibleCells(view, this.facts, this.covered);
    this.side = (view.pixelsPerDegree * BASE_DEG) / 2 ** orderFor(view, this.facts) < SMALL_PX * WIDEST_TEXEL ? SMALL_PX : CELL_PX;
    const all = new Map<string, Cell>();
    for (const cell of cells) for (const each of this.lineage(cell)) all.set(keyOf(each), each);
    this.wanted = [...all.values()].sort((a, b) => a.order - b.order);
    for (const [key, call] of this.running) if (!all.has(key)) call.abort();
    for (const key of all.keys()) this.touch(key);
    this.letGo(all);
    this.pump();
  }

  /** Draw what is here of what is in sight. */
  paint(raster: Raster, view: View, opacity: number, smooth: boolean): void {
    for (const cell of visibleCells(view, this.facts, this.covered)) {
      for (let up = 0; cell.order - up >= this.facts.firstOrder; up += 1) {
        const texture = this.textures.get(keyOf(ancestorOf(cell, up)));
        if (texture) {
          this.paintCell(raster, view, cell, texture, up, opacity, smooth);
          break;
        }
      }
    }
  }

  private paintCell(raster: Raster, view: View, cell: Cell, texture: Texture, up: number, opacity: number, smooth: boolean): void {
    const parts = partsFor(view, cell.order);
    const mesh = this.meshOf(cell, parts);
    mesh.project(view);
    const [x, y] = placeInAncestor(cell.pixel, up);
    const size = texture.side / 2 ** up / parts;
    const row = parts + 1;
    for (let j = 0; j < parts; j += 1) {
      for (let i = 0; i < parts; i += 1) {
        const u = y * texture.side + j * size;
        const v = x * texture.side + i * size;
        const south = j * row + i;
        if (this.place(raster, view, mesh, south, south + 1, south + row)) {
          this.put(u, v, u, v + size, u + size, v);
          raster.texture(texture, this.corners, this.texels, opacity, smooth);
        }
        if (this.place(raster, view, mesh, south + 1, south + row + 1, south + row)) {
          this.put(u, v + size, u + size, v + size, u + size, v);
          raster.texture(texture, this.corners, this.texels, opacity, smooth);
        }
      }
    }
  }

  /** Take three points of a mesh as the corners; false where their triangle is not to be seen. */
  private place(raster: Raster, view: View, { x, y, aside }: Vertices, a: number, b: number, c: number): boolean {
    const { corners } = this;
    const [left, middle, right] = [x[a]!, x[b]!, x[c]!];
    // not a number: on the far side of the globe
    if (left !== left || middle !== middle || right !== right) return false;
    if (Math.max(left, middle, right) < 0 || Math.min(left, middle, right) >= raster.width) return false;
    if (Math.max(y[a]!, y[b]!, y[c]!) < 0 || Math.min(y[a]!, y[b]!, y[c]!) >= raster.height) return false;
    // What the edge of a flat map cuts would be drawn across the whole of it.
    if (view.flat && Math.max(aside[a]!, aside[b]!, aside[c]!) - Math.min(aside[a]!, aside[b]!, aside[c]!) > Math.PI) return false;
    corners[0] = left;
    corners[1] = y[a]!;
    corners[2] = middle;
    corners[3] = y[b]!;
    corners[4] = right;
    corners[5] = y[c]!;
    return true;
  }

  private put(u0: number, v0: number, u1: number, v1: number, u2: number, v2: number): void {
    const { texels } = this;
    texels[0] = u0;
    texels[1] = v0;
    texels[2] = u1;
    texels[3] = v1;
    texels[4] = u2;
    texels[5] = v2;
  }

  private meshOf(cell: Cell, parts: number): Vertices {
    const key = `${keyOf(cell)}/${parts}`;
    let mesh = this.meshes.get(key);
    if (!mesh) {
      const points = pointsOf(cell.order, cell.pixel, parts);
      mesh = new Vertices(
        points.map((point) => point.ra),
        points.map((point) => point.dec),
      );
      if (this.meshes.size >= MESHES) this.meshes.clear();
      this.meshes.set(key, mesh);
    }
    return mesh;
  }

  /** The cell and its ancestors as far as they are known to be there: the first that is not here is the last. */
  private lineage(cell: Cell): Cell[] {
    const found: Cell[] = [];
    const orders: number[] = [];
    for (let order = this.facts.firstOrder; order < cell.order; order += STEP) orders.push(order);
    for (const order of [...orders, cell.order]) {
      const each = ancestorOf(cell, cell.order - order);
      const texture = this.textures.get(keyOf(each));
      if (texture === null) return found;
      found.push(each);
      if (texture === undefined) return found;
    }
    return found;
  }

  private pump(): void {
    for (const cell of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      const key = keyOf(cell);
      const here = this.textures.get(key);
      const enough = here === null || (here !== undefined && here.side >= this.side);
      if (!enough && !this.running.has(key) && !this.failed.has(key)) void this.fetch(cell, key);
    }
  }

  private async fetch(cell: Cell, key: string): Promise<void> {
    const call = new AbortController();
    this.running.set(key, call);
    try {
      const texture = await this.fetchCell(cell, this.side, call.signal);
      if (!call.signal.aborted) this.textures.set(key, texture);
    } catch (error) {
      if (!call.signal.aborted) {
        this.failed.add(key);
        this.problem = error instanceof Error ? error.message : String(error);
      }
    } finally {
      this.running.delete(key);
      this.changed();
      if (this.latest) this.want(this.latest);
    }
  }

  private touch(key: string): void {
    const texture = this.textures.get(key);
    if (texture === undefined) return;
    this.textures.delete(key);
    this.textures.set(key, texture);
  }

  private letGo(wanted: ReadonlyMap<string, Cell>): void {
    let bytes = 0;
    for (const texture of this.textures.values()) bytes += texture ? texture.texels.byteLength : 0;
    for (const [key, texture] of this.textures) {
      if (bytes <= KEPT_BYTES) return;
      if (wanted.has(key) || !texture) continue;
      this.textures.delete(key);
      bytes -= texture.texels.byteLength;
    }
  }
}

/** Where the service has a cell's picture, below the files of its HiPS. */
export function cellPath({ order, pixel }: Cell): string {
  return `Norder${order}/Dir${Math.floor(pixel / 10_000) * 10_000}/Npix${pixel}.png`;
}

/** The order whose texels are about as large as the pixels of a view. */
export function orderFor(view: View, { order, firstOrder }: Pick<Hips, "order" | "firstOrder">): number {
  const fitting = Math.ceil(Math.log2((view.pixelsPerDegree * BASE_DEG) / CELL_PX / WIDEST_TEXEL));
  return Math.max(firstOrder, Math.min(order, fitting));
}

/** The cells that a view may show, of the order that fits it. */
export function visibleCells(view: View, facts: Pick<Hips, "order" | "firstOrder">, covered: (cell: Cell) => boolean = () => true): Cell[] {
  const order = orderFor(view, facts);
  const { middle, reach } = capOf(view);
  const found: Cell[] = [];
  const descend = (cell: Cell): void => {
    if (!covered(cell)) return;
    const [centre] = pointsOf(cell.order + 1, 4 * cell.pixel + 3, 0);
    if (!centre) return;
    const vector = vectorOf(centre.ra, centre.dec);
    const apart = Math.acos(Math.max(-1, Math.min(1, vector[0] * middle[0] + vector[1] * middle[1] + vector[2] * middle[2]))) / DEGREE;
    if (apart > reach + (RADIUS * BASE_DEG) / 2 ** cell.order) return;
    if (cell.order === order) found.push(cell);
    else for (let child = 0; child < 4; child += 1) descend({ order: cell.order + 1, pixel: 4 * cell.pixel + child });
  };
  for (let pixel = 0; pixel < 12; pixel += 1) descend({ order: 0, pixel });
  return found;
}

/** A circle on the sky that holds all of a view: its middle, and its radius in degrees. */
function capOf(view: View): { middle: Vector; reach: number } {
  const { ra, dec } = view.look;
  const middle = vectorOf(ra, dec);
  let reach = 0;
  for (let n = 0; n <= 8; n += 1) {
    for (const [x, y] of [
      [(view.width * n) / 8, 0],
      [(view.width * n) / 8, view.height],
      [0, (view.height * n) / 8],
      [view.width, (view.height * n) / 8],
    ] as const) {
      const there = view.positionAt(x, y);
      if (!there) return { middle, reach: view.flat ? 180 : 90 };
      const vector = vectorOf(there.ra, there.dec);
      reach = Math.max(reach, Math.hypot(vector[0] - middle[0], vector[1] - middle[1], vector[2] - middle[2]));
    }
  }
  return { middle, reach: (2 * Math.asin(Math.min(1, reach / 2))) / DEGREE };
}

/** Parts of a cell's sides, so that straight edges lie within half a pixel of what they stand for: an arc a rises by a²/8. */
function partsFor(view: View, order: number): number {
  const side = (BASE_DEG / 2 ** order) * DEGREE;
  const parts = side / Math.sqrt((8 * MOST_BULGE_PX) / view.scale);
  return 2 ** Math.max(0, Math.min(3, Math.ceil(Math.log2(parts))));
}

function ancestorOf({ order, pixel }: Cell, up: number): Cell {
  return { order: order - up, pixel: Math.floor(pixel / 4 ** up) };
}

function keyOf({ order, pixel }: Cell): string {
  return `${order}/${pixel}`;
}
