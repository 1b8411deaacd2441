/**
 * Lines, areas and dots in an opaque picture, written pixel by pixel.
 *
 * A canvas strokes the outlines of ten thousand tiles in half a second where it has no graphics card; short lines written straight into the
 * picture take a few milliseconds there, and look the same everywhere.
 */

/** Red, green, blue, 0 to 255, and how opaque, 0 to 1. */
export type Paint = readonly [number, number, number, number];

/** A square picture: its pixels as a canvas keeps them (alpha, blue, green, red from the highest byte), row by row from the top. */
export interface Texture {
  texels: Uint32Array;
  side: number;
}

export class Raster {
  readonly bytes: Uint8ClampedArray<ArrayBuffer>;
  private readonly pixels: Uint32Array;
  private readonly left: Float64Array;
  private readonly right: Float64Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.bytes = new Uint8ClampedArray(4 * width * height);
    this.pixels = new Uint32Array(this.bytes.buffer);
    this.left = new Float64Array(height);
    this.right = new Float64Array(height);
  }

  clear(paint: Paint): void {
    this.pixels.fill(packed(paint));
  }

  /** The colour at a pixel. */
  at(x: number, y: number): [number, number, number] {
    const value = this.pixels[y * this.width + x] ?? 0;
    return [value & 255, (value >> 8) & 255, (value >> 16) & 255];
  }

  disc(x: number, y: number, radius: number, paint: Paint): void {
    const last = Math.min(this.height - 1, Math.floor(y + radius));
    for (let row = Math.max(0, Math.ceil(y - radius)); row <= last; row += 1) {
      const half = Math.sqrt(Math.max(0, radius * radius - (row - y) ** 2));
      this.span(row, x - half, x + half, paint);
    }
  }

  dot(x: number, y: number, radius: number, paint: Paint): void {
    for (let row = Math.round(y - radius); row <= Math.round(y + radius); row += 1) {
      if (row >= 0 && row < this.height) this.span(row, x - radius, x + radius, paint);
    }
  }

  /** Fill a polygon whose rows are each one span, as those of convex ones are. */
  fill(xs: ArrayLike<number>, ys: ArrayLike<number>, count: number, paint: Paint): void {
    const { left, right, height } = this;
    let top = Infinity;
    let bottom = -Infinity;
    for (let n = 0; n < count; n += 1) {
      top = Math.min(top, ys[n]!);
      bottom = Math.max(bottom, ys[n]!);
    }
    const first = Math.max(0, Math.ceil(top));
    const last = Math.min(height - 1, Math.ceil(bottom) - 1);
    if (last < first) return;
    left.fill(Infinity, first, last + 1);
    right.fill(-Infinity, first, last + 1);
    for (let n = 0, m = count - 1; n < count; m = n, n += 1) {
      const up = ys[m]! < ys[n]!;
      const x0 = up ? xs[m]! : xs[n]!;
      const y0 = up ? ys[m]! : ys[n]!;
      const x1 = up ? xs[n]! : xs[m]!;
      const y1 = up ? ys[n]! : ys[m]!;
      const end = Math.min(last, Math.ceil(y1) - 1);
      const slope = (x1 - x0) / (y1 - y0);
      for (let row = Math.max(first, Math.ceil(y0)); row <= end; row += 1) {
        const x = x0 + (row - y0) * slope;
        if (x < left[row]!) left[row] = x;
        if (x > right[row]!) right[row] = x;
      }
    }
    for (let row = first; row <= last; row += 1) this.span(row, left[row]!, right[row]!, paint);
  }

  /**
   * Draw a triangle of a picture: corners of the raster, and where each is in the picture, texels. `opacity` mixes it with what is under it;
   * what is transparent in the picture stays so. `smooth` mixes four texels instead of taking the nearest.
   */
  texture(picture: Texture, corners: Float64Array, texels: Float64Array, opacity: number, smooth: boolean): void {
    const x0 = corners[0]!;
    const y0 = corners[1]!;
    const x1 = corners[2]!;
    const y1 = corners[3]!;
    const x2 = corners[4]!;
    const y2 = corners[5]!;
    const area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
    if (!(Math.abs(area) > 1e-9)) return;
    const first = Math.max(0, Math.ceil(Math.min(y0, y1, y2)));
    const last = Math.min(this.height - 1, Math.ceil(Math.max(y0, y1, y2)) - 1);
    const u0 = texels[0]!;
    const v0 = texels[1]!;
    const ux = ((texels[2]! - u0) * (y2 - y0) - (texels[4]! - u0) * (y1 - y0)) / area;
    const uy = ((texels[4]! - u0) * (x1 - x0) - (texels[2]! - u0) * (x2 - x0)) / area;
    const vx = ((texels[3]! - v0) * (y2 - y0) - (texels[5]! - v0) * (y1 - y0)) / area;
    const vy = ((texels[5]! - v0) * (x1 - x0) - (texels[3]! - v0) * (x2 - x0)) / area;
    for (let row = first; row <= last; row += 1) {
      // Two of the three sides cross a row; where one does not, its place is that of another.
      const a = crossing(row, x0, y0, x1, y1);
      const b = crossing(row, x1, y1, x2, y2);
      const c = crossing(row, x2, y2, x0, y0);
      const left = Math.min(a === a ? a : Infinity, b === b ? b : Infinity, c === c ? c : Infinity);
      const right = Math.max(a === a ? a : -Infinity, b === b ? b : -Infinity, c === c ? c : -Infinity);
      const from = Math.max(0, Math.ceil(left));
      const to = Math.min(this.width - 1, Math.ceil(right) - 1);
      if (to < from) continue;
      const u = u0 + (from - x0) * ux + (row - y0) * uy;
      const v = v0 + (from - x0) * vx + (row - y0) * vy;
      if (smooth) this.smoothSpan(picture, row * this.width + from, to - from + 1, u, v, ux, vx, opacity);
      else this.nearestSpan(picture, row * this.width + from, to - from + 1, u, v, ux, vx, opacity);
    }
  }

  /** Texels along a row, the nearest each. */
  private nearestSpan({ texels, side }: Texture, at: number, count: number, u: number, v: number, du: number, dv: number, opacity: number): void {
    const last = side - 1;
    const { pixels } = this;
    for (let n = 0; n < count; n += 1, u += du, v += dv) {
      const column = u < 0 ? 0 : u > last ? last : u | 0;
      const row = v < 0 ? 0 : v > last ? last : v | 0;
      const texel = texels[row * side + column]!;
      const alpha = texel >>> 24;
      if (alpha === 255 && opacity >= 1) pixels[at + n] = texel;
      else if (alpha > 0) this.mix(at + n, texel & 255, (texel >> 8) & 255, (texel >> 16) & 255, (alpha / 255) * opacity);
    }
  }

  /** Texels along a row, each mixed of the four round it by their opacity. */
  private smoothSpan({ texels, side }: Texture, at: number, count: number, u: number, v: number, du: number, dv: number, opacity: number): void {
    const last = side - 1;
    for (let n = 0; n < count; n += 1, u += du, v += dv) {
      const x = Math.max(0, Math.min(last, u - 0.5));
      const y = Math.max(0, Math.min(last, v - 0.5));
      const column = x | 0;
      const row = y | 0;
      const right = column < last ? 1 : 0;
      const down = row < last ? side : 0;
      const a = x - column;
      const b = y - row;
      const from = row * side + column;
      let red = 0;
      let green = 0;
      let blue = 0;
      let weight = 0;
      for (let corner = 0; corner < 4; corner += 1) {
        const texel = texels[from + (corner & 1 ? right : 0) + (corner & 2 ? down : 0)]!;
        const part = (corner & 1 ? a : 1 - a) * (corner & 2 ? b : 1 - b) * (texel >>> 24);
        red += part * (texel & 255);
        green += part * ((texel >> 8) & 255);
        blue += part * ((texel >> 16) & 255);
        weight += part;
      }
      if (weight > 0) this.mix(at + n, red / weight, green / weight, blue / weight, (weight / 255) * opacity);
    }
  }

  private mix(at: number, red: number, green: number, blue: number, alpha: number): void {
    const under = this.pixels[at]!;
    const r = under & 255;
    const g = (under >> 8) & 255;
    const b = (under >> 16) & 255;
    this.pixels[at] = (0xff000000 | ((b + (blue - b) * alpha + 0.5) << 16) | ((g + (green - g) * alpha + 0.5) << 8) | ((r + (red - r) * alpha + 0.5) | 0)) >>> 0;
  }

  /** A smooth line, some pixels wide. */
  line(x0: number, y0: number, x1: number, y1: number, paint: Paint, wide = 1): void {
    if (!(x0 >= 0 && x0 < this.width && x1 >= 0 && x1 < this.width && y0 >= 0 && y0 < this.height && y1 >= 0 && y1 < this.height)) {
      const margin = wide + 1;
      const inside = clipped(x0, y0, x1, y1, -margin, this.width + margin, -margin, this.height + margin);
      if (!inside) return;
      [x0, y0, x1, y1] = inside;
    }
    if (Math.abs(y1 - y0) > Math.abs(x1 - x0)) this.along(y0, x0, y1, x1, paint, wide, true);
    else this.along(x0, y0, x1, y1, paint, wide, false);
  }

  /** A line that goes farther along than across; `steep` where along is down. */
  private along(x0: number, y0: number, x1: number, y1: number, paint: Paint, wide: number, steep: boolean): void {
    const slope = x1 === x0 ? 0 : (y1 - y0) / (x1 - x0);
    const half = (wide * Math.sqrt(1 + slope * slope)) / 2;
    const most = steep ? this.height : this.width;
    const mostAcross = steep ? this.width : this.height;
    const last = Math.min(most - 1, Math.round(Math.max(x0, x1)));
    for (let along = Math.max(0, Math.round(Math.min(x0, x1))); along <= last; along += 1) {
      const middle = y0 + (along - x0) * slope;
      const low = middle - half + 0.5;
      const high = middle + half + 0.5;
      const end = Math.min(mostAcross - 1, Math.ceil(high) - 1);
      for (let across = Math.max(0, Math.floor(low)); across <= end; across += 1) {
        const part = Math.min(high, across + 1) - Math.max(low, across);
        if (part > 0) this.blend(steep ? along * this.width + across : across * this.width + along, paint, part);
      }
    }
  }

  private span(row: number, from: number, to: number, paint: Paint): void {
    const first = row * this.width + Math.max(0, Math.ceil(from));
    const last = row * this.width + Math.min(this.width - 1, Math.ceil(to) - 1);
    if (paint[3] >= 1) {
      const value = packed(paint);
      for (let at = first; at <= last; at += 1) this.pixels[at] = value;
    } else {
      for (let at = first; at <= last; at += 1) this.blend(at, paint, 1);
    }
  }

  private blend(at: number, paint: Paint, part: number): void {
    this.mix(at, paint[0], paint[1], paint[2], Math.min(1, paint[3] * part));
  }
}

function packed([red, green, blue]: Paint): number {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Where a side crosses a row; NaN where it does not. */
function crossing(row: number, x0: number, y0: number, x1: number, y1: number): number {
  return row < y0 === row < y1 ? NaN : x0 + ((row - y0) * (x1 - x0)) / (y1 - y0);
}

/** The part of a line in a box (Liang & Barsky 1984); null where there is none. */
function clipped(x0: number, y0: number, x1: number, y1: number, left: number, right: number, top: number, bottom: number): [number, number, number, number] | null {
  const dx = x1 - x0;
  const dy = y1 - y0;
  let from = 0;
  let to = 1;
  for (const [p, q] of [
    [-dx, x0 - left],
    [dx, right - x0],
    [-dy, y0 - top],
    [dy, bottom - y0],
  ] as const) {
    if (p === 0) {
      if (!(q >= 0)) return null;
    } else if (p < 0) from = Math.max(from, q / p);
    else to = Math.min(to, q / p);
  }
  return from <= to ? [x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy] : null;
}
