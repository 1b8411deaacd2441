/** A button that opens a popover, and the menu made of it. */

import type { ComponentChildren, JSX, RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button, type ButtonProps } from "./button";
import { useId } from "./id";

interface PopoverProps {
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
  label: string;
  role?: "menu" | "dialog";
  id?: string;
  children: ComponentChildren;
}

/** A layer beside its anchor. Escape and a press elsewhere close it; the focus goes in, and back to the anchor. */
export function Popover({ anchor, onClose, label, role = "dialog", id, children }: PopoverProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const rect = anchor.current?.getBoundingClientRect();
    if (!element || !rect) return undefined;
    // In the browser's top layer nothing cuts it off: sidebars have `contain: strict`. Not every test environment has one.
    element.showPopover?.();
    place(element, rect);
    focusable(element)[0]?.focus();
    // What is inside may come later, and be larger.
    const watcher = new ResizeObserver(() => place(element, rect));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  useLayoutEffect(() => {
    const outside = (event: Event): void => {
      const path = event.composedPath();
      if (box.current && !path.includes(box.current) && !(anchor.current && path.includes(anchor.current))) onClose();
    };
    const moved = (event: Event): void => {
      if (!(event.target instanceof Node && box.current?.contains(event.target))) onClose();
    };
    document.addEventListener("pointerdown", outside, true);
    window.addEventListener("resize", onClose);
    document.addEventListener("scroll", moved, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      window.removeEventListener("resize", onClose);
      document.removeEventListener("scroll", moved, true);
    };
  }, [onClose]);
  return (
    <div
      ref={box}
      id={id}
      class="sky-popover"
      popover="manual"
      role={role}
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          onClose();
          anchor.current?.querySelector("button")?.focus();
        } else if (event.key === "Tab" && role === "menu") onClose();
        else moveFocus(event, box.current);
      }}
    >
      {children}
    </div>
  );
}

/** A button with a popover; `children` gets the function that closes it. */
export function PopoverButton(
  props: Omit<ButtonProps, "onClick" | "expanded" | "children"> & {
    label: string;
    text?: ComponentChildren;
    role?: "menu" | "dialog";
    onOpen?: () => void;
    children: (close: () => void) => ComponentChildren;
  },
): JSX.Element {
  const { label, text, role = "dialog", onOpen, children, ...button } = props;
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  const close = (): void => {
    setOpen(false);
    anchor.current?.querySelector("button")?.focus();
  };
  return (
    <span class="sky-menu" ref={anchor} aria-owns={open ? id : undefined}>
      <Button
        {...button}
        title={button.title ?? label}
        haspopup={role}
        expanded={open}
        onClick={() => {
          if (!open) onOpen?.();
          setOpen(!open);
        }}
      >
        {text ?? <span class="sky-visually-hidden">{label}</span>}
      </Button>
      {open && (
        <Popover anchor={anchor} onClose={() => setOpen(false)} label={label} role={role} id={id}>
          {children(close)}
        </Popover>
      )}
    </span>
  );
}

export interface MenuItem {
  label: string;
  hint?: string;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

/** A menu of actions; arrows, Home and End move in it. */
export function MenuButton(props: Omit<ButtonProps, "onClick" | "expanded" | "children"> & { label: string; text?: ComponentChildren; items: MenuItem[] }): JSX.Element {
  const { items, ...button } = props;
  return (
    <PopoverButton {...button} role="menu">
      {(close) =>
        items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={`sky-item ${item.danger ? "sky-item--danger" : ""}`}
            title={item.hint}
            aria-disabled={item.disabled ? "true" : undefined}
            onClick={() => {
              if (item.disabled) return;
              close();
              item.onSelect();
            }}
          >
            {item.label}
          </button>
        ))
      }
    </PopoverButton>
  );
}

/** What can have the focus inside an element, in order. */
export function focusable(element: Element): HTMLElement[] {
  const selector = "button, input, select, textarea, a[href], [tabindex]";
  return [...element.querySelectorAll<HTMLElement>(selector)].filter((found) => !found.hasAttribute("disabled") && !found.hidden);
}

/** Up, Down, Home and End among an element's buttons; other keys are left alone. */
function moveFocus(event: KeyboardEvent, box: HTMLElement | null): void {
  if (!box || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  if (event.target instanceof HTMLElement && ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
  const items = focusable(box).filter((item) => item.tagName === "BUTTON");
  if (items.length === 0) return;
  const at = items.findIndex((item) => item === document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key] ?? 0;
  event.preventDefault();
  event.stopPropagation();
  items[(next + items.length) % items.length]?.focus();
}

function place(element: HTMLElement, anchor: DOMRect): void {
  // At the left edge it takes the width that it would like to have.
  element.style.left = "0";
  element.style.top = "0";
  const own = element.getBoundingClientRect();
  const below = window.innerHeight - anchor.bottom;
  const top = own.height + 8 <= below || below >= anchor.top ? anchor.bottom + 2 : anchor.top - own.height - 2;
  element.style.left = `${Math.max(8, Math.min(anchor.left, window.innerWidth - own.width - 8))}px`;
  element.style.top = `${Math.max(8, Math.min(top, window.innerHeight - own.height - 8))}px`;
}
