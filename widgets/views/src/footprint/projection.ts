/**
 * The sky on a plane: where a position is drawn, and which position is drawn where.
 *
 * East is to the left, as one sees the sky from below. The flat projections have the view's right ascension in the middle and are moved up
 * and down, not tilted. Formulas: Snyder, Map Projections - A Working Manual (USGS 1395), pages 148 and 251, and Snyder & Voxland,
 * An Album of Map Projections (USGS 1453), McBryde-Thomas flat-polar quartic.
 */

import { DEGREE, halfTurn, positionOf, turn, vectorOf, type Vector } from "./sphere";

export const PROJECTIONS = { orthographic: "Globe", mollweide: "Mollweide", mcbryde: "McBryde-Thomas" } as const;
export type ProjectionName = keyof typeof PROJECTIONS;
export type FlatName = Exclude<ProjectionName, "orthographic">;

/** Where the view looks, and how closely: at zoom 1 the whole sky fills it. */
export interface Look {
  projection: ProjectionName;
  ra: number;
  dec: number;
  zoom: number;
}

export const LEAST_ZOOM = 0.6;
export const MOST_ZOOM = 5000;

const ROOT2 = Math.SQRT2;
const MCBRYDE_Y = (2 * Math.sqrt(3)) / Math.sqrt(2 + ROOT2);
const HALF: Record<ProjectionName, readonly [number, number]> = {
  orthographic: [1, 1],
  mollweide: [2 * ROOT2, ROOT2],
  mcbryde: [Math.PI / ROOT2, MCBRYDE_Y * Math.sin(Math.PI / 4)],
};

/** A flat projection at a declination: x per radian of right ascension, and y. */
export function flatAt(projection: FlatName, dec: number): [number, number] {
  const sine = Math.sin(dec * DEGREE);
  if (projection === "mollweide") {
    const theta = solve(dec * DEGREE, (t) => [2 * t + Math.sin(2 * t) - Math.PI * sine, 2 + 2 * Math.cos(2 * t)]);
    return [((2 * ROOT2) / Math.PI) * Math.cos(theta), ROOT2 * Math.sin(theta)];
  }
  const wanted = (1 + Math.SQRT1_2) * sine;
  const theta = solve(dec * DEGREE, (t) => [Math.sin(t / 2) + Math.sin(t) - wanted, Math.cos(t / 2) / 2 + Math.cos(t)]);
  return [(1 + (2 * Math.cos(theta)) / Math.cos(theta / 2)) / (3 * ROOT2), MCBRYDE_Y * Math.sin(theta / 2)];
}

/** The declination at a height of a flat projection; null beyond its poles. */
export function decAt(projection: FlatName, y: number): number | null {
  if (Math.abs(y) > HALF[projection][1]) return null;
  if (projection === "mollweide") {
    const theta = Math.asin(y / ROOT2);
    return Math.asin(clamp((2 * theta + Math.sin(2 * theta)) / Math.PI, 1)) / DEGREE;
  }
  const theta = 2 * Math.asin(y / MCBRYDE_Y);
  return Math.asin(clamp((Math.sin(theta / 2) + Math.sin(theta)) / (1 + Math.SQRT1_2), 1)) / DEGREE;
}

/** Newton's method; at the poles, where the slope vanishes, bisection's patience is not needed: the start is the answer. */
function solve(start: number, at: (t: number) => [number, number]): number {
  if (Math.abs(Math.abs(start) - Math.PI / 2) < 1e-9) return start;
  let theta = start;
  for (let n = 0; n < 60; n += 1) {
    const [value, slope] = at(theta);
    const step = value / slope;
    theta = clamp(theta - step, Math.PI / 2);
    if (Math.abs(step) < 1e-12) break;
  }
  return theta;
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}

/** One look at the sky in a picture of some size, px. */
export class View {
  readonly middleX: number;
  readonly middleY: number;
  /** Pixels of one radian in the middle of a globe. */
  readonly scale: number;
  /** Axes of the globe: east, north, towards the viewer. */
  readonly east: Vector;
  readonly north: Vector;
  readonly front: Vector;
  private readonly height0: number;

  constructor(
    readonly look: Look,
    readonly width: number,
    readonly height: number,
  ) {
    const { projection, ra, dec, zoom } = look;
    const [halfWidth, halfHeight] = HALF[projection];
    this.middleX = width / 2;
    this.middleY = height / 2;
    this.scale = Math.max(1, Math.min((width * 0.475) / halfWidth, (height * 0.465) / halfHeight)) * zoom;
    this.front = vectorOf(ra, dec);
    this.east = [-Math.sin(ra * DEGREE), Math.cos(ra * DEGREE), 0];
    this.north = vectorOf(dec >= 0 ? ra + 180 : ra, dec >= 0 ? 90 - dec : 90 + dec);
    this.height0 = projection === "orthographic" ? 0 : flatAt(projection, dec)[1];
  }

  /** Pixels of a degree in the middle. */
  get pixelsPerDegree(): number {
    const { projection, dec } = this.look;
    // The flat projections keep areas, not lengths: up and down, across, and what is between.
    if (projection === "orthographic") return this.scale * DEGREE;
    const up = Math.abs(flatAt(projection, Math.min(89, dec + 0.5))[1] - flatAt(projection, Math.max(-89, dec - 0.5))[1]);
    return this.scale * up;
  }

  get flat(): FlatName | null {
    const { projection } = this.look;
    return projection === "orthographic" ? null : projection;
  }

  /** y of the plane that is in the middle of the picture. */
  get level(): number {
    return this.height0;
  }

  /** The pixel of a position; null on the far side of the globe. */
  pixelOf(ra: number, dec: number): [number, number] | null {
    const flat = this.flat;
    if (flat) {
      const [across, y] = flatAt(flat, dec);
      return [this.middleX - this.scale * across * halfTurn(ra - this.look.ra) * DEGREE, this.middleY - this.scale * (y - this.height0)];
    }
    const vector = vectorOf(ra, dec);
    if (dot(vector, this.front) <= 0) return null;
    return [this.middleX - this.scale * dot(vector, this.east), this.middleY - this.scale * dot(vector, this.north)];
  }

  /** The position at a pixel; null beside the sky. */
  positionAt(x: number, y: number): { ra: number; dec: number } | null {
    const [across, up] = [(this.middleX - x) / this.scale, (this.middleY - y) / this.scale];
    const flat = this.flat;
    if (!flat) {
      const towards = 1 - across * across - up * up;
      if (towards < 0) return null;
      const depth = Math.sqrt(towards);
      const part = (axis: 0 | 1 | 2): number => across * this.east[axis] + up * this.north[axis] + depth * this.front[axis];
      return positionOf([part(0), part(1), part(2)]);
    }
    const dec = decAt(flat, up + this.height0);
    if (dec === null) return null;
    const aside = across / flatAt(flat, dec)[0] / DEGREE;
    return Math.abs(aside) > 180 || !Number.isFinite(aside) ? null : { ra: turn(this.look.ra + aside), dec };
  }

  /** The look after the sky was pulled by some pixels. */
  pulled(right: number, down: number): Look {
    const { look, scale, flat } = this;
    if (!flat) {
      const along = Math.max(0.15, Math.cos(look.dec * DEGREE));
      return { ...look, ra: turn(look.ra + right / scale / along / DEGREE), dec: clamp(look.dec + down / scale / DEGREE, 90) };
    }
    const [across] = flatAt(flat, clamp(look.dec, 80));
    const dec = decAt(flat, this.height0 + down / scale) ?? Math.sign(down) * 90;
    return { ...look, ra: turn(look.ra + right / scale / across / DEGREE), dec };
  }

  /** The look after coming nearer by a factor, what is at a pixel staying there. */
  zoomed(factor: number, x: number = this.middleX, y: number = this.middleY): Look {
    const anchor = this.positionAt(x, y);
    let look: Look = { ...this.look, zoom: Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, this.look.zoom * factor)) };
    for (let n = 0; n < 3 && anchor; n += 1) {
      const view = new View(look, this.width, this.height);
      const now = view.pixelOf(anchor.ra, anchor.dec);
      if (!now) break;
      look = view.pulled(x - now[0], y - now[1]);
    }
    return look;
  }
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
