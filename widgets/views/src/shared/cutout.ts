/** Cutouts: the form, drafts of positions, estimates, and what became of each row. The guards of `cutout`. */

import { fields, isRecord, text, type JsonRecord } from "./json";

export const PRODUCTS = ["fits", "lupton", "stiff", "chart"] as const;
export type Product = (typeof PRODUCTS)[number];

export const OUTCOMES = ["done", "partly", "outside", "failed", "duplicate"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Release {
  name: string;
  title: string;
  isDefault: boolean;
}

export interface CutoutLimits {
  max_positions: number | null;
  max_result_bytes: number | null;
  max_seconds: number | null;
  quick_positions: number | null;
  smallest_arcmin: number;
  largest_arcmin: number;
}

export interface FormFacts {
  releases: Release[];
  bands: string[];
  planes: string[];
  columns: { name: string; description: string }[];
  limits: CutoutLimits;
  /** The options that hold where nothing is chosen. */
  defaults: JsonRecord;
  chartAllowed: boolean;
  examples: { title: string; text: string }[];
}

/** What is wrong, and where: rows are counted from 1; null is the form itself. */
export interface RowFault {
  row: number | null;
  field: string;
  message: string;
}

/** A table of positions as the service has read it. */
export interface Draft {
  id: string;
  rows: number;
  columns: string[];
  preview: string[][];
  faults: RowFault[];
  fault_count: number;
  tiles: { tile: string; rows: number }[];
  tile_count: number;
  outside: number;
  near_edge: number;
  duplicates: number;
  unknown_ids: number;
  /** What will become of rows that are right but not cut, and what was done about columns. */
  notes: RowFault[];
  /** The release whose tiles these are; null where the service does not tell. */
  release: string | null;
  /** How many rows override the form, by column; null where the service does not tell. */
  overrides: Readonly<Record<string, number>> | null;
}

export interface Estimate {
  rows: number;
  files: number;
  size_bytes: number;
  seconds: number;
}

export interface EstimateAnswer {
  estimate: Estimate | null;
  faults: RowFault[];
  /** Why these cannot be cut by this user; null where they can. */
  refusal: string | null;
}

/** One position of a job, and what came of it. */
export interface GalleryRow {
  /** Row of the table of positions, from 0. */
  row: number;
  outcome: Outcome;
  message: string;
  tile: string;
  name: string;
  ra_deg: number | null;
  dec_deg: number | null;
  object_id: string | null;
  folder: string;
  files: string[];
  size_bytes: number;
  x_size_arcmin: number | null;
  y_size_arcmin: number | null;
}

export interface GalleryPage {
  rows: GalleryRow[];
  next: number;
  total: number | null;
  ended: boolean;
  phase: string;
}

/** What is known of one row beyond its images. */
export interface RowDetails {
  magnitudes: { name: string; value: number | null }[];
  facts: { name: string; value: string }[];
  /** Why the catalogue could not be asked; null where it could. */
  problem: string | null;
  cells: { name: string; value: string }[];
}

export function formFromJson(json: unknown): FormFacts {
  const of = fields(json, "form");
  const limits = fields(of.object("limits"), "form.limits");
  return {
    releases: of.list("releases", releaseFromJson),
    bands: of.list("bands", text),
    planes: of.list("planes", text),
    columns: of.list("columns", (member) => {
      const column = fields(member, "column");
      return { name: column.text("name"), description: column.textOrNull("description") ?? "" };
    }),
    limits: {
      max_positions: limits.numberOrNull("max_positions"),
      max_result_bytes: limits.numberOrNull("max_result_bytes"),
      max_seconds: limits.numberOrNull("max_seconds"),
      quick_positions: limits.numberOrNull("quick_positions"),
      smallest_arcmin: limits.number("smallest_arcmin"),
      largest_arcmin: limits.number("largest_arcmin"),
    },
    defaults: of.object("defaults"),
    chartAllowed: of.flag("chart_allowed"),
    examples: of.list("examples", (member) => {
      const example = fields(member, "example");
      return { title: example.text("title"), text: example.text("text") };
    }),
  };
}

export function faultFromJson(json: unknown): RowFault {
  const of = fields(json, "fault");
  return { row: of.numberOrNull("row"), field: of.textOrNull("field") ?? "", message: of.text("message") };
}

/** The faults that the detail of an `invalid_request` lists; none where it lists none. */
export function faultsFromDetail(detail: Readonly<Record<string, unknown>>): RowFault[] {
  return Array.isArray(detail["faults"]) ? detail["faults"].map(faultFromJson) : [];
}

export function draftFromJson(json: unknown): Draft {
  const of = fields(json, "positions");
  return {
    id: of.text("id"),
    rows: of.number("rows"),
    columns: of.list("columns", text),
    preview: of.list("preview", cellsFromJson),
    faults: of.list("faults", faultFromJson),
    fault_count: of.number("fault_count"),
    tiles: of.list("tiles", (member) => {
      const tile = fields(member, "tile");
      return { tile: tile.text("tile"), rows: tile.number("rows") };
    }),
    tile_count: of.number("tile_count"),
    outside: of.number("outside"),
    near_edge: of.number("near_edge"),
    duplicates: of.number("duplicates"),
    unknown_ids: of.numberOrNull("unknown_ids") ?? 0,
    notes: of.orNull("notes", notesFromJson) ?? [],
    release: of.textOrNull("release"),
    overrides: of.orNull("overrides", countsFromJson),
  };
}

export function draftRowsFromJson(json: unknown): { first: number; rows: string[][]; faults: RowFault[] } {
  const of = fields(json, "rows");
  return { first: of.number("first"), rows: of.list("rows", cellsFromJson), faults: of.list("faults", faultFromJson) };
}

export function estimateFromJson(json: unknown): EstimateAnswer {
  const of = fields(json, "estimate");
  return {
    estimate: of.orNull("estimate", (member) => {
      const estimate = fields(member, "estimate");
      return { rows: estimate.number("rows"), files: estimate.number("files"), size_bytes: estimate.number("size_bytes"), seconds: estimate.number("seconds") };
    }),
    faults: of.list("faults", faultFromJson),
    refusal: of.textOrNull("refusal"),
  };
}

export function galleryPageFromJson(json: unknown): GalleryPage {
  const of = fields(json, "rows");
  return {
    rows: of.list("rows", galleryRowFromJson),
    next: of.number("next"),
    total: of.numberOrNull("total"),
    ended: of.flag("ended"),
    phase: of.textOrNull("phase") ?? "",
  };
}

/** A row travels as an array: ten thousand of them with their names would be twice as long. */
export function galleryRowFromJson(json: unknown): GalleryRow {
  if (!Array.isArray(json)) throw new TypeError("row: expected an array");
  const [row, outcome, message, tile, name, ra, dec, id, folder, files, size, width, height] = json as unknown[];
  return {
    row: Number(row),
    outcome: OUTCOMES.find((known) => known === outcome) ?? "failed",
    message: wordOf(message),
    tile: wordOf(tile),
    name: wordOf(name),
    ra_deg: numberOf(ra),
    dec_deg: numberOf(dec),
    object_id: id === null || id === undefined ? null : String(id),
    folder: wordOf(folder),
    files: Array.isArray(files) ? files.map(String) : [],
    size_bytes: numberOf(size) ?? 0,
    x_size_arcmin: numberOf(width),
    y_size_arcmin: numberOf(height),
  };
}

function releaseFromJson(json: unknown): Release {
  const of = fields(json, "release");
  return { name: of.text("name"), title: of.textOrNull("title") ?? of.text("name"), isDefault: of.raw("default") === true };
}

function cellsFromJson(json: unknown): string[] {
  if (!Array.isArray(json)) throw new TypeError("row: expected an array of cells");
  return json.map((cell: unknown) => (cell === null || cell === undefined ? "" : String(cell)));
}

function notesFromJson(json: unknown): RowFault[] {
  return Array.isArray(json) ? json.map(faultFromJson) : [];
}

function countsFromJson(json: unknown): Record<string, number> {
  const counts = isRecord(json) ? json : {};
  return Object.fromEntries(Object.entries(counts).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
