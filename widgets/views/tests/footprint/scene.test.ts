import { expect, test } from "vitest";
import { cornersOf } from "../../src/footprint/healpix";
import { readPositions } from "../../src/footprint/positions";
import { View, type ProjectionName } from "../../src/footprint/projection";
import { Raster, type Paint } from "../../src/footprint/raster";
import { Painter, rangeOf, type Scene, type Theme } from "../../src/footprint/scene";
import { separation } from "../../src/footprint/sphere";
import { centreOf, TileLayer, type Grid } from "../../src/footprint/tiles";

const GRID: Grid = { prefix: "DES", first_ra_deg: 275, first_dec_deg: 30, last_dec_deg: -74, step_arcsec: 2570, size_pixels: 10_000, pixel_scale_arcsec: 0.263 };
const WHITE: Paint = [255, 255, 255, 1];
const THEME: Theme = {
  background: WHITE,
  sky: [238, 238, 238, 1],
  grid: [0, 0, 0, 0.3],
  text: [0, 0, 0, 1],
  accent: [0, 0, 255, 1],
  galactic: [130, 40, 150, 1],
  ecliptic: [150, 100, 0, 1],
  outline: [190, 40, 20, 1],
  positions: [255, 0, 0, 1],
  map: [0, 120, 160, 1],
  releases: [[0, 128, 0, 1]],
  font: "sans-serif",
};
const NOTHING = { grid: false, labels: false, galactic: false, ecliptic: false, outline: false, landmarks: false };
const TILES = new TileLayer(GRID, [[50, 160, 14]]);

function scene(more: Partial<Scene> = {}): Scene {
  return { switches: NOTHING, layers: [{ tiles: TILES, colour: 0 }], outline: [], grid: GRID, selected: [], image: null, density: null, map: null, positions: null, region: null, mark: null, ...more };
}

const { ra, dec } = centreOf(GRID, { row: 50, column: 167 });
const near = (projection: ProjectionName, at = ra): View => new View({ projection, ra: at, dec, zoom: 60 }, 400, 300);

test.each<ProjectionName>(["orthographic", "mollweide", "mcbryde"])("%s: a tile is filled and has edges, and there is sky beside the survey", (projection) => {
  const view = near(projection);
  const raster = new Painter().picture(scene(), view, THEME);
  const [red, green] = raster.at(200, 150);
  expect(green - red).toBeGreaterThan(20);
  const north = view.pixelOf(ra, dec + 2570 / 7200)!;
  const edge = [-1, 0, 1].map((down) => raster.at(200, Math.round(north[1]) + down)[0]);
  expect(Math.min(...edge)).toBeLessThan(red - 40);
  expect(raster.at(200, 4)).toEqual([238, 238, 238]);
});

test.each<ProjectionName>(["mollweide", "mcbryde"])("%s: tiles that the edge of the map cuts are drawn on both of its sides, and not across it", (projection) => {
  const view = new View({ projection, ra: ra + 180, dec, zoom: 1 }, 800, 500);
  const raster = new Painter().picture(scene(), view, THEME);
  const row = Math.round(view.pixelOf(ra, dec)![1]);
  const green = Array.from({ length: 800 }, (_, x) => raster.at(x, row)).map(([r, g]) => g - r > 15);
  expect(green.slice(0, 100).some(Boolean)).toBe(true);
  expect(green.slice(700).some(Boolean)).toBe(true);
  expect(green.slice(100, 700).some(Boolean)).toBe(false);
});

test("what is on the far side of the globe is not drawn", () => {
  const raster = new Painter().picture(scene(), new View({ projection: "orthographic", ra: ra + 180, dec: -dec, zoom: 1 }, 400, 300), THEME);
  expect(new Set(Array.from({ length: 400 }, (_, x) => raster.at(x, 150).join())).size).toBe(2);
});

test("what is chosen, positions and regions are drawn on top", () => {
  const positions = readPositions(`RA,DEC\n${ra},${dec}\n`);
  const region = { circle: { ra_deg: ra, dec_deg: dec, radius_arcmin: 15 } };
  const view = near("orthographic");
  const raster = new Painter().picture(scene({ positions, region, selected: [{ row: 50, column: 167 }] }), view, THEME);
  expect(raster.at(200, 150)).toEqual([255, 0, 0]);
  const [x, y] = view.pixelOf(ra, dec + 0.25)!;
  expect([-1, 0, 1].some((down) => raster.at(Math.round(x), Math.round(y) + down)[0] < 60)).toBe(true);
});

test("a density colours its cells", () => {
  const density = { title: "", unit: "", nside: 1, pixels: Float64Array.of(4), values: Float64Array.of(7) };
  const raster = new Painter().picture(scene({ layers: [], density }), new View({ projection: "orthographic", ra: 0, dec: 0, zoom: 1 }, 300, 300), THEME);
  expect(raster.at(150, 150)).toEqual([68, 1, 84]);
  expect(rangeOf(Float64Array.of(1, NaN, 3))).toEqual([1, 3]);
  expect(rangeOf(Float64Array.of())).toEqual([0, 1]);
});

test("the cells of HEALPix lie where the paper has them, and tile the sphere", () => {
  const [north, west, south, east] = cornersOf(1, 4);
  expect(north!.dec).toBeCloseTo(41.8103, 3);
  expect(south!.dec).toBeCloseTo(-41.8103, 3);
  expect([west!.ra, east!.ra]).toEqual([315, 45]);
  // The order of nested pixels: the southern quarter of a cell comes first, the northern one last.
  for (const pixel of [0, 5, 11]) {
    const parent = cornersOf(8, 64 * pixel + 17);
    const child = cornersOf(16, 4 * (64 * pixel + 17) + 3);
    expect(separation(parent[0]!.ra, parent[0]!.dec, child[0]!.ra, child[0]!.dec)).toBeLessThan(1e-9);
    const first = cornersOf(16, 4 * (64 * pixel + 17));
    expect(separation(parent[2]!.ra, parent[2]!.dec, first[2]!.ra, first[2]!.dec)).toBeLessThan(1e-9);
  }
});

test("a smooth line gives as much colour wherever it lies, and far ends cost nothing", () => {
  const sum = (y: number): number => {
    const raster = new Raster(20, 20);
    raster.clear(WHITE);
    raster.line(-1e7, y, 1e7, y, [0, 0, 0, 1]);
    return Array.from({ length: 20 }, (_, row) => 255 - raster.at(10, row)[0]).reduce((a, b) => a + b);
  };
  expect(sum(9)).toBe(255);
  expect(Math.abs(sum(9.5) - 255)).toBeLessThanOrEqual(2);
  expect(Math.abs(sum(9.2) - 255)).toBeLessThanOrEqual(2);
});

test("positions are read as people write them, and lines that are none are counted", () => {
  const read = readPositions("# mine\nid,ra,dec\n1,34.5,-5.25\n2,02:18:00,-05:15:00\n3,north,2\n4,10,95\n");
  expect([...read.ra]).toEqual([34.5, 34.5]);
  expect([...read.dec]).toEqual([-5.25, -5.25]);
  expect(read.unread).toEqual([5, 6]);
  expect([...readPositions("(34.5, -5.25)\n1 2").ra]).toEqual([34.5, 1]);
});
