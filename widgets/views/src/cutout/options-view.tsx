/** What is made of each position: size, products and their options. */

import type { ComponentChildren, JSX } from "preact";
import type { Product } from "../shared/cutout";
import { Button, Field, IconButton, useId, type FieldAttributes } from "../shared/ui";
import { changed, numberOf, type Colour, type CutoutForm, type Triplet } from "./options";
import { PreviewView } from "./preview-view";
import type { CutoutState } from "./state";

export function OptionsPart({ state }: { state: CutoutState }): JSX.Element {
  const { form } = state;
  const releases = form.facts.value?.releases ?? [];
  return (
    <section class="sky-cut__part sky-cut__options" aria-label="Images">
      <div class="sky-cut__column">
        <div class="sky-cut__sizes">
          <SizeField form={form} axis="x" label={form.square.value ? "Size" : "Width"} />
          {!form.square.value && <SizeField form={form} axis="y" label="Height" />}
          <label class="sky-check">
            <input type="checkbox" checked={form.square.value} onChange={(event) => form.setSquare(event.currentTarget.checked)} />
            square
          </label>
        </div>
        <Field label="Release" fault={form.faultOf("release")}>
          {(field) => (
            <select {...field} class="sky-select" value={form.release.value} onChange={(event) => (form.release.value = event.currentTarget.value)}>
              {releases.map((release) => (
                <option key={release.name} value={release.name}>
                  {release.title}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Fault text={form.faultOf("products")} />
        <FitsOptions form={form} />
        <ChartOptions form={form} />
        <Switch
          label="Resample at tile edges"
          hint="Pixels from a neighbouring tile are interpolated (Lanczos, 3 lobes) instead of taken as they are"
          value={form.resample.value}
          onChange={(value) => (form.resample.value = value)}
        />
        <Switch
          label="Include CSV of matched tiles"
          hint="A table of each position with the tile that covers it and its files"
          value={form.matchedCsv.value}
          onChange={(value) => (form.matchedCsv.value = value)}
        />
      </div>
      <div class="sky-cut__column">
        <ColourOptions form={form} colour="lupton" title="Colour picture, Lupton" hint="Lupton et al. 2004: colours hold where the light is strong">
          <Stretch form={form} />
        </ColourOptions>
        <ColourOptions form={form} colour="stiff" title="Colour picture, STIFF-like" hint="With the levels and the gamma that STIFF chooses" />
        <PreviewView state={state} />
      </div>
    </section>
  );
}

/** Sliders are of the logarithm: a tenth of an arcminute counts for more at the small end. */
const STEPS = 200;

function SizeField({ form, axis, label }: { form: CutoutForm; axis: "x" | "y"; label: string }): JSX.Element {
  const { smallest_arcmin: smallest = 0.1, largest_arcmin: largest = 12 } = form.facts.value?.limits ?? {};
  const text = (axis === "x" ? form.xSize : form.ySize).value;
  const value = numberOf(text);
  const ratio = Math.log(largest / smallest);
  const step = value === null ? 0 : Math.round((STEPS * Math.log(Math.max(smallest, Math.min(largest, value)) / smallest)) / ratio);
  const fault = form.faultOf(`${axis}_size_arcmin`);
  return (
    <Field label={`${label}, arcmin`} fault={fault} class="sky-cut__size">
      {(field) => (
        <div class="sky-row">
          <input
            type="range"
            class="sky-grow"
            min={0}
            max={STEPS}
            value={step}
            aria-label={`${label}, as a slider`}
            aria-valuetext={`${text} arcmin`}
            onInput={(event) => form.setSize(axis, rounded(smallest * Math.exp((ratio * Number(event.currentTarget.value)) / STEPS)))}
          />
          <input {...field} class="sky-input sky-cut__short" type="text" inputMode="decimal" value={text} onInput={(event) => form.setSize(axis, event.currentTarget.value)} />
        </div>
      )}
    </Field>
  );
}

function FitsOptions({ form }: { form: CutoutForm }): JSX.Element {
  const planes = form.facts.value?.planes ?? [...form.planes.value];
  return (
    <ProductBox form={form} product="fits" title="FITS files">
      <Chips label="FITS bands" options={form.bands} chosen={form.fitsBands.value} onChange={(chosen) => (form.fitsBands.value = chosen)} fault={form.faultOf("fits_bands")} />
      <Chips label="Planes" options={planes} chosen={form.planes.value} always="SCI" onChange={(chosen) => (form.planes.value = chosen)} fault={form.faultOf("planes")} />
      <Switch label="Discard FITS files" hint="Keep only the pictures that are made of them" value={form.discardFits.value} onChange={(value) => (form.discardFits.value = value)} />
    </ProductBox>
  );
}

interface ColourProps {
  form: CutoutForm;
  colour: Colour;
  title: string;
  hint: string;
  children?: ComponentChildren;
}

function ColourOptions({ form, colour, title, hint, children }: ColourProps): JSX.Element {
  const triplets = form.triplets[colour].value;
  return (
    <ProductBox form={form} product={colour} title={title} hint={hint}>
      {triplets.map((triplet, index) => (
        <TripletRow key={index} {...{ form, colour, triplet, index }} removable={triplets.length > 1} />
      ))}
      <Fault text={form.faultOf(`${colour}_bands`)} />
      <Button kind="quiet" icon="plus" class="sky-cut__add" onClick={() => form.addTriplet(colour)}>
        Another picture
      </Button>
      {children}
    </ProductBox>
  );
}

function TripletRow({ form, colour, triplet, index, removable }: { form: CutoutForm; colour: Colour; triplet: Triplet; index: number; removable: boolean }): JSX.Element {
  const number = form.triplets[colour].value.length > 1 ? ` of picture ${index + 1}` : "";
  return (
    <div class="sky-cut__triplet" role="group" aria-label={`Bands${number}`}>
      {(["Red", "Green", "Blue"] as const).map((channel, at) => (
        <label key={channel} class={`sky-cut__channel sky-cut__channel--${channel.toLowerCase()}`}>
          <span>{channel}</span>
          <select
            class="sky-select"
            value={triplet[at]}
            onChange={(event) => {
              const next: [string, string, string] = [...triplet];
              next[at] = event.currentTarget.value;
              form.setTriplet(colour, index, next);
            }}
          >
            {form.bands.map((band) => (
              <option key={band} value={band}>
                {band}
              </option>
            ))}
          </select>
        </label>
      ))}
      {removable && <IconButton icon="cross" label={`Remove picture ${triplet.join(" ")}`} onClick={() => form.removeTriplet(colour, index)} />}
    </div>
  );
}

function Stretch({ form }: { form: CutoutForm }): JSX.Element {
  return (
    <div class="sky-cut__numbers">
      <NumberField label="Minimum" value={form.minimum.value} fault={form.faultOf("minimum")} onInput={(text) => (form.minimum.value = text)} />
      <NumberField label="Stretch" value={form.stretch.value} fault={form.faultOf("stretch")} onInput={(text) => (form.stretch.value = text)} />
      <NumberField label="Q" value={form.q.value} fault={form.faultOf("q")} onInput={(text) => (form.q.value = text)} />
    </div>
  );
}

function ChartOptions({ form }: { form: CutoutForm }): JSX.Element {
  const facts = form.facts.value;
  const allowed = facts === null || facts.chartAllowed;
  return (
    <ProductBox form={form} product="chart" title="Finding chart" hint="An image with the target, a helper star and its offsets, and the objects of the field" refused={allowed ? null : "your groups do not grant finding charts"}>
      <Chips label="Chart bands" options={form.bands} chosen={form.chartBands.value} onChange={(chosen) => (form.chartBands.value = chosen)} fault={form.faultOf("chart_bands")} />
      <NumberField label="Faintest helper star, mag" value={form.faintestHelper.value} fault={form.faultOf("faintest_helper_mag")} onInput={(text) => (form.faintestHelper.value = text)} />
    </ProductBox>
  );
}

interface BoxProps {
  form: CutoutForm;
  product: Product;
  title: string;
  hint?: string;
  /** Why it cannot be had. */
  refused?: string | null;
  children: ComponentChildren;
}

/** A kind of image that can be switched on; its options show only then. */
function ProductBox({ form, product, title, hint, refused = null, children }: BoxProps): JSX.Element {
  const id = useId();
  const on = form.has(product);
  return (
    <div class={`sky-cut__product ${on ? "sky-cut__product--on" : ""}`} role="group" aria-labelledby={id}>
      <label class="sky-check" title={hint}>
        <input type="checkbox" checked={on} disabled={refused !== null} onChange={(event) => form.setProduct(product, event.currentTarget.checked)} />
        <span id={id}>{title}</span>
      </label>
      {refused && <span class="sky-muted">{refused}</span>}
      {on && <div class="sky-cut__inside">{children}</div>}
    </div>
  );
}

interface ChipsProps {
  label: string;
  options: readonly string[];
  chosen: ReadonlySet<string>;
  /** One that cannot be left out. */
  always?: string;
  onChange: (chosen: ReadonlySet<string>) => void;
  fault: string | null;
}

function Chips({ label, options, chosen, always, onChange, fault }: ChipsProps): JSX.Element {
  const id = useId();
  return (
    <div class="sky-cut__chips" role="group" aria-labelledby={id}>
      <span id={id} class="sky-field__label">
        {label}
      </span>
      <span class="sky-cut__chiprow">
        {options.map((option) => (
          <label key={option} class="sky-cut__chip" title={option === always ? `${option} is always among them` : undefined}>
            <input
              type="checkbox"
              checked={chosen.has(option)}
              disabled={option === always && chosen.has(option)}
              onChange={(event) => onChange(changed(chosen, option, event.currentTarget.checked))}
            />
            <span>{option}</span>
          </label>
        ))}
      </span>
      <Fault text={fault} />
    </div>
  );
}

function NumberField({ label, value, fault, onInput }: { label: string; value: string; fault: string | null; onInput: (text: string) => void }): JSX.Element {
  return (
    <Field label={label} fault={fault}>
      {(field: FieldAttributes) => <input {...field} class="sky-input" type="text" inputMode="decimal" value={value} onInput={(event) => onInput(event.currentTarget.value)} />}
    </Field>
  );
}

export function Switch({ label, hint, value, onChange }: { label: string; hint: string; value: boolean; onChange: (value: boolean) => void }): JSX.Element {
  return (
    <label class="sky-check" title={hint}>
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

function Fault({ text }: { text: string | null }): JSX.Element | null {
  return text ? (
    <span class="sky-field__fault" role="status">
      {text}
    </span>
  ) : null;
}

function rounded(value: number): string {
  return value < 1 ? value.toFixed(2).replace(/0$/, "") : value.toFixed(1);
}
