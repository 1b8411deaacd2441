/** What the views follow: the clock, and how much room there is. */

import { useEffect, useLayoutEffect, useState } from "preact/hooks";

/** The time, milliseconds; moves every second while something runs, and now and then otherwise. */
export function useNow(fast: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), fast ? 1000 : 20_000);
    return () => clearInterval(timer);
  }, [fast]);
  return Math.max(now, Date.now());
}

export interface Size {
  width: number;
  height: number;
}

/** The room inside an element, px; null before it is known. */
export function useSize(element: { current: HTMLElement | null }): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    const look = (): void => {
      const { clientWidth: width, clientHeight: height } = box;
      // A panel that is hidden has no room; it comes back as it was.
      if (width > 0) setSize((before) => (before?.width === width && before.height === height ? before : { width, height }));
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(box);
    look();
    return () => watcher.disconnect();
  }, []);
  return size;
}
