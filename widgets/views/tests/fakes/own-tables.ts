/** The tables of one account as the service tells them: a fake of the contract of `tables` behind a model. */

import type { Inspection, OwnTable, Quota } from "../../src/shared/own-tables";
import { DEC, MAG, RA, SESSION } from "./catalog";
import type { FakeModel } from "./model";

export const TABLES_SESSION = { ...SESSION, services: [...SESSION.services, { name: "tables", title: "Own tables", description: "Tables", icon: "<svg/>", panel: false, style: false, rank: 9 }] };

export const QUOTA: Quota = { used_bytes: 250_000_000, limit_bytes: 1_000_000_000, tables: 2, max_tables: 100 };

export const M2: OwnTable = {
  owner: "ana",
  name: "M2_STARS",
  description: "Stars of the globular cluster",
  rows: 412,
  size_bytes: 53_248,
  columns: [RA, DEC, MAG],
  indexes: ["RA"],
  created_at: "2026-11-22T18:00:00Z",
  changed_at: "2026-11-22T18:30:00Z",
  grants: [
    { kind: "user", name: "ben" },
    { kind: "group", name: "des" },
  ],
  own: true,
};

/** Has the name of a table of the catalogue. */
export const SAME: OwnTable = { ...M2, name: "DR2_MAIN", description: "Mine of that name", grants: [], indexes: [] };

export const OF_BEN: OwnTable = { ...M2, owner: "ben", name: "Odd name", description: "Quasars", grants: [], own: false };

export const INSPECTION: Inspection = {
  id: "i1",
  rows: 3,
  columns: [
    { name: "NAME", given_name: "name", type: "string", unit: null, ucd: null, description: "", note: null },
    { name: "RA", given_name: "ra", type: "float64", unit: "deg", ucd: null, description: "", note: "read as degrees" },
    { name: "COUNT_", given_name: "count", type: "int32", unit: null, ucd: null, description: "", note: "COUNT is a word of SQL" },
  ],
  types: ["boolean", "int32", "int64", "float64", "string"],
  preview: [
    ["M 2", "323.3625", "7"],
    ["<b>", "34.81", "x"],
    ["", null, "9"],
  ],
  faults: [{ row: 2, field: "count", message: 'not an int32: "x"' }],
  fault_count: 1,
};

/** Answer a model's requests for tables, with those of a list that a test may change. */
export class FakeTables {
  tables: OwnTable[] = [M2, SAME, OF_BEN];

  constructor(private readonly model: FakeModel) {
    model.answers.set("GET session", { json: TABLES_SESSION });
    model.answers.set("GET tables", () => ({ json: { tables: this.tables.map(told), quota: QUOTA } }));
    model.answers.set("POST tables/inspect", { json: INSPECTION });
    model.answers.set("DELETE tables/M2_STARS", () => {
      this.tables = this.tables.filter((table) => table !== M2);
      return { status: 204 };
    });
  }

  /** Tell how far the last load is. */
  progress(path: string, rows: number): void {
    this.model.deliver({ kind: "line", id: this.model.last(path).id, json: { rows } });
  }

  /** End the last load with a table. */
  done(path: string, table: OwnTable): void {
    this.tables = [table, ...this.tables.filter((known) => known.name !== table.name)];
    const { id } = this.model.last(path);
    this.model.deliver({ kind: "line", id, json: { table: told(table), quota: QUOTA } });
    this.model.reply(id, {});
  }

  /** End the last load with an error in its last line. */
  failed(path: string, code: string, message: string, faults: unknown[] = []): void {
    const { id } = this.model.last(path);
    this.model.deliver({ kind: "line", id, json: { error: { code, message, detail: { faults }, id: "e1" } } });
    this.model.reply(id, {});
  }
}

/** Of others' tables it is not told who else may read them. */
function told(table: OwnTable): Record<string, unknown> {
  const { grants, ...open } = table;
  return table.own ? { ...open, grants } : open;
}
