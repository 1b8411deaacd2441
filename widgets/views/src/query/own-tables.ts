/** The state of My tables: which there are, how much room is left, and what is being done with one. */

import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import type { Schema, Table } from "../shared/catalog";
import { counted } from "../shared/format";
import { Loadable } from "../shared/loadable";
import { apiPath, errorMessage, type Transport } from "../shared/model";
import { tableListFromJson, type OwnTable, type TableList } from "../shared/own-tables";
import type { Question } from "../shared/ui";
import { EditForm, ShareForm } from "./own-tables-edit";
import { LoadForm, type LoadPurpose } from "./own-tables-load";
import { hasPositionColumns, MatchForm, selectFrom } from "./own-tables-match";
import { SchemaState, sqlName } from "./schema";

/** The dialog that is open. */
export type OwnDialog = { kind: "load"; form: LoadForm } | { kind: "match"; form: MatchForm } | { kind: "edit"; form: EditForm } | { kind: "share"; form: ShareForm };

/** What My tables needs of the panel around it. */
export interface Surroundings {
  catalog: SchemaState;
  ask: (question: Question) => void;
  /** Put a statement into the editor. */
  replaceSql: (sql: string, what: string) => void;
  tell: (kind: "success" | "error", text: string, action?: { label: string; act: () => void }) => void;
}

/** Heads of the list where there are tables of both kinds. */
const MINE = "Mine";
const OTHERS = "Shared with me";

export class OwnTablesState {
  /** Whether this account may have tables. */
  readonly available = signal(false);
  readonly open = signal(true);
  readonly list: Loadable<TableList>;
  readonly tree: SchemaState;
  readonly dialog = signal<OwnDialog | null>(null);
  readonly groups = signal<readonly string[]>([]);
  /** The catalogue and the tables beside it, for completion. */
  readonly allTables: ReadonlySignal<Schema | null>;
  private readonly shown: Loadable<Schema>;
  private readonly stops: (() => void)[] = [];
  private draft: LoadForm | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly around: Surroundings,
  ) {
    this.list = new Loadable(async () => tableListFromJson(await transport.json("GET", "tables")));
    this.shown = new Loadable(() => Promise.resolve(this.asSchema()));
    this.tree = new SchemaState(transport, this.shown, true);
    this.allTables = computed(() => {
      const catalog = around.catalog.schema.value;
      const own = this.available.value ? (this.shown.value?.tables ?? []) : [];
      return catalog && { ...catalog, tables: [...catalog.tables, ...own] };
    });
    this.stops.push(
      effect(() => {
        if (this.list.value === null) return;
        const schema = this.asSchema();
        untracked(() => this.shown.set(schema));
      }),
      effect(() => {
        const filter = around.catalog.filter.value;
        untracked(() => {
          this.tree.setFilter(filter);
          this.tree.applyFilter();
        });
      }),
    );
  }

  /** Learn what the session says: whether there are tables for this account, and its groups. */
  learn(services: readonly string[], groups: readonly string[]): void {
    this.groups.value = groups;
    this.available.value = services.includes("tables");
    if (this.available.peek()) void this.list.ensure();
  }

  close(): void {
    this.stops.forEach((stop) => stop());
    this.tree.close();
    const dialog = this.dialog.peek();
    if (dialog?.kind === "load" || dialog?.kind === "match") dialog.form.run.cancel();
  }

  /** The table that the tree is at, or of whose columns it is at one. */
  get active(): { own: OwnTable; table: Table } | null {
    const item = this.tree.active;
    if (!item || item.kind === "release") return null;
    const own = this.list.value?.tables.find((known) => treeName(known) === item.table.name);
    return own ? { own, table: item.table } : null;
  }

  /** Begin a table, or go on with the one that was begun. */
  newTable(): void {
    this.draft ??= new LoadForm(this.transport, { kind: "new" });
    this.draft.run.forget();
    this.dialog.value = { kind: "load", form: this.draft };
  }

  /** Ask for a name under which the rows of a statement become a table. */
  saveRows(sql: string): void {
    this.openLoad({ kind: "query", sql });
  }

  append(table: OwnTable): void {
    this.openLoad({ kind: "append", table });
  }

  match(table: OwnTable): void {
    const catalog = this.around.catalog.schema.value;
    if (catalog) this.dialog.value = { kind: "match", form: new MatchForm(this.transport, table, catalog, this.around.catalog.openRelease.peek()) };
  }

  edit(table: OwnTable): void {
    this.dialog.value = { kind: "edit", form: new EditForm(this.transport, table) };
  }

  share(table: OwnTable): void {
    this.dialog.value = { kind: "share", form: new ShareForm(this.transport, table, this.groups.peek()) };
  }

  query(table: Table): void {
    this.around.replaceSql(selectFrom(table), `A query of ${table.name}`);
  }

  canCut(table: OwnTable): boolean {
    return this.transport.canHost("cut-result") && (hasPositionColumns(table) || table.columns.some((column) => column.name.toUpperCase() === "COADD_OBJECT_ID"));
  }

  /** Give the positions of a table's first rows to the Cutouts panel. */
  async cut(table: Table): Promise<void> {
    const wanted = ["COADD_OBJECT_ID", "RA", "DEC"];
    const columns = table.columns.map((column) => column.name).filter((name) => wanted.includes(name.toUpperCase()));
    try {
      const sql = selectFrom(table).replace("*", columns.map(sqlName).join(", "));
      const { buffer } = await this.transport.request("POST", "query/quick", { sql });
      const rows = table.row_count ?? 0;
      if (buffer) this.transport.host("cut-result", { buffer, source: `${rows > FIRST_ROWS ? `the first ${FIRST_ROWS} rows` : counted(rows, "row")} of ${table.name}` });
    } catch (error) {
      this.around.tell("error", `The positions of ${table.name} could not be read: ${errorMessage(error)}`);
    }
  }

  askToDrop(table: OwnTable): void {
    const grants = table.grants.map((grant) => (grant.kind === "group" ? `group ${grant.name}` : grant.name)).join(", ");
    this.around.ask({
      title: `Drop ${table.name}?`,
      text: `${table.name} with its ${counted(table.rows, "row")} and its indexes is erased for good.${grants ? ` Its grants go with it: ${grants} can read it no more.` : ""}`,
      yes: `Drop ${table.name}`,
      danger: true,
      onYes: () => void this.drop(table),
    });
  }

  /** Do what the open dialog is for, and close it where that went well. */
  async finish(): Promise<void> {
    const dialog = this.dialog.peek();
    if (!dialog) return;
    const table = await act(dialog);
    // What was stopped on the way may have ended first: the list says how it is.
    await this.list.reload();
    if (!table) return;
    if (this.dialog.peek() === dialog) this.dialog.value = null;
    if (dialog.kind === "load" && dialog.form === this.draft) this.draft = null;
    this.choose(table);
    this.tellDone(dialog, table);
  }

  closeDialog(): void {
    this.dialog.value = null;
  }

  private openLoad(purpose: LoadPurpose): void {
    this.dialog.value = { kind: "load", form: new LoadForm(this.transport, purpose) };
  }

  private async drop(table: OwnTable): Promise<void> {
    try {
      await this.transport.request("DELETE", apiPath("tables", table.name));
      this.around.tell("success", `Dropped ${table.name}.`);
    } catch (error) {
      this.around.tell("error", `${table.name} could not be dropped: ${errorMessage(error)}`);
    }
    await this.list.reload();
  }

  private choose(table: OwnTable): void {
    this.open.value = true;
    const item = this.tree.items.peek().find((known) => known.kind === "table" && known.table.name === treeName(table));
    if (item) this.tree.activeId.value = item.id;
  }

  private tellDone(dialog: OwnDialog, table: OwnTable): void {
    if (dialog.kind === "edit" || dialog.kind === "share") return;
    const written = this.shown.value?.tables.find((known) => known.name === treeName(table));
    const action = written ? { label: "Query it", act: () => this.query(written) } : undefined;
    this.around.tell("success", `${table.name} has ${counted(table.rows, "row")}.`, action);
  }

  private asSchema(): Schema {
    const catalog = new Set(this.around.catalog.schema.value?.tables.map((table) => table.name.toUpperCase()));
    return { tables: (this.list.value?.tables ?? []).map((table) => asTable(table, catalog)), functions: [] };
  }
}

/** Rows that a quick query gives. */
const FIRST_ROWS = 1000;

function act(dialog: OwnDialog): Promise<OwnTable | null> {
  switch (dialog.kind) {
    case "load":
      return dialog.form.load();
    case "match":
      return dialog.form.match();
    default:
      return dialog.form.save();
  }
}

/** A table as the tree shows it. Its name alone means it, but where the catalogue has that name or it is somebody else's. */
export function asTable(table: OwnTable, catalog: ReadonlySet<string>): Table {
  const qualified = `${sqlName(table.owner)}.${sqlName(table.name)}`;
  const alone = table.own && !catalog.has(table.name.toUpperCase());
  return {
    name: treeName(table),
    release: table.own ? MINE : OTHERS,
    description: table.description,
    row_count: table.rows,
    columns: table.columns,
    written: alone ? sqlName(table.name) : qualified,
  };
}

function treeName(table: OwnTable): string {
  return table.own ? table.name : `${table.owner}.${table.name}`;
}
