/**
 * Readers that turn unknown JSON into values, or say where it is not what it should be.
 *
 * A guard of a noun reads like the noun:
 *
 *     export const exampleFromJson = (json: unknown): Example => {
 *       const of = fields(json, "example");
 *       return { title: of.text("title"), description: of.text("description"), sql: of.text("sql") };
 *     };
 */

/** An answer that has another shape than docs/api.md says. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Read the fields of a JSON object; `noun` is what errors call it. */
export function fields(json: unknown, noun: string): Fields {
  if (!isRecord(json)) throw new ShapeError(`${noun}: expected an object, got ${kindOf(json)}`);
  return new Fields(json, noun);
}

/** The fields of one object, each asked for by name and kind. */
export class Fields {
  constructor(
    private readonly record: JsonRecord,
    private readonly noun: string,
  ) {}

  /** Whatever is there. */
  raw(name: string): unknown {
    return this.record[name];
  }

  text(name: string): string {
    return this.need(name, isText, "text");
  }

  /** Text, or null where the field is null or missing. */
  textOrNull(name: string): string | null {
    return this.absent(name) ? null : this.text(name);
  }

  number(name: string): number {
    return this.need(name, isNumber, "a number");
  }

  numberOrNull(name: string): number | null {
    return this.absent(name) ? null : this.number(name);
  }

  flag(name: string): boolean {
    return this.need(name, isFlag, "true or false");
  }

  object(name: string): JsonRecord {
    return this.need(name, isRecord, "an object");
  }

  /** An array, each member read by a guard. */
  list<T>(name: string, read: (json: unknown) => T): T[] {
    return this.need(name, Array.isArray, "an array").map((member: unknown) => read(member));
  }

  /** A value read by a guard, or null where the field is null or missing. */
  orNull<T>(name: string, read: (json: unknown) => T): T | null {
    return this.absent(name) ? null : read(this.record[name]);
  }

  /** One of a few words. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    return this.need(name, (value): value is Word => words.some((word) => word === value), `one of ${words.join(", ")}`);
  }

  private absent(name: string): boolean {
    return this.record[name] === undefined || this.record[name] === null;
  }

  private need<T>(name: string, is: (value: unknown) => value is T, expected: string): T {
    const value = this.record[name];
    if (!is(value)) throw new ShapeError(`${this.noun}: ${name} must be ${expected}, got ${kindOf(value)}`);
    return value;
  }
}

/** The reader of a plain text member: ``of.list("groups", text)``. */
export function text(json: unknown): string {
  if (!isText(json)) throw new ShapeError(`expected text, got ${kindOf(json)}`);
  return json;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "an array" : `${typeof value}`;
}
