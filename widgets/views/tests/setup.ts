/** What jsdom lacks and our views use. */

class FakeResizeObserver implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver ??= FakeResizeObserver;

// CodeMirror measures text; jsdom has no layout, so that every measure is nothing.
const nowhere = { x: 0, y: 0, width: 0, height: 0, top: 0, left: 0, right: 0, bottom: 0, toJSON: () => ({}) };
Range.prototype.getBoundingClientRect ??= () => nowhere;
Range.prototype.getClientRects ??= () => Object.assign([], { item: () => null });
Element.prototype.scrollIntoView ??= () => undefined;
