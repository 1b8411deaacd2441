/** Line icons, 16 x 16, drawn in the colour of the text beside them. */

import type { JSX } from "preact";

const PATHS = {
  play: "M5 3.2v9.6L12.5 8z",
  stop: "M4.5 4.5h7v7h-7z",
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  expand: "M9.5 3H13v3.5M13 3L9 7M6.5 13H3V9.5M3 13l4-4",
  fold: "M13 3L9 7M9 4v3h3M3 13l4-4M4 9h3v3",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.2 6.3c.2-1 .9-1.5 1.8-1.5s1.8.6 1.8 1.5c0 1.2-1.8 1.4-1.8 2.6M8 11.2h.01",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  up: "M4 10l4-4 4 4",
  left: "M10 4L6 8l4 4",
  sort: "M5 3v10M2.5 10.5L5 13l2.5-2.5M11 13V3M8.5 5.5L11 3l2.5 2.5",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3L14 14",
  download: "M8 2.5v7M5 7l3 3 3-3M3 13h10",
  notebook: "M4 2.5h8.5v11H4zM2.5 5H5M2.5 8H5M2.5 11H5M7 5.5h3.5M7 8h3.5",
  history: "M3 8a5 5 0 1 0 1.6-3.7M3 2.8v2.4h2.4M8 5.3V8l2 1.4",
  warning: "M8 2.5l6 11H2zM8 6.5v3M8 11.5h.01",
  error: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.5M8 11h.01",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5V11M8 5h.01",
  trash: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 9h6l.5-9M6.8 7v4M9.2 7v4",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.8v2.4h-2.4",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6M10 6.5v6",
  folder: "M2.5 4h4l1.2 1.5h5.8v7h-11z",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  edit: "M3 13l.6-2.6L11 3l2 2-7.4 7.4z",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.2l2 1.3",
  image: "M2.5 3h11v10h-11zM2.5 11l3.2-3.2 2.6 2.6 2-2 3.2 3.1M10.6 6h.01",
  crosshair: "M8 2v3.5M8 10.5V14M2 8h3.5M10.5 8H14M8 12.2a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4z",
  upload: "M8 11V3.5M5 6l3-3 3 3M3 13h10",
  plus: "M8 3v10M3 8h10",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c-3.6 3.2-3.6 8.8 0 12M8 2c3.6 3.2 3.6 8.8 0 12",
  send: "M2.5 8L13.5 3l-3 10-3-4z",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture that says nothing by itself: whoever uses it gives the words. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="sky-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
