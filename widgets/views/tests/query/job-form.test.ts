import { beforeEach, describe, expect, test } from "vitest";
import { formatsFromJson } from "../../src/shared/catalog";
import { JobForm, readEnding } from "../../src/query/job-form";
import { FORMATS } from "../fakes/catalog";

const formats = formatsFromJson(FORMATS);
let form: JobForm;
beforeEach(() => {
  form = new JobForm();
  form.learn(formats);
});

describe("the ending and the format keep in step", () => {
  test.each([
    ["m2.fits", "fits", "none"],
    ["m2.csv.gz", "csv", "gzip"],
    ["M2.CSV.ZST", "csv", "zstd"],
    ["a.b.parquet", "parquet", "none"],
  ])("a name %s sets %s and %s", (name, format, compression) => {
    form.setFileName(name);
    expect([form.format.value, form.compression.value]).toEqual([format, compression]);
    expect(form.faultOf("file_name")).toBeNull();
  });

  test("a format sets the ending and drops a compression that it has not", () => {
    form.setFileName("m2.csv.zst");
    form.setFormat("fits");
    expect([form.fileName.value, form.compression.value]).toEqual(["m2.fits", "none"]);
    form.setCompression("gzip");
    expect(form.fileName.value).toBe("m2.fits.gz");
    form.setFormat("csv");
    expect(form.fileName.value).toBe("m2.csv.gz");
  });

  test("a format that compresses inside keeps its ending", () => {
    form.setFormat("parquet");
    form.setCompression("zstd");
    expect([form.fileName.value, form.compression.value]).toEqual(["result.parquet", "zstd"]);
    form.setFileName("m2.parquet");
    expect(form.compression.value).toBe("zstd");
    form.setCompression("none");
    expect(form.compression.value).toBe("none");
  });

  test("a format's own first compression holds until another is asked for, as the service has it", () => {
    form.learn(formats.map((format) => (format.format === "parquet" ? { ...format, compressions: ["zstd", "none"] } : format)));
    expect(form.compression.value).toBe("zstd");
    form.setFileName("m2.parquet");
    expect(form.compression.value).toBe("zstd");
    form.setFormat("csv");
    expect([form.fileName.value, form.compression.value]).toEqual(["m2.csv", "none"]);
    form.setCompression("none");
    form.setFormat("parquet");
    expect(form.compression.value).toBe("none");
  });

  test("a name that is typed before the formats are known is read once they are", () => {
    form = new JobForm();
    form.setFileName("m2.csv.gz");
    expect(form.format.value).toBe("parquet");
    form.learn(formats);
    expect([form.format.value, form.compression.value]).toEqual(["csv", "gzip"]);
  });

  test("a name without an ending gets one when it is done", () => {
    form.setFileName(" m2 ");
    form.completeFileName();
    expect(form.fileName.value).toBe("m2.parquet");
  });
});

describe("what is sent", () => {
  test("is nothing for what was left as it is", () => {
    expect(form.body()).toEqual({});
  });

  test("is all that was filled in", () => {
    form.setFileName("m2.csv.gz");
    form.jobName.value = " giants ";
    form.maxRows.value = "5000";
    form.emailWanted.value = true;
    form.email.value = "ana@example.org";
    expect(form.body()).toEqual({ file_name: "m2.csv.gz", format: "csv", compression: "gzip", name: "giants", max_rows: 5000, email: "ana@example.org" });
    expect(form.faults.value).toEqual([]);
  });
});

describe("what cannot be sent is said at its field", () => {
  test.each(["../m2.csv", "a/m2.csv", "a\\m2.csv", ".m2.csv", "m2.exe", "m2.parquet.gz", "m2.arrow.zst"])("file name %s", (name) => {
    form.setFileName(name);
    expect(form.faultOf("file_name")).not.toBeNull();
  });

  test.each(["0", "-1", "1e5", "1,000", "ten", "1.5"])("most rows %s", (rows) => {
    form.maxRows.value = rows;
    expect(form.faultOf("max_rows")).toMatch(/whole number/);
  });

  test("an address, once one is wanted", () => {
    form.email.value = "ana";
    expect(form.faults.value).toEqual([]);
    form.emailWanted.value = true;
    expect(form.faultOf("email")).toMatch(/name@example.org/);
  });
});

test("an ending that no format has says nothing", () => {
  expect(readEnding("m2.txt", formats)).toBeNull();
  expect(readEnding("csv", formats)).toBeNull();
  expect(readEnding("m2.csv", [])).toBeNull();
});
