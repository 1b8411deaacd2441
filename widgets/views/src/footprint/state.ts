/** What the Footprint panel holds and does: where it looks, what it shows, what was found and what is chosen. */

import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, isApiError, type HostActions, type PanelModel, type Transport } from "../shared/model";
import { toBase64 } from "../shared/bytes";
import { size } from "../shared/format";
import { isRecord } from "../shared/json";
import {
  checkFromArrow,
  choiceFromJson,
  densityFromArrow,
  kindsFromJson,
  layerFromJson,
  mocFromJson,
  placeFromJson,
  positionsFromArrow,
  regionFromJson,
  releasesFromJson,
  tileFromJson,
  tilesFromJson,
  type Check,
  type Density,
  type Layer,
  type Place as Found,
  type Region,
  type Release,
  type Tile,
} from "./data";
import { GatherState } from "./gather";
import { MapState } from "./maps";
import { PictureState } from "./picture";
import { checkedCsv, ownPositions, packed, readPositions, type OwnPositions } from "./positions";
import { chosenWords, regionQuery, type Chosen } from "./region-query";
import { saveBytes } from "./save";
import { PROJECTIONS, type Look, type ProjectionName } from "./projection";
import type { Scene, Switches } from "./scene";
import { halfTurn, positionOf, separation, turn, vectorOf } from "./sphere";
import { centreOf, nameOf, placeAt, TileLayer, type Place } from "./tiles";

export type Answer = { kind: "found" | "outside" | "failed"; text: string; nearest: string | null };

/** Files above this are refused by the service; base64 makes a third more of them, bytes. */
const LARGEST_UPLOAD = 36_000_000;
const MOST_SELECTED = 2000;
/** Positions that are looked at to find where they all are. */
const MOST_FITTED = 50_000;
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
  readonly densityRelease: Signal<string | null> = signal(null);
  readonly densitySql = signal("");
  readonly density: Signal<Density | null> = signal(null);
  readonly densityProblem: Signal<string | null> = signal(null);
  readonly densityBusy = signal(false);
  readonly positionsText = signal("");
  readonly positions: Signal<OwnPositions | null> = signal(null);
  readonly positionsWords = signal("");
  readonly positionsBusy = signal(false);
  readonly positionsProblem: Signal<string | null> = signal(null);
  readonly check: Signal<Check | null> = signal(null);
  /** Corners of a polygon that is being drawn; null where none is. */
  readonly drawing: Signal<readonly (readonly [number, number])[] | null> = signal(null);
  readonly querying = signal(false);
  readonly picture: PictureState;
  readonly maps: MapState;
  readonly gather: GatherState;
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
    this.picture = new PictureState(transport);
    this.maps = new MapState(transport, () => this.release);
    this.releases = new Loadable(async () => {
      const json = await transport.json("GET", "footprint/releases");
      this.gather.choice.value = choiceFromJson(json);
      return releasesFromJson(json);
    });
    this.names = computed(() => {
      const grid = this.grid;
      return grid ? this.selected.value.map((place) => nameOf(grid, place)) : [];
    });
    this.gather = new GatherState(transport, () => this.release, () => this.names.value);
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
    void this.picture.load(first.release);
    this.densityRelease.value = first.release;
    void this.loadKinds(first.release);
    this.follow("positions_text", (value) => typeof value === "string" && value !== this.positionsText.peek() && this.setPositions(value));
    this.follow("region", (value) => this.takeRegion(value));
    this.follow("selected_tile", (value) => this.takeTile(value));
    this.follow("given", (value) => void this.takeGiven(value));
  }

  close(): void {
    this.gather.close();
    this.picture.close();
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

  showJob(id: string): void {
    this.transport.host("show-job", { id });
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

  /** Which densities there are of another release. */
  async setDensityRelease(release: string): Promise<void> {
    this.densityRelease.value = release;
    await this.showDensity("");
    await this.loadKinds(release);
  }

  async showDensity(kind: string): Promise<void> {
    this.densityKind.value = kind;
    const release = this.densityRelease.peek();
    if (!kind || kind === "query" || !release) await this.fetchDensity(null);
    else await this.fetchDensity(() => this.transport.request("GET", `${apiPath("footprint", "density", release)}?kind=${encodeURIComponent(kind)}`));
  }

  /** Draw what a statement gives: positions, or pixels and numbers. */
  async showDensityOfQuery(): Promise<void> {
    const sql = this.densitySql.peek().trim();
    if (sql) await this.fetchDensity(() => this.transport.request("POST", "footprint/density", { sql }));
  }

  private async fetchDensity(ask: (() => Promise<{ buffer: Uint8Array | null }>) | null): Promise<void> {
    const mine = ++this.turnOfDensity;
    this.density.value = null;
    this.densityProblem.value = null;
    this.densityBusy.value = ask !== null;
    if (!ask) return;
    try {
      const { buffer } = await ask();
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
    return middleOf(places.map((place) => centreOf(grid, place)), 0.5);
  }

  /** Look at positions, as near as all of them allow. */
  private fitTo(positions: readonly { ra: number; dec: number }[], margin: number): void {
    const middle = middleOf(positions, margin);
    if (middle) this.lookAt(middle.ra, middle.dec, Math.max(1, Math.min(400, 42 / Math.max(0.2, middle.reach))));
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

  /** Choose the tile at a position; `more` adds it, or takes it away again. While a polygon is drawn, it gets a corner there. */
  selectAt(ra: number, dec: number, more: boolean): void {
    const corners = this.drawing.peek();
    if (corners) {
      this.drawing.value = [...corners, [round(ra, 5), round(dec, 5)]];
      return;
    }
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
    this.drawing.value = null;
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

  /** Begin to draw a polygon: clicks on the sky are its corners. */
  beginPolygon(): void {
    this.clearSelection();
    this.drawing.value = [];
  }

  /** Close the polygon, and choose every tile that it reaches. */
  async endPolygon(): Promise<void> {
    const corners = this.drawing.peek();
    this.drawing.value = null;
    if (!corners || corners.length < 3) return;
    this.setRegion({ polygon: corners.map(([ra, dec]) => [ra, dec]) });
    await this.chooseRegion();
  }

  /** What a statement can be restricted to. */
  get chosen(): Chosen {
    return { region: this.region.value, map: this.maps.map.value, tiles: this.names.value };
  }

  /** Put a statement for the objects of what is chosen into the Query panel. */
  async queryRegion(): Promise<void> {
    const [chosen, release] = [this.chosen, this.release];
    if (!release || chosenWords(chosen) === null || this.querying.peek()) return;
    this.querying.value = true;
    try {
      const { sql, words } = await regionQuery(this.transport, release, chosen);
      this.transport.host("edit-query", { sql });
      this.notice.value = `the statement is restricted ${words}`;
    } catch (error) {
      this.notice.value = errorMessage(error);
    }
    this.querying.value = false;
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
    this.takePositions(text.trim() ? readPositions(text) : null);
    if (this.model.get("positions_text") !== text) {
      this.model.set("positions_text", text);
      this.model.save_changes();
    }
  }

  private takePositions(positions: OwnPositions | null): void {
    this.turnOfPositions += 1;
    this.positions.value = positions;
    this.positionsWords.value = "";
    this.positionsProblem.value = null;
    this.positionsBusy.value = false;
    this.check.value = null;
  }

  /** Take a table from a file of the person's own. */
  async readPositionsFile(file: File): Promise<void> {
    if (file.size > LARGEST_UPLOAD) {
      this.positionsProblem.value = `${file.name} has ${size(file.size)}, and ${size(LARGEST_UPLOAD)} can be sent; cut it into several, or keep the columns RA and DEC only`;
      return;
    }
    const content = toBase64(new Uint8Array(await file.arrayBuffer()));
    await this.fetchPositions({ file_name: file.name, content_base64: content }, file.name);
  }

  /** Take positions that another panel gives, and say at once which of them are in. */
  private async takeGiven(given: unknown): Promise<void> {
    if (!isRecord(given)) return;
    this.model.set("given", null);
    const source = typeof given["source"] === "string" ? given["source"] : "another panel";
    const { buffer, job_id: job, file } = given;
    const bytes = buffer instanceof ArrayBuffer || ArrayBuffer.isView(buffer) ? bytesOf(buffer) : null;
    const columns = bytes && positionsFromArrow(bytes);
    if (columns) this.showPositions(columns, source);
    else if (bytes) await this.fetchPositions({ file_name: "result.arrow", content_base64: toBase64(bytes) }, source);
    else await this.fetchPositions({ job_id: job, ...(typeof file === "string" ? { file } : {}) }, source);
    if (this.positions.peek()?.source === source) {
      this.fitPositions();
      await this.checkPositions();
    }
  }

  private async fetchPositions(body: Record<string, unknown>, source: string): Promise<void> {
    this.takePositions(null);
    const mine = this.turnOfPositions;
    this.positionsBusy.value = true;
    try {
      const { buffer } = await this.transport.request("POST", "footprint/positions", body);
      const columns = buffer && positionsFromArrow(buffer);
      if (mine === this.turnOfPositions && columns) this.showPositions(columns, source);
    } catch (error) {
      if (mine === this.turnOfPositions) this.positionsProblem.value = `${source}: ${errorMessage(error)}`;
    }
    if (mine === this.turnOfPositions) this.positionsBusy.value = false;
  }

  private showPositions({ ra, dec, without }: { ra: Float64Array; dec: Float64Array; without: number }, source: string): void {
    this.setPositions("");
    this.takePositions(ownPositions(ra, dec, without, source));
  }

  /** Count which of them the releases cover, and what is drawn or brought. */
  async checkPositions(): Promise<void> {
    const [positions, mine] = [this.positions.peek(), ++this.turnOfPositions];
    if (!positions || positions.ra.length === 0) return;
    this.positionsBusy.value = true;
    const map = this.maps.map.peek();
    const region = this.region.peek() ?? (map ? { moc_base64: map.content } : null);
    try {
      const { buffer } = await this.transport.request("POST", "footprint/check", { ...packed(positions), ...(region ? { region } : {}) });
      if (mine !== this.turnOfPositions || !buffer) return;
      const check = checkFromArrow(buffer);
      const counts = Object.entries(check.inside).map(([release, inside]) => `${inside.toLocaleString("en-US")} in ${release}`);
      if (check.inRegion !== null) counts.push(`${check.inRegion.toLocaleString("en-US")} in ${map && !this.region.peek() ? map.name : "the region"}`);
      this.check.value = check;
      this.positionsWords.value = `of ${positions.ra.length.toLocaleString("en-US")}: ${counts.join(", ")}`;
    } catch (error) {
      if (mine === this.turnOfPositions) this.positionsProblem.value = errorMessage(error);
    }
    if (mine === this.turnOfPositions) this.positionsBusy.value = false;
  }

  /** Save the positions with what the check has found of each. */
  saveCheck(): void {
    const [positions, check] = [this.positions.peek(), this.check.peek()];
    if (positions && check) saveBytes(checkedCsv(positions, check.columns), "checked.csv");
  }

  fitPositions(): void {
    const positions = this.positions.peek();
    if (positions && positions.ra.length > 0) this.fitTo(Array.from(positions.ra.subarray(0, MOST_FITTED), (ra, n) => ({ ra, dec: positions.dec[n]! })), 0);
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
      saveBytes(bytes, `${stem}_moc.${format === "ascii" ? "txt" : format}`);
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
      image: this.imageNow(),
      density: this.density.value,
      map: this.maps.shown.value ? (this.maps.map.value?.cells ?? null) : null,
      positions: this.positions.value,
      region: this.region.value ?? drawnRegion(this.drawing.value),
      mark: this.mark.value,
    };
  }

  private imageNow(): Scene["image"] {
    void this.picture.arrived.value;
    const hips = this.picture.image.value;
    return hips && this.picture.shown.value ? { hips, opacity: this.picture.opacity.value } : null;
  }

  private follow(name: string, take: (value: unknown) => void): void {
    const changed = (): void => take(this.model.get(name));
    this.model.on(`change:${name}`, changed);
    changed();
    this.stops.push(() => this.model.off(`change:${name}`, changed));
  }
}

/** A polygon as far as it is drawn. */
function drawnRegion(corners: readonly (readonly [number, number])[] | null): Region | null {
  return corners && corners.length > 0 ? { polygon: corners.map(([ra, dec]) => [ra, dec]) } : null;
}

function middleOf(positions: readonly { ra: number; dec: number }[], margin: number): { ra: number; dec: number; reach: number } | null {
  if (positions.length === 0) return null;
  let [x, y, z] = [0, 0, 0];
  for (const { ra, dec } of positions) {
    const vector = vectorOf(ra, dec);
    x += vector[0];
    y += vector[1];
    z += vector[2];
  }
  const middle = positionOf([x, y, z]);
  let reach = 0;
  for (const { ra, dec } of positions) reach = Math.max(reach, separation(middle.ra, middle.dec, ra, dec));
  return { ...middle, reach: reach + margin };
}

function bytesOf(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
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
