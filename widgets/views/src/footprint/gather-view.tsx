/** Files of the chosen tiles, by jobs. */

import type { JSX } from "preact";
import { Button, Loading, Message } from "../shared/ui";
import { estimateWords } from "./gather";
import type { FootprintState } from "./state";

export function GatherPart({ state }: { state: FootprintState }): JSX.Element | null {
  const { gather } = state;
  const { kinds, bands } = gather.choice.value;
  const submitted = gather.submitted.value;
  const estimate = gather.estimate.value;
  if (kinds.length === 0 || (state.names.value.length === 0 && !submitted)) return null;
  return (
    <section class="sky-foot__part" aria-label="Files of the selection">
      {state.names.value.length > 0 && (
        <details open={gather.opened.value} onToggle={(event) => (gather.opened.value = event.currentTarget.open)}>
          <summary>Gather files of the selection</summary>
          <div class="sky-foot__gather">
            <fieldset>
              <legend>Files</legend>
              {kinds.map(({ kind, title }) => (
                <label key={kind} class="sky-check">
                  <input type="checkbox" checked={gather.kinds.value.has(kind)} onChange={() => gather.toggleKind(kind)} />
                  {title}
                </label>
              ))}
            </fieldset>
            <fieldset>
              <legend>Bands (all where none is ticked)</legend>
              <div class="sky-foot__ticks">
                {bands.map((band) => (
                  <label key={band} class="sky-check">
                    <input type="checkbox" checked={gather.bands.value.has(band)} onChange={() => gather.toggleBand(band)} />
                    {band}
                  </label>
                ))}
              </div>
            </fieldset>
            {gather.kinds.value.size === 0 && <p class="sky-muted">Tick what files to gather.</p>}
            {gather.wish.value && !estimate && !gather.problem.value && <Loading text="Counting the files …" />}
            {estimate && <p role="status">{estimateWords(estimate)}</p>}
            {gather.problem.value && <Message kind="error">{gather.problem.value}</Message>}
            <div class="sky-foot__acts">
              <Button
                icon="folder"
                disabled={!gather.duplicate.value && (estimate === null || estimate.files === 0)}
                busy={gather.busy.value}
                onClick={() => void gather.submit(gather.duplicate.value)}
                title="Have a job copy them into your jobs folder; one that is cut off goes on where it was"
              >
                {gather.duplicate.value ? "Gather them all the same" : "Gather them"}
              </Button>
            </div>
          </div>
        </details>
      )}
      {submitted && (
        <Message
          kind="success"
          onDismiss={() => (gather.submitted.value = null)}
          actions={state.canHost("show-job") && <Button onClick={() => state.showJob(submitted.jobId)}>Show in jobs</Button>}
        >
          {submitted.words}
        </Message>
      )}
    </section>
  );
}
