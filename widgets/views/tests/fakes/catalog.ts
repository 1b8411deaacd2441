/** A small catalogue as the service tells it. */

export const RA = { name: "RA", type: "float64", unit: "deg", ucd: "pos.eq.ra;meta.main", description: "Right ascension, ICRS" };
export const DEC = { name: "DEC", type: "float64", unit: "deg", ucd: "pos.eq.dec;meta.main", description: "Declination, ICRS" };
export const MAG = { name: "MAG_AUTO_G", type: "float32", unit: "mag", ucd: "phot.mag", description: "Kron magnitude, g" };
export const TILE = { name: "TILENAME", type: "string", unit: null, ucd: null, description: "Name of the tile" };
export const ODD = { name: "Odd name", type: "int16", unit: null, ucd: null, description: "<img src=x onerror=alert(1)>" };

export const SCHEMA = {
  tables: [
    { name: "DR2_MAIN", release: "DR2", description: "Objects of DR2", row_count: 1234567, columns: [RA, DEC, MAG] },
    { name: "DR2_TILE_INFO", release: "DR2", description: "Tiles", row_count: 4, columns: [TILE, RA] },
    { name: "DR1_MAIN", release: "DR1", description: "Objects of DR1", row_count: null, columns: [RA, ODD] },
  ],
  functions: ["ABS", "ROUND"],
};

export const FORMATS = {
  formats: [
    { format: "csv", title: "CSV", ending: ".csv", compressions: ["none", "gzip", "zstd"] },
    { format: "fits", title: "FITS", ending: ".fits", compressions: ["none", "gzip"] },
    { format: "h5", title: "HDF5", ending: ".h5", compressions: ["none", "gzip"] },
    { format: "parquet", title: "Parquet", ending: ".parquet", compressions: ["none", "zstd"] },
    { format: "arrow", title: "Arrow", ending: ".arrow", compressions: ["none"] },
  ],
};

export const EXAMPLES = {
  examples: [
    { title: "First rows", description: "Five objects", sql: "SELECT RA FROM DR2_MAIN" },
    { title: "Tiles", description: "", sql: "SELECT * FROM DR2_TILE_INFO" },
  ],
};

export const HISTORY = {
  history: [
    { id: 2, sql: "SELECT 2 FROM DR2_MAIN", kind: "quick", outcome: "ok", ran_at: "2026-11-22T18:00:00Z", elapsed_seconds: 0.04, rows: 412 },
    { id: 1, sql: "SELECT x", kind: "job", outcome: "invalid_query", ran_at: "2026-11-22T17:00:00Z", elapsed_seconds: 0, rows: null },
  ],
};

export const SESSION = {
  user: { name: "ana", groups: ["des"] },
  services: [{ name: "query", title: "Query", description: "Ask the catalogue", icon: "<svg/>", panel: true, style: true, rank: 1 }],
  survey: { name: "demo", title: "Demo survey", releases: ["DR1", "DR2"], default_release: "DR2" },
  limits: { query: { quick_seconds: 25, max_rows: 1000000 }, jobs: {} },
  files_root: "jobs",
  mode: "hub",
  version: "0.1.0",
};

export const JOB = {
  id: "k3v9x0a1b2c3d4e5",
  owner: "ana",
  type: "query",
  name: "m2 stars",
  phase: "QUEUED",
  created_at: "2026-11-22T18:00:00Z",
  started_at: null,
  ended_at: null,
  destruction_at: "2026-12-06T18:00:00Z",
  limit_seconds: 600,
  run_seconds: null,
  progress: null,
  error: null,
  rows: null,
  files_count: null,
  size_bytes: null,
  request: { sql: "SELECT 1" },
  email: null,
  renewals_left: 2,
  expiring: false,
  expired: false,
  folder: null,
  run_id: null,
  attempt: 1,
  note: null,
  revision: 7,
};
