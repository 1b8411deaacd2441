/** What is filled in for cutouts: size, release, products and their options, and what the job is called. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { PRODUCTS, type FormFacts, type Product, type RowFault } from "../shared/cutout";
import { isRecord, type JsonRecord } from "../shared/json";

/** Bands for red, green and blue. */
export type Triplet = readonly [string, string, string];

/** What is wrong with a field of the form, by the field's name in the request. */
export interface FieldFault {
  field: string;
  message: string;
}

export type Colour = "lupton" | "stiff";

const LONGEST_NAME = 128;

export class CutoutForm {
  /** Sizes and numbers are kept as they are typed. */
  readonly xSize = signal("1");
  readonly ySize = signal("1");
  /** The height follows the width. */
  readonly square = signal(true);
  readonly release = signal("");
  readonly products: Signal<ReadonlySet<Product>> = signal(new Set(["fits", "lupton"] as const));
  readonly fitsBands: Signal<ReadonlySet<string>> = signal(new Set(["g", "r", "i"]));
  readonly planes: Signal<ReadonlySet<string>> = signal(new Set(["SCI", "MSK", "WGT"]));
  readonly triplets: Readonly<Record<Colour, Signal<readonly Triplet[]>>> = { lupton: signal([["i", "r", "g"]]), stiff: signal([["i", "r", "g"]]) };
  readonly minimum = signal("1");
  readonly stretch = signal("50");
  readonly q = signal("10");
  readonly chartBands: Signal<ReadonlySet<string>> = signal(new Set(["i"]));
  readonly faintestHelper = signal("20");
  readonly resample = signal(false);
  readonly discardFits = signal(false);
  readonly matchedCsv = signal(false);
  readonly jobName = signal("");
  readonly emailWanted = signal(false);
  readonly email = signal("");
  /** Bounds and choices; null before they are known. */
  readonly facts: Signal<FormFacts | null> = signal(null);
  /** What this page finds wrong by itself. */
  readonly faults: ReadonlySignal<readonly FieldFault[]> = computed(() => this.findFaults());
  /** What the service found wrong with the form, in its last answer. */
  readonly serviceFaults: Signal<readonly RowFault[]> = signal([]);

  /** Take what the service offers, and its defaults where nothing was kept from before. */
  learn(facts: FormFacts, kept: JsonRecord | null): void {
    this.facts.value = facts;
    this.take(facts.defaults);
    this.release.value = (facts.releases.find((release) => release.isDefault) ?? facts.releases[0])?.name ?? "";
    if (kept) this.restore(kept);
    if (!facts.chartAllowed) this.setProduct("chart", false);
  }

  get bands(): readonly string[] {
    return this.facts.value?.bands ?? [...this.fitsBands.value];
  }

  setSize(axis: "x" | "y", text: string): void {
    (axis === "x" ? this.xSize : this.ySize).value = text;
    if (this.square.peek()) (axis === "x" ? this.ySize : this.xSize).value = text;
  }

  setSquare(square: boolean): void {
    this.square.value = square;
    if (square) this.ySize.value = this.xSize.peek();
  }

  has(product: Product): boolean {
    return this.products.value.has(product);
  }

  setProduct(product: Product, wanted: boolean): void {
    this.products.value = changed(this.products.peek(), product, wanted);
  }

  setTriplet(colour: Colour, index: number, triplet: Triplet): void {
    const triplets = this.triplets[colour];
    triplets.value = triplets.peek().map((old, at) => (at === index ? triplet : old));
  }

  /** Add three bands that are not there yet, as red as they come. */
  addTriplet(colour: Colour): void {
    const triplets = this.triplets[colour];
    const bands = [...this.bands].reverse();
    const taken = new Set(triplets.peek().map((triplet) => triplet.join("")));
    const windows = bands.flatMap((_, at): Triplet[] => (at + 2 < bands.length ? [[bands[at] ?? "", bands[at + 1] ?? "", bands[at + 2] ?? ""]] : []));
    const next = windows.find((window) => !taken.has(window.join(""))) ?? windows[0];
    if (next) triplets.value = [...triplets.peek(), next];
  }

  removeTriplet(colour: Colour, index: number): void {
    const triplets = this.triplets[colour];
    triplets.value = triplets.peek().filter((_, at) => at !== index);
  }

  faultOf(...names: string[]): string | null {
    const own = this.faults.value.find((fault) => names.includes(fault.field));
    if (own) return own.message;
    return this.serviceFaults.value.find((fault) => names.includes(shortName(fault.field)))?.message ?? null;
  }

  /** The options as the service takes them. */
  options(): JsonRecord {
    const bands = this.bands;
    const inOrder = (chosen: ReadonlySet<string>): string[] => [...bands.filter((band) => chosen.has(band)), ...[...chosen].filter((band) => !bands.includes(band))];
    return {
      x_size_arcmin: Number(this.xSize.value),
      y_size_arcmin: Number(this.ySize.value),
      products: PRODUCTS.filter((product) => this.products.value.has(product)),
      fits_bands: inOrder(this.fitsBands.value),
      planes: [...this.planes.value],
      lupton_bands: this.triplets.lupton.value.map((triplet) => triplet.join("")),
      stiff_bands: this.triplets.stiff.value.map((triplet) => triplet.join("")),
      lupton: { minimum: Number(this.minimum.value), stretch: Number(this.stretch.value), q: Number(this.q.value) },
      discard_fits: this.discardFits.value,
      resample: this.resample.value,
      chart: { bands: inOrder(this.chartBands.value), faintest_helper_mag: Number(this.faintestHelper.value) },
    };
  }

  /** The form in a form that can be kept over a reload. */
  snapshot(): JsonRecord {
    return { ...this.options(), release: this.release.value, square: this.square.value, include_matched_csv: this.matchedCsv.value };
  }

  private restore(kept: JsonRecord): void {
    this.take(kept);
    const release = kept["release"];
    if (typeof release === "string" && this.facts.peek()?.releases.some(({ name }) => name === release)) this.release.value = release;
    if (typeof kept["square"] === "boolean") this.square.value = kept["square"];
    this.matchedCsv.value = kept["include_matched_csv"] === true;
  }

  /** Take over options; what is missing or of another kind stays as it is. */
  private take(options: JsonRecord): void {
    const facts = this.facts.peek();
    const number = (value: unknown, into: Signal<string>): void => {
      if (typeof value === "number" && Number.isFinite(value)) into.value = String(value);
    };
    const words = (value: unknown, known: readonly string[] | undefined, into: Signal<ReadonlySet<string>>): void => {
      if (Array.isArray(value)) into.value = new Set(value.map(String).filter((word) => !known || known.includes(word)));
    };
    number(options["x_size_arcmin"], this.xSize);
    number(options["y_size_arcmin"], this.ySize);
    this.square.value = this.xSize.peek() === this.ySize.peek();
    const products = options["products"];
    if (Array.isArray(products)) this.products.value = new Set(PRODUCTS.filter((product) => products.includes(product)));
    words(options["fits_bands"], facts?.bands, this.fitsBands);
    words(options["planes"], facts?.planes, this.planes);
    for (const colour of ["lupton", "stiff"] as const) {
      const triplets = options[`${colour}_bands`];
      if (Array.isArray(triplets)) this.triplets[colour].value = triplets.map(String).filter((word) => [...word].length === 3).map(tripletOf);
    }
    const lupton = options["lupton"];
    if (isRecord(lupton)) {
      number(lupton["minimum"], this.minimum);
      number(lupton["stretch"], this.stretch);
      number(lupton["q"], this.q);
    }
    const chart = options["chart"];
    if (isRecord(chart)) {
      words(chart["bands"], facts?.bands, this.chartBands);
      number(chart["faintest_helper_mag"], this.faintestHelper);
    }
    if (typeof options["resample"] === "boolean") this.resample.value = options["resample"];
    if (typeof options["discard_fits"] === "boolean") this.discardFits.value = options["discard_fits"];
  }

  private findFaults(): FieldFault[] {
    const faults: FieldFault[] = [];
    const { smallest_arcmin: smallest = 0.1, largest_arcmin: largest = 12 } = this.facts.value?.limits ?? {};
    for (const [field, text] of [["x_size_arcmin", this.xSize.value], ["y_size_arcmin", this.ySize.value]] as const) {
      const size = numberOf(text);
      if (size === null || size < smallest || size > largest) faults.push({ field, message: `${smallest} to ${largest} arcmin` });
    }
    if (this.products.value.size === 0) faults.push({ field: "products", message: "choose at least one kind of image" });
    if (this.has("fits") && this.fitsBands.value.size === 0) faults.push({ field: "fits_bands", message: "choose at least one band" });
    for (const colour of ["lupton", "stiff"] as const) {
      if (this.has(colour) && this.triplets[colour].value.length === 0) faults.push({ field: `${colour}_bands`, message: "choose three bands" });
    }
    if (this.has("lupton")) {
      if (numberOf(this.minimum.value) === null) faults.push({ field: "minimum", message: "a number" });
      for (const field of ["stretch", "q"] as const) {
        const value = numberOf(this[field].value);
        if (value === null || value <= 0) faults.push({ field, message: "a number above 0" });
      }
    }
    if (this.has("chart")) {
      if (this.chartBands.value.size === 0) faults.push({ field: "chart_bands", message: "choose at least one band" });
      if (numberOf(this.faintestHelper.value) === null) faults.push({ field: "faintest_helper_mag", message: "a magnitude, such as 20" });
    }
    if (this.jobName.value.length > LONGEST_NAME) faults.push({ field: "name", message: `${LONGEST_NAME} characters at most` });
    if (this.emailWanted.value && !/^[^\s@]+@[^\s@]+$/.test(this.email.value.trim())) {
      faults.push({ field: "email", message: "an address such as name@example.org" });
    }
    return faults;
  }
}

/** A set with a member put in or taken out. */
export function changed<T>(set: ReadonlySet<T>, member: T, wanted: boolean): ReadonlySet<T> {
  const next = new Set(set);
  if (wanted) next.add(member);
  else next.delete(member);
  return next;
}

/** The last part of a field's name: `options.lupton.stretch` is `stretch`; bands of a chart keep their chart. */
export function shortName(field: string): string {
  const parts = field.split(/[.[]/).filter((part) => part !== "" && !/^\d+\]?$/.test(part));
  const last = parts.at(-1) ?? "";
  return parts.includes("chart") && last === "bands" ? "chart_bands" : last;
}

export function tripletOf(word: string): Triplet {
  const [red = "", green = "", blue = ""] = [...word];
  return [red, green, blue];
}

/** What was typed, as a number; null where it is none. */
export function numberOf(text: string): number | null {
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
