/** Files from a person: a button that lets one be chosen, and a place to drop one. */

import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "./button";

interface FileButtonProps {
  accept: string;
  /** Name of the field for a file, which is not seen. */
  label: string;
  title: string;
  onFile: (file: File) => void;
  children: ComponentChildren;
}

export function FileButton({ accept, label, title, onFile, children }: FileButtonProps): JSX.Element {
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button icon="upload" title={title} onClick={() => chooser.current?.click()}>
        {children}
      </Button>
      <input
        ref={chooser}
        type="file"
        hidden
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

interface DropAreaProps {
  /** Its class, to which `--over` is added while a file is held above it. */
  class: string;
  onFile: (file: File) => void;
  children: ComponentChildren;
}

/** A place where a file may be dropped. */
export function DropArea({ class: name, onFile, children }: DropAreaProps): JSX.Element {
  const [over, setOver] = useState(false);
  return (
    <div
      class={`${name} ${over ? `${name}--over` : ""}`}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (!file) return;
        event.preventDefault();
        event.stopPropagation();
        onFile(file);
      }}
    >
      {children}
    </div>
  );
}
