/** What is asked before a lab gets more time, before it is ended, and of a message. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { errorMessage } from "../shared/model";
import { Button, Dialog, Message, useId } from "../shared/ui";
import type { Audience, LabRow, Overview } from "./data";
import type { AdminState } from "./state";
import { spanWords } from "./words";

const SPANS = [1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600];
/** The longest text that the service takes, characters. */
const LONGEST_TEXT = 4000;

export function ExtendForm({ state, lab }: { state: AdminState; lab: LabRow }): JSX.Element {
  const [seconds, setSeconds] = useState(3600);
  const id = useId();
  const close = (): void => void (state.form.value = null);
  return (
    <Dialog
      title={`Extend the ${lab.title} lab of ${lab.user}`}
      onClose={close}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" onClick={() => void state.extend(lab, seconds)}>
            {`Extend by ${spanWords(seconds)}`}
          </Button>
        </>
      }
    >
      <div class="sky-field">
        <label for={id}>More time</label>
        <select id={id} class="sky-select" value={String(seconds)} data-autofocus onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
          {SPANS.map((span) => (
            <option key={span} value={String(span)}>
              {spanWords(span)}
            </option>
          ))}
        </select>
      </div>
      <p class="sky-muted">GPU-hours are charged as before: a budget that is used up still ends the lab.</p>
    </Dialog>
  );
}

export function EndForm({ state, lab }: { state: AdminState; lab: LabRow }): JSX.Element {
  const [text, setText] = useState("");
  const id = useId();
  const close = (): void => void (state.form.value = null);
  return (
    <Dialog
      title={`End the ${lab.title} lab of ${lab.user}?`}
      onClose={close}
      actions={
        <>
          <Button onClick={close}>Keep it running</Button>
          <Button kind="danger" onClick={() => void state.end(lab, text)}>
            End lab
          </Button>
        </>
      }
    >
      <p>Its kernels stop. Open documents are saved if its page is open; what is only in memory is lost.</p>
      <div class="sky-field">
        <label for={id}>Why, as {lab.user} reads it afterwards</label>
        <textarea
          id={id}
          class="sky-input sky-admin__area"
          rows={3}
          maxLength={LONGEST_TEXT}
          value={text}
          data-autofocus
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
    </Dialog>
  );
}

export function ComposeForm({ state, overview }: { state: AdminState; overview: Overview }): JSX.Element {
  const audiences = audiencesOf(overview);
  const [text, setText] = useState("");
  const [severity, setSeverity] = useState<"info" | "warning">("info");
  const [to, setTo] = useState(0);
  const [until, setUntil] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const ids = { text: useId(), severity: useId(), to: useId(), until: useId() };
  const close = (): void => void (state.form.value = null);
  const send = async (): Promise<void> => {
    const audience = audiences[to];
    const fault = faultOf(text, until);
    setProblem(fault);
    if (fault || !audience) return;
    setBusy(true);
    try {
      await state.send({ text: text.trim(), severity, to: audience.to, until: until ? new Date(until).toISOString() : null });
    } catch (error) {
      setProblem(errorMessage(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Message to people in their labs"
      onClose={close}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" icon="send" busy={busy} onClick={() => void send()}>
            Send message
          </Button>
        </>
      }
    >
      <div class="sky-field">
        <label for={ids.text}>Text</label>
        <textarea
          id={ids.text}
          class="sky-input sky-admin__area"
          rows={4}
          maxLength={LONGEST_TEXT}
          value={text}
          data-autofocus
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <div class="sky-field">
        <label for={ids.to}>Who sees it</label>
        <select id={ids.to} class="sky-select" value={String(to)} onChange={(event) => setTo(Number(event.currentTarget.value))}>
          {audiences.map((audience, at) => (
            <option key={audience.words} value={String(at)}>
              {audience.words}
            </option>
          ))}
        </select>
      </div>
      <div class="sky-field">
        <label for={ids.severity}>Kind</label>
        <select
          id={ids.severity}
          class="sky-select"
          value={severity}
          onChange={(event) => setSeverity(event.currentTarget.value === "warning" ? "warning" : "info")}
        >
          <option value="info">Information</option>
          <option value="warning">Warning</option>
        </select>
      </div>
      <div class="sky-field">
        <label for={ids.until}>Shown until, in your time (empty: until it is withdrawn)</label>
        <input id={ids.until} class="sky-input" type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
      </div>
      {problem && <Message kind="error">{problem}</Message>}
    </Dialog>
  );
}

function faultOf(text: string, until: string): string {
  if (!text.trim()) return "The message needs a text.";
  return until && !(Date.parse(until) > Date.now()) ? "The time until which it is shown is over already." : "";
}

/** Whom this person may write to: an administrator everybody, a group's own its groups. */
function audiencesOf({ rights, administers, groups, profiles }: Overview): { words: string; to: Audience }[] {
  const titled = (name: string): string => groups.find((group) => group.name === name)?.title ?? name;
  if (!rights.includes("admin")) return administers.map((name) => ({ words: `Members of ${titled(name)}`, to: { group: name } }));
  return [
    { words: "Everybody", to: { all: true } },
    ...groups.map(({ name, title }) => ({ words: `Members of ${title}`, to: { group: name } })),
    ...profiles.map(({ name, title }) => ({ words: `${title} labs`, to: { profile: name } })),
  ];
}
