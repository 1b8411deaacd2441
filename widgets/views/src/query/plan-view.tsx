/** How the database would run a statement: its plan as an indented tree, and its own words. */

import type { JSX } from "preact";
import type { Explanation, PlanStep } from "../shared/catalog";
import { count, counted } from "../shared/format";
import "./plan.css";

export function PlanView({ explanation }: { explanation: Explanation }): JSX.Element {
  const text = (
    <pre class="sky-query__plan" tabIndex={0} aria-label="Plan">
      {explanation.plan}
    </pre>
  );
  if (!explanation.steps.length) return text;
  return (
    <>
      <div class="sky-plan" tabIndex={0} role="region" aria-label="Steps of the plan">
        <Steps all={explanation.steps} of={null} />
      </div>
      <details>
        <summary>The plan in the database's own words</summary>
        {text}
      </details>
    </>
  );
}

/** The steps that serve one step, each with those that serve it: a step comes after the one that it serves, so this ends. */
function Steps({ all, of }: { all: readonly PlanStep[]; of: number | null }): JSX.Element | null {
  const steps = all.filter((step) => step.parent === of);
  if (!steps.length) return null;
  return (
    <ul>
      {steps.map((step) => (
        <li key={step.id}>
          <span class="sky-plan__operation">{step.operation}</span> {step.object && <strong>{step.object}</strong>}{" "}
          <span class="sky-plan__estimate">{estimate(step)}</span>
          <Steps all={all.slice(all.indexOf(step) + 1)} of={step.id} />
        </li>
      ))}
    </ul>
  );
}

function estimate(step: PlanStep): string {
  const rows = step.rows === null ? "" : `about ${counted(step.rows, "row")}`;
  const cost = step.cost === null ? "" : `cost ${count(step.cost)}`;
  return [rows, cost].filter(Boolean).join(", ");
}
