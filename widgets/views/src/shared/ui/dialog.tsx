/** Dialogs that hold the focus, and the one question before a destructive act. */

import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button";
import { useId } from "./id";
import { focusable } from "./menu";

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** A modal dialog: focus goes in, stays in, and returns where it was; Escape closes it. */
export function Dialog({ title, onClose, wide = false, actions, children }: DialogProps): JSX.Element {
  const layer = useRef<HTMLDialogElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = box.current;
    // The browser's top layer: nothing cuts it off, and what is behind cannot be reached. Not every test environment has one.
    const dialog = layer.current;
    if (dialog?.showModal) dialog.showModal();
    else dialog?.setAttribute("open", "");
    if (element) (element.querySelector<HTMLElement>("[data-autofocus]") ?? focusable(element)[0] ?? element).focus();
    return () => {
      dialog?.close?.();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={layer}
      class="sky-dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div
        ref={box}
        class={`sky-dialog__box ${wide ? "sky-dialog__box--wide" : ""}`}
        tabIndex={-1}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") onClose();
          if (event.key === "Tab") holdFocus(event, box.current);
        }}
      >
        <h3 id={id}>{title}</h3>
        {children}
        {actions && <div class="sky-dialog__actions">{actions}</div>}
      </div>
    </dialog>
  );
}

/** A question asked once, in words; the answer that changes nothing comes first and has the focus. */
export interface Question {
  title: string;
  text: string;
  /** The verb of the act: `Delete 3 jobs`. */
  yes: string;
  no?: string;
  danger?: boolean;
  onYes: () => void;
}

export function Confirm({ question, onClose }: { question: Question; onClose: () => void }): JSX.Element {
  return (
    <Dialog
      title={question.title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{question.no ?? "Cancel"}</Button>
          <Button
            kind={question.danger ? "danger" : "primary"}
            onClick={() => {
              onClose();
              question.onYes();
            }}
          >
            {question.yes}
          </Button>
        </>
      }
    >
      <p>{question.text}</p>
    </Dialog>
  );
}

function holdFocus(event: KeyboardEvent, box: HTMLElement | null): void {
  const items = box ? focusable(box).filter((item) => item.tabIndex >= 0) : [];
  const first = items[0];
  const last = items.at(-1);
  if (!first || !last) return;
  const active = document.activeElement;
  if (event.shiftKey && (active === first || active === box)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && active === last) {
    event.preventDefault();
    first.focus();
  }
}
