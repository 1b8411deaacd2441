import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { coverFromFits } from "../../src/footprint/cover";
import { pointsOf } from "../../src/footprint/healpix";
import { cellPath, HipsImage, orderFor, visibleCells, type Cell, type FetchCell } from "../../src/footprint/hips";
import { View, type ProjectionName } from "../../src/footprint/projection";
import { Raster, type Texture } from "../../src/footprint/raster";
import { cellAt } from "../fakes/healpix";
import { settled } from "../fakes/model";

const FACTS = { release: "DR2", version: "1", order: 11, firstOrder: 3 };
const CELL = { order: 5, pixel: 5000 };
const at = (order: number, pixel: number): { ra: number; dec: number } => pointsOf(order + 1, 4 * pixel + 3, 1)[0]!;
const near = (cell: Cell, zoom: number, projection: ProjectionName = "orthographic"): View => new View({ projection, ...at(cell.order, cell.pixel), zoom }, 300, 300);

/** A picture whose quarters are red (upper left), green (upper right), blue (lower left) and white. */
function quarters(side: number): Texture {
  const texels = new Uint32Array(side * side);
  texels.forEach((_, n) => {
    const [right, down] = [n % side >= side / 2, Math.floor(n / side) >= side / 2];
    texels[n] = right ? (down ? 0xffffffff : 0xff00ff00) : down ? 0xffff0000 : 0xff0000ff;
  });
  return { texels, side };
}

function image(fetchCell: FetchCell, covered: (cell: Cell) => boolean = () => true): HipsImage {
  return new HipsImage(FACTS, fetchCell, covered, () => undefined);
}

async function quiet(hips: HipsImage): Promise<void> {
  for (let turn = 0; turn < 500 && (turn < 3 || hips.runningCount > 0); turn += 1) await settled();
}

test("a position lies in the cell whose centre it is, at every order, in caps and belt", () => {
  for (const order of [0, 3, 8, 13]) {
    const count = 12 * 4 ** order;
    for (let n = 0; n < 97; n += 1) {
      const pixel = Math.floor((n * count) / 97);
      const { ra, dec } = at(order, pixel);
      expect(cellAt(order, ra, dec)).toBe(pixel);
    }
  }
});

test("files have the names that HiPS 1.0 gives them", () => {
  expect(cellPath({ order: 3, pixel: 301 })).toBe("Norder3/Dir0/Npix301.png");
  expect(cellPath({ order: 8, pixel: 123456 })).toBe("Norder8/Dir120000/Npix123456.png");
});

test("the order follows the zoom between the first and the last", () => {
  const orders = [1, 40, 200, 1000, 5000].map((zoom) => orderFor(near(CELL, zoom), FACTS));
  expect(orders[0]).toBe(3);
  expect(orders.at(-1)).toBe(11);
  expect(orders).toEqual([...orders].sort((a, b) => a - b));
});

test.each<ProjectionName>(["orthographic", "mollweide", "mcbryde"])("%s: the cells in sight hold every pixel of the view, and are few", (projection) => {
  const view = near(CELL, 60, projection);
  const cells = visibleCells(view, FACTS);
  const known = new Set(cells.map((cell) => cell.pixel));
  for (let x = 0; x <= 300; x += 50) {
    for (let y = 0; y <= 300; y += 50) {
      const there = view.positionAt(x, y);
      if (there) expect(known.has(cellAt(orderFor(view, FACTS), there.ra, there.dec))).toBe(true);
    }
  }
  expect(cells.length).toBeLessThan(60);
});

test.each<ProjectionName>(["orthographic", "mollweide", "mcbryde"])("%s: rows of a cell's picture run north-east and its columns north-west, from the southern corner", async (projection) => {
  const hips = image(async ({ order, pixel }, side) => (order === 3 && pixel === Math.floor(CELL.pixel / 16) ? quarters(side) : null));
  const cell = { order: 3, pixel: Math.floor(CELL.pixel / 16) };
  const view = near(cell, 12, projection);
  hips.want(view);
  await quiet(hips);
  const raster = new Raster(300, 300);
  raster.clear([10, 10, 10, 1]);
  hips.paint(raster, view, 1, false);
  const colourOf = (child: number): number[] => {
    const middle = at(4, 4 * cell.pixel + child);
    const [x, y] = view.pixelOf(middle.ra, middle.dec)!;
    return raster.at(Math.round(x), Math.round(y));
  };
  // children of a nested cell: south, north-east of it, north-west of it, north
  expect([0, 1, 2, 3].map(colourOf)).toEqual([
    [255, 0, 0],
    [0, 0, 255],
    [0, 255, 0],
    [255, 255, 255],
  ]);
});

test("the parent is drawn until the child comes, and nothing is asked for below what is not there", async () => {
  const asked: string[] = [];
  let letThrough: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letThrough = resolve));
  const here = at(8, 300_000);
  const inside = ({ order, pixel }: Cell): boolean => pixel === cellAt(order, here.ra, here.dec);
  const hips = image(async (cell, side) => {
    asked.push(cellPath(cell));
    if (cell.order > 3) await held;
    return inside(cell) ? quarters(side) : null;
  });
  const view = new View({ projection: "orthographic", ...here, zoom: 150 }, 300, 300);
  const order = orderFor(view, FACTS);
  expect(order).toBeGreaterThan(4);
  hips.want(view);
  for (let turn = 0; turn < 10; turn += 1) await settled();
  const raster = new Raster(300, 300);
  raster.clear([10, 10, 10, 1]);
  hips.paint(raster, view, 1, true);
  expect(raster.at(150, 150)).not.toEqual([10, 10, 10]);
  letThrough();
  await quiet(hips);
  expect(asked.some((path) => path.startsWith(`Norder${order}/`))).toBe(true);
  expect(asked.length).toBe(new Set(asked).size);
  expect(hips.problem).toBeNull();
});

test("cells that are out of sight are broken off", async () => {
  const aborted: boolean[] = [];
  const hips = image(
    (_, __, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => {
          aborted.push(true);
          reject(new Error("aborted"));
        }),
      ),
  );
  hips.want(near(CELL, 300));
  expect(hips.runningCount).toBeGreaterThan(0);
  hips.want(near({ order: 5, pixel: 100 }, 300));
  await settled();
  expect(aborted.length).toBeGreaterThan(0);
  expect(hips.problem).toBeNull();
  hips.close();
});

test("a cell that does not come is told of, and asked for again when somebody says so", async () => {
  let broken = true;
  const hips = image(
    async (_, side) => {
      if (broken) throw new Error("the service does not answer");
      return quarters(side);
    },
    (cell) => cell.order <= 3,
  );
  const view = near({ order: 3, pixel: 300 }, 8);
  hips.want(view);
  await quiet(hips);
  expect(hips.problem).toBe("the service does not answer");
  broken = false;
  hips.retry();
  await quiet(hips);
  expect(hips.problem).toBeNull();
  const raster = new Raster(300, 300);
  raster.clear([10, 10, 10, 1]);
  hips.paint(raster, view, 1, false);
  expect(raster.at(150, 150)).not.toEqual([10, 10, 10]);
});

test("half opaque, the image lets through what is under it", async () => {
  const white = (side: number): Texture => ({ texels: new Uint32Array(side * side).fill(0xffffffff), side });
  const hips = image(async (_, side) => white(side));
  const view = near({ order: 3, pixel: 300 }, 8);
  hips.want(view);
  await quiet(hips);
  for (const smooth of [false, true]) {
    const raster = new Raster(300, 300);
    raster.clear([55, 155, 255, 1]);
    hips.paint(raster, view, 0.5, smooth);
    expect(raster.at(150, 150)).toEqual([155, 205, 255]);
  }
});

const MAP = new Uint8Array(readFileSync(resolve(import.meta.dirname, "../data/moc.fits")));

test("the coverage map of an image tells which cells of any order it has", () => {
  const covered = coverFromFits(MAP);
  // tests/data/make_moc.py: cells 7 and 8 of order 3, and 4 x 4^6 of order 9
  const wanted = [0, 1, 2, 3].map((pixel) => covered({ order: 1, pixel }));
  expect(wanted).toEqual([true, false, false, false]);
  expect([6, 7, 8, 9].map((pixel) => covered({ order: 3, pixel }))).toEqual([false, true, true, false]);
  expect([16383, 16384, 16385].map((pixel) => covered({ order: 9, pixel }))).toEqual([false, true, false]);
  expect(covered({ order: 11, pixel: 16384 * 16 + 15 })).toBe(true);
  expect(covered({ order: 12, pixel: 12 * 4 ** 12 - 1 })).toBe(false);
});

test.each([
  ["no FITS file", new Uint8Array(2880)],
  ["cut off", MAP.subarray(0, 5761)],
])("a coverage map that is %s is said to be so", (words, bytes) => {
  expect(() => coverFromFits(bytes)).toThrow(words);
});
