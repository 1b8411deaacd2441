/** A cutout service's answers: the form, a table of positions, and a job's rows. */

import { FakeModel } from "./model";

export const FORM = {
  releases: [
    { name: "DR2", title: "DR2", default: true },
    { name: "DR1", title: "DR1", default: false },
  ],
  bands: ["g", "r", "i", "z", "Y"],
  planes: ["SCI", "MSK", "WGT"],
  columns: [
    { name: "RA", description: "right ascension, ICRS" },
    { name: "DEC", description: "declination, ICRS" },
  ],
  limits: { max_positions: 1000, max_result_bytes: 5_000_000_000, max_seconds: 7200, quick_positions: 10, smallest_arcmin: 0.1, largest_arcmin: 12 },
  defaults: {
    x_size_arcmin: 1,
    y_size_arcmin: 1,
    products: ["fits", "lupton"],
    fits_bands: ["g", "r", "i"],
    lupton_bands: ["irg"],
    stiff_bands: ["irg"],
    lupton: { minimum: 1, stretch: 50, q: 10 },
    discard_fits: false,
    planes: ["SCI", "MSK", "WGT"],
    resample: false,
    chart: { bands: ["i"], faintest_helper_mag: 20 },
  },
  chart_allowed: true,
  examples: [{ title: "Galaxies", text: "RA,DEC\n34.8,-5.7\n35.1,-5.2\n" }],
};

export function draftJson(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "d1",
    rows: 3,
    columns: ["RA", "DEC", "XSIZE"],
    preview: [
      ["34.8", "-5.7", ""],
      ["35.1", "-5.2", "2"],
      ["36", "-5", ""],
    ],
    faults: [],
    fault_count: 0,
    tiles: [{ tile: "DES0219-0541", rows: 3 }],
    tile_count: 1,
    outside: 0,
    near_edge: 0,
    duplicates: 0,
    unknown_ids: 0,
    created_at: "2026-11-22T18:00:00Z",
    ...fields,
  };
}

export const FAULTY = draftJson({
  id: "d2",
  faults: [
    { row: 2, field: "DEC", message: "must be between -90 and 90 deg, got -95.2" },
    { row: 3, field: "XSIZE", message: "must be 0.1 to 12 arcmin, got 99" },
  ],
  fault_count: 2,
});

export const ESTIMATE = { estimate: { rows: 3, files: 12, size_bytes: 9_400_000, seconds: 0.4 }, faults: [], refusal: null };

/** A row of a gallery, as it travels. */
export function rowJson(row: number, fields: { outcome?: string; message?: string; files?: string[]; dec?: number; tile?: string } = {}): unknown[] {
  const name = `DESJ0219${String(row).padStart(2, "0")}.0000-054140.0000`;
  const tile = fields.tile ?? "DES0219-0541";
  const outcome = fields.outcome ?? "done";
  const files = fields.files ?? (outcome === "outside" || outcome === "failed" ? [] : [`${name}_g.fits`, `${name}_i.fits`, `${name}_irg_lupton.png`]);
  return [row, outcome, fields.message ?? "", tile, name, 34.8 + row / 100, fields.dec ?? -5.7, 1000 + row, `${tile}/${name}`, files, 12000, 1, 1];
}

export function pageJson(rows: unknown[][], fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { rows, next: rows.length, total: rows.length, ended: true, phase: "COMPLETED", ...fields };
}

export const PIXEL = Uint8Array.from([137, 80, 78, 71]);

/** A model whose cutout service has the form, reads any positions as `draft`, and estimates. */
export function cutoutModel(draft: Record<string, unknown> = draftJson(), traits: Record<string, unknown> = {}): FakeModel {
  const model = new FakeModel({ host: ["expand", "show-gallery", "show-job"], ...traits });
  model.answers.set("GET cutout/form", { json: FORM });
  model.answers.set("POST cutout/positions", { json: draft });
  model.answers.set("POST cutout/estimate", { json: ESTIMATE });
  return model;
}
