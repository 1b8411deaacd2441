/** What jsdom lacks and JupyterLab's packages want to see when they are imported. */

class FakeDragEvent extends MouseEvent {}

class FakeResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

const noMedia = (media: string): Partial<MediaQueryList> => ({ media, matches: false, addEventListener: () => undefined, addListener: () => undefined });

Object.assign(globalThis, {
  DragEvent: globalThis.DragEvent ?? FakeDragEvent,
  ResizeObserver: globalThis.ResizeObserver ?? FakeResizeObserver,
  matchMedia: globalThis.matchMedia ?? noMedia
});

export {};
