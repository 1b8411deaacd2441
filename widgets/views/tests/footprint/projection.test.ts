import { geoMollweideRaw, geoMtFlatPolarQuarticRaw } from "d3-geo-projection";
import { describe, expect, test } from "vitest";
import { decAt, flatAt, MOST_ZOOM, View, type Look, type ProjectionName } from "../../src/footprint/projection";
import { fromGalactic, halfTurn, ofEcliptic, offset, separation } from "../../src/footprint/sphere";
import { Vertices } from "../../src/footprint/vertices";

const NAMES: ProjectionName[] = ["orthographic", "mollweide", "mcbryde"];
const look = (projection: ProjectionName, more: Partial<Look> = {}): Look => ({ projection, ra: 34.8, dec: -35, zoom: 1, ...more });

/** Numbers that are the same in every run. */
function* random(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    yield state / 4_294_967_296;
  }
}

describe.each(NAMES)("%s", (projection) => {
  test("gives back every position that it shows", () => {
    const numbers = random(5);
    const next = (): number => numbers.next().value as number;
    let shown = 0;
    for (let n = 0; n < 3000; n += 1) {
      const view = new View(look(projection, { ra: 360 * next(), dec: 160 * next() - 80, zoom: 1 + 30 * next() }), 900, 700);
      const [ra, dec] = [360 * next(), 178 * next() - 89];
      const pixel = view.pixelOf(ra, dec);
      const again = pixel && view.positionAt(...pixel);
      if (projection === "orthographic" && separation(ra, dec, view.look.ra, view.look.dec) > 89) continue;
      expect(again).not.toBeNull();
      expect(separation(ra, dec, again!.ra, again!.dec)).toBeLessThan(1e-6);
      shown += 1;
    }
    expect(shown).toBeGreaterThan(1000);
  });

  test("has what it looks at in the middle, north up and east to the left", () => {
    const view = new View(look(projection), 900, 700);
    const middle = view.pixelOf(34.8, -35)!;
    expect(middle[0]).toBeCloseTo(450, 6);
    expect(middle[1]).toBeCloseTo(350, 6);
    expect(view.pixelOf(34.8, -34)![1]).toBeLessThan(middle[1]);
    expect(view.pixelOf(35.8, -35)![0]).toBeLessThan(middle[0]);
  });

  test("shows nothing beside the sky", () => {
    expect(new View(look(projection), 900, 700).positionAt(2, 2)).toBeNull();
  });

  test("projects many at once as it does one", () => {
    const view = new View(look(projection, { zoom: 3 }), 900, 700);
    const [ra, dec] = [
      [0, 34.8, 50, 359, 120, 200],
      [0, -35, -60, 10, -20, -70],
    ];
    const vertices = new Vertices(ra!, dec!);
    vertices.project(view);
    ra!.forEach((each, n) => {
      const pixel = view.pixelOf(each, dec![n]!);
      if (!pixel) expect(vertices.x[n]).toBeNaN();
      else {
        expect(vertices.x[n]).toBeCloseTo(pixel[0], 6);
        expect(vertices.y[n]).toBeCloseTo(pixel[1], 6);
      }
    });
  });

  test("keeps what is under the pointer while coming nearer, and has a nearest", () => {
    const view = new View(look(projection), 900, 700);
    const before = view.positionAt(500, 380)!;
    const after = new View(view.zoomed(4, 500, 380), 900, 700).pixelOf(before.ra, before.dec)!;
    expect(Math.hypot(after[0] - 500, after[1] - 380)).toBeLessThan(4);
    expect(view.zoomed(1e9).zoom).toBe(MOST_ZOOM);
  });
});

test("the flat projections are those of d3-geo-projection", () => {
  const raw = { mollweide: geoMollweideRaw, mcbryde: geoMtFlatPolarQuarticRaw } as const;
  for (const name of ["mollweide", "mcbryde"] as const) {
    for (let dec = -90; dec <= 90; dec += 2.5) {
      const [x, y] = raw[name](1, (dec * Math.PI) / 180);
      const [across, up] = flatAt(name, dec);
      // At the poles d3's own iteration stops within 1e-5.
      const digits = Math.abs(dec) < 90 ? 6 : 4;
      expect(across).toBeCloseTo(x, digits);
      expect(up).toBeCloseTo(y, digits);
      if (Math.abs(dec) < 90) expect(decAt(name, up)).toBeCloseTo(dec, 6);
    }
  }
});

test("the galactic centre, the poles and the equinox are where they are", () => {
  expect(separation(fromGalactic(0, 0).ra, fromGalactic(0, 0).dec, 266.405, -28.936)).toBeLessThan(0.001);
  expect(fromGalactic(0, 90).dec).toBeCloseTo(27.12825, 5);
  expect(ofEcliptic(90).dec).toBeCloseTo(23.4393, 3);
  expect(halfTurn(ofEcliptic(0).ra)).toBeCloseTo(0, 9);
});

test("an offset is as long as it says", () => {
  for (const angle of [0, 45, 170, 300]) {
    const there = offset(359.5, -60, 2.5, angle);
    expect(separation(359.5, -60, there.ra, there.dec)).toBeCloseTo(2.5, 9);
  }
});
