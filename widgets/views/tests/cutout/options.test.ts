import { describe, expect, test } from "vitest";
import { formFromJson } from "../../src/shared/cutout";
import { CutoutForm, shortName } from "../../src/cutout/options";
import { FORM } from "../fakes/cutout";

function learned(kept: Record<string, unknown> | null = null, facts: Record<string, unknown> = {}): CutoutForm {
  const form = new CutoutForm();
  form.learn(formFromJson({ ...FORM, ...facts }), kept);
  return form;
}

test("the form begins with the service's defaults and its default release", () => {
  const form = learned();
  expect(form.release.value).toBe("DR2");
  expect(form.options()).toEqual(FORM.defaults);
  expect(form.faults.value).toEqual([]);
});

test("what was kept goes before the defaults, as far as the service still knows it", () => {
  const form = learned({ x_size_arcmin: 3, fits_bands: ["z", "u"], release: "DR1", lupton_bands: ["zig", "x"], include_matched_csv: true });
  expect(form.options()).toMatchObject({ x_size_arcmin: 3, fits_bands: ["z"], lupton_bands: ["zig"] });
  expect([form.release.value, form.matchedCsv.value]).toEqual(["DR1", true]);
  expect(learned({ release: "SV1" }).release.value).toBe("DR2");
});

test("a kept form comes back as it was", () => {
  const form = learned();
  form.setSquare(false);
  form.setSize("x", "2.5");
  form.setProduct("stiff", true);
  form.setTriplet("stiff", 0, ["z", "r", "g"]);
  form.q.value = "8";
  const again = learned(form.snapshot());
  expect(again.options()).toEqual(form.options());
  expect(again.square.value).toBe(false);
});

test("a square has one size, and bands stay in the survey's order", () => {
  const form = learned();
  form.setSize("x", "4");
  expect(form.options()).toMatchObject({ x_size_arcmin: 4, y_size_arcmin: 4 });
  form.setSquare(false);
  form.setSize("y", "2");
  expect(form.options()).toMatchObject({ x_size_arcmin: 4, y_size_arcmin: 2 });
  form.fitsBands.value = new Set(["Y", "g"]);
  expect(form.options()["fits_bands"]).toEqual(["g", "Y"]);
});

test("another picture has bands that are not there yet", () => {
  const form = learned();
  form.addTriplet("lupton");
  form.addTriplet("lupton");
  const words = form.triplets.lupton.value.map((triplet) => triplet.join(""));
  expect(new Set(words).size).toBe(3);
  form.removeTriplet("lupton", 0);
  expect(form.options()["lupton_bands"]).toEqual(words.slice(1));
});

describe("faults", () => {
  test.each([
    ["size", (form: CutoutForm) => form.setSize("x", "12.5"), "x_size_arcmin", "0.1 to 12 arcmin"],
    ["no number", (form: CutoutForm) => form.setSize("x", "1'"), "x_size_arcmin", "0.1 to 12 arcmin"],
    ["products", (form: CutoutForm) => void (form.products.value = new Set()), "products", "choose at least one kind of image"],
    ["bands", (form: CutoutForm) => void (form.fitsBands.value = new Set()), "fits_bands", "choose at least one band"],
    ["stretch", (form: CutoutForm) => void (form.stretch.value = "0"), "stretch", "a number above 0"],
    ["e-mail", (form: CutoutForm) => void ((form.emailWanted.value = true), (form.email.value = "ann")), "email", "an address such as name@example.org"],
  ])("%s is said at its field", (_, act, field, message) => {
    const form = learned();
    act(form);
    expect(form.faultOf(field)).toBe(message);
  });

  test("numbers of a product that is off are not looked at", () => {
    const form = learned();
    form.setProduct("lupton", false);
    form.q.value = "x";
    expect(form.faults.value).toEqual([]);
  });

  test("the service's own are shown at the field that they name", () => {
    const form = learned();
    form.serviceFaults.value = [
      { row: null, field: "options.chart.bands", message: "no band u" },
      { row: null, field: "release", message: "DR9 is none" },
    ];
    expect(form.faultOf("chart_bands")).toBe("no band u");
    expect(form.faultOf("release")).toBe("DR9 is none");
    expect(form.faultOf("fits_bands")).toBeNull();
  });

  test.each([
    ["lupton.stretch", "stretch"],
    ["options.fits_bands[2]", "fits_bands"],
    ["fits_bands.0", "fits_bands"],
  ])("%s is the field %s", (field, short) => expect(shortName(field)).toBe(short));
});

test("a chart that the groups do not grant is off", () => {
  const form = learned({ products: ["fits", "chart"] }, { chart_allowed: false });
  expect(form.options()["products"]).toEqual(["fits"]);
});
