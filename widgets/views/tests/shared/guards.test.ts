import { describe, expect, test } from "vitest";
import * as catalog from "../../src/shared/catalog";
import { jobFilesFromJson, jobFromJson, jobsFromJson } from "../../src/shared/job";
import { ShapeError } from "../../src/shared/json";
import { sessionFromJson } from "../../src/shared/session";
import { EXAMPLES, FORMATS, HISTORY, JOB, SCHEMA, SESSION } from "../fakes/catalog";

describe("what the service says is taken as it is", () => {
  test("schema, with plain and described functions", () => {
    const schema = catalog.schemaFromJson({ ...SCHEMA, functions: ["ABS", { name: "ROUND", description: "to digits" }] });
    expect(schema.functions).toEqual(["ABS", "ROUND"]);
    expect(schema.tables[0]).toEqual(SCHEMA.tables[0]);
    expect(schema.tables[2]?.row_count).toBeNull();
  });

  test("examples, formats and history", () => {
    expect(catalog.examplesFromJson(EXAMPLES)).toEqual(EXAMPLES.examples);
    expect(catalog.formatsFromJson(FORMATS)).toEqual(FORMATS.formats);
    expect(catalog.historyFromJson(HISTORY)).toEqual(HISTORY.history);
  });

  test("jobs, files and the session", () => {
    expect(jobFromJson(JOB)).toEqual(JOB);
    expect(jobsFromJson({ jobs: [JOB], revision: 7 }).jobs).toHaveLength(1);
    const running = jobFromJson({ ...JOB, progress: { done: 5, total: 10, unit: "rows", fraction: 0.5 }, error: { code: "x", message: "y" } });
    expect(running.progress).toEqual({ done: 5, total: 10, unit: "rows", fraction: 0.5 });
    expect(running.error).toEqual({ code: "x", message: "y" });
    expect(jobFilesFromJson({ files: [{ name: "m2.fits", size_bytes: 3, sha256: "ab", media_type: "application/fits", rows: 4 }] })[0]?.rows).toBe(4);
    expect(sessionFromJson(SESSION).survey.default_release).toBe("DR2");
  });
});

describe("what has another shape is refused by name", () => {
  test.each([
    ["a job in no known phase", () => jobFromJson({ ...JOB, phase: "SLEEPING" }), /job: phase must be one of PENDING/],
    ["a job without an owner", () => jobFromJson({ ...JOB, owner: undefined }), /job: owner must be text, got nothing/],
    ["columns that are no list", () => catalog.checkFromJson({ columns: {} }), /check: columns must be an array, got object/],
    ["a column whose name is a number", () => catalog.columnFromJson({ name: 3, type: "int16" }), /column: name must be text, got number/],
    ["a page that says nothing of more rows", () => catalog.resultMetaFromJson({ rows: 3, elapsed_seconds: 1 }), /truncated must be true or false/],
    ["null instead of an answer", () => catalog.schemaFromJson(null), /schema: expected an object, got null/],
    ["a list instead of an answer", () => sessionFromJson([]), /session: expected an object, got an array/],
    ["groups that are not text", () => sessionFromJson({ ...SESSION, user: { name: "a", groups: [1] } }), /expected text, got number/],
  ])("%s", (_, read, message) => {
    expect(read).toThrow(ShapeError);
    expect(read).toThrow(message);
  });
});

test("a fault without a place has nulls", () => {
  expect(catalog.faultFromDetail("no table T", {})).toEqual({ message: "no table T", line: null, column: null, length: null, hint: null });
});
