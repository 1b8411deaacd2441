/** What the footprint routes answer: guards. */

import { tableFromIPC } from "@uwdata/flechette";
import { fields, isRecord, ShapeError, text } from "../shared/json";
import type { Grid } from "./tiles";

export interface Release {
  release: string;
  tiles: number;
  area_deg2: number;
  /** True where the outline decides, for want of the release's own list. */
  approximate: boolean;
  default: boolean;
}

export interface Layer extends Omit<Release, "default"> {
  grid: Grid;
  runs: number[][];
  /** Polygons of positions, degrees. */
  outline: [number, number][][];
}

export interface Place {
  kind: string;
  label: string;
  ra_deg: number;
  dec_deg: number;
  tile: string | null;
  nearest_tile: string | null;
  distance_deg: number | null;
}

export interface TileFile {
  kind: string;
  title: string;
  band: string;
  name: string;
  size_bytes: number;
  path: string;
}

export interface Band {
  band: string;
  depth_mag: number | null;
  seeing_arcsec: number | null;
  epochs: number | null;
}

export interface TileRelease {
  release: string;
  approximate: boolean;
  objects: number | null;
  bands: Band[];
  files: TileFile[];
}

export interface Tile {
  name: string;
  row: number;
  column: number;
  ra_deg: number;
  dec_deg: number;
  corners_deg: [number, number][];
  unique_area_deg2: number;
  crosses_ra0: boolean;
  size_pixels: number;
  pixel_scale_arcsec: number;
  releases: TileRelease[];
}

export interface Density {
  title: string;
  unit: string;
  nside: number;
  pixels: Float64Array;
  values: Float64Array;
}

export function releasesFromJson(json: unknown): Release[] {
  return fields(json, "releases").list("releases", (each) => {
    const of = fields(each, "release");
    return { release: of.text("release"), tiles: of.number("tiles"), area_deg2: of.number("area_deg2"), approximate: of.flag("approximate"), default: of.flag("default") };
  });
}

/** What files tiles may have. */
export function choiceFromJson(json: unknown): { kinds: { kind: string; title: string }[]; bands: string[] } {
  const of = fields(json, "releases");
  const kind = (each: unknown): { kind: string; title: string } => {
    const file = fields(each, "kind of file");
    return { kind: file.text("kind"), title: file.text("title") };
  };
  return { kinds: of.list("file_kinds", kind), bands: of.list("bands", text) };
}

export function conditionFromJson(json: unknown): { sql: string; exact: boolean; ranges: number } {
  const of = fields(json, "condition");
  return { sql: of.text("sql"), exact: of.flag("exact"), ranges: of.number("ranges") };
}

export function layerFromJson(json: unknown): Layer {
  const of = fields(json, "layer");
  return {
    release: of.text("release"),
    tiles: of.number("tiles"),
    area_deg2: of.number("area_deg2"),
    approximate: of.flag("approximate"),
    grid: gridFromJson(of.object("grid")),
    runs: of.list("runs", numbers),
    outline: of.list("outline", (polygon) => list(polygon).map(pair)),
  };
}

function gridFromJson(json: unknown): Grid {
  const of = fields(json, "grid");
  return {
    prefix: of.text("prefix"),
    first_ra_deg: of.number("first_ra_deg"),
    first_dec_deg: of.number("first_dec_deg"),
    last_dec_deg: of.number("last_dec_deg"),
    step_arcsec: of.number("step_arcsec"),
    size_pixels: of.number("size_pixels"),
    pixel_scale_arcsec: of.number("pixel_scale_arcsec"),
  };
}

export function placeFromJson(json: unknown): Place {
  const of = fields(json, "place");
  return {
    kind: of.text("kind"),
    label: of.text("label"),
    ra_deg: of.number("ra_deg"),
    dec_deg: of.number("dec_deg"),
    tile: of.textOrNull("tile"),
    nearest_tile: of.textOrNull("nearest_tile"),
    distance_deg: of.numberOrNull("distance_deg"),
  };
}

export function tileFromJson(json: unknown): Tile {
  const of = fields(json, "tile");
  return {
    name: of.text("name"),
    row: of.number("row"),
    column: of.number("column"),
    ra_deg: of.number("ra_deg"),
    dec_deg: of.number("dec_deg"),
    corners_deg: of.list("corners_deg", pair),
    unique_area_deg2: of.number("unique_area_deg2"),
    crosses_ra0: of.flag("crosses_ra0"),
    size_pixels: of.number("size_pixels"),
    pixel_scale_arcsec: of.number("pixel_scale_arcsec"),
    releases: of.list("releases", tileReleaseFromJson),
  };
}

function tileReleaseFromJson(json: unknown): TileRelease {
  const of = fields(json, "release of a tile");
  return {
    release: of.text("release"),
    approximate: of.flag("approximate"),
    objects: of.numberOrNull("objects"),
    bands: of.list("bands", (each) => {
      const band = fields(each, "band");
      return { band: band.text("band"), depth_mag: band.numberOrNull("depth_mag"), seeing_arcsec: band.numberOrNull("seeing_arcsec"), epochs: band.numberOrNull("epochs") };
    }),
    files: of.list("files", (each) => {
      const file = fields(each, "file");
      return { kind: file.text("kind"), title: file.text("title"), band: file.text("band"), name: file.text("name"), size_bytes: file.number("size_bytes"), path: file.text("path") };
    }),
  };
}

export function kindsFromJson(json: unknown): { kind: string; title: string }[] {
  return fields(json, "densities").list("kinds", (each) => {
    const of = fields(each, "density");
    return { kind: of.text("kind"), title: of.text("title") };
  });
}

export function tilesFromJson(json: unknown): string[] {
  return fields(json, "tiles").list("tiles", text);
}

export function mocFromJson(json: unknown): { content: string; area_deg2: number } {
  const of = fields(json, "moc");
  return { content: of.text("content_base64"), area_deg2: of.number("area_deg2") };
}

export function densityFromArrow(buffer: Uint8Array): Density {
  const arrow = tableFromIPC(aligned(buffer));
  const meta = fields(metaOf(arrow.schema.metadata), "density");
  return {
    title: meta.text("title"),
    unit: meta.text("unit"),
    nside: meta.number("nside"),
    pixels: Float64Array.from(arrow.getChild("pixel"), Number),
    values: Float64Array.from(arrow.getChild("value"), Number),
  };
}

/** Positions as the service has read them, or as a query gave them: RA and DEC, null where a row has none. Null where it has no such columns. */
export function positionsFromArrow(buffer: Uint8Array): { ra: Float64Array; dec: Float64Array; without: number } | null {
  const arrow = tableFromIPC(aligned(buffer));
  const [ra, dec] = ["RA", "DEC"].map((wanted) => {
    const name = arrow.schema.fields.find((field) => field.name.toUpperCase() === wanted)?.name;
    return name === undefined ? null : Array.from(arrow.getChild(name), numberOrNull);
  });
  if (!ra || !dec) return null;
  const known = ra.flatMap((value, n) => (value !== null && dec[n] !== null && Math.abs(dec[n] ?? 91) <= 90 ? [n] : []));
  return { ra: Float64Array.from(known, (n) => ra[n]!), dec: Float64Array.from(known, (n) => dec[n]!), without: ra.length - known.length };
}

function numberOrNull(value: unknown): number | null {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** What a check has found: how many each release covers, and its columns by their names. */
export interface Check {
  inside: Record<string, number>;
  inRegion: number | null;
  columns: Record<string, unknown[]>;
}

export function checkFromArrow(buffer: Uint8Array): Check {
  const arrow = tableFromIPC(aligned(buffer));
  const of = fields(metaOf(arrow.schema.metadata), "check");
  const inside = Object.fromEntries(Object.entries(of.object("inside")).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  return { inside, inRegion: of.numberOrNull("in_region"), columns: Object.fromEntries(arrow.schema.fields.map(({ name }) => [name, Array.from(arrow.getChild(name))])) };
}

function metaOf(metadata: Map<string, string> | null | undefined): unknown {
  return JSON.parse(metadata?.get("skydesk") ?? "null");
}

/** Arrow's vectors need their natural alignment, which a buffer inside a message may not have. */
function aligned(buffer: Uint8Array): Uint8Array {
  return buffer.byteOffset % 8 === 0 ? buffer : buffer.slice();
}

function list(json: unknown): unknown[] {
  if (!Array.isArray(json)) throw new ShapeError("expected an array");
  return json;
}

function numbers(json: unknown): number[] {
  return list(json).map((each) => {
    if (typeof each !== "number") throw new ShapeError("expected a number");
    return each;
  });
}

function pair(json: unknown): [number, number] {
  const [ra, dec] = numbers(json);
  if (ra === undefined || dec === undefined) throw new ShapeError("expected a position");
  return [ra, dec];
}

/** A region as the routes read it; null for what is none. */
export type Region =
  | { circle: { ra_deg: number; dec_deg: number; radius_arcmin: number } }
  | { box: { west_ra_deg: number; east_ra_deg: number; south_dec_deg: number; north_dec_deg: number } }
  | { polygon: [number, number][] };

export function regionFromJson(json: unknown): Region | null {
  if (!isRecord(json) || Object.keys(json).length !== 1) return null;
  const of = fields(json, "region");
  if (json["circle"] !== undefined) {
    const circle = fields(of.object("circle"), "circle");
    return { circle: { ra_deg: circle.number("ra_deg"), dec_deg: circle.number("dec_deg"), radius_arcmin: circle.number("radius_arcmin") } };
  }
  if (json["box"] !== undefined) {
    const box = fields(of.object("box"), "box");
    return {
      box: { west_ra_deg: box.number("west_ra_deg"), east_ra_deg: box.number("east_ra_deg"), south_dec_deg: box.number("south_dec_deg"), north_dec_deg: box.number("north_dec_deg") },
    };
  }
  return json["polygon"] === undefined ? null : { polygon: of.list("polygon", pair) };
}
