/** Where a job's rows go: file, format and compression, and, opened, name, rows and e-mail. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { counted } from "../shared/format";
import { Button, Field, useId } from "../shared/ui";
import type { JobForm } from "./job-form";
import type { QueryState } from "./state";

export function OutputForm({ state }: { state: QueryState }): JSX.Element {
  const { form } = state;
  const [open, setOpen] = useState(false);
  const id = useId();
  const formats = form.formats.value;
  return (
    <div class="sky-output" role="group" aria-label="Output of a job">
      <Field label="Output file" fault={form.faultOf("file_name")} class="sky-output__file">
        {(field) => (
          <input
            {...field}
            class="sky-input"
            type="text"
            placeholder="result.parquet"
            spellcheck={false}
            value={form.fileName.value}
            onInput={(event) => form.setFileName(event.currentTarget.value)}
            onBlur={() => form.completeFileName()}
          />
        )}
      </Field>
      <Field label="Format">
        {(field) => (
          <select {...field} class="sky-select" value={form.format.value} onChange={(event) => form.setFormat(event.currentTarget.value)}>
            {formats.length === 0 && <option value={form.format.value}>{form.format.value}</option>}
            {formats.map((format) => (
              <option key={format.format} value={format.format}>
                {format.title}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Compression">
        {(field) => (
          <select
            {...field}
            class="sky-select"
            value={form.compression.value}
            disabled={form.compressions.value.length < 2}
            onChange={(event) => form.setCompression(event.currentTarget.value)}
          >
            {form.compressions.value.map((compression) => (
              <option key={compression} value={compression}>
                {compression}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Button kind="quiet" icon={open ? "down" : "right"} expanded={open} class="sky-output__more" onClick={() => setOpen(!open)}>
        Job options{changed(form) && !open ? " •" : ""}
      </Button>
      <div id={`${id}-options`} class="sky-output__options" hidden={!open}>
        <Field label="Job name">
          {(field) => (
            <input {...field} class="sky-input" type="text" maxLength={128} placeholder="from the file’s name" value={form.jobName.value} onInput={(event) => (form.jobName.value = event.currentTarget.value)} />
          )}
        </Field>
        <Field label="Most rows" fault={form.faultOf("max_rows")}>
          {(field) => (
            <input
              {...field}
              class="sky-input"
              type="text"
              inputMode="numeric"
              placeholder={state.maxRows.value === null ? "your limit" : counted(state.maxRows.value, "row")}
              value={form.maxRows.value}
              onInput={(event) => (form.maxRows.value = event.currentTarget.value)}
            />
          )}
        </Field>
        <label class="sky-check">
          <input type="checkbox" checked={form.emailWanted.value} onChange={(event) => (form.emailWanted.value = event.currentTarget.checked)} />
          E-mail when it has ended
        </label>
        {form.emailWanted.value && (
          <Field label="E-mail address" fault={form.faultOf("email")}>
            {(field) => (
              <input {...field} class="sky-input" type="email" placeholder="name@example.org" value={form.email.value} onInput={(event) => (form.email.value = event.currentTarget.value)} />
            )}
          </Field>
        )}
      </div>
    </div>
  );
}

function changed(form: JobForm): boolean {
  return form.jobName.value !== "" || form.maxRows.value !== "" || form.emailWanted.value;
}
