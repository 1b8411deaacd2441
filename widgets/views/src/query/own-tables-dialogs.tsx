/** The dialogs of My tables: match, edit, share; the one that loads has a file of its own. */

import type { ComponentChildren, JSX } from "preact";
import { count, counted } from "../shared/format";
import { Button, Dialog, Field, IconButton, Message, Progress, useId } from "../shared/ui";
import type { OwnTablesState } from "./own-tables";
import type { EditForm, ShareForm } from "./own-tables-edit";
import { LoadDialog } from "./own-tables-load-view";
import type { MatchForm } from "./own-tables-match";
import type { LoadRun } from "./own-tables-run";

export function OwnTablesDialog({ state }: { state: OwnTablesState }): JSX.Element | null {
  const dialog = state.dialog.value;
  switch (dialog?.kind) {
    case "load":
      return <LoadDialog key={dialog.form.purpose.kind} form={dialog.form} state={state} />;
    case "match":
      return <MatchDialog form={dialog.form} state={state} />;
    case "edit":
      return <EditDialog form={dialog.form} state={state} />;
    case "share":
      return <ShareDialog form={dialog.form} state={state} />;
    default:
      return null;
  }
}

/** Buttons below a form that loads: they become progress and Cancel while it runs. */
export function RunActions({ run, total, verb, obstacle, onRun, onClose }: { run: LoadRun; total: number | null; verb: string; obstacle: string | null; onRun: () => void; onClose: () => void }): JSX.Element {
  const rows = run.rows.value;
  if (rows === null) {
    return (
      <>
        <Button onClick={onClose}>Close</Button>
        <Button kind="primary" disabled={obstacle !== null} title={obstacle ?? undefined} onClick={onRun}>
          {verb}
        </Button>
      </>
    );
  }
  return (
    <div class="sky-own__running">
      <div class="sky-grow">
        <span role="status">{rows === 0 ? "Working …" : `${counted(rows, "row")}${total === null ? "" : ` of ${count(total)}`}`}</span>
        <Progress fraction={total !== null && total > 0 ? rows / total : null} label="Rows that are loaded" />
      </div>
      <Button kind="danger" icon="stop" onClick={() => run.cancel()} title="Stop the load; nothing of it stays">
        Cancel
      </Button>
    </div>
  );
}

/** Why it did not work, in the words of the service; `but` are fields beside which their fault stands already. */
export function Problem({ run, but = [] }: { run: LoadRun; but?: readonly string[] }): JSX.Element | null {
  const problem = run.problem.value;
  if (problem === null) return null;
  const all = run.faults.value.filter((fault) => !but.includes(fault.field) || fault.row !== null);
  // The message has the first one already.
  const faults = all.length === 1 && all[0] && problem.includes(all[0].message) ? [] : all;
  return (
    <Message kind="error">
      <span>{problem}</span>
      {faults.length > 0 && (
        <ul class="sky-own__faults">
          {faults.map((fault, at) => (
            <li key={at}>
              {[fault.row === null ? "" : `row ${count(fault.row)}`, fault.field].filter(Boolean).join(", ")}: {fault.message}
            </li>
          ))}
        </ul>
      )}
    </Message>
  );
}

function MatchDialog({ form, state }: { form: MatchForm; state: OwnTablesState }): JSX.Element {
  const { run } = form;
  const close = (): void => {
    if (run.rows.peek() === null) state.closeDialog();
  };
  return (
    <Dialog
      title={`Match ${form.table.name} with the catalogue`}
      onClose={close}
      actions={<RunActions run={run} total={form.table.rows} verb="Match" obstacle={form.obstacle.value} onRun={() => void state.finish()} onClose={close} />}
    >
      <p class="sky-muted">Finds for each of your rows the catalogue&apos;s objects within a radius. The new table has your columns, those that you choose below, and the separation.</p>
      <div class="sky-own__form">
        <Field label="Table of the catalogue" fault={run.faultOf("catalog_table")}>
          {(field) => (
            <select {...field} class="sky-select" value={form.catalogTable.value} onChange={(event) => form.chooseTable(event.currentTarget.value)}>
              {form.candidates.map((table) => (
                <option key={table.name} value={table.name}>
                  {table.name}
                  {table.row_count === null ? "" : ` (${counted(table.row_count, "row")})`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Radius, arcsec" fault={form.radiusFault() ?? run.faultOf("radius_arcsec")}>
          {(field) => <input {...field} class="sky-input" type="text" inputMode="decimal" value={form.radius.value} onInput={(event) => (form.radius.value = event.currentTarget.value)} />}
        </Field>
        <Field label="Objects for a row">
          {(field) => (
            <select {...field} class="sky-select" value={form.nearest.value ? "nearest" : "all"} onChange={(event) => (form.nearest.value = event.currentTarget.value === "nearest")}>
              <option value="nearest">the nearest</option>
              <option value="all">all within the radius</option>
            </select>
          )}
        </Field>
        <Field label="Name of the new table" fault={run.faultOf("into") ?? run.faultOf("name")}>
          {(field) => <input {...field} class="sky-input" type="text" spellcheck={false} value={form.into.value} onInput={(event) => (form.into.value = event.currentTarget.value)} />}
        </Field>
      </div>
      <CatalogColumns form={form} />
      <Problem run={run} but={["catalog_table", "radius_arcsec", "into", "name"]} />
    </Dialog>
  );
}

function CatalogColumns({ form }: { form: MatchForm }): JSX.Element {
  const chosen = form.columns.value;
  return (
    <fieldset class="sky-own__columns">
      <legend>Columns of the catalogue</legend>
      <p class="sky-own__chosen sky-muted" role="status">
        {chosen.size === 0 ? "None is chosen." : `Chosen: ${[...chosen].join(", ")}`}
      </p>
      <input
        class="sky-input"
        type="search"
        placeholder="Filter columns"
        aria-label="Filter columns of the catalogue"
        value={form.columnFilter.value}
        onInput={(event) => (form.columnFilter.value = event.currentTarget.value)}
      />
      <div class="sky-own__choices">
        {form.shownColumns.map((column) => (
          <label key={column.name} class="sky-check" title={column.description}>
            <input type="checkbox" checked={chosen.has(column.name)} onChange={(event) => form.takeColumn(column.name, event.currentTarget.checked)} />
            <span class="sky-truncate">{column.name}</span>
            {column.unit && <span class="sky-muted">{column.unit}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function SaveActions({ form, onSave, onClose }: { form: EditForm | ShareForm; onSave: () => void; onClose: () => void }): JSX.Element {
  return (
    <>
      <Button onClick={onClose}>Close</Button>
      <Button kind="primary" busy={form.saving.value} onClick={onSave}>
        Save
      </Button>
    </>
  );
}

function EditDialog({ form, state }: { form: EditForm; state: OwnTablesState }): JSX.Element {
  const close = (): void => state.closeDialog();
  return (
    <Dialog title={`Rename, describe and index ${form.table.name}`} wide onClose={close} actions={<SaveActions form={form} onSave={() => void state.finish()} onClose={close} />}>
      <div class="sky-own__form">
        <NameFields name={form.name} description={form.description} run={form.run} />
      </div>
      <ColumnTable label="Columns" heads={["Column", "Type", "Unit", "UCD", "Description", "Index"]}>
        {form.columns.value.map((column, at) => (
          <tr key={column.name}>
            <th scope="row" title={column.name}>
              {column.name}
            </th>
            <td class="sky-muted">{column.type}</td>
            <td>
              <Cell label={`Unit of ${column.name}`} value={column.unit} onInput={(unit) => form.change(at, { unit })} />
            </td>
            <td>
              <Cell label={`UCD of ${column.name}`} value={column.ucd} onInput={(ucd) => form.change(at, { ucd })} />
            </td>
            <td>
              <Cell label={`Description of ${column.name}`} value={column.description} onInput={(description) => form.change(at, { description })} />
            </td>
            <td>
              <input type="checkbox" aria-label={`Index ${column.name}`} checked={column.indexed} onChange={(event) => form.change(at, { indexed: event.currentTarget.checked })} />
            </td>
          </tr>
        ))}
      </ColumnTable>
      <p class="sky-muted">An index makes a search for one value of a column, or a join by it, quick.</p>
      <Problem run={form.run} but={["name", "description"]} />
    </Dialog>
  );
}

function ShareDialog({ form, state }: { form: ShareForm; state: OwnTablesState }): JSX.Element {
  const close = (): void => state.closeDialog();
  const kind = form.kind.value;
  return (
    <Dialog title={`Share ${form.table.name}`} onClose={close} actions={<SaveActions form={form} onSave={() => void state.finish()} onClose={close} />}>
      <p class="sky-muted">
        They can read it as {form.table.owner}.{form.table.name}; nobody but you can change it.
      </p>
      <ul class="sky-own__grants" aria-label="Who can read it">
        {form.grants.value.length === 0 && <li class="sky-muted">Only you can read it.</li>}
        {form.grants.value.map((grant) => (
          <li key={`${grant.kind} ${grant.name}`}>
            <span class="sky-muted">{grant.kind}</span>
            <span class="sky-grow sky-truncate" title={grant.name}>
              {grant.name}
            </span>
            <IconButton icon="cross" label={`Take it back from ${grant.kind} ${grant.name}`} onClick={() => form.remove(grant)} />
          </li>
        ))}
      </ul>
      <form
        class="sky-own__grant"
        onSubmit={(event) => {
          event.preventDefault();
          form.add();
        }}
      >
        <Field label="Share with">
          {(field) => (
            <select {...field} class="sky-select" value={kind} onChange={(event) => (form.kind.value = event.currentTarget.value === "group" ? "group" : "user")}>
              <option value="user">a user</option>
              <option value="group">a group</option>
            </select>
          )}
        </Field>
        <Field label={kind === "user" ? "User name" : "Group name"} class="sky-grow">
          {(field) => (
            <>
              <input {...field} class="sky-input" type="text" spellcheck={false} list={`${field.id}-known`} value={form.name.value} onInput={(event) => (form.name.value = event.currentTarget.value)} />
              <datalist id={`${field.id}-known`}>{kind === "group" && form.groups.map((group) => <option key={group} value={group} />)}</datalist>
            </>
          )}
        </Field>
        <Button icon="plus" disabled={!form.name.value.trim()} onClick={() => form.add()}>
          Add
        </Button>
      </form>
      <Problem run={form.run} />
    </Dialog>
  );
}

/** The fields of a table's name and description, with what is wrong with them. */
export function NameFields({ name, description, run }: { name: { value: string }; description: { value: string }; run: LoadRun }): JSX.Element {
  return (
    <>
      <Field label="Name of the table" fault={run.faultOf("name")}>
        {(field) => <input {...field} class="sky-input" type="text" spellcheck={false} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />}
      </Field>
      <Field label="Description" fault={run.faultOf("description")} class="sky-own__wide">
        {(field) => <input {...field} class="sky-input" type="text" value={description.value} onInput={(event) => (description.value = event.currentTarget.value)} />}
      </Field>
    </>
  );
}

/** A table of columns that scrolls in its place; `label` names it. */
export function ColumnTable({ label, heads, children }: { label: string; heads: readonly string[]; children: ComponentChildren }): JSX.Element {
  const id = useId();
  return (
    <div class="sky-own__block">
      <span id={id} class="sky-field__label">
        {label}
      </span>
      <div class="sky-own__scroll" tabIndex={0} role="region" aria-labelledby={id}>
        <table class="sky-own__table">
          <thead>
            <tr>
              {heads.map((head, at) => (
                <th key={at} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </div>
  );
}

/** A field in a cell; `label` is its name for who cannot see the heads. */
export function Cell({ label, value, faulty = false, onInput }: { label: string; value: string; faulty?: boolean; onInput: (value: string) => void }): JSX.Element {
  return (
    <input
      class="sky-input"
      type="text"
      spellcheck={false}
      aria-label={label}
      aria-invalid={faulty ? "true" : undefined}
      title={value}
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}
