/** A person's own positions: pasted, from a file, or from another panel; and which of them are in. */

import type { JSX } from "preact";
import { count, counted } from "../shared/format";
import { Button, DropArea, FileButton, IconButton, Loading, Message, useId } from "../shared/ui";
import type { FootprintState } from "./state";

const TABLES = ".csv,.tsv,.txt,.tab,.fits,.fit,.vot,.vot.gz,.xml,.ecsv,.parquet,.arrow,.gz,.feather";

export function Own({ state }: { state: FootprintState }): JSX.Element {
  const id = useId();
  const own = state.positions.value;
  const found = own?.ra.length ?? 0;
  return (
    <section class="sky-foot__part" aria-label="Your positions">
      <DropArea class="sky-foot__drop" onFile={(file) => void state.readPositionsFile(file)}>
        {own?.source ? (
          <div class="sky-foot__chosen">
            <span class="sky-truncate" title={own.source}>
              From {own.source}
            </span>
            <span class="sky-grow" />
            <IconButton icon="cross" label="Take these positions away" onClick={() => state.setPositions("")} />
          </div>
        ) : (
          <>
            <label for={id}>Your positions</label>
            <textarea
              id={id}
              class="sky-foot__text"
              rows={3}
              spellcheck={false}
              placeholder={"RA,DEC\n34.8107,-5.6944\nor drop a file here"}
              value={state.positionsText.value}
              onInput={(event) => state.setPositions(event.currentTarget.value)}
            />
          </>
        )}
      </DropArea>
      {own && (
        <p role="status">
          {state.positionsWords.value || counted(found, "position")}
          {own.unreadCount > 0 && unreadWords(own.unreadCount, own.unread)}
        </p>
      )}
      {state.positionsBusy.value && <Loading text="Looking at the positions …" />}
      {state.positionsProblem.value && (
        <Message kind="error" onDismiss={() => (state.positionsProblem.value = null)}>
          {state.positionsProblem.value}
        </Message>
      )}
      <div class="sky-foot__acts">
        {found > 0 && (
          <>
            <Button icon="check" onClick={() => void state.checkPositions()} title="Count how many of them each release covers, and the region or map that is shown">
              Are they in?
            </Button>
            <Button onClick={() => state.fitPositions()}>Look there</Button>
          </>
        )}
        {state.check.value && (
          <Button icon="download" onClick={() => state.saveCheck()} title="Save each position with in_<release>, its tile, and how far it is from the edge">
            CSV
          </Button>
        )}
        {!own && (
          <FileButton accept={TABLES} label="A table of positions" title="A table with columns RA and DEC, or COADD_OBJECT_ID: CSV, FITS, VOTable, Parquet, Arrow" onFile={(file) => void state.readPositionsFile(file)}>
            Choose a file …
          </FileButton>
        )}
      </div>
    </section>
  );
}

function unreadWords(all: number, lines: readonly number[]): string {
  return lines.length > 0 ? ` · ${counted(all, "line")} cannot be read, such as line ${lines.join(", ")}` : ` · ${count(all)} without a position`;
}
