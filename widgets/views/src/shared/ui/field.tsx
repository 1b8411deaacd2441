/** A labelled field; what is wrong with it stands below and is read with it. */

import type { ComponentChildren, JSX } from "preact";
import { useId } from "./id";

export interface FieldAttributes {
  id: string;
  "aria-invalid": "true" | undefined;
  "aria-describedby": string | undefined;
}

interface FieldProps {
  label: string;
  fault?: string | null;
  class?: string;
  children: (field: FieldAttributes) => ComponentChildren;
}

export function Field({ label, fault = null, class: className = "", children }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div class={`sky-field ${className}`}>
      <label for={id}>{label}</label>
      {children({ id, "aria-invalid": fault ? "true" : undefined, "aria-describedby": fault ? `${id}-fault` : undefined })}
      {fault && (
        <span id={`${id}-fault`} class="sky-field__fault">
          {fault}
        </span>
      )}
    </div>
  );
}
