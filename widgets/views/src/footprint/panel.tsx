/** The Footprint panel: search, the globe, what it shows, and what was chosen on it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count, counted } from "../shared/format";
import { Button, EmptyState, Icon, IconButton, Loading, MenuButton, Message, PopoverButton, RetryMessage } from "../shared/ui";
import { GatherPart } from "./gather-view";
import { Globe } from "./globe";
import { DensityPart, Layers, MAP_FORMATS, MapPart, PicturePart } from "./layers-view";
import { Own } from "./own-view";
import { PROJECTIONS, type ProjectionName } from "./projection";
import { Properties } from "./properties";
import { chosenWords } from "./region-query";
import type { FootprintState } from "./state";

export function FootprintPanel({ state }: { state: FootprintState }): JSX.Element {
  return (
    <div class="sky-foot">
      <Head state={state} />
      <Main state={state} />
    </div>
  );
}

function Head({ state }: { state: FootprintState }): JSX.Element {
  const expanded = state.expanded.value;
  return (
    <div class="sky-head">
      <h2>Footprint</h2>
      <span class="sky-grow" />
      {state.canHost("expand") && (
        <IconButton icon={expanded ? "fold" : "expand"} label={expanded ? "Put the panel back into the sidebar" : "Open the globe wide in the main area"} onClick={() => state.expand()} />
      )}
      <PopoverButton label="Help for the Footprint panel" icon="help" kind="quiet" class="sky-button--icon">
        {() => <Help />}
      </PopoverButton>
    </div>
  );
}

function Main({ state }: { state: FootprintState }): JSX.Element {
  const status = state.releases.status.value;
  if (status.state === "failed") {
    return (
      <div class="sky-foot__alone">
        <RetryMessage message={`the releases could not be read: ${status.message}`} onRetry={() => void state.load()} />
      </div>
    );
  }
  if (status.state !== "ready") return <div class="sky-foot__alone">{<Loading text="Reading the footprint …" />}</div>;
  if (status.value.length === 0) {
    return (
      <EmptyState title="No footprint">
        <span>The footprint of no release that you may read is known: its catalogue has no list of tiles, and the survey no outline.</span>
      </EmptyState>
    );
  }
  return (
    <div class="sky-foot__main">
      <div class="sky-foot__map">
        <Search state={state} />
        <Globe state={state} />
        <Tools state={state} />
      </div>
      <div class="sky-foot__side">
        <Selection state={state} />
        <GatherPart state={state} />
        <Properties state={state} />
        <PicturePart state={state} />
        <Layers state={state} />
        <DensityPart state={state} />
        <MapPart state={state} />
        <Own state={state} />
      </div>
    </div>
  );
}

function Search({ state }: { state: FootprintState }): JSX.Element {
  const [text, setText] = useState("");
  const answer = state.searched.value;
  return (
    <div class="sky-foot__search">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void state.search(text);
        }}
      >
        <input class="sky-input" type="search" data-autofocus aria-label="Search: position, tile, object or name" placeholder="34.81 -5.69, tile, id, M 2, l=200 b=-60" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <Button icon="search" busy={state.searching.value} onClick={() => void state.search(text)} title="Find it on the sky">
          <span class="sky-visually-hidden">Search</span>
        </Button>
      </form>
      <div role="status" class={answer ? `sky-foot__answer sky-foot__answer--${answer.kind}` : undefined}>
        {answer && (
          <>
            <Icon name={answer.kind === "found" ? "check" : answer.kind === "outside" ? "warning" : "error"} />
            <span>{answer.text}</span>
          </>
        )}
      </div>
      {answer?.nearest && (
        <Button kind="quiet" onClick={() => void state.search(answer.nearest ?? "")}>
          Go to {answer.nearest}
        </Button>
      )}
    </div>
  );
}

function Tools({ state }: { state: FootprintState }): JSX.Element {
  const { projection } = state.look.value;
  const unknown = state.layers.value.size === 0;
  return (
    <div class="sky-foot__tools" role="group" aria-label="View">
      <select class="sky-select" aria-label="Projection" value={projection} onChange={(event) => state.project(event.currentTarget.value as ProjectionName)}>
        {Object.entries(PROJECTIONS).map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      <Button disabled={unknown} onClick={() => state.lookAtSurvey()} title="The whole sky, the survey in the middle (Home)">
        Whole sky
      </Button>
      <Button disabled={unknown} onClick={() => state.fit()} title="As near as the whole survey, or what is selected of it, allows">
        {state.selected.value.length > 0 ? "Fit the selection" : "Fit the survey"}
      </Button>
    </div>
  );
}

function Selection({ state }: { state: FootprintState }): JSX.Element {
  const names = state.names.value;
  const notice = state.notice.value;
  const releases = state.releases.value ?? [];
  const shown = releases.find((each) => each.release === state.release);
  const chosen = chosenWords(state.chosen);
  const corners = state.drawing.value;
  return (
    <section class="sky-foot__part" aria-label="Selection">
      <div class="sky-foot__chosen">
        <span role="status">
          {names.length > 0 ? `${counted(names.length, "tile")} selected` : shown ? `${count(shown.tiles)} tiles, ${shown.area_deg2.toFixed(1)} deg² in ${shown.release}${shown.approximate ? " (approximate outline)" : ""}` : "No release shown"}
        </span>
        {names.length > 0 && <IconButton icon="cross" label="Clear the selection" onClick={() => state.clearSelection()} />}
        <span class="sky-grow" />
        <MenuButton
          icon="download"
          label="Coverage map"
          text="MOC"
          title={names.length > 0 ? "Save a coverage map (MOC 2.0) of the selected tiles" : "Save a coverage map (MOC 2.0) of the release"}
          items={MAP_FORMATS.map(([format, label]) => ({ label, hint: `Save it as ${label}`, onSelect: () => void state.saveMoc(format) }))}
        />
      </div>
      {corners ? (
        <div class="sky-foot__acts">
          <span role="status" class="sky-foot__drawing">
            Click the corners on the sky: {counted(corners.length, "corner")}
          </span>
          <Button icon="check" disabled={corners.length < 3} onClick={() => void state.endPolygon()} title={corners.length < 3 ? "A polygon has three corners at least" : "Close the polygon and select every tile that it reaches"}>
            Close it
          </Button>
          <Button icon="cross" onClick={() => (state.drawing.value = null)}>
            Give up
          </Button>
        </div>
      ) : (
        <div class="sky-foot__acts">
          <Button icon="edit" onClick={() => state.beginPolygon()} title="Draw a polygon on the sky; a circle is drawn by dragging with Shift">
            Polygon
          </Button>
          {chosen && state.canHost("edit-query") && (
            <Button icon="table" busy={state.querying.value} onClick={() => void state.queryRegion()} title="Put a statement for the objects in it into the Query panel, restricted through HEALPix ranges">
              Query {chosen}
            </Button>
          )}
        </div>
      )}
      {names.length > 1 && (
        <details class="sky-foot__names">
          <summary>Names</summary>
          <p class="sky-mono">{names.join(" ")}</p>
        </details>
      )}
      {notice && (
        <Message kind="info" onDismiss={() => (state.notice.value = null)}>
          {notice}
        </Message>
      )}
      {state.regionProblem.value && <Message kind="warn">{state.regionProblem.value}</Message>}
    </section>
  );
}

function Help(): JSX.Element {
  const keys: readonly [string, string][] = [
    ["drag, ← → ↑ ↓", "turn the sky"],
    ["wheel, + −", "zoom"],
    ["click, Enter", "select a tile"],
    ["Shift click", "select several"],
    ["Shift drag", "select the tiles that a circle reaches"],
    ["double click", "go there, nearer"],
    ["Home", "the whole sky"],
    ["Escape", "clear the selection"],
  ];
  return (
    <div class="sky-foot__help">
      <p>
        Search takes degrees (<code>34.81 -5.69</code>), sexagesimal (<code>02:19:14 -05:41:40</code>), galactic (<code>l=170 b=-60</code>), names of tiles, object ids, and names such as <code>M 2</code>.
      </p>
      <dl>
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>East is to the left. A tile is drawn as its unique area; its image reaches half an arcminute farther.</p>
    </div>
  );
}
