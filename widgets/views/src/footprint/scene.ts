/** What the globe shows, and its drawing: everything but words goes into a raster, words and what is chosen go on top of it. */

import type { Density, Region } from "./data";
import { cornersOf } from "./healpix";
import type { HipsImage } from "./hips";
import { LANDMARKS } from "./landmarks";
import type { OwnPositions } from "./positions";
import { View } from "./projection";
import { Raster, type Paint } from "./raster";
import { fromGalactic, halfTurn, ofEcliptic, offset } from "./sphere";
import { areasOf, linesOf, stepOf, type Areas, type Grid, type Lines, type Place, type TileLayer } from "./tiles";
import { Vertices } from "./vertices";

export interface Theme {
  background: Paint;
  sky: Paint;
  grid: Paint;
  text: Paint;
  accent: Paint;
  galactic: Paint;
  ecliptic: Paint;
  outline: Paint;
  positions: Paint;
  map: Paint;
  /** One a release, in their order. */
  releases: readonly Paint[];
  font: string;
}

export interface Switches {
  grid: boolean;
  labels: boolean;
  galactic: boolean;
  ecliptic: boolean;
  outline: boolean;
  landmarks: boolean;
}

export interface Scene {
  switches: Switches;
  layers: readonly { tiles: TileLayer; colour: number }[];
  outline: readonly (readonly [number, number])[][];
  grid: Grid | null;
  selected: readonly Place[];
  /** The colour image, and how opaque it is. */
  image: { hips: HipsImage; opacity: number } | null;
  density: Density | null;
  /** A coverage map that somebody has brought, as cells of mixed orders. */
  map: readonly { order: number; pixel: number }[] | null;
  positions: OwnPositions | null;
  region: Region | null;
  mark: { ra: number; dec: number; label: string } | null;
}

const SAMPLE = 2;
const WIDE_STEP = 30;
const STEPS = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01] as const;
/** Grids as wide as this or wider are made whole, degrees. */
const WIDE_GRID = 5;
const WANTED_STEP_PX = 90;
/** Tiles smaller than this are filled four at a time, px. */
const FINE_FILL_PX = 10;
/** Tiles larger than this have stronger lines, px. */
const WIDE_LINE_PX = 40;
/** Lengths of the bar, degrees. */
const SCALES = [30, 10, 5, 2, 1, 0.5, 1 / 6, 1 / 12, 1 / 30, 1 / 60, 30 / 3600, 10 / 3600, 5 / 3600] as const;
const MOON_DEG = 0.5;
/** Cells of coverage maps that are larger are drawn in parts. */
const LEAST_ORDER = 4;
/** Viridis, by Smith & van der Walt (CC0), at eighths. */
const RAMP = [
  [68, 1, 84],
  [70, 50, 127],
  [54, 92, 141],
  [39, 127, 142],
  [31, 161, 135],
  [74, 194, 109],
  [159, 218, 58],
  [253, 231, 37],
] as const;

/** A colour between the ramp's ends, for 0 to 1. */
export function rampColour(fraction: number): Paint {
  const at = Math.max(0, Math.min(1, fraction)) * (RAMP.length - 1);
  const low = Math.min(RAMP.length - 2, Math.floor(at));
  const [from, to] = [RAMP[low]!, RAMP[low + 1]!];
  return [0, 1, 2].map((part) => Math.round(from[part as 0] + (to[part as 0] - from[part as 0]) * (at - low))).concat(1) as unknown as Paint;
}

/** Range of a density that colours are spread over: all but the outermost hundredths. */
export function rangeOf(values: Float64Array): [number, number] {
  const sorted = values.filter(Number.isFinite).sort();
  if (sorted.length === 0) return [0, 1];
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  const [low, high] = [at(0.01), at(0.99)];
  return high > low ? [low, high] : [low, low + 1];
}

/** Draws scenes; keeps what the next picture can use again. */
export class Painter {
  private raster: Raster | null = null;
  private readonly curves = new Map<string, Lines>();
  private mapped: { map: NonNullable<Scene["map"]>; areas: Areas } | null = null;
  private local: { name: string; lines: Lines } | null = null;
  private cells: { density: Density; areas: Areas; colours: Paint[] } | null = null;
  private chosen: { selected: readonly Place[]; areas: Areas; lines: Lines } | null = null;
  private outlined: { outline: Scene["outline"]; lines: Lines } | null = null;
  private bounded: { region: Region; lines: Lines } | null = null;
  private readonly landmarks = new Vertices(
    LANDMARKS.map((each) => each[1]),
    LANDMARKS.map((each) => each[2]),
  );
  private readonly xs = new Float64Array(6);
  private readonly ys = new Float64Array(6);

  /** Draw everything that is no word. Pure: the same scene gives the same bytes everywhere. `quick` draws an image less smoothly. */
  picture(scene: Scene, view: View, theme: Theme, quick = false): Raster {
    const [width, height] = [Math.round(view.width), Math.round(view.height)];
    const raster = this.raster?.width === width && this.raster.height === height ? this.raster : (this.raster = new Raster(width, height));
    raster.clear(theme.background);
    this.paintSky(raster, view, theme);
    const tilePixels = view.pixelsPerDegree * (scene.grid ? stepOf(scene.grid) : 1);
    for (const { tiles, colour } of scene.layers) this.fillAreas(raster, view, tilePixels < FINE_FILL_PX ? tiles.coarse : tiles.fine, () => faint(paintOf(theme, colour), 0.22));
    if (scene.density) this.paintDensity(raster, view, scene.density);
    scene.image?.hips.paint(raster, view, scene.image.opacity, !quick);
    if (scene.map) this.fillAreas(raster, view, this.mapOf(scene.map), () => faint(theme.map, 0.35), 4);
    const chosenPart = scene.image ? 0.12 : 0.4;
    if (scene.grid && scene.selected.length > 0) this.fillAreas(raster, view, this.chosenOf(scene.grid, scene.selected).areas, () => faint(theme.accent, chosenPart));
    if (scene.switches.grid) this.stroke(raster, view, this.graticule(view), theme.grid);
    const strength = Math.max(0.3, Math.min(1, tilePixels / 12));
    for (const { tiles, colour } of scene.layers) this.stroke(raster, view, tiles.lines, faint(paintOf(theme, colour), scene.density ? strength * 0.35 : strength * 0.8), tilePixels > WIDE_LINE_PX ? 1.6 : 1);
    if (scene.switches.galactic) this.stroke(raster, view, this.curve("galactic", (angle) => fromGalactic(angle, 0)), theme.galactic, 1.6);
    if (scene.switches.ecliptic) this.stroke(raster, view, this.curve("ecliptic", ofEcliptic), theme.ecliptic, 1.6);
    if (scene.switches.outline && scene.outline.length > 0) this.stroke(raster, view, this.outlineOf(scene.outline), theme.outline, 1.8);
    if (scene.grid && scene.selected.length > 0) this.stroke(raster, view, this.chosenOf(scene.grid, scene.selected).lines, theme.accent, 2);
    if (scene.region) this.stroke(raster, view, this.boundOf(scene.region), theme.accent, 2);
    if (scene.positions) this.paintPositions(raster, view, scene.positions, theme.positions);
    return raster;
  }

  /** Words, landmarks, the mark of what was found, and the scale. */
  words(context: CanvasRenderingContext2D, scene: Scene, view: View, ofPage: Theme, ratio: number): void {
    // An image of the sky is dark in both themes: over it words are white, with an edge that is seen beside it too.
    const theme: Theme = scene.image ? { ...ofPage, text: [255, 255, 255, 1], accent: [255, 255, 255, 1] } : ofPage;
    context.font = `${11 * ratio}px ${theme.font}`;
    context.textBaseline = "middle";
    context.shadowColor = scene.image ? "black" : "transparent";
    context.shadowBlur = scene.image ? 3 * ratio : 0;
    if (scene.switches.grid && scene.switches.labels) paintLabels(context, view, theme, ratio);
    if (scene.switches.landmarks) this.paintLandmarks(context, view, theme, ratio, scene.mark?.label);
    if (scene.mark) paintMark(context, view, scene.mark, theme, ratio);
    paintScale(context, view, theme, ratio);
    context.shadowColor = "transparent";
    context.shadowBlur = 0;
  }

  private paintSky(raster: Raster, view: View, theme: Theme): void {
    if (!view.flat) {
      raster.disc(view.middleX, view.middleY, view.scale, theme.sky);
      return;
    }
    const steps = 90;
    const side = (sign: number): [number, number][] => Array.from({ length: steps + 1 }, (_, n) => edgeOf(view, sign, -90 + (180 * n) / steps));
    const edge = [...side(1), ...side(-1).reverse()];
    raster.fill(
      edge.map(([x]) => x),
      edge.map(([, y]) => y),
      edge.length,
      theme.sky,
    );
  }

  private fillAreas(raster: Raster, view: View, { vertices, count }: Areas, paint: (n: number) => Paint, corners = 6): void {
    vertices.project(view);
    const { xs, ys } = this;
    const { x, y, aside } = vertices;
    let painted = paint(0);
    for (let n = 0; n < count; n += 1) {
      const first = n * corners;
      let left = Infinity;
      let right = -Infinity;
      let low = Infinity;
      let high = -Infinity;
      for (let k = 0; k < corners; k += 1) {
        const px = (xs[k] = x[first + k]!);
        const py = (ys[k] = y[first + k]!);
        if (px < left || px !== px) left = px;
        if (px > right || px !== px) right = px;
        if (py < low) low = py;
        if (py > high) high = py;
      }
      if (!(right >= 0 && left < raster.width && high >= 0 && low < raster.height)) continue;
      painted = paint(n);
      if (view.flat && acrossSeam(aside, first, corners)) this.fillAtSeam(raster, view, vertices, first, corners, painted);
      else raster.fill(xs, ys, corners, painted);
    }
  }

  /** An area that the edge of a flat map cuts: each part on its side. */
  private fillAtSeam(raster: Raster, view: View, vertices: Vertices, first: number, corners: number, paint: Paint): void {
    for (const side of [1, -1]) {
      for (let k = 0; k < corners; k += 1) {
        const aside = vertices.aside[first + k]!;
        this.xs[k] = vertices.flatX(view, first + k, Math.sign(aside) === side ? aside : side * Math.PI);
      }
      raster.fill(this.xs, this.ys, corners, paint);
    }
  }

  private stroke(raster: Raster, view: View, { vertices, pairs }: Lines, paint: Paint, wide = 1): void {
    vertices.project(view);
    const { x, y, aside } = vertices;
    const { width, height } = raster;
    const flat = view.flat !== null;
    for (let n = 0; n < pairs.length; n += 2) {
      const a = pairs[n]!;
      const b = pairs[n + 1]!;
      const x0 = x[a]!;
      const x1 = x[b]!;
      const y0 = y[a]!;
      const y1 = y[b]!;
      if (x0 !== x0 || x1 !== x1 || (x0 < 0 && x1 < 0) || (x0 > width && x1 > width) || (y0 < 0 && y1 < 0) || (y0 > height && y1 > height)) continue;
      if (flat && Math.abs(aside[a]! - aside[b]!) > Math.PI) continue;
      raster.line(x0, y0, x1, y1, paint, wide);
    }
  }

  private paintDensity(raster: Raster, view: View, density: Density): void {
    if (this.cells?.density !== density) this.cells = { density, ...cellsOf(density) };
    const { areas, colours } = this.cells;
    this.fillAreas(raster, view, areas, (n) => colours[n]!, 4);
  }

  private paintPositions(raster: Raster, view: View, { vertices }: OwnPositions, paint: Paint): void {
    vertices.project(view);
    const radius = vertices.count > 20_000 ? 1 : 2.2;
    for (let n = 0; n < vertices.count; n += 1) {
      const x = vertices.x[n]!;
      const y = vertices.y[n]!;
      if (x >= 0 && x < raster.width && y >= 0 && y < raster.height) raster.dot(x, y, radius, paint);
    }
  }

  private paintLandmarks(context: CanvasRenderingContext2D, view: View, theme: Theme, ratio: number, named: string | undefined): void {
    this.landmarks.project(view);
    context.fillStyle = context.strokeStyle = css(theme.text);
    context.lineWidth = ratio;
    context.textAlign = "left";
    const written: [number, number, number][] = [];
    LANDMARKS.forEach(([name], n) => {
      const [x, y] = [this.landmarks.x[n]!, this.landmarks.y[n]!];
      if (!(x >= 0 && x <= view.width && y >= 0 && y <= view.height)) return;
      context.beginPath();
      context.arc(x, y, 2.5 * ratio, 0, 2 * Math.PI);
      context.stroke();
      if (name === named || view.pixelsPerDegree < 5 * ratio) return;
      const wide = name.length * 7 * ratio;
      // Where names would lie on one another the first is enough; nearer, there is room for all.
      if (written.some(([left, top, width]) => Math.abs(top - y) < 12 * ratio && x < left + width && left < x + wide)) return;
      written.push([x, y, wide]);
      context.fillText(name, x + 5 * ratio, y);
    });
  }

  /** The grid: the whole of it where it is wide, and round the middle where it is so fine that the whole would be millions of lines. */
  private graticule(view: View): Lines {
    const step = stepFor(view);
    return step >= WIDE_GRID ? this.wholeGrid(step) : this.localGrid(step, view);
  }

  private wholeGrid(step: number): Lines {
    const name = `grid ${step}`;
    const known = this.curves.get(name);
    if (known) return known;
    const paths: Path[] = [];
    for (let dec = -90 + step; dec < 90 - 1e-9; dec += step) paths.push(pathOf(0, 360, SAMPLE, (ra) => ({ ra, dec })));
    for (let ra = 0; ra < 360 - 1e-9; ra += step) paths.push(pathOf(-90 + WIDE_STEP / 3, 90 - WIDE_STEP / 3, SAMPLE, (dec) => ({ ra, dec })));
    const lines = linesThrough(paths);
    this.curves.set(name, lines);
    return lines;
  }

  private localGrid(step: number, view: View): Lines {
    const reach = Math.max(6, Math.ceil(Math.max(view.width, view.height) / view.pixelsPerDegree / step));
    const near = (angle: number): number => Math.round(angle / step / 2) * 2;
    const [row, column] = [near(view.look.dec), near(view.look.ra)];
    const name = `${step} ${row} ${column} ${reach}`;
    if (this.local?.name === name) return this.local.lines;
    const low = Math.max(-90, (row - reach) * step);
    const high = Math.min(90, (row + reach) * step);
    const across = Math.min(180, (reach * step) / Math.max(0.02, Math.cos((Math.max(-90, Math.min(90, row * step)) * Math.PI) / 180)));
    const [west, east] = [column * step - across, column * step + across];
    const paths: Path[] = [];
    for (let n = row - reach; n <= row + reach; n += 1) if (Math.abs(n * step) < 90 - 1e-9) paths.push(pathOf(west, east, Math.max(step, across / 30), (ra) => ({ ra, dec: n * step })));
    for (let n = Math.ceil(west / step); n * step < east; n += 1) paths.push(pathOf(low, high, Math.max(step, (high - low) / 20), (dec) => ({ ra: n * step, dec })));
    this.local = { name, lines: linesThrough(paths) };
    return this.local.lines;
  }

  private mapOf(map: NonNullable<Scene["map"]>): Areas {
    if (this.mapped?.map !== map) this.mapped = { map, areas: areasOfCells(map) };
    return this.mapped.areas;
  }

  private curve(name: string, at: (angle: number) => { ra: number; dec: number }): Lines {
    const known = this.curves.get(name) ?? linesThrough([pathOf(0, 360, SAMPLE, at)]);
    this.curves.set(name, known);
    return known;
  }

  private outlineOf(outline: Scene["outline"]): Lines {
    if (this.outlined?.outline !== outline) this.outlined = { outline, lines: linesThrough(outline.map(closed)) };
    return this.outlined.lines;
  }

  private boundOf(region: Region): Lines {
    if (this.bounded?.region !== region) this.bounded = { region, lines: linesThrough([boundary(region)]) };
    return this.bounded.lines;
  }

  private chosenOf(grid: Grid, selected: readonly Place[]): { areas: Areas; lines: Lines } {
    if (this.chosen?.selected !== selected) {
      const pieces = selected.map((place) => ({ ...place, count: 1 }));
      this.chosen = { selected, areas: areasOf(grid, pieces), lines: linesOf(grid, pieces) };
    }
    return this.chosen;
  }
}

type Path = readonly (readonly [number, number])[];

function pathOf(from: number, to: number, step: number, at: (angle: number) => { ra: number; dec: number }): Path {
  const parts = Math.max(1, Math.round((to - from) / step));
  return Array.from({ length: parts + 1 }, (_, n) => at(from + ((to - from) * n) / parts)).map(({ ra, dec }) => [ra, dec] as const);
}

function linesThrough(paths: readonly Path[]): Lines {
  const ra: number[] = [];
  const dec: number[] = [];
  const pairs: number[] = [];
  for (const path of paths) {
    path.forEach(([a, d], n) => {
      if (n > 0) pairs.push(ra.length - 1, ra.length);
      ra.push(a);
      dec.push(d);
    });
  }
  return { vertices: new Vertices(ra, dec), pairs: Int32Array.from(pairs) };
}

/** A polygon's boundary, long sides in pieces. */
function closed(polygon: Path): Path {
  const around = polygon.flatMap((corner, n) => {
    const next = polygon[(n + 1) % polygon.length] ?? corner;
    const parts = Math.max(1, Math.ceil(Math.max(Math.abs(halfTurn(next[0] - corner[0])), Math.abs(next[1] - corner[1])) / SAMPLE));
    return Array.from({ length: parts }, (_, k) => [corner[0] + (halfTurn(next[0] - corner[0]) * k) / parts, corner[1] + ((next[1] - corner[1]) * k) / parts] as const);
  });
  return around.length > 0 ? [...around, around[0]!] : [];
}

function boundary(region: Region): Path {
  if ("circle" in region) {
    const { ra_deg, dec_deg, radius_arcmin } = region.circle;
    return pathOf(0, 360, 3, (angle) => offset(ra_deg, dec_deg, radius_arcmin / 60, angle));
  }
  if ("polygon" in region) return closed(region.polygon);
  const { west_ra_deg: west, south_dec_deg: south, north_dec_deg: north } = region.box;
  const east = region.box.east_ra_deg < west ? region.box.east_ra_deg + 360 : region.box.east_ra_deg;
  return [...pathOf(west, east, 0.5, (ra) => ({ ra, dec: north })), ...pathOf(east, west, 0.5, (ra) => ({ ra, dec: south })), [west, north] as const];
}

function cellsOf({ nside, pixels, values }: Density): { areas: Areas; colours: Paint[] } {
  const ra = new Float64Array(4 * pixels.length);
  const dec = new Float64Array(4 * pixels.length);
  pixels.forEach((pixel, n) => {
    cornersOf(nside, pixel).forEach((corner, k) => {
      ra[4 * n + k] = corner.ra;
      dec[4 * n + k] = corner.dec;
    });
  });
  const [low, high] = rangeOf(values);
  const colours = Array.from(values, (value) => rampColour((value - low) / (high - low)));
  return { areas: { vertices: new Vertices(ra, dec), count: pixels.length }, colours };
}

/** Cells of several orders as quadrilaterals; large ones in parts, whose sides are less curved. */
function areasOfCells(cells: NonNullable<Scene["map"]>): Areas {
  const all = cells.flatMap((cell) => partsOf(cell));
  const corners = all.flatMap(({ order, pixel }) => cornersOf(2 ** order, pixel));
  return {
    vertices: new Vertices(
      corners.map((corner) => corner.ra),
      corners.map((corner) => corner.dec),
    ),
    count: all.length,
  };
}

function partsOf(cell: { order: number; pixel: number }): readonly { order: number; pixel: number }[] {
  return cell.order >= LEAST_ORDER ? [cell] : [0, 1, 2, 3].flatMap((child) => partsOf({ order: cell.order + 1, pixel: 4 * cell.pixel + child }));
}

function acrossSeam(aside: Float64Array, first: number, corners: number): boolean {
  for (let k = 1; k < corners; k += 1) if (Math.abs(aside[first + k]! - aside[first]!) > Math.PI) return true;
  return false;
}

/** The pixel of a flat map's edge, left (1) or right (-1). */
function edgeOf(view: View, side: number, dec: number): [number, number] {
  const pixel = view.pixelOf(view.look.ra + 180 * side - side * 1e-7, dec);
  return pixel ?? [0, 0];
}

function stepFor(view: View): number {
  return STEPS.findLast((step) => step * view.pixelsPerDegree >= WANTED_STEP_PX) ?? WIDE_STEP;
}

function paintLabels(context: CanvasRenderingContext2D, view: View, theme: Theme, ratio: number): void {
  const step = stepFor(view);
  const { ra, dec } = view.look;
  const near = (value: number): number => Math.round(value / step) * step;
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  context.fillStyle = css(theme.text);
  context.textAlign = "center";
  const count = Math.min(12, Math.ceil(view.width / Math.max(1, view.pixelsPerDegree * step) / 2) + 1);
  const level = Math.abs(near(dec)) > 80 ? 0 : near(dec);
  for (let n = -count; n <= count; n += 1) {
    const meridian = near(ra) + n * step;
    if (Math.abs(n * step) < 180 && (view.flat || Math.abs(n * step) < 80)) write(context, view, meridian, level, `${(((meridian % 360) + 360) % 360).toFixed(digits)}°`, 0, 8 * ratio);
    const height = near(dec) + n * step;
    if (Math.abs(height) < 90) write(context, view, near(ra), height, `${height < 0 ? "−" : height > 0 ? "+" : ""}${Math.abs(height).toFixed(digits)}°`, 16 * ratio, -7 * ratio);
  }
}

function write(context: CanvasRenderingContext2D, view: View, ra: number, dec: number, words: string, right: number, down: number): void {
  const pixel = view.pixelOf(ra, dec);
  if (pixel && pixel[0] > 0 && pixel[0] < view.width && pixel[1] > 0 && pixel[1] < view.height) context.fillText(words, pixel[0] + right, pixel[1] + down);
}

function paintMark(context: CanvasRenderingContext2D, view: View, mark: { ra: number; dec: number; label: string }, theme: Theme, ratio: number): void {
  const pixel = view.pixelOf(mark.ra, mark.dec);
  if (!pixel) return;
  const [x, y] = pixel;
  context.strokeStyle = context.fillStyle = css(theme.accent);
  context.lineWidth = 2 * ratio;
  context.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    context.moveTo(x + 5 * ratio * dx, y + 5 * ratio * dy);
    context.lineTo(x + 12 * ratio * dx, y + 12 * ratio * dy);
  }
  context.stroke();
  context.textAlign = "left";
  context.fillText(mark.label, x + 14 * ratio, y - 8 * ratio);
}

/** The Moon beside a bar of whole degrees: how large things are. */
function paintScale(context: CanvasRenderingContext2D, view: View, theme: Theme, ratio: number): void {
  const perDegree = view.pixelsPerDegree;
  const radius = (MOON_DEG / 2) * perDegree;
  context.fillStyle = context.strokeStyle = css(theme.text);
  context.lineWidth = ratio;
  context.textAlign = "left";
  const base = view.height - 14 * ratio;
  if (radius >= 1.5 && radius < view.height / 5) {
    context.beginPath();
    context.arc(12 * ratio + radius, base - radius - 10 * ratio, radius, 0, 2 * Math.PI);
    context.fillStyle = css(faint(theme.text, 0.25));
    context.fill();
    context.stroke();
    context.fillStyle = css(theme.text);
    context.fillText("Moon", 18 * ratio + 2 * radius, base - radius - 10 * ratio);
  }
  const length = SCALES.find((degrees) => degrees * perDegree < view.width / 4) ?? 5 / 3600;
  context.beginPath();
  context.moveTo(12 * ratio, base);
  context.lineTo(12 * ratio + length * perDegree, base);
  context.stroke();
  context.fillText(length >= 1 ? `${length}°` : length >= 1 / 60 ? `${Math.round(length * 60)}′` : `${Math.round(length * 3600)}″`, 18 * ratio + length * perDegree, base);
}

function paintOf(theme: Theme, colour: number): Paint {
  return theme.releases[colour % theme.releases.length] ?? theme.text;
}

function faint([red, green, blue, alpha]: Paint, part: number): Paint {
  return [red, green, blue, alpha * part];
}

function css([red, green, blue, alpha]: Paint): string {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}
