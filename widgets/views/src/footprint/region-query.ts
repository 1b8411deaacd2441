/** A statement restricted to what is chosen on the sky: a region, a coverage map, or tiles. */

import { counted } from "../shared/format";
import { apiPath, type Transport } from "../shared/model";
import { conditionFromJson, type Region } from "./data";
import type { BroughtMap } from "./maps";
import { fields } from "../shared/json";

export interface Chosen {
  region: Region | null;
  map: BroughtMap | null;
  tiles: readonly string[];
}

/** Tiles that a statement names one by one. */
const MOST_NAMED = 300;
const TILES_ORDER = 12;

/** What a statement would be restricted to, in words; null for nothing. */
export function chosenWords({ region, map, tiles }: Chosen): string | null {
  if (region) return "circle" in region ? "this circle" : "box" in region ? "this box" : "this polygon";
  if (map) return "this map";
  return tiles.length > 0 ? counted(tiles.length, "tile") : null;
}

/** Write the statement, and say what it stands on. */
export async function regionQuery(transport: Transport, release: string, chosen: Chosen): Promise<{ sql: string; words: string }> {
  const { condition, words } = await conditionOf(transport, release, chosen);
  return { sql: `SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G, MAG_AUTO_R, MAG_AUTO_I\nFROM ${release}_MAIN\nWHERE ${condition}`, words };
}

async function conditionOf(transport: Transport, release: string, { region, map, tiles }: Chosen): Promise<{ condition: string; words: string }> {
  if (!region && !map && tiles.length <= MOST_NAMED) {
    const names = tiles.map((name) => `'${name}'`).join(", ");
    return { condition: tiles.length === 1 ? `TILENAME = ${names}` : `TILENAME IN (${names})`, words: `by the names of ${counted(tiles.length, "tile")}` };
  }
  const given = region ?? { moc_base64: map ? map.content : await mapOfTiles(transport, release, tiles) };
  const { sql, exact, ranges } = conditionFromJson(await transport.json("POST", apiPath("footprint", "condition"), { table: `${release}_MAIN`, region: given }));
  const how = ranges > 0 ? `by ${counted(ranges, "range")} of HEALPix pixels` : "by position";
  return { condition: sql, words: exact ? how : `${how}; pixels at the rim are taken whole` };
}

async function mapOfTiles(transport: Transport, release: string, tiles: readonly string[]): Promise<string> {
  return fields(await transport.json("POST", "footprint/moc", { release, tiles, order: TILES_ORDER }), "moc").text("content_base64");
}
