/** Where positions come from: typed, pasted, dropped, chosen; and what was found in them. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Draft } from "../shared/cutout";
import { count, counted } from "../shared/format";
import { Button, DropArea, EmptyState, FileButton, Icon, MenuButton, Message, useId, type IconName } from "../shared/ui";
import { overrideWords } from "./draft";
import type { CutoutState } from "./state";
import { PositionsTable } from "./table-view";

const ACCEPTED = ".csv,.tsv,.txt,.tab,.fits,.fit,.vot,.vot.gz,.xml,.ecsv,.parquet,.arrow,.gz,.feather";
const MOST_TILES = 12;

export function PositionsPart({ state }: { state: CutoutState }): JSX.Element {
  const table = state.positions.table.value;
  return (
    <section class="sky-cut__part sky-cut__positions" aria-label="Positions">
      <Input state={state} />
      <div role="status" class="sky-cut__reading">
        {state.positions.reading.value && (
          <>
            <span class="sky-spinner" /> Reading the positions …
          </>
        )}
      </div>
      {state.positions.unreadable.value && <Message kind="error">{state.positions.unreadable.value}</Message>}
      {!table && !state.positions.reading.value && !state.positions.unreadable.value && <NoPositions state={state} />}
      {table && (
        <div class="sky-cut__found" aria-busy={state.positions.reading.value}>
          <Found draft={table.draft} words={state.positions.source.value?.words ?? ""} typed={state.positions.source.value?.typed ?? false} most={state.form.facts.value?.limits.max_positions ?? null} />
          <PositionsTable key={table.draft.id} table={table} onRow={(row) => state.preview.go(row)} />
        </div>
      )}
    </section>
  );
}

function Input({ state }: { state: CutoutState }): JSX.Element {
  const id = useId();
  const source = state.positions.source.value;
  const examples = state.form.facts.value?.examples ?? [];
  const nothing = state.positions.text.value === "" && state.positions.table.value === null && !state.positions.unreadable.value;
  const takeFile = (file: File): void => void state.positions.readFile(file);
  return (
    <DropArea class="sky-cut__input" onFile={takeFile}>
      <label for={id}>Positions, object ids or names</label>
      <textarea
        id={id}
        class="sky-cut__text"
        rows={5}
        spellcheck={false}
        data-autofocus
        placeholder={"RA,DEC\n34.8107,-5.6944\n323.3625,-0.8233\n\nor ids, or names such as M 2; or drop a file here"}
        value={state.positions.text.value}
        onInput={(event) => state.positions.setText(event.currentTarget.value)}
        onPaste={(event) => {
          const file = event.clipboardData?.files[0];
          if (file) {
            event.preventDefault();
            takeFile(file);
          } else {
            const field = event.currentTarget;
            // What is pasted stands in the field once this event is over.
            setTimeout(() => state.positions.setText(field.value, true));
          }
        }}
      />
      <div class="sky-cut__sources">
        <FileButton accept={ACCEPTED} label="File with positions" title="CSV, TSV, FITS, VOTable, ECSV, Parquet or Arrow; also gzipped" onFile={takeFile}>
          Choose file
        </FileButton>
        <MenuButton
          label="Examples"
          text="Examples"
          icon="image"
          disabled={examples.length === 0}
          items={examples.map((example) => ({ label: example.title, hint: "Puts its positions into the field", onSelect: () => state.useExample(example) }))}
        />
        <Button icon="cross" kind="quiet" disabled={nothing} onClick={() => state.clear()} title="Forget these positions">
          Clear
        </Button>
      </div>
      {source && !source.typed && (
        <p class="sky-cut__source">
          <Icon name="table" /> <span>From {source.words}</span>
        </p>
      )}
    </DropArea>
  );
}

/** Before there are any: what one click gives. */
function NoPositions({ state }: { state: CutoutState }): JSX.Element | null {
  const examples = state.form.facts.value?.examples ?? [];
  if (examples.length === 0 || state.positions.text.value.trim() !== "") return null;
  return (
    <EmptyState title="No positions yet">
      <span>Paste them above, drop a file, send them here from a query&apos;s result, or begin with an example:</span>
      <span class="sky-cut__examples">
        {examples.map((example) => (
          <Button key={example.title} icon="image" onClick={() => state.useExample(example)}>
            {example.title}
          </Button>
        ))}
      </span>
    </EmptyState>
  );
}

function Found({ draft, words, typed, most }: { draft: Draft; words: string; typed: boolean; most: number | null }): JSX.Element {
  const tooMany = most !== null && draft.rows > most;
  const [open, setOpen] = useState(false);
  return (
    <>
      <div class="sky-cut__facts" role="status" aria-label="What was found">
        <Fact icon="table" kind={tooMany ? "bad" : "plain"} title={typed ? undefined : words}>
          {counted(draft.rows, "position")}
          {tooMany ? `, but ${count(most)} at most` : ""}
        </Fact>
        {draft.tile_count > 0 && <Fact icon="image">on {counted(draft.tile_count, "tile")}</Fact>}
        {draft.outside > 0 && (
          <Fact icon="warning" kind="warn" title="No tile with images covers them; they get no cutout">
            {count(draft.outside)} outside the survey
          </Fact>
        )}
        {draft.near_edge > 0 && (
          <Fact icon="info" title="Their cutouts cross the edge of a tile and are stitched from its neighbours">
            {count(draft.near_edge)} near an edge
          </Fact>
        )}
        {draft.duplicates > 0 && (
          <Fact icon="copy" title="The same position with the same options stands in an earlier row; it is cut once">
            {counted(draft.duplicates, "duplicate")}
          </Fact>
        )}
        {draft.unknown_ids > 0 && (
          <Fact icon="warning" kind="warn" title="The catalogue has no such object">
            {counted(draft.unknown_ids, "unknown id")}
          </Fact>
        )}
        {overrideWords(draft).map((each) => (
          <Fact key={each} icon="edit" title="A column of the table holds instead of the form">
            {each}
          </Fact>
        ))}
      </div>
      {draft.tiles.length > 0 && (
        <div class="sky-cut__tiles">
          <Button kind="quiet" icon={open ? "down" : "right"} expanded={open} onClick={() => setOpen(!open)}>
            Tiles
          </Button>
          {open && (
            <ul>
              {draft.tiles.slice(0, MOST_TILES).map(({ tile, rows }) => (
                <li key={tile}>
                  <span class="sky-mono">{tile}</span> <span class="sky-muted">{counted(rows, "row")}</span>
                </li>
              ))}
              {draft.tile_count > MOST_TILES && <li class="sky-muted">and {counted(draft.tile_count - Math.min(MOST_TILES, draft.tiles.length), "more tile")}</li>}
            </ul>
          )}
        </div>
      )}
    </>
  );
}

function Fact({ icon, kind = "plain", title, children }: { icon: IconName; kind?: "plain" | "warn" | "bad"; title?: string | undefined; children: JSX.Element["props"]["children"] }): JSX.Element {
  return (
    <span class={`sky-cut__fact sky-cut__fact--${kind}`} title={title}>
      <Icon name={icon} />
      <span>{children}</span>
    </span>
  );
}
