/** What is filled in to rename, describe and index a table, and to share it. */

import { signal } from "@preact/signals";
import { apiPath, type Transport } from "../shared/model";
import { ownTableFromJson, type Grant, type OwnTable } from "../shared/own-tables";
import { LoadRun } from "./own-tables-run";

export interface DescribedColumn {
  name: string;
  type: string;
  unit: string;
  ucd: string;
  description: string;
  indexed: boolean;
}

/** A change that is asked for once, and what was wrong with it. */
class Change {
  readonly saving = signal(false);
  readonly run: LoadRun;

  constructor(protected readonly transport: Transport) {
    this.run = new LoadRun(transport);
  }

  protected async ask(method: string, path: string, body: unknown): Promise<OwnTable | null> {
    if (this.saving.peek()) return null;
    this.saving.value = true;
    this.run.forget();
    try {
      return ownTableFromJson(await this.transport.json(method, path, body));
    } catch (error) {
      this.run.tell(error);
      return null;
    } finally {
      this.saving.value = false;
    }
  }
}

export class EditForm extends Change {
  readonly name = signal("");
  readonly description = signal("");
  readonly columns = signal<readonly DescribedColumn[]>([]);

  constructor(
    transport: Transport,
    readonly table: OwnTable,
  ) {
    super(transport);
    this.name.value = table.name;
    this.description.value = table.description;
    this.columns.value = describedColumns(table);
  }

  change(at: number, change: Partial<DescribedColumn>): void {
    this.columns.value = this.columns.peek().map((column, index) => (index === at ? { ...column, ...change } : column));
  }

  /** What differs from the table as it is. */
  changes(): Record<string, unknown> {
    const before = describedColumns(this.table);
    const columns = this.columns.value
      .filter(({ unit, ucd, description }, at) => unit !== before[at]?.unit || ucd !== before[at]?.ucd || description !== before[at]?.description)
      .map(({ name, unit, ucd, description }) => ({ name, unit: unit.trim(), ucd: ucd.trim(), description: description.trim() }));
    const indexes = this.columns.value.filter((column) => column.indexed).map((column) => column.name);
    const otherIndexes = this.columns.value.some((column, at) => column.indexed !== before[at]?.indexed);
    return {
      ...(this.name.value.trim() !== this.table.name ? { name: this.name.value.trim() } : {}),
      ...(this.description.value.trim() !== this.table.description ? { description: this.description.value.trim() } : {}),
      ...(columns.length > 0 ? { columns } : {}),
      ...(otherIndexes ? { indexes } : {}),
    };
  }

  /** Save what differs; gives the table as it is then, or null where it was refused. */
  async save(): Promise<OwnTable | null> {
    const changes = this.changes();
    return Object.keys(changes).length === 0 ? this.table : this.ask("PATCH", apiPath("tables", this.table.name), changes);
  }
}

export class ShareForm extends Change {
  readonly kind = signal<Grant["kind"]>("user");
  readonly name = signal("");
  readonly grants = signal<readonly Grant[]>([]);

  constructor(
    transport: Transport,
    readonly table: OwnTable,
    /** Groups of the user, to choose from. */
    readonly groups: readonly string[],
  ) {
    super(transport);
    this.grants.value = table.grants;
  }

  add(): void {
    const grant = { kind: this.kind.peek(), name: this.name.peek().trim() };
    if (!grant.name) return;
    if (!this.grants.peek().some((known) => sameGrant(known, grant))) this.grants.value = [...this.grants.peek(), grant];
    this.name.value = "";
  }

  remove(grant: Grant): void {
    this.grants.value = this.grants.peek().filter((known) => !sameGrant(known, grant));
  }

  /** Save the list as it is; a name that still stands in the field is taken along. */
  async save(): Promise<OwnTable | null> {
    this.add();
    return this.ask("PUT", apiPath("tables", this.table.name, "grants"), { grants: this.grants.peek() });
  }
}

function describedColumns(table: OwnTable): DescribedColumn[] {
  const indexed = new Set(table.indexes);
  return table.columns.map(({ name, type, unit, ucd, description }) => ({ name, type, unit: unit ?? "", ucd: ucd ?? "", description, indexed: indexed.has(name) }));
}

function sameGrant(a: Grant, b: Grant): boolean {
  return a.kind === b.kind && a.name === b.name;
}
