/** Put a panel into an element, and take it out again. */

import { render, type ComponentChild } from "preact";
import "../theme.css";

/**
 * Draw into a fresh child of `el` and give back what removes it.
 *
 * The child is the panel's root: it has the theme, is the container that style sheets ask for its width (`@container sky (...)`), and keeps
 * the notebook's single-key shortcuts (x cuts a cell) away from what is typed and pressed inside.
 */
export function mount(el: HTMLElement, content: ComponentChild, className = ""): () => void {
  const root = document.createElement("div");
  root.className = `sky-root ${className}`.trim();
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  el.replaceChildren(root);
  const stopWatching = followTheme(root);
  render(content, root);
  return () => {
    stopWatching();
    render(null, root);
    root.remove();
  };
}

/** Keep `data-sky-theme` of the root at light or dark, by the colours that the page has now. */
function followTheme(root: HTMLElement): () => void {
  const apply = (): void => {
    root.dataset["skyTheme"] = isDark(root) ? "dark" : "light";
  };
  const watcher = new MutationObserver(apply);
  for (const element of [document.documentElement, document.body]) {
    watcher.observe(element, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-name", "data-jp-theme-light", "data-theme"] });
  }
  // A theme's style sheet may come after its name: look again once the page has settled.
  document.addEventListener("load", apply, true);
  const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
  system?.addEventListener("change", apply);
  apply();
  return () => {
    watcher.disconnect();
    document.removeEventListener("load", apply, true);
    system?.removeEventListener("change", apply);
  };
}

function isDark(root: HTMLElement): boolean {
  const stated = document.body.dataset["jpThemeLight"];
  if (stated !== undefined) return stated === "false";
  const style = getComputedStyle(root);
  const foreground = luminance(style.getPropertyValue("--jp-ui-font-color0"));
  if (foreground !== null) return foreground > 0.5;
  return typeof matchMedia === "function" && matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Rough brightness of a CSS colour, 0 to 1; null where it is none that is written in hex or rgb(). */
export function luminance(color: string): number | null {
  const text = color.trim();
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(text);
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])[0-9a-f]?$/i.exec(text);
  const rgb = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/i.exec(text);
  const parts = short ? short.slice(1).map((digit) => parseInt(digit + digit, 16)) : long ? long.slice(1).map((pair) => parseInt(pair, 16)) : rgb?.slice(1).map(Number);
  if (!parts) return null;
  const [red = 0, green = 0, blue = 0] = parts;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
