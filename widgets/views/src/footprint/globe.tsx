/** The globe itself: a picture of the sky that is turned, pulled near and clicked. */

import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { MOST_ZOOM, View, type Look } from "./projection";
import type { Paint } from "./raster";
import { Painter, type Theme } from "./scene";
import { positionWords, separation } from "./sphere";
import { between, type FootprintState } from "./state";
import { nameOf } from "./tiles";

const MOST_PIXELS = 2_400_000;
const CLICK_PX = 5;
const DOUBLE_MS = 400;
const FLIGHT_MS = 350;
const PULL_PART = 0.15;
const KEY_ZOOM = 1.4;
/** Standing still for so long, it asks for what the image lacks here and draws it smoothly. */
const STILL_MS = 90;

export function Globe({ state }: { state: FootprintState }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState("");
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const drawing = new Drawing(element, state, setHover);
    return () => drawing.close();
  }, []);
  return (
    <div class="sky-foot__globe">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-roledescription="sky map"
        aria-label="The sky. Arrows turn it, plus and minus zoom, Enter selects the tile in the middle, Home shows the whole survey, Escape clears the selection."
      />
      <div class="sky-foot__where sky-mono">{hover ? <span>{hover}</span> : " "}</div>
    </div>
  );
}

/** Draws when something changes, and takes pointer, wheel and keys. */
class Drawing {
  private readonly painter = new Painter();
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private readonly stops: (() => void)[] = [];
  private theme: Theme | null = null;
  private frame = 0;
  private movedAt = 0;
  private still: ReturnType<typeof setTimeout> | undefined;
  private flight: { from: Look; to: Look; start: number } | null = null;
  private shown: Look;
  private pressed: { x: number; y: number; moved: boolean; circle: { ra: number; dec: number } | null } | null = null;
  private pinch = 0;
  private clicked = { at: -Infinity, x: 0, y: 0 };
  private ownChange = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly state: FootprintState,
    private readonly tell: (words: string) => void,
  ) {
    this.shown = state.look.peek();
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(canvas);
    this.stops.push(() => resized.disconnect());
    const root = canvas.closest(".sky-root");
    const themed = new MutationObserver(() => {
      this.theme = null;
      this.draw();
    });
    if (root) themed.observe(root, { attributes: true });
    themed.observe(document.body, { attributes: true });
    this.stops.push(() => themed.disconnect());
    this.stops.push(effect(() => this.follow(state.look.value)));
    this.stops.push(
      effect(() => {
        state.scene.value;
        this.draw();
      }),
    );
    this.listen();
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.still);
    this.stops.forEach((stop) => stop());
  }

  private listen(): void {
    const on = <Name extends keyof HTMLElementEventMap>(name: Name, take: (event: HTMLElementEventMap[Name]) => void): void => {
      this.canvas.addEventListener(name, take, { passive: false });
      this.stops.push(() => this.canvas.removeEventListener(name, take));
    };
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.drop(event));
    on("pointerleave", () => this.tell(""));
    on("wheel", (event) => this.wheel(event));
    on("keydown", (event) => this.key(event));
  }

  // --- drawing ---

  private follow(look: Look): void {
    this.movedAt = performance.now();
    const far = !this.ownChange && look !== this.shown && look.projection === this.shown.projection;
    const still = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.flight = far && !still ? { from: this.shown, to: look, start: performance.now() } : null;
    if (!this.flight) this.shown = look;
    this.draw();
  }

  private draw(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    if (this.flight) {
      const part = Math.min(1, (performance.now() - this.flight.start) / FLIGHT_MS);
      this.shown = part < 1 ? between(this.flight.from, this.flight.to, part * part * (3 - 2 * part)) : this.flight.to;
      if (part < 1) this.draw();
      else this.flight = null;
    }
    const { ratio, width, height } = this.size();
    if (width < 2 || height < 2) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const theme = (this.theme ??= themeOf(this.canvas));
    const view = new View(this.shown, width, height);
    const scene = this.state.scene.peek();
    const quick = this.flight !== null || performance.now() - this.movedAt < STILL_MS;
    const raster = this.painter.picture(scene, view, theme, quick);
    context.putImageData(new ImageData(raster.bytes, width, height), 0, 0);
    this.painter.words(context, scene, view, theme, ratio);
    if (scene.image) this.waitForStillness(view, quick);
  }

  /** Once nothing moves, ask for the cells of the image that are in sight, and draw it anew where that was done in haste. */
  private waitForStillness(view: View, quick: boolean): void {
    clearTimeout(this.still);
    const settle = (): void => {
      this.state.scene.peek().image?.hips.want(view);
      if (quick) this.draw();
    };
    if (quick) this.still = setTimeout(settle, STILL_MS);
    else settle();
  }

  private size(): { ratio: number; width: number; height: number } {
    const { clientWidth, clientHeight } = this.canvas;
    const most = Math.sqrt(MOST_PIXELS / Math.max(1, clientWidth * clientHeight));
    const ratio = Math.max(1, Math.min(window.devicePixelRatio || 1, most));
    return { ratio, width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) };
  }

  private get view(): View {
    return new View(this.shown, this.canvas.clientWidth, this.canvas.clientHeight);
  }

  private set look(look: Look) {
    this.flight = null;
    this.ownChange = true;
    this.shown = look;
    this.state.look.value = look;
    this.ownChange = false;
  }

  // --- pointer ---

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const point = { x: event.offsetX, y: event.offsetY };
    this.pointers.set(event.pointerId, point);
    this.pinch = this.spread();
    this.pressed = { ...point, moved: this.pointers.size > 1, circle: event.shiftKey ? this.view.positionAt(point.x, point.y) : null };
  }

  private move(event: PointerEvent): void {
    const point = { x: event.offsetX, y: event.offsetY };
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.pressed) {
      this.say(point);
      return;
    }
    if (Math.hypot(point.x - this.pressed.x, point.y - this.pressed.y) > CLICK_PX) this.pressed.moved = true;
    this.pointers.set(event.pointerId, point);
    if (this.pointers.size >= 2) {
      const spread = this.spread();
      const [a, b] = [...this.pointers.values()] as [typeof point, typeof point];
      if (this.pinch > 0) this.look = this.view.zoomed(spread / this.pinch, (a.x + b.x) / 2, (a.y + b.y) / 2);
      this.pinch = spread;
    } else if (this.pressed.circle) this.drawCircle(point, this.pressed.circle);
    else if (this.pressed.moved) this.look = this.view.pulled(point.x - before.x, point.y - before.y);
  }

  private up(event: PointerEvent): void {
    const pressed = this.pressed;
    const single = this.pointers.size === 1;
    this.drop(event);
    if (!pressed || !single) return;
    const there = this.view.positionAt(event.offsetX, event.offsetY);
    if (pressed.moved) {
      if (pressed.circle && there) void this.state.chooseCircle(pressed.circle.ra, pressed.circle.dec, separation(pressed.circle.ra, pressed.circle.dec, there.ra, there.dec));
      return;
    }
    if (!there) {
      this.state.clearSelection();
      return;
    }
    const more = event.shiftKey || event.ctrlKey || event.metaKey;
    const near = Math.hypot(event.offsetX - this.clicked.x, event.offsetY - this.clicked.y) <= CLICK_PX;
    const twice = !more && near && event.timeStamp - this.clicked.at < DOUBLE_MS;
    this.clicked = { at: twice || more ? -Infinity : event.timeStamp, x: event.offsetX, y: event.offsetY };
    if (twice) this.state.lookAt(there.ra, there.dec, Math.min(MOST_ZOOM, Math.max(this.shown.zoom * 2.5, 4)));
    else this.state.selectAt(there.ra, there.dec, more);
  }

  private drop(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size === 0) this.pressed = null;
    this.pinch = this.spread();
  }

  private drawCircle(point: { x: number; y: number }, centre: { ra: number; dec: number }): void {
    const there = this.view.positionAt(point.x, point.y);
    if (there) this.state.region.value = { circle: { ra_deg: centre.ra, dec_deg: centre.dec, radius_arcmin: 60 * Math.max(0.01, separation(centre.ra, centre.dec, there.ra, there.dec)) } };
  }

  private spread(): number {
    const [a, b] = [...this.pointers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  }

  private say(point: { x: number; y: number }): void {
    const there = this.view.positionAt(point.x, point.y);
    const place = there && this.state.tileAt(there.ra, there.dec);
    const grid = this.state.grid;
    this.tell(there ? `${positionWords(there.ra, there.dec, this.shown.zoom > 1000 ? 5 : this.shown.zoom > 50 ? 4 : 2)}${place && grid ? `  ${nameOf(grid, place)}` : ""}` : "");
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.look = this.view.zoomed(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)), event.offsetX, event.offsetY);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { clientWidth, clientHeight } = this.canvas;
    const pulls: Record<string, [number, number]> = {
      ArrowLeft: [clientWidth * PULL_PART, 0],
      ArrowRight: [-clientWidth * PULL_PART, 0],
      ArrowUp: [0, clientHeight * PULL_PART],
      ArrowDown: [0, -clientHeight * PULL_PART],
    };
    const pull = pulls[event.key];
    if (pull) this.look = this.view.pulled(...pull);
    else if (event.key === "+" || event.key === "=") this.look = this.view.zoomed(KEY_ZOOM);
    else if (event.key === "-" || event.key === "_") this.look = this.view.zoomed(1 / KEY_ZOOM);
    else if (event.key === "Home") this.state.lookAtSurvey();
    else if (event.key === "Enter" || event.key === " ") this.state.selectAt(this.shown.ra, this.shown.dec, event.shiftKey);
    else if (event.key === "Escape") this.state.clearSelection();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The colours of the page as it is now. */
export function themeOf(element: HTMLElement): Theme {
  const root = element.closest<HTMLElement>(".sky-root") ?? element;
  const probe = document.createElement("span");
  probe.hidden = true;
  root.append(probe);
  const colour = (value: string): Paint => {
    probe.style.color = value;
    return paintOf(getComputedStyle(probe).color);
  };
  const dark = root.dataset["skyTheme"] === "dark";
  const theme: Theme = {
    background: colour("var(--sky-bg)"),
    sky: colour("var(--sky-bg-sunken)"),
    grid: [...rgb(colour("var(--sky-fg)")), 0.22],
    text: [...rgb(colour("var(--sky-fg)")), 0.85],
    accent: colour("var(--sky-accent)"),
    galactic: dark ? [214, 150, 230, 0.9] : [130, 40, 150, 0.9],
    ecliptic: dark ? [240, 200, 80, 0.9] : [150, 100, 0, 0.9],
    outline: dark ? [255, 140, 120, 1] : [190, 40, 20, 1],
    map: dark ? [90, 200, 230, 1] : [0, 120, 160, 1],
    positions: dark ? [255, 214, 90, 1] : [200, 60, 0, 1],
    releases: dark
      ? [
          [110, 200, 160, 1],
          [120, 170, 255, 1],
          [230, 160, 110, 1],
        ]
      : [
          [20, 120, 80, 1],
          [40, 90, 190, 1],
          [170, 90, 20, 1],
        ],
    font: getComputedStyle(root).fontFamily || "sans-serif",
  };
  probe.remove();
  return theme;
}

/** A computed colour: `rgb(1, 2, 3)` or `color(srgb 0.1 0.2 0.3)`. */
export function paintOf(text: string): Paint {
  const parts = (text.replace(/^[a-z]+\((?:srgb\s)?/, "").match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  const unit = text.startsWith("color(") ? 255 : 1;
  const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
  return [Math.round(red * unit), Math.round(green * unit), Math.round(blue * unit), alpha];
}

function rgb([red, green, blue]: Paint): [number, number, number] {
  return [red, green, blue];
}
