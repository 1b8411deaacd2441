/** What the service knows of one row beyond its images: the catalogue's object, and the cells of the table of positions. */

import type { RowDetails } from "../shared/cutout";
import { count, counted } from "../shared/format";
import { fields, isRecord } from "../shared/json";

const BANDS = "ugrizY";
const NAMES: Readonly<Record<string, string>> = { object_id: "Object", ra_deg: "RA", dec_deg: "Dec" };

export function detailsFromJson(json: unknown): RowDetails {
  const of = fields(json, "row");
  const object = isRecord(of.raw("object")) ? of.object("object") : null;
  const magnitudes = object && isRecord(object["magnitudes"]) ? object["magnitudes"] : {};
  return {
    magnitudes: Object.entries(magnitudes)
      .map(([name, value]) => ({ name, value: typeof value === "number" && Number.isFinite(value) ? value : null }))
      .sort((a, b) => BANDS.indexOf(a.name) - BANDS.indexOf(b.name)),
    facts: [...(object ? factsOf(object) : []), ...pixelsOf(of.numberOrNull("blank_pixels") ?? 0, of.raw("stitched"))],
    problem: of.textOrNull("object_problem"),
    cells: cellsOf(of.raw("cells")),
  };
}

function factsOf(object: Record<string, unknown>): RowDetails["facts"] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (name === "magnitudes" || value === null || typeof value === "object") return [];
    const degrees = name.endsWith("_deg") && typeof value === "number";
    return [{ name: NAMES[name] ?? name, value: degrees ? `${value.toFixed(6)}°` : String(value) }];
  });
}

/** Pixels of one plane that are blank, or come from neighbouring tiles. */
function pixelsOf(blank: number, stitched: unknown): RowDetails["facts"] {
  const from = isRecord(stitched) ? Object.entries(stitched).filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] > 0) : [];
  return [
    ...from.map(([tile, pixels]) => ({ name: "Stitched", value: `${counted(pixels, "pixel")} of ${tile}` })),
    ...(blank > 0 ? [{ name: "Blank", value: `${count(blank)} ${blank === 1 ? "pixel" : "pixels"} that no tile covers` }] : []),
  ];
}

/** Cells as pairs of name and value, or as an object; empty ones are left out. */
function cellsOf(value: unknown): RowDetails["cells"] {
  const pairs: [unknown, unknown][] = isRecord(value) ? Object.entries(value) : Array.isArray(value) ? value.filter(Array.isArray).map((pair) => [pair[0], pair[1]]) : [];
  return pairs.filter(([, cell]) => cell !== null && cell !== "").map(([name, cell]) => ({ name: String(name), value: String(cell) }));
}
