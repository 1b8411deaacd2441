/** A footprint service's answers: four tiles, one of them with files. */

import { FakeModel } from "./model";

export const GRID = { prefix: "DES", first_ra_deg: 275, first_dec_deg: 30, last_dec_deg: -74, step_arcsec: 2570, size_pixels: 10_000, pixel_scale_arcsec: 0.263 };

const LAYER = { release: "DR2", tiles: 4, area_deg2: 2.0385, approximate: false, runs: [[43, 67, 2], [44, 67, 2]], objects: null, outline: [], grid: GRID };

export const TILE = {
  name: "DES2134-0041",
  row: 43,
  column: 68,
  ra_deg: 323.5482,
  dec_deg: -0.697222,
  corners_deg: [[323.8, -1], [323.1, -1], [323.1, -0.3], [323.8, -0.3]],
  unique: {},
  unique_area_deg2: 0.5096,
  crosses_ra0: false,
  size_pixels: 10_000,
  pixel_scale_arcsec: 0.263,
  releases: [
    {
      release: "DR2",
      approximate: false,
      objects: 30_901,
      bands: [{ band: "g", depth_mag: 24.71, seeing_arcsec: 1.11, epochs: 7 }],
      files: [{ kind: "image", title: "Image", band: "g", name: "DES2134-0041_r1p01_g.fits.fz", size_bytes: 4_000_000, path: "footprint/tiles/DES2134-0041/files/DR2/DES2134-0041_r1p01_g.fits.fz" }],
    },
  ],
};

export const FOUND = { kind: "name", label: "M 2", ra_deg: 323.3625, dec_deg: -0.8233, tile: "DES2134-0041", nearest_tile: "DES2134-0041", distance_deg: 0, description: "" };

/** A model that answers everything the panel asks for at first. */
export function footprintModel(traits: Record<string, unknown> = {}): FakeModel {
  const model = new FakeModel({ host: ["cut-result", "download", "edit-query", "expand", "open-notebook"], expanded: false, ...traits });
  const { release, tiles, area_deg2, approximate } = LAYER;
  model.answers.set("GET footprint/releases", { json: { releases: [{ release, tiles, area_deg2, approximate, default: true }], file_kinds: [{ kind: "image", title: "Image" }, { kind: "catalogue", title: "Catalogue" }], bands: ["g", "r"] } });
  model.answers.set("GET footprint/hips/DR2", { json: { available: false, order: null, first_order: 3, tile_width: 512, format: "png", job_id: null, job_phase: null, version: null } });
  model.answers.set("GET footprint/layers/DR2", { json: LAYER });
  model.answers.set("GET footprint/densities/DR2", { json: { kinds: [{ kind: "count", title: "Number of objects" }] } });
  model.answers.set("GET footprint/tiles/DES2134-0041", { json: TILE });
  model.answers.set("GET footprint/search?text=M%202&release=DR2", { json: FOUND });
  return model;
}
