/** A button that takes a file, chosen or dropped on it. */

import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "../shared/ui";

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
    <DropArea onFile={onFile}>
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
    </DropArea>
  );
}

/** A place where a file may be dropped. */
export function DropArea({ onFile, children }: { onFile: (file: File) => void; children: ComponentChildren }): JSX.Element {
  const [over, setOver] = useState(false);
  return (
    <div
      class={`sky-foot__drop ${over ? "sky-foot__drop--over" : ""}`}
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
