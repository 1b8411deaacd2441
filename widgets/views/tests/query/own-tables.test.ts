import { beforeEach, describe, expect, test } from "vitest";
import { suggest } from "../../src/query/completion";
import { asTable } from "../../src/query/own-tables";
import { EditForm, ShareForm } from "../../src/query/own-tables-edit";
import { LoadForm, tableName } from "../../src/query/own-tables-load";
import { MatchForm } from "../../src/query/own-tables-match";
import { schemaFromJson } from "../../src/shared/catalog";
import { Transport } from "../../src/shared/model";
import { SCHEMA } from "../fakes/catalog";
import { FakeModel, settled } from "../fakes/model";
import { FakeTables, M2, OF_BEN, SAME } from "../fakes/own-tables";

let model: FakeModel;
let tables: FakeTables;
let transport: Transport;

beforeEach(() => {
  model = new FakeModel();
  tables = new FakeTables(model);
  transport = new Transport(model);
});

/** A file as a browser gives it: jsdom's has no `arrayBuffer`. */
function fileOf(text: string, name: string): File {
  return Object.assign(new File([text], name), { arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer) });
}

async function inspected(): Promise<LoadForm> {
  const form = new LoadForm(transport, { kind: "new" });
  await form.readFile(fileOf("name,ra,count\n", "m2 stars.csv"));
  return form;
}

describe("names", () => {
  const catalog = new Set(["DR2_MAIN"]);

  test.each([
    ["an own table is named alone", M2, "M2_STARS"],
    ["one with the name of a catalogue's table is named with its owner", SAME, "ana.DR2_MAIN"],
    ["somebody else's is named with its owner, and quoted where it must be", OF_BEN, 'ben."Odd name"'],
  ])("%s", (_, table, written) => {
    expect(asTable(table, catalog).written).toBe(written);
  });

  test.each([
    ["m2 stars.csv.gz", "M2_STARS"],
    ["2mass-xmatch.v2.fits", "MASS_XMATCH_V2"],
    ["Öde.csv", "DE"],
    [".csv", ""],
  ])("a file %j suggests %j", (file, name) => {
    expect(tableName(file)).toBe(name);
  });

  test("the editor knows own tables and those that others share", () => {
    const catalog = schemaFromJson(SCHEMA);
    const schema = { ...catalog, tables: [...catalog.tables, asTable(M2, new Set()), asTable({ ...OF_BEN, name: "QSO" }, new Set())] };
    const labels = (text: string): string[] => suggest(text, text.length, schema)?.options.map((option) => option.label) ?? [];
    expect(labels("SELECT * FROM M")).toEqual(expect.arrayContaining(["M2_STARS", "ben.QSO"]));
    expect(labels("SELECT * FROM ben.")).toEqual(["QSO"]);
    expect(labels("SELECT q. FROM ben.QSO q".slice(0, 9))).toEqual([]);
    const text = "SELECT q. FROM ben.QSO q";
    expect(suggest(text, 9, schema)?.options.map((option) => option.label)).toEqual(["RA", "DEC", "MAG_AUTO_G"]);
  });
});

describe("a load", () => {
  test("sends what was corrected, tells its progress, and gives the table", async () => {
    const form = await inspected();
    expect(form.name.value).toBe("M2_STARS");
    form.correct(2, { name: "N", type: "string" });
    const loaded = form.load();
    expect(model.last("tables").body).toEqual({
      name: "M2_STARS",
      description: "",
      source: { inspection: "i1" },
      columns: [
        { given_name: "name", name: "NAME", type: "string" },
        { given_name: "ra", name: "RA", type: "float64" },
        { given_name: "count", name: "N", type: "string" },
      ],
    });
    tables.progress("tables", 2);
    expect(form.run.rows.value).toBe(2);
    tables.done("tables", M2);
    expect(await loaded).toMatchObject({ name: "M2_STARS", rows: 412 });
    expect(form.run.rows.value).toBeNull();
  });

  test("tells units and descriptions that were corrected once the table is there", async () => {
    const form = await inspected();
    model.answers.set("PATCH tables/M2_STARS", { json: M2 });
    form.correct(1, { unit: "rad", description: "Right ascension" });
    const loaded = form.load();
    tables.done("tables", M2);
    await loaded;
    expect(model.last("tables/M2_STARS").body).toEqual({ columns: [{ name: "RA", unit: "rad", description: "Right ascension" }] });
  });

  test("leaves columns out that are not taken, and what is wrong with them", async () => {
    const form = await inspected();
    form.correct(2, { taken: false });
    expect(form.foundFaults).toEqual([]);
    void form.load();
    expect((model.last("tables").body as { columns: { name: string }[] }).columns.map((column) => column.name)).toEqual(["NAME", "RA"]);
    form.correct(0, { taken: false });
    form.correct(1, { taken: false });
    expect(form.obstacle.value).toBe("Take at least one column.");
  });

  test("that is cancelled is broken off", async () => {
    const form = await inspected();
    const loaded = form.load();
    form.run.cancel();
    expect(await loaded).toBeNull();
    expect(model.sent.filter((message) => message["kind"] === "cancel")).toHaveLength(1);
    expect(form.run.problem.value).toBe("Cancelled; nothing was loaded.");
  });

  test("whose last line is an error says so, with every fault by its field", async () => {
    const form = await inspected();
    const loaded = form.load();
    tables.progress("tables", 1);
    tables.failed("tables", "invalid_request", "1 row cannot be read", [{ row: 2, field: "count", message: "not an int32" }]);
    expect(await loaded).toBeNull();
    expect(form.run.problem.value).toBe("1 row cannot be read");
    const faults = (): number => (form.columns.value[2] ? form.columnFaults(form.columns.value[2]).length : -1);
    expect(faults()).toBe(2);
    // What was wrong for the old type says nothing of the new one.
    form.correct(2, { type: "string" });
    expect(faults()).toBe(1);
  });

  test("that is refused marks the name", async () => {
    const form = await inspected();
    const loaded = form.load();
    await model.fail("tables", 400, "invalid_request", "name: SELECT is a word of SQL", { faults: [{ field: "name", message: "SELECT is a word of SQL", row: null }] });
    expect(await loaded).toBeNull();
    expect(form.run.faultOf("name")).toBe("SELECT is a word of SQL");
  });

  test("reads lines at the end where the model cannot tell them as they come", async () => {
    const form = await inspected();
    const loaded = form.load();
    const text = `{"rows": 1}\n${JSON.stringify({ table: M2, quota: { used_bytes: 0, limit_bytes: 1, tables: 1, max_tables: 2 } })}\n`;
    await model.answer("tables", { buffer: new TextEncoder().encode(text) });
    expect((await loaded)?.name).toBe("M2_STARS");
  });

  test("of a statement runs it again on the server", async () => {
    const form = new LoadForm(transport, { kind: "query", sql: "SELECT 1" });
    expect(form.obstacle.value).toBe("Give the table a name.");
    form.name.value = " N ";
    void form.load();
    expect(model.last("tables").body).toEqual({ name: "N", description: "", source: { sql: "SELECT 1" }, columns: null });
  });

  test("of more rows is appended to its table", async () => {
    const form = new LoadForm(transport, { kind: "append", table: M2 });
    await form.readFile(fileOf("x", "more.csv"));
    void form.load();
    expect(model.last("tables/M2_STARS/append").body).toMatchObject({ source: { inspection: "i1" } });
  });

  test("takes the one file of a job, and asks where there are several", async () => {
    const form = new LoadForm(transport, { kind: "new" });
    const file = (name: string) => ({ name, size_bytes: 1, sha256: null, media_type: "text/csv", rows: 1 });
    model.answers.set("GET jobs/a1/files", { json: { files: [file("m2.csv")] } });
    model.answers.set("GET jobs/a2/files", { json: { files: [file("m2_1.csv"), file("m2_2.csv")] } });
    await form.chooseJob("a1");
    expect(model.last("tables/inspect").body).toEqual({ job_id: "a1", file: "m2.csv" });
    form.otherSource();
    await form.chooseJob("a2");
    expect(form.inspection.value).toBeNull();
    expect(form.files.value.map((each) => each.name)).toEqual(["m2_1.csv", "m2_2.csv"]);
  });

  test("of what is pasted knows tabs from commas", async () => {
    const form = new LoadForm(transport, { kind: "new" });
    form.pasted.value = "a\tb\n1\t2";
    await form.readPasted();
    expect(model.last("tables/inspect").body).toEqual({ file_name: "pasted.tsv", content_base64: btoa("a\tb\n1\t2") });
  });

  test("of a file that is too large says what to do", async () => {
    const form = new LoadForm(transport, { kind: "new" });
    const file = new File([], "huge.fits");
    Object.defineProperty(file, "size", { value: 80_000_000 });
    await form.readFile(file);
    expect(form.unreadable.value).toContain("huge.fits has 80 MB, and 50 MB can be sent from here");
    expect(model.requests()).toEqual([]);
  });
});

describe("a match", () => {
  test("begins with the largest table with positions of the open release, and sends what was chosen", async () => {
    const form = new MatchForm(transport, OF_BEN, schemaFromJson(SCHEMA), "DR2");
    expect(form.catalogTable.value).toBe("DR2_MAIN");
    expect([...form.columns.value]).toEqual(["RA", "DEC"]);
    form.takeColumn("MAG_AUTO_G", true);
    form.takeColumn("RA", false);
    form.nearest.value = false;
    form.into.value = "Q";
    const matched = form.match();
    expect(model.last("tables/match").body).toEqual({
      table: "ben.Odd name",
      catalog_table: "DR2_MAIN",
      radius_arcsec: 1,
      nearest: false,
      columns: ["DEC", "MAG_AUTO_G"],
      into: "Q",
    });
    tables.done("tables/match", { ...M2, name: "Q" });
    expect((await matched)?.name).toBe("Q");
  });

  test.each(["", "0", "-1", "x", "3601"])("refuses a radius of %j", (radius) => {
    const form = new MatchForm(transport, M2, schemaFromJson(SCHEMA), null);
    form.radius.value = radius;
    expect(form.obstacle.value).toBe("Give a radius in arcseconds.");
  });
});

describe("a change", () => {
  test("sends what differs and nothing else", async () => {
    const form = new EditForm(transport, M2);
    expect(form.changes()).toEqual({});
    form.name.value = "M2";
    form.change(2, { unit: "", indexed: true });
    expect(form.changes()).toEqual({ name: "M2", columns: [{ name: "MAG_AUTO_G", unit: "", ucd: "phot.mag", description: "Kron magnitude, g" }], indexes: ["RA", "MAG_AUTO_G"] });
    model.answers.set("PATCH tables/M2_STARS", { json: { ...M2, name: "M2" } });
    expect((await form.save())?.name).toBe("M2");
  });

  test("of who may read sends the whole list, with a name that still stands in the field", async () => {
    const form = new ShareForm(transport, M2, ["des"]);
    form.remove({ kind: "user", name: "ben" });
    form.name.value = "cleo";
    const saved = form.save();
    expect(model.last("tables/M2_STARS/grants").body).toEqual({
      grants: [
        { kind: "group", name: "des" },
        { kind: "user", name: "cleo" },
      ],
    });
    await model.fail("tables/M2_STARS/grants", 400, "invalid_request", "there is no user cleo");
    expect(await saved).toBeNull();
    expect(form.run.problem.value).toBe("there is no user cleo");
    await settled();
  });
});
