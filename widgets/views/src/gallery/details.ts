/** What the service knows of one row beyond its images: the catalogue's object and the cells of the table of positions. */

import type { RowDetails } from "../shared/cutout";
import { fields, isRecord } from "../shared/json";

const ORDER = "grizY";

export function detailsFromJson(json: unknown): RowDetails {
  const of = fields(json, "row");
  const object = isRecord(of.raw("object")) ? of.object("object") : {};
  const magnitudes = isRecord(object["magnitudes"]) ? object["magnitudes"] : {};
  const facts = Object.entries(object).filter(([name, value]) => name !== "magnitudes" && value !== null && typeof value !== "object");
  return {
    magnitudes: Object.entries(magnitudes)
      .map(([name, value]) => ({ name, value: typeof value === "number" && Number.isFinite(value) ? value : null }))
      .sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name)),
    facts: facts.map(([name, value]) => ({ name, value: String(value) })),
    cells: cellsOf(of.raw("cells") ?? of.raw("position")),
  };
}

/** Cells as an object or as pairs; empty ones are left out. */
function cellsOf(value: unknown): { name: string; value: string }[] {
  const pairs: [unknown, unknown][] = isRecord(value) ? Object.entries(value) : Array.isArray(value) ? value.filter(Array.isArray).map((pair) => [pair[0], pair[1]]) : [];
  return pairs.filter(([, cell]) => cell !== null && cell !== "").map(([name, cell]) => ({ name: String(name), value: String(cell) }));
}
