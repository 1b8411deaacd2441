/** What became of a row: a word and a sign, for colour is never the only one. */

import type { JSX } from "preact";
import type { Outcome } from "../shared/cutout";
import { Icon, type IconName } from "../shared/ui";

const WORDS: Record<Outcome, string> = { done: "done", partly: "partly", outside: "outside the survey", failed: "failed", duplicate: "duplicate" };
const ICONS: Record<Outcome, IconName> = { done: "check", partly: "warning", outside: "crosshair", failed: "error", duplicate: "copy" };

export function outcomeWord(outcome: Outcome): string {
  return WORDS[outcome];
}

export function OutcomeSign({ outcome }: { outcome: Outcome }): JSX.Element {
  return (
    <span class={`sky-gal__sign sky-gal__sign--${outcome}`}>
      <Icon name={ICONS[outcome]} />
    </span>
  );
}
