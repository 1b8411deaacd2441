/** The preview's picture, and which row and kind it is of. */

import type { JSX } from "preact";
import { count } from "../shared/format";
import { IconButton } from "../shared/ui";
import { KINDS, type Kind } from "./preview";
import type { CutoutState } from "./state";

const WORDS: Record<Kind, string> = { lupton: "Lupton", stiff: "STIFF-like", grey: "one band" };

export function PreviewView({ state }: { state: CutoutState }): JSX.Element {
  const { preview } = state;
  const table = state.positions.table.value;
  const rows = table?.draft.rows ?? 0;
  const row = preview.row.value;
  const url = preview.url.value;
  const problem = preview.problem.value;
  return (
    <figure class="sky-cut__preview" aria-label="Preview">
      <div class="sky-cut__previewbar">
        <select class="sky-select" aria-label="Kind of preview" value={preview.kind.value} onChange={(event) => (preview.kind.value = event.currentTarget.value as Kind)}>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              Preview: {WORDS[kind]}
            </option>
          ))}
        </select>
        <IconButton icon="left" label="Preview the position before" disabled={row === 0} onClick={() => preview.go(row - 1)} />
        <IconButton icon="right" label="Preview the next position" disabled={row >= rows - 1} onClick={() => preview.go(row + 1)} />
      </div>
      <div class="sky-cut__picture" aria-busy={preview.busy.value}>
        {url && <img src={url} alt={`Preview of row ${row + 1}, ${preview.caption}`} />}
        {problem && <p class="sky-cut__pictureword sky-cut__bad">{problem}</p>}
        {!url && !problem && <p class="sky-cut__pictureword sky-muted">{rows === 0 ? "The first position is drawn here, as the options would draw it." : "…"}</p>}
        {preview.busy.value && <span class="sky-spinner" />}
      </div>
      {rows > 0 && (
        <figcaption class="sky-muted">
          Row {count(row + 1)} of {count(rows)} · {preview.caption}
        </figcaption>
      )}
    </figure>
  );
}
