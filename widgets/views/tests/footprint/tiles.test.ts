import { expect, test } from "vitest";
import { centreOf, columnsOf, nameOf, placeAt, TileLayer, type Grid } from "../../src/footprint/tiles";

const GRID: Grid = { prefix: "DES", first_ra_deg: 275, first_dec_deg: 30, last_dec_deg: -74, step_arcsec: 2570, size_pixels: 10_000, pixel_scale_arcsec: 0.263 };

test("the published tiles have their names and centres", () => {
  for (const [row, column, name, ra, dec] of [
    [50, 167, "DES0219-0541", 34.810687, -5.694444],
    [37, 149, "DES0126+0335", 21.578133, 3.586111],
    [116, 66, "DES2331-5248", 352.950343, -52.811111],
  ] as const) {
    const centre = centreOf(GRID, { row, column });
    expect(centre.ra).toBeCloseTo(ra, 5);
    expect(centre.dec).toBeCloseTo(dec, 5);
    expect(nameOf(GRID, { row, column })).toBe(name);
    expect(placeAt(GRID, ra, dec)).toEqual({ row, column });
  }
});

test("every position of a tile is picked as that tile, also at 0 h and at the end of a strip", () => {
  for (const row of [20, 50, 100, 137]) {
    for (const column of [1, 66, 149, columnsOf(GRID, row) - 2]) {
      const { ra, dec } = centreOf(GRID, { row, column });
      const half = 0.49 * (GRID.step_arcsec / 3600);
      const across = half / Math.cos((dec * Math.PI) / 180);
      for (const [east, north] of [[0, 0], [across, half], [-across, -half]] as const) expect(placeAt(GRID, (ra + east + 360) % 360, dec + north)).toEqual({ row, column });
    }
  }
  // The first tile and the last of a strip share what they both would cover.
  for (const row of [20, 137]) {
    const last = columnsOf(GRID, row) - 1;
    const west = centreOf(GRID, { row, column: last });
    expect(placeAt(GRID, west.ra, west.dec)).toEqual({ row, column: last });
    expect(placeAt(GRID, 275, west.dec)).toEqual({ row, column: 0 });
  }
  expect(placeAt(GRID, 10, 31)).toBeNull();
  expect(placeAt(GRID, 10, -80)).toBeNull();
});

test("a layer has the tiles of its runs, gaps left out, and each edge once", () => {
  const layer = new TileLayer(GRID, [
    [50, 167, 2, 171, 1],
    [51, 167, 2],
  ]);
  expect(layer.count).toBe(5);
  expect(layer.has({ row: 50, column: 168 })).toBe(true);
  expect(layer.has({ row: 50, column: 169 })).toBe(false);
  expect(layer.has({ row: 50, column: 171 })).toBe(true);
  expect(layer.fine.count).toBe(5);
  expect(layer.coarse.count).toBe(3);
  const { vertices, pairs } = layer.lines;
  const seen = new Set<string>();
  for (let n = 0; n < pairs.length; n += 2) seen.add(`${pairs[n]} ${pairs[n + 1]}`);
  expect(seen.size).toBe(pairs.length / 2);
  expect(Math.max(...pairs)).toBe(vertices.count - 1);
});
