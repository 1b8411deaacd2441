/** What is shown on the sky: layers, the colour image, densities, and a coverage map that somebody brings. */

import type { JSX } from "preact";
import { count } from "../shared/format";
import { Button, DropArea, FileButton, IconButton, Loading, MenuButton, Message, RetryMessage, useId } from "../shared/ui";
import type { MapFormat } from "./maps";
import { makingWords } from "./picture";
import { rampColour, rangeOf, type Switches } from "./scene";
import type { FootprintState } from "./state";

const SWITCHES: Record<keyof Switches, string> = {
  grid: "Coordinate grid",
  labels: "Labels of the grid",
  galactic: "Galactic plane",
  ecliptic: "Ecliptic",
  outline: "Outline of the survey",
  landmarks: "Bright objects",
};
const MAPS = ".fits,.fit,.json,.txt,.moc";
export const MAP_FORMATS: readonly (readonly [MapFormat, string])[] = [
  ["fits", "FITS"],
  ["json", "JSON"],
  ["ascii", "ASCII"],
];

export function Layers({ state }: { state: FootprintState }): JSX.Element {
  const shown = state.shownReleases.value;
  const switches = state.switches.value;
  const hasOutline = state.scene.value.outline.length > 0;
  return (
    <section class="sky-foot__part" aria-label="Layers">
      <h3>Layers</h3>
      {(state.releases.value ?? []).map((each) => (
        <label key={each.release} class="sky-check">
          <input type="checkbox" checked={shown.includes(each.release)} onChange={(event) => (event.currentTarget.checked ? void state.show(each.release) : state.hide(each.release))} />
          Tiles of {each.release} <span class="sky-muted">({count(each.tiles)})</span>
        </label>
      ))}
      {state.layerProblem.value && <Message kind="error">{state.layerProblem.value}</Message>}
      {(Object.entries(SWITCHES) as [keyof Switches, string][])
        .filter(([name]) => name !== "outline" || hasOutline)
        .map(([name, title]) => (
          <label key={name} class="sky-check">
            <input type="checkbox" checked={switches[name]} onChange={() => state.toggle(name)} />
            {title}
          </label>
        ))}
    </section>
  );
}

/** The colour image under the lines, or the button that has it made. */
export function PicturePart({ state }: { state: FootprintState }): JSX.Element | null {
  const id = useId();
  const { picture } = state;
  const facts = picture.facts.value;
  const image = picture.image.value;
  if (!facts && !picture.problem.value) return null;
  const making = facts && makingWords(facts);
  void picture.arrived.value;
  return (
    <section class="sky-foot__part" aria-label="Colour image">
      <h3>Colour image</h3>
      {image && (
        <>
          <label class="sky-check">
            <input type="checkbox" checked={picture.shown.value} onChange={(event) => (picture.shown.value = event.currentTarget.checked)} />
            Under the lines
          </label>
          <div class="sky-foot__slide">
            <label for={id}>Opacity</label>
            <input id={id} type="range" min="0.1" max="1" step="0.05" value={picture.opacity.value} disabled={!picture.shown.value} onInput={(event) => (picture.opacity.value = Number(event.currentTarget.value))} />
            <span>{Math.round(picture.opacity.value * 100)} %</span>
          </div>
        </>
      )}
      {facts && !image && !making && <p class="sky-muted">There is no picture of {state.defaultRelease} yet; a job makes it of the tiles' files.</p>}
      {making && (
        <p role="status" class="sky-foot__chosen">
          <span class="sky-spinner" />
          <span>{making}</span>
          {facts.job_id && state.canHost("show-job") && (
            <Button kind="quiet" onClick={() => state.showJob(facts.job_id ?? "")}>
              Show the job
            </Button>
          )}
        </p>
      )}
      {facts && !image && !making && (
        <div class="sky-foot__acts">
          <Button icon="image" busy={picture.busy.value} onClick={() => void picture.make()} title="Have a job make the survey's colour image, so that one can go from the whole sky to a galaxy">
            Make the picture
          </Button>
        </div>
      )}
      {picture.problem.value && <RetryMessage message={picture.problem.value} onRetry={() => void picture.reload()} />}
      {image?.problem && <RetryMessage message={`a part of the image did not come: ${image.problem}`} onRetry={() => image.retry()} />}
    </section>
  );
}

export function DensityPart({ state }: { state: FootprintState }): JSX.Element | null {
  const id = useId();
  const density = state.density.value;
  const [low, high] = density ? rangeOf(density.values) : [0, 1];
  const stops = [0, 0.25, 0.5, 0.75, 1].map((part) => `rgb(${rampColour(part).slice(0, 3).join(" ")})`);
  const releases = state.releases.value ?? [];
  const release = state.densityRelease.value ?? "";
  return (
    <section class="sky-foot__part" aria-label="Density">
      <label for={id}>Density of {release}</label>
      <div class="sky-foot__pair">
        {releases.length > 1 && (
          <select class="sky-select" aria-label="Release of the density" value={release} onChange={(event) => void state.setDensityRelease(event.currentTarget.value)}>
            {releases.map((each) => (
              <option key={each.release} value={each.release}>
                {each.release}
              </option>
            ))}
          </select>
        )}
        <select id={id} class="sky-select" value={state.densityKind.value} onChange={(event) => void state.showDensity(event.currentTarget.value)}>
          <option value="">None</option>
          {state.kinds.value.map(({ kind, title }) => (
            <option key={kind} value={kind}>
              {title}
            </option>
          ))}
          <option value="query">Of a query …</option>
        </select>
      </div>
      {state.densityKind.value === "query" && <QueryOfDensity state={state} />}
      {state.densityBusy.value && <Loading text="Counting …" />}
      {state.densityProblem.value && <Message kind="error">{state.densityProblem.value}</Message>}
      {density && (
        <div class="sky-foot__legend">
          <span>{numberWords(low)}</span>
          <span class="sky-foot__ramp" style={{ background: `linear-gradient(to right, ${stops.join(", ")})` }} />
          <span>
            {numberWords(high)} {density.unit}
          </span>
        </div>
      )}
    </section>
  );
}

function QueryOfDensity({ state }: { state: FootprintState }): JSX.Element {
  return (
    <>
      <textarea
        class="sky-foot__text"
        rows={4}
        spellcheck={false}
        aria-label="Statement whose rows are drawn"
        placeholder={`SELECT RA, DEC FROM ${state.densityRelease.value ?? ""}_MAIN\nWHERE …\n\nor HPIX_1024 and a number`}
        value={state.densitySql.value}
        onInput={(event) => (state.densitySql.value = event.currentTarget.value)}
      />
      <div class="sky-foot__acts">
        <Button icon="play" busy={state.densityBusy.value} disabled={!state.densitySql.value.trim()} onClick={() => void state.showDensityOfQuery()} title="Run the statement and draw its rows: RA and DEC are counted, HPIX_<nside> and a number are drawn as they are">
          Draw its density
        </Button>
      </div>
    </>
  );
}

/** A coverage map of the person's own. */
export function MapPart({ state }: { state: FootprintState }): JSX.Element {
  const { maps } = state;
  const map = maps.map.value;
  return (
    <section class="sky-foot__part" aria-label="Your coverage map">
      <h3>Your coverage map</h3>
      {map ? (
        <>
          <div class="sky-foot__chosen">
            <label class="sky-check sky-foot__name">
              <input type="checkbox" checked={maps.shown.value} onChange={(event) => (maps.shown.value = event.currentTarget.checked)} />
              <span class="sky-truncate" title={map.name}>
                {map.name}
              </span>
            </label>
            <IconButton icon="cross" label={`Take ${map.name} away`} onClick={() => maps.clear()} />
          </div>
          <p role="status">
            {map.area_deg2.toFixed(2)} deg² at order {map.order}
            {map.release && `, of which ${map.covered_deg2.toFixed(2)} deg² are in ${map.release}`}
          </p>
          <div class="sky-foot__acts">
            <MenuButton
              icon="download"
              label="What they have in common"
              text="In common"
              title={`Save what it and ${map.release ?? "the release"} have in common`}
              items={MAP_FORMATS.map(([format, label]) => ({ label, hint: `Save it as ${label}`, onSelect: () => void maps.saveCommon(format) }))}
            />
          </div>
        </>
      ) : (
        <DropArea class="sky-foot__drop" onFile={(file) => void maps.readFile(file)}>
          <FileButton accept={MAPS} label="A coverage map" title="Bring a coverage map (MOC; FITS, JSON or ASCII), by this button or by dropping it here" onFile={(file) => void maps.readFile(file)}>
            Choose a MOC …
          </FileButton>
        </DropArea>
      )}
      {maps.reading.value && <Loading text="Reading the map …" />}
      {maps.problem.value && (
        <Message kind="error" onDismiss={() => (maps.problem.value = null)}>
          {maps.problem.value}
        </Message>
      )}
      {maps.notice.value && <p role="status">{maps.notice.value}</p>}
    </section>
  );
}

function numberWords(value: number): string {
  return Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));
}
