/** What the Footprint panel holds and does: where it looks, what it shows, what was found and what is chosen. */

import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, isApiError, type HostActions, type PanelModel, type Transport } from "../shared/model";
import {
  countsFromArrow,
  densityFromArrow,
  kindsFromJson,
  layerFromJson,
  mocFromJson,
  placeFromJson,
  regionFromJson,
  releasesFromJson,
  tileFromJson,
  tilesFromJson,
  type Density,
  type Layer,
  type Place as Found,
  type Region,
  type Release,
  type Tile,
} from "./data";
import { packed, readPositions, type OwnPositions } from "./positions";
import { PROJECTIONS, type Look, type ProjectionName } from "./projection";
import type { Scene, Switches } from "./scene";
import { halfTurn, separation, turn } from "./sphere";
import { centreOf, nameOf, placeAt, TileLayer, type Place } from "./tiles";

export type Answer = { kind: "found" | "outside" | "failed"; text: string; nearest: string | null };

const MOST_SELECTED = 2000;
/** Order of coverage maps, and that of the maps of a few tiles, whose edges count for more. */
const USUAL_ORDER = 11;
const FINE_ORDER = 14;
const FEW_TILES = 50;
const FIRST_SWITCHES: Switches = { grid: true, labels: true, galactic: true, ecliptic: false, outline: true, landmarks: true };

interface Shown {
  facts: Layer;
  tiles: TileLayer;
}

export class FootprintState {
  readonly releases: Loadable<Release[]>;
  readonly shownReleases: Signal<readonly string[]> = signal([]);
  readonly layers: Signal<ReadonlyMap<string, Shown>> = signal(new Map());
  readonly layerProblem: Signal<string | null> = signal(null);
  readonly look: Signal<Look> = signal({ projection: "orthographic", ra: 30, dec: -30, zoom: 1 });
  readonly switches: Signal<Switches> = signal(FIRST_SWITCHES);
  readonly selected: Signal<readonly Place[]> = signal([]);
  readonly tile: Signal<Loadable<Tile> | null> = signal(null);
  readonly searched: Signal<Answer | null> = signal(null);
  readonly searching = signal(false);
  readonly mark: Signal<Scene["mark"]> = signal(null);
  readonly region: Signal<Region | null> = signal(null);
  readonly regionProblem: Signal<string | null> = signal(null);
  readonly kinds: Signal<readonly { kind: string; title: string }[]> = signal([]);
  readonly densityKind = signal("");
  readonly density: Signal<Density | null> = signal(null);
  readonly densityProblem: Signal<string | null> = signal(null);
  readonly densityBusy = signal(false);
  readonly positionsText = signal("");
  readonly positions: Signal<OwnPositions | null> = signal(null);
  readonly positionsWords = signal("");
  readonly notice: Signal<string | null> = signal(null);
  readonly expanded = signal(false);
  readonly scene: ReadonlySignal<Scene>;
  readonly names: ReadonlySignal<readonly string[]>;

  private readonly stops: (() => void)[] = [];
  private turnOfDensity = 0;
  private turnOfPositions = 0;

  constructor(
    private readonly model: PanelModel,
    private readonly transport: Transport,
  ) {
    this.releases = new Loadable(async () => releasesFromJson(await transport.json("GET", "footprint/releases")));
    this.names = computed(() => {
      const grid = this.grid;
      return grid ? this.selected.value.map((place) => nameOf(grid, place)) : [];
    });
    this.scene = computed(() => this.sceneNow());
    this.follow("expanded", (value) => (this.expanded.value = value === true));
  }

  /** Get the releases, and show the first of them. */
  async load(): Promise<void> {
    await this.releases.reload();
    const releases = this.releases.value ?? [];
    const first = releases.find((each) => each.default) ?? releases[0];
    if (!first || this.releases.status.value.state === "failed") return;
    await this.show(first.release);
    this.lookAtSurvey();
    void this.loadKinds(first.release);
    this.follow("positions_text", (value) => typeof value === "string" && value !== this.positionsText.peek() && this.setPositions(value));
    this.follow("region", (value) => this.takeRegion(value));
    this.follow("selected_tile", (value) => this.takeTile(value));
  }

  close(): void {
    this.stops.forEach((stop) => stop());
  }

  get grid(): Layer["grid"] | null {
    return [...this.layers.value.values()][0]?.facts.grid ?? null;
  }

  /** The release that searches and areas are about: the first that is shown. */
  get release(): string | null {
    return this.shownReleases.value[0] ?? this.defaultRelease;
  }

  get defaultRelease(): string | null {
    const releases = this.releases.value ?? [];
    return (releases.find((each) => each.default) ?? releases[0])?.release ?? null;
  }

  canHost(action: keyof HostActions): boolean {
    return this.transport.canHost(action);
  }

  expand(): void {
    this.transport.host("expand", { panel: "footprint" });
  }

  // --- layers ---

  async show(release: string): Promise<void> {
    this.layerProblem.value = null;
    try {
      if (!this.layers.peek().has(release)) {
        const facts = layerFromJson(await this.transport.json("GET", apiPath("footprint", "layers", release)));
        this.layers.value = new Map(this.layers.peek()).set(release, { facts, tiles: new TileLayer(facts.grid, facts.runs) });
      }
      if (!this.shownReleases.peek().includes(release)) this.shownReleases.value = [...this.shownReleases.peek(), release];
    } catch (error) {
      this.layerProblem.value = `${release}: ${errorMessage(error)}`;
    }
  }

  hide(release: string): void {
    this.shownReleases.value = this.shownReleases.value.filter((each) => each !== release);
  }

  toggle(name: keyof Switches): void {
    this.switches.value = { ...this.switches.value, [name]: !this.switches.value[name] };
  }

  async loadKinds(release: string): Promise<void> {
    try {
      this.kinds.value = kindsFromJson(await this.transport.json("GET", apiPath("footprint", "densities", release)));
    } catch (error) {
      this.densityProblem.value = errorMessage(error);
    }
  }

  async showDensity(kind: string): Promise<void> {
    const mine = ++this.turnOfDensity;
    this.densityKind.value = kind;
    this.density.value = null;
    this.densityProblem.value = null;
    this.densityBusy.value = false;
    if (!kind || !this.defaultRelease) return;
    this.densityBusy.value = true;
    try {
      const path = `${apiPath("footprint", "density", this.defaultRelease)}?kind=${encodeURIComponent(kind)}`;
      const { buffer } = await this.transport.request("GET", path);
      if (mine === this.turnOfDensity && buffer) this.density.value = densityFromArrow(buffer);
    } catch (error) {
      if (mine === this.turnOfDensity) this.densityProblem.value = errorMessage(error);
    }
    if (mine === this.turnOfDensity) this.densityBusy.value = false;
  }

  // --- where it looks ---

  project(projection: ProjectionName): void {
    if (projection in PROJECTIONS) this.look.value = { ...this.look.value, projection };
  }

  lookAt(ra: number, dec: number, zoom: number = this.look.peek().zoom): void {
    this.look.value = { ...this.look.peek(), ra: turn(ra), dec, zoom };
  }

  /** The whole sky, the survey in the middle. */
  lookAtSurvey(): void {
    const middle = this.middle();
    if (middle) this.lookAt(middle.ra, middle.dec, 1);
  }

  /** As near as the whole survey, or what is chosen of it, allows. */
  fit(): void {
    const middle = this.middle();
    if (middle) this.lookAt(middle.ra, middle.dec, Math.max(1, Math.min(400, 42 / Math.max(0.05, middle.reach))));
  }

  private middle(): { ra: number; dec: number; reach: number } | null {
    const grid = this.grid;
    if (!grid) return null;
    const chosen = this.selected.peek();
    const runs = [...this.layers.peek().values()].flatMap((layer) => layer.facts.runs);
    const places = chosen.length > 0 ? chosen : runs.flatMap(([row = 0, ...pairs]) => pairs.flatMap((column, n) => (n % 2 ? [] : [{ row, column }, { row, column: column + (pairs[n + 1] ?? 1) - 1 }])));
    const centres = places.map((place) => centreOf(grid, place));
    if (centres.length === 0) return null;
    const sum = centres.reduce((total, { ra, dec }) => [total[0] + Math.cos((ra * Math.PI) / 180), total[1] + Math.sin((ra * Math.PI) / 180), total[2] + dec] as const, [0, 0, 0] as readonly [number, number, number]);
    const [ra, dec] = [turn((Math.atan2(sum[1], sum[0]) * 180) / Math.PI), sum[2] / centres.length];
    return { ra, dec, reach: Math.max(...centres.map((each) => separation(ra, dec, each.ra, each.dec))) + 0.5 };
  }

  // --- search ---

  async search(text: string): Promise<void> {
    if (!text.trim() || this.searching.value) return;
    this.searching.value = true;
    this.mark.value = null;
    try {
      const release = this.release ? `&release=${encodeURIComponent(this.release)}` : "";
      this.found(placeFromJson(await this.transport.json("GET", `footprint/search?text=${encodeURIComponent(text.trim())}${release}`)));
    } catch (error) {
      const unknown = isApiError(error, "not_found");
      this.searched.value = { kind: "failed", text: unknown ? sentence(errorMessage(error)) : errorMessage(error), nearest: null };
    }
    this.searching.value = false;
  }

  private found(place: Found): void {
    const { ra_deg: ra, dec_deg: dec, label } = place;
    this.mark.value = { ra, dec, label };
    this.lookAt(ra, dec, Math.max(this.look.peek().zoom, place.tile ? 40 : 1));
    if (place.tile) {
      this.searched.value = { kind: "found", text: place.kind === "tile" ? `${place.tile} is here` : `${label} is on ${place.tile}`, nearest: null };
      this.selectNamed(ra, dec, place.tile);
    } else {
      const how = place.nearest_tile && place.distance_deg !== null ? `; the nearest tile, ${place.nearest_tile}, is ${distanceWords(place.distance_deg)} away` : "";
      this.searched.value = { kind: "outside", text: `${label} is outside the survey${how}`, nearest: place.nearest_tile };
    }
  }

  // --- selection ---

  /** Choose the tile at a position; `more` adds it, or takes it away again. */
  selectAt(ra: number, dec: number, more: boolean): void {
    const place = this.tileAt(ra, dec);
    if (!place) {
      if (!more) this.clearSelection();
      return;
    }
    const same = (each: Place): boolean => each.row === place.row && each.column === place.column;
    const chosen = this.selected.peek();
    if (!more) this.select([place]);
    else this.select(chosen.some(same) ? chosen.filter((each) => !same(each)) : [...chosen, place]);
  }

  /** The tile of the shown releases at a position. */
  tileAt(ra: number, dec: number): Place | null {
    const grid = this.grid;
    const place = grid && placeAt(grid, ra, dec);
    return place && this.shownReleases.peek().some((release) => this.layers.peek().get(release)?.tiles.has(place)) ? place : null;
  }

  clearSelection(): void {
    this.select([]);
    this.setRegion(null);
  }

  private selectNamed(ra: number, dec: number, name: string): void {
    const grid = this.grid;
    const place = grid && placeAt(grid, ra, dec);
    if (place && nameOf(grid, place) === name) this.select([place]);
  }

  private select(places: readonly Place[]): void {
    this.selected.value = places.slice(0, MOST_SELECTED);
    const last = this.names.value.at(-1) ?? "";
    if (this.model.get("selected_tile") !== last) {
      this.model.set("selected_tile", last);
      this.model.save_changes();
    }
    if (last === "") this.tile.value = null;
    else if (this.tile.peek()?.value?.name !== last) {
      const loadable = new Loadable(async () => tileFromJson(await this.transport.json("GET", apiPath("footprint", "tiles", last))));
      this.tile.value = loadable;
      void loadable.reload();
    }
  }

  private takeTile(value: unknown): void {
    if (typeof value !== "string" || value === "" || value === this.names.peek().at(-1)) return;
    void this.search(value);
  }

  // --- region ---

  /** Choose every tile that a circle reaches. */
  async chooseCircle(ra: number, dec: number, radiusDeg: number): Promise<void> {
    this.setRegion({ circle: { ra_deg: round(ra, 6), dec_deg: round(dec, 6), radius_arcmin: round(radiusDeg * 60, 3) } });
    await this.chooseRegion();
  }

  private setRegion(region: Region | null): void {
    this.region.value = region;
    this.regionProblem.value = null;
    this.model.set("region", region ?? {});
    this.model.save_changes();
  }

  private takeRegion(value: unknown): void {
    try {
      const region = regionFromJson(value);
      if (JSON.stringify(region) === JSON.stringify(this.region.peek())) return;
      this.region.value = region;
      if (region) void this.chooseRegion();
    } catch (error) {
      this.regionProblem.value = errorMessage(error);
    }
  }

  private async chooseRegion(): Promise<void> {
    const [region, grid] = [this.region.peek(), this.grid];
    if (!region || !grid) return;
    try {
      const names = new Set(tilesFromJson(await this.transport.json("POST", "footprint/tiles", { release: this.release, region })));
      if (region !== this.region.peek()) return;
      const places = this.placesNamed(names);
      this.select(places);
      this.regionProblem.value = names.size === 0 ? "no tile of the survey is in this region" : names.size > MOST_SELECTED ? `the region reaches ${names.size} tiles; the first ${MOST_SELECTED} are chosen` : null;
    } catch (error) {
      this.regionProblem.value = errorMessage(error);
    }
  }

  private placesNamed(names: ReadonlySet<string>): Place[] {
    const layer = this.layers.peek().get(this.release ?? "");
    if (!layer) return [];
    const { grid, runs } = layer.facts;
    const all = runs.flatMap(([row = 0, ...pairs]) => pairs.flatMap((column, n) => (n % 2 ? [] : Array.from({ length: pairs[n + 1] ?? 0 }, (_, k) => ({ row, column: column + k })))));
    return all.filter((place) => names.has(nameOf(grid, place)));
  }

  // --- the person's own positions ---

  setPositions(text: string): void {
    this.positionsText.value = text;
    this.positions.value = text.trim() ? readPositions(text) : null;
    this.positionsWords.value = "";
    if (this.model.get("positions_text") !== text) {
      this.model.set("positions_text", text);
      this.model.save_changes();
    }
  }

  /** Count which of them the releases cover. */
  async checkPositions(): Promise<void> {
    const [positions, mine] = [this.positions.peek(), ++this.turnOfPositions];
    if (!positions || positions.ra.length === 0) return;
    try {
      const { buffer } = await this.transport.request("POST", "footprint/check", packed(positions));
      if (mine !== this.turnOfPositions || positions !== this.positions.peek() || !buffer) return;
      const counts = Object.entries(countsFromArrow(buffer)).map(([release, inside]) => `${inside} in ${release}`);
      this.positionsWords.value = `of ${positions.ra.length}: ${counts.join(", ")}`;
    } catch (error) {
      if (mine === this.turnOfPositions) this.positionsWords.value = errorMessage(error);
    }
  }

  fitPositions(): void {
    const positions = this.positions.peek();
    if (positions && positions.ra.length > 0) this.lookAt(positions.ra[0]!, positions.dec[0]!);
  }

  // --- what is done with tiles ---

  download(path: string): void {
    this.transport.host("download", { path });
  }

  query(tile: Tile): void {
    const release = tile.releases.at(-1)?.release ?? this.release ?? "";
    this.transport.host("edit-query", { sql: `SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G, MAG_AUTO_R, MAG_AUTO_I\nFROM ${release}_MAIN\nWHERE TILENAME = '${tile.name}'` });
  }

  cut(tile: Tile): void {
    const mark = this.mark.peek();
    const place = mark && this.tileAt(mark.ra, mark.dec);
    const here = mark && place && place.row === tile.row && place.column === tile.column ? mark : { ra: tile.ra_deg, dec: tile.dec_deg };
    const words = here === mark ? `${mark.label} on ${tile.name}` : `the centre of ${tile.name}`;
    const buffer = tableToIPC(tableFromArrays({ RA: Float64Array.of(here.ra), DEC: Float64Array.of(here.dec) }), { format: "stream" });
    if (buffer) this.transport.host("cut-result", { buffer, source: words });
  }

  openNotebook(tile: Tile, release: string, name: string): void {
    const text = JSON.stringify;
    const source = [
      "import skydesk\n",
      "from astropy.io import fits\n",
      "\n",
      `tile = skydesk.connect().footprint(${text(release)}).tile(${text(tile.name)})\n`,
      `(file,) = (file for file in tile.files(${text(release)}) if file["name"] == ${text(name)})\n`,
      'hdus = fits.open(tile.download(".", file))\n',
      "hdus.info()",
    ];
    const content = { cells: [{ cell_type: "code", id: "tile", metadata: {}, execution_count: null, outputs: [], source }], metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } }, nbformat: 4, nbformat_minor: 5 };
    this.transport.host("open-notebook", { file_name: `${tile.name}.ipynb`, content });
  }

  /** A coverage map of the chosen tiles, or of the release where none is, saved by the browser. */
  async saveMoc(format: "fits" | "json" | "ascii"): Promise<void> {
    const names = this.names.peek();
    try {
      const order = names.length > 0 && names.length <= FEW_TILES ? FINE_ORDER : USUAL_ORDER;
      const body = { release: this.release, order, format, ...(names.length > 0 ? { tiles: names } : {}) };
      const moc = mocFromJson(await this.transport.json("POST", "footprint/moc", body));
      const bytes = Uint8Array.from(atob(moc.content), (letter) => letter.charCodeAt(0));
      const stem = names.length === 1 ? names[0] : names.length > 1 ? `${names.length}_tiles` : this.release;
      save(bytes, `${stem}_moc.${format === "ascii" ? "txt" : format}`);
      this.notice.value = `the map covers ${moc.area_deg2.toFixed(3)} deg²`;
    } catch (error) {
      this.notice.value = errorMessage(error);
    }
  }

  private sceneNow(): Scene {
    const releases = this.releases.value ?? [];
    const layers = this.shownReleases.value.flatMap((release) => {
      const layer = this.layers.value.get(release);
      return layer ? [{ tiles: layer.tiles, colour: Math.max(0, releases.length - 1 - releases.findIndex((each) => each.release === release)) }] : [];
    });
    const outline = [...this.layers.value.values()][0]?.facts.outline ?? [];
    return {
      switches: this.switches.value,
      layers,
      outline,
      grid: this.grid,
      selected: this.selected.value,
      density: this.density.value,
      positions: this.positions.value,
      region: this.region.value,
      mark: this.mark.value,
    };
  }

  private follow(name: string, take: (value: unknown) => void): void {
    const changed = (): void => take(this.model.get(name));
    this.model.on(`change:${name}`, changed);
    changed();
    this.stops.push(() => this.model.off(`change:${name}`, changed));
  }
}

/** A distance on the sky: `70.8°`, `12.3′`. */
export function distanceWords(degrees: number): string {
  return degrees < 1 ? `${(degrees * 60).toFixed(1)}′` : `${degrees.toFixed(degrees < 10 ? 2 : 1)}°`;
}

/** The shorter way round from one look to another. */
export function between(from: Look, to: Look, part: number): Look {
  const zoom = Math.exp(Math.log(from.zoom) + (Math.log(to.zoom) - Math.log(from.zoom)) * part);
  return { ...to, ra: turn(from.ra + halfTurn(to.ra - from.ra) * part), dec: from.dec + (to.dec - from.dec) * part, zoom };
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function save(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.hidden = true;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
