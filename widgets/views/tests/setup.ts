/** What jsdom lacks and our views use. */

/** Tells of a change of size when a test says so: `window.dispatchEvent(new Event("resized"))`. */
class FakeResizeObserver implements ResizeObserver {
  private readonly heard = (): void => this.callback([], this);

  constructor(private readonly callback: ResizeObserverCallback) {}

  observe(): void {
    window.addEventListener("resized", this.heard);
  }

  unobserve(): void {
    this.disconnect();
  }

  disconnect(): void {
    window.removeEventListener("resized", this.heard);
  }
}

globalThis.ResizeObserver ??= FakeResizeObserver;

// CodeMirror measures text; jsdom has no layout, so that every measure is nothing.
const nowhere = { x: 0, y: 0, width: 0, height: 0, top: 0, left: 0, right: 0, bottom: 0, toJSON: () => ({}) };
Range.prototype.getBoundingClientRect ??= () => nowhere;
Range.prototype.getClientRects ??= () => Object.assign([], { item: () => null });
Element.prototype.scrollIntoView ??= () => undefined;
