/** How things stand: messages, toasts, spinners, progress, times, and nothing at all. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { exactTime, relativeTime } from "../format";
import { Button, IconButton } from "./button";
import { Icon, type IconName } from "./icons";

export type MessageKind = "info" | "success" | "warn" | "error";

const SIGNS: Record<MessageKind, { icon: IconName; word: string }> = {
  info: { icon: "info", word: "Note" },
  success: { icon: "check", word: "Done" },
  warn: { icon: "warning", word: "Warning" },
  error: { icon: "error", word: "Error" },
};

interface MessageProps {
  kind: MessageKind;
  children: ComponentChildren;
  actions?: ComponentChildren;
  onDismiss?: () => void;
}

/** A message in its place; errors are read out at once, others when the reader has time. */
export function Message({ kind, children, actions, onDismiss }: MessageProps): JSX.Element {
  return (
    <div class={`sky-message sky-message--${kind}`} role={kind === "error" ? "alert" : "status"}>
      <Icon name={SIGNS[kind].icon} />
      <div class="sky-message__text">
        <span class="sky-visually-hidden">{SIGNS[kind].word}: </span>
        {children}
        {actions && <div class="sky-message__actions">{actions}</div>}
      </div>
      {onDismiss && <IconButton icon="cross" label="Dismiss" onClick={onDismiss} />}
    </div>
  );
}

/** An error with the button that tries again. */
export function RetryMessage({ message, onRetry }: { message: string; onRetry: () => void }): JSX.Element {
  return (
    <Message
      kind="error"
      actions={
        <Button icon="refresh" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {message}
    </Message>
  );
}

/** Messages at the foot of the panel that can be dismissed. */
export interface Toast {
  id: number;
  kind: MessageKind;
  text: string;
  action?: { label: string; onSelect: () => void };
}

export function Toasts({ toasts, onDismiss }: { toasts: readonly Toast[]; onDismiss: (id: number) => void }): JSX.Element {
  return (
    <div class="sky-toasts">
      {toasts.map((toast) => (
        <Message
          key={toast.id}
          kind={toast.kind}
          onDismiss={() => onDismiss(toast.id)}
          actions={toast.action && <Button onClick={toast.action.onSelect}>{toast.action.label}</Button>}
        >
          {toast.text}
        </Message>
      ))}
    </div>
  );
}

/** A turning ring and words; shown only after a tenth of a second, so that what is quick does not flicker. */
export function Loading({ text }: { text: string }): JSX.Element | null {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 100);
    return () => clearTimeout(timer);
  }, []);
  return late ? (
    <div class="sky-row sky-muted" role="status">
      <span class="sky-spinner" />
      <span>{text}</span>
    </div>
  ) : null;
}

/** How far something is, 0 to 1; null where that is not known. */
export function Progress({ fraction, label }: { fraction: number | null; label: string }): JSX.Element {
  const percent = fraction === null ? undefined : Math.round(Math.max(0, Math.min(1, fraction)) * 100);
  return (
    <div
      class={`sky-progress ${percent === undefined ? "sky-progress--unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div class="sky-progress__bar" style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </div>
  );
}

/** What to do where there is nothing yet. */
export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="sky-empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** A moment as seen from now, kept up to date, the exact time in its tooltip. */
export function Time({ iso }: { iso: string }): JSX.Element {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 20_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={iso} title={exactTime(iso)}>
      {relativeTime(iso, Math.max(now, Date.now()))}
    </time>
  );
}
