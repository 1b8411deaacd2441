/** Ids for labels and what they name. */

import { useState } from "preact/hooks";
import { uuid } from "../uuid";

const PREFIX = `sky-${uuid().slice(0, 8)}`;
let count = 0;

/** An id that nothing else on the page has. Preact's own begin anew in each panel, so that a label would name another panel's field. */
export function newId(): string {
  count += 1;
  return `${PREFIX}-${count}`;
}

/** An id that a component keeps. */
export function useId(): string {
  return useState(newId)[0];
}
