/** The sign of a phase: each has a shape of its own, so that colour says nothing alone. */

import type { JSX } from "preact";
import type { Phase } from "../shared/job";
import { Icon, type IconName } from "../shared/ui";

const SIGNS: Record<Exclude<Phase, "EXECUTING">, IconName> = {
  PENDING: "clock",
  QUEUED: "clock",
  HELD: "clock",
  SUSPENDED: "clock",
  UNKNOWN: "help",
  COMPLETED: "check",
  ERROR: "error",
  ABORTED: "stop",
  ARCHIVED: "history",
};

export function PhaseSign({ phase }: { phase: Phase }): JSX.Element {
  return (
    <span class={`sky-phase sky-phase--${phase.toLowerCase()}`} aria-hidden="true">
      {phase === "EXECUTING" ? <span class="sky-spinner" /> : <Icon name={SIGNS[phase]} />}
    </span>
  );
}
