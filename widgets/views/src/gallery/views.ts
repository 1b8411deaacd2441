/** Which picture of a row is shown: the kinds that a job has, told from its files' names. */

import type { GalleryRow, Product } from "../shared/cutout";

/** One kind of picture: `lupton irg`, `chart i`, `fits g`. */
export interface View {
  key: string;
  title: string;
  product: Product;
  bands: string;
}

/** A file that can be shown as a picture. */
export interface Shown {
  view: View;
  file: string;
}

const NAMES = /_([A-Za-z]+?)(?:_(lupton|stiff|chart))?\.(fits(?:\.fz)?|png)$/;
const ORDER: readonly Product[] = ["lupton", "stiff", "chart", "fits"];
const TITLES: Record<Product, string> = { lupton: "Lupton", stiff: "STIFF-like", chart: "Chart", fits: "FITS" };

/** What a file's name says of it; null for a file that is no picture, such as a chart's table of objects. */
export function viewOf(file: string): View | null {
  const found = NAMES.exec(file);
  const bands = found?.[1];
  const kind = found?.[2];
  if (!found || !bands) return null;
  const isFits = found[3]?.startsWith("fits") ?? false;
  if (isFits === (kind !== undefined)) return null;
  const product: Product = isFits ? "fits" : (kind as Product);
  return { key: `${product} ${bands}`, title: `${TITLES[product]} ${[...bands].join(" ")}`, product, bands };
}

/** All kinds that rows have: colour pictures first. */
export function viewsOf(rows: Iterable<GalleryRow>, known: readonly View[] = []): View[] {
  const views = new Map(known.map((view) => [view.key, view]));
  for (const row of rows) {
    for (const file of row.files) {
      const view = viewOf(file);
      if (view && !views.has(view.key)) views.set(view.key, view);
    }
  }
  return [...views.values()].sort((a, b) => ORDER.indexOf(a.product) - ORDER.indexOf(b.product) || BY_WAVELENGTH(a.bands, b.bands));
}

/** The picture of a row: of the kind that is wanted where the row has it, else the first that it has. */
export function shownOf(row: GalleryRow, key: string | null): Shown | null {
  let first: Shown | null = null;
  for (const file of row.files) {
    const view = viewOf(file);
    if (!view) continue;
    if (view.key === key) return { view, file };
    if (!first || ORDER.indexOf(view.product) < ORDER.indexOf(first.view.product)) first = { view, file };
  }
  return first;
}

function BY_WAVELENGTH(a: string, b: string): number {
  const place = (bands: string): number => "grizY".indexOf(bands[0] ?? "");
  return a.length - b.length || place(a) - place(b) || (a < b ? -1 : 1);
}
