/** The dialog that makes a table: a source, what was found in it, what may be corrected, and the load. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { count, counted, size } from "../shared/format";
import type { Inspection } from "../shared/own-tables";
import { Button, Dialog, DropArea, Field, FileButton, Icon, Message } from "../shared/ui";
import type { OwnTablesState } from "./own-tables";
import { Cell, ColumnTable, NameFields, Problem, RunActions } from "./own-tables-dialogs";
import { ACCEPTED, type Correction, type LoadForm } from "./own-tables-load";

/** Columns that are drawn before one asks for more. */
const FIRST_COLUMNS = 200;

interface Props {
  form: LoadForm;
  state: OwnTablesState;
}

export function LoadDialog({ form, state }: Props): JSX.Element {
  const { purpose, run } = form;
  const inspection = form.inspection.value;
  const close = (): void => {
    if (run.rows.peek() === null) state.closeDialog();
  };
  const title = purpose.kind === "append" ? `Load more into ${purpose.table.name}` : purpose.kind === "query" ? "Save as my table" : "New table";
  const actions = (
    <RunActions run={run} total={inspection?.rows ?? null} verb={purpose.kind === "query" ? "Save" : "Load"} obstacle={form.obstacle.value} onRun={() => void state.finish()} onClose={close} />
  );
  return (
    <Dialog title={title} wide={purpose.kind !== "query"} onClose={close} actions={actions}>
      {purpose.kind === "query" ? <Statement sql={purpose.sql} /> : inspection ? <SourceLine form={form} inspection={inspection} /> : <SourceChoice form={form} />}
      {purpose.kind !== "append" && (
        <div class="sky-own__form">
          <NameFields name={form.name} description={form.description} run={run} />
        </div>
      )}
      {inspection && <Found form={form} inspection={inspection} />}
      <Problem run={run} but={["name", "description"]} />
    </Dialog>
  );
}

function Statement({ sql }: { sql: string }): JSX.Element {
  return (
    <>
      <p class="sky-muted">The query is run again on the server, and all its rows become a table of yours.</p>
      <pre class="sky-query__plan sky-own__statement" tabIndex={0} aria-label="Statement">
        {sql}
      </pre>
    </>
  );
}

function SourceChoice({ form }: { form: LoadForm }): JSX.Element {
  const takeFile = (file: File): void => void form.readFile(file);
  const reading = form.reading.value;
  useEffect(() => void form.jobs.ensure(), [form]);
  return (
    <DropArea class="sky-own__source" onFile={takeFile}>
      <div class="sky-row sky-row--wrap">
        <FileButton accept={ACCEPTED} label="File with rows" title="CSV, TSV, FITS, HDF5, Parquet, VOTable or ECSV; also gzipped" onFile={takeFile}>
          Choose file
        </FileButton>
        <span class="sky-muted">or drop one here: CSV, TSV, FITS, HDF5, Parquet, VOTable, ECSV</span>
      </div>
      <Field label="Or paste a table with a line of names">
        {(field) => (
          <textarea
            {...field}
            class="sky-own__text"
            rows={3}
            spellcheck={false}
            placeholder={"NAME,RA,DEC\nM 2,323.3625,-0.8233"}
            value={form.pasted.value}
            onInput={(event) => (form.pasted.value = event.currentTarget.value)}
          />
        )}
      </Field>
      <Button class="sky-own__read" disabled={!form.pasted.value.trim()} onClick={() => void form.readPasted()}>
        Read what is pasted
      </Button>
      <JobSource form={form} />
      <div role="status">
        {reading && (
          <span class="sky-row">
            <span class="sky-spinner" /> Reading the file …
          </span>
        )}
      </div>
      {form.unreadable.value && <Message kind="error">{form.unreadable.value}</Message>}
    </DropArea>
  );
}

/** The files of finished query jobs. */
function JobSource({ form }: { form: LoadForm }): JSX.Element | null {
  const jobs = form.jobs.value ?? [];
  if (jobs.length === 0) return null;
  const files = form.files.value;
  return (
    <div class="sky-own__form">
      <Field label="Or take the result of a job">
        {(field) => (
          <select {...field} class="sky-select" value={form.job.value ?? ""} onChange={(event) => void form.chooseJob(event.currentTarget.value)}>
            <option value="">Choose a finished query job</option>
            {jobs.map((job) => (
              <option key={job.id} value={job.id}>
                {job.name || job.id}
                {job.rows === null ? "" : ` (${counted(job.rows, "row")})`}
              </option>
            ))}
          </select>
        )}
      </Field>
      {files.length > 1 && (
        <Field label="File of the job">
          {(field) => (
            <select {...field} class="sky-select" value="" onChange={(event) => void form.readJobFile(event.currentTarget.value)}>
              <option value="">Choose a file</option>
              {files.map((file) => (
                <option key={file.name} value={file.name}>
                  {file.name} ({size(file.size_bytes)})
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </div>
  );
}

function SourceLine({ form, inspection }: { form: LoadForm; inspection: Inspection }): JSX.Element {
  return (
    <div class="sky-row sky-row--wrap">
      <span role="status">
        <Icon name="table" /> {counted(inspection.columns.length, "column")}
        {inspection.rows === null ? "" : ` and ${counted(inspection.rows, "row")}`} in {form.source.value}
      </span>
      <Button kind="quiet" icon="left" disabled={form.run.rows.value !== null} onClick={() => form.otherSource()}>
        Another source
      </Button>
    </div>
  );
}

function Found({ form, inspection }: { form: LoadForm; inspection: Inspection }): JSX.Element {
  const [shown, setShown] = useState(FIRST_COLUMNS);
  const columns = form.columns.value;
  return (
    <>
      <Faults form={form} inspection={inspection} />
      <ColumnTable label="Columns" heads={["Take", "Column", "Type", "Unit", "Description", "In the file"]}>
        {columns.slice(0, shown).map((column, at) => (
          <ColumnRow key={at} form={form} inspection={inspection} column={column} at={at} />
        ))}
      </ColumnTable>
      {columns.length > shown && (
        <Button kind="quiet" icon="down" onClick={() => setShown(shown + FIRST_COLUMNS)}>
          Show more of {counted(columns.length, "column")}
        </Button>
      )}
      <Preview form={form} inspection={inspection} most={shown} />
    </>
  );
}

function ColumnRow({ form, inspection, column, at }: { form: LoadForm; inspection: Inspection; column: Correction; at: number }): JSX.Element {
  const given = column.given_name;
  const faults = form.columnFaults(column);
  const note = inspection.columns[at]?.note;
  const types = inspection.types.includes(column.type) ? inspection.types : [column.type, ...inspection.types];
  return (
    <tr class={faults.length > 0 ? "sky-own__faulty" : undefined}>
      <td>
        <input type="checkbox" aria-label={`Take column ${given}`} checked={column.taken} onChange={(event) => form.correct(at, { taken: event.currentTarget.checked })} />
      </td>
      <td>
        <Cell label={`Name of column ${given}`} value={column.name} faulty={faults.length > 0 || !column.name.trim()} onInput={(name) => form.correct(at, { name })} />
      </td>
      <td>
        <select class="sky-select" aria-label={`Type of column ${given}`} value={column.type} onChange={(event) => form.correct(at, { type: event.currentTarget.value })}>
          {types.map((type) => (
            <option key={type} value={type}>
              {type}
            </option>
          ))}
        </select>
      </td>
      <td>
        <Cell label={`Unit of column ${given}`} value={column.unit} onInput={(unit) => form.correct(at, { unit })} />
      </td>
      <td>
        <Cell label={`Description of column ${given}`} value={column.description} onInput={(description) => form.correct(at, { description })} />
      </td>
      <td class="sky-own__note">
        <span class="sky-mono">{given}</span>
        {note && <span class="sky-muted">{note}</span>}
        {faults.length > 0 && (
          <span class="sky-field__fault">
            {faults[0]?.row === null || faults[0] === undefined ? "" : `row ${count(faults[0].row)}: `}
            {faults[0]?.message}
            {faults.length > 1 ? ` (and ${count(faults.length - 1)} more)` : ""}
          </span>
        )}
      </td>
    </tr>
  );
}

/** Every fault by row and column. */
function Faults({ form, inspection }: { form: LoadForm; inspection: Inspection }): JSX.Element | null {
  const faults = form.foundFaults;
  // Of those that are counted and not named nobody knows the column: they are told of as long as one that is named still holds.
  const many = faults.length === 0 ? 0 : inspection.fault_count - (inspection.faults.length - faults.length);
  if (many === 0) return null;
  return (
    <Message kind="error">
      <span>{counted(many, "fault")} in the file: choose another type for the column, or mend the file.</span>
      <ul class="sky-own__faults" tabIndex={0} aria-label={`Faults in ${form.source.value}`}>
        {faults.map((fault, at) => (
          <li key={at}>
            {[fault.row === null ? "" : `row ${count(fault.row)}`, fault.field].filter(Boolean).join(", ")}: {fault.message}
          </li>
        ))}
        {many > faults.length && <li>and {counted(many - faults.length, "more fault")}</li>}
      </ul>
    </Message>
  );
}

/** The first rows as they stand in the file; cells with a fault are marked. */
function Preview({ form, inspection, most }: { form: LoadForm; inspection: Inspection; most: number }): JSX.Element | null {
  const columns = form.columns.value.slice(0, most);
  if (inspection.preview.length === 0) return null;
  const marked = new Map(form.allFaults.filter((fault) => fault.row !== null).map((fault) => [`${fault.row} ${fault.field.toLowerCase()}`, fault.message]));
  const faultAt = (row: number, { name, given_name: given }: Correction): string | undefined => marked.get(`${row} ${given.toLowerCase()}`) ?? marked.get(`${row} ${name.toLowerCase()}`);
  return (
    <ColumnTable label="First rows" heads={["Row", ...columns.map((column) => column.name)]}>
      {inspection.preview.map((cells, at) => (
        <tr key={at}>
          <th scope="row" class="sky-muted">
            {at + 1}
          </th>
          {columns.map((column, place) => {
            const cell = cells[place] ?? null;
            const fault = faultAt(at + 1, column);
            return (
              <td key={place} class={`sky-own__cell ${fault ? "sky-own__cell--faulty" : ""} ${cell === null ? "sky-muted" : ""}`} title={fault ?? cell ?? "no value"}>
                {cell ?? "null"}
                {fault && <span class="sky-visually-hidden"> (fault: {fault})</span>}
              </td>
            );
          })}
        </tr>
      ))}
    </ColumnTable>
  );
}
