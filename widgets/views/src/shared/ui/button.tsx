/** Buttons. A disabled one stays in the tab order and says why in its title. */

import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons";

export interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  kind?: "plain" | "primary" | "danger" | "quiet";
  title?: string;
  disabled?: boolean;
  /** Work is going on because of it. */
  busy?: boolean;
  onClick: (event: MouseEvent) => void;
  /** For buttons that open something. */
  expanded?: boolean;
  haspopup?: "menu" | "dialog" | "listbox" | "tree";
  buttonRef?: (element: HTMLButtonElement | null) => void;
  class?: string;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, icon, kind = "plain", disabled = false, busy = false } = props;
  return (
    <button
      type="button"
      ref={props.buttonRef}
      class={`sky-button sky-button--${kind} ${props.class ?? ""}`.trim()}
      title={props.title}
      aria-disabled={disabled ? "true" : undefined}
      aria-busy={busy ? "true" : undefined}
      aria-expanded={props.expanded}
      aria-haspopup={props.haspopup}
      onClick={(event) => {
        if (!disabled) props.onClick(event);
      }}
    >
      {busy ? <span class="sky-spinner" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that shows an icon only; `label` is its name and its tooltip. */
export function IconButton(props: Omit<ButtonProps, "children" | "title" | "icon"> & { icon: IconName; label: string }): JSX.Element {
  const { label, kind = "quiet", ...rest } = props;
  return (
    <Button {...rest} kind={kind} title={label} class={`sky-button--icon ${props.class ?? ""}`}>
      <span class="sky-visually-hidden">{label}</span>
    </Button>
  );
}
