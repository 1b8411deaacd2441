/** Many positions that are projected at once: typed arrays, and no object a position. */

import { flatAt, type FlatName, type View } from "./projection";
import { DEGREE, vectorOf } from "./sphere";

const ROUND = 2 * Math.PI;

export class Vertices {
  readonly count: number;
  /** Pixels of the latest `project`; NaN for what is on the far side. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Right ascension from the middle of a flat view, radians. */
  readonly aside: Float64Array;
  private readonly vectors: Float64Array;
  private readonly across: Partial<Record<FlatName, Float64Array>> = {};
  private readonly up: Partial<Record<FlatName, Float64Array>> = {};

  /** Takes right ascensions and declinations, degrees, of one length. */
  constructor(
    private readonly ra: ArrayLike<number>,
    private readonly dec: ArrayLike<number>,
  ) {
    this.count = ra.length;
    this.x = new Float64Array(this.count);
    this.y = new Float64Array(this.count);
    this.aside = new Float64Array(this.count);
    this.vectors = new Float64Array(3 * this.count);
    for (let n = 0; n < this.count; n += 1) this.vectors.set(vectorOf(ra[n]!, dec[n]!), 3 * n);
  }

  project(view: View): void {
    if (view.flat) this.projectFlat(view, view.flat);
    else this.projectGlobe(view);
  }

  /** The pixel column of a vertex of a flat view, were its right ascension another. */
  flatX(view: View, n: number, aside: number): number {
    return view.middleX - view.scale * (view.flat ? this.across[view.flat]![n]! : 0) * aside;
  }

  private projectGlobe({ east, north, front, scale, middleX, middleY }: View): void {
    const { vectors, x: toX, y: toY } = this;
    const [ex, ey] = east;
    const [nx, ny, nz] = north;
    const [fx, fy, fz] = front;
    for (let n = 0, at = 0; n < this.count; n += 1, at += 3) {
      const x = vectors[at]!;
      const y = vectors[at + 1]!;
      const z = vectors[at + 2]!;
      toX[n] = fx * x + fy * y + fz * z > 0 ? middleX - scale * (ex * x + ey * y) : NaN;
      toY[n] = middleY - scale * (nx * x + ny * y + nz * z);
    }
  }

  private projectFlat({ look, scale, middleX, middleY, level }: View, flat: FlatName): void {
    const { x: toX, y: toY, aside: toAside, ra } = this;
    const across = (this.across[flat] ??= this.prepared(flat));
    const up = this.up[flat]!;
    for (let n = 0; n < this.count; n += 1) {
      let aside = (ra[n]! - look.ra) * DEGREE;
      aside -= ROUND * Math.floor(aside / ROUND + 0.5);
      toAside[n] = aside;
      toX[n] = middleX - scale * across[n]! * aside;
      toY[n] = middleY - scale * (up[n]! - level);
    }
  }

  /** What a flat projection needs of each declination; neighbours mostly share it. */
  private prepared(flat: FlatName): Float64Array {
    const across = new Float64Array(this.count);
    const up = (this.up[flat] = new Float64Array(this.count));
    const known = new Map<number, [number, number]>();
    for (let n = 0; n < this.count; n += 1) {
      const dec = this.dec[n]!;
      let both = known.get(dec);
      if (!both) known.set(dec, (both = flatAt(flat, dec)));
      across[n] = both[0];
      up[n] = both[1];
    }
    return across;
  }
}
