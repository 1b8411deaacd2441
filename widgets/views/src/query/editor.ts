/** The SQL editor: CodeMirror with Oracle's dialect, completion from the schema, and marks where a statement is wrong. */

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { keywordCompletionSource, PLSQL, sql, SQLDialect } from "@codemirror/lang-sql";
import { bracketMatching, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Annotation, EditorState, Prec, type Text } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder, tooltips } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import type { Fault, Schema } from "../shared/catalog";
import { suggest, type Suggestion } from "./completion";

export interface EditorOptions {
  parent: HTMLElement;
  text: string;
  onChange: (text: string) => void;
  onRun: () => void;
  schema: () => Schema | null;
}

export interface SqlEditor {
  readonly view: EditorView;
  setText(text: string): void;
  /** Put a text at the cursor; `stay` leaves the focus where it is. */
  insert(text: string, stay: boolean): void;
  /** Mark a fault and bring it into sight; null takes the mark away. */
  mark(fault: Fault | null): void;
  focus(): void;
  destroy(): void;
}

/** Oracle's words without its type DEC: here that is a declination. */
const ORACLE = SQLDialect.define({ ...PLSQL.spec, types: (PLSQL.spec.types ?? "").replace(/\bdec\b/, "") });

/** Marks a change that came from outside, which is not told back. */
const fromOutside = Annotation.define<boolean>();

export function createEditor(options: EditorOptions): SqlEditor {
  const view = new EditorView({ parent: options.parent, state: EditorState.create({ doc: options.text, extensions: extensions(options) }) });
  return {
    view,
    setText(text) {
      const { doc } = view.state;
      if (doc.toString() === text) return;
      view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, selection: { anchor: text.length }, annotations: fromOutside.of(true) });
    },
    insert(text, stay) {
      view.dispatch(view.state.replaceSelection(spaced(view.state, text)), { scrollIntoView: true, userEvent: "input" });
      if (!stay) view.focus();
    },
    mark(fault) {
      const range = fault && faultRange(view.state.doc, fault);
      const marks: Diagnostic[] = range ? [{ ...range, severity: "error", message: fault.hint ? `${fault.message}\n${fault.hint}` : fault.message }] : [];
      view.dispatch(setDiagnostics(view.state, marks));
      if (range) view.dispatch({ effects: EditorView.scrollIntoView(range.from, { y: "nearest" }) });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/**
 * Where a fault is, as offsets into the text.
 *
 * The service counts lines and columns from 1, and columns in characters; a text's offsets are UTF-16 units. A fault without a length marks
 * the word that is there, and one at the text's end marks its last character, so that there is always something to see.
 */
export function faultRange(doc: Text, fault: Pick<Fault, "line" | "column" | "length">): { from: number; to: number } | null {
  if (fault.line === null || doc.length === 0) return null;
  const line = doc.line(Math.max(1, Math.min(doc.lines, fault.line)));
  if (fault.column === null) return line.length > 0 ? { from: line.from, to: line.to } : { from: Math.max(0, line.from - 1), to: line.from };
  const from = Math.min(doc.length, line.from + unitsOf(line.text, fault.column - 1));
  const rest = doc.sliceString(from);
  const length = fault.length === null ? (/^[\w$#]+/.exec(rest)?.[0].length ?? 1) : unitsOf(rest, fault.length);
  const to = Math.min(doc.length, from + Math.max(1, length));
  return to > from ? { from, to } : { from: Math.max(0, from - 1), to: from };
}

/** UTF-16 units of the first so many characters. */
function unitsOf(text: string, characters: number): number {
  let units = 0;
  let left = characters;
  for (const character of text) {
    if (left <= 0) break;
    units += character.length;
    left -= 1;
  }
  return units;
}

function extensions(options: EditorOptions) {
  const run = (view: EditorView): boolean => {
    closeCompletion(view);
    options.onRun();
    return true;
  };
  return [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run, preventDefault: true }, { key: "Ctrl-Enter", run, preventDefault: true }, { key: "Tab", run: acceptCompletion }])),
    lineNumbers(),
    history(),
    bracketMatching(),
    closeBrackets(),
    sql({ dialect: ORACLE }),
    syntaxHighlighting(classHighlighter),
    autocompletion({ override: [(context) => complete(context, options.schema())], icons: false, maxRenderedOptions: 200 }),
    tooltips({ tooltipSpace: (view) => roomFor(view) }),
    placeholder("SELECT … FROM …"),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": "SQL editor. Escape, then Tab, leaves it.", "data-autofocus": "", tabindex: "0" }),
    EditorView.updateListener.of((update) => {
      const ours = update.transactions.some((transaction) => transaction.annotation(fromOutside));
      if (update.docChanged && !ours) options.onChange(update.state.doc.toString());
      if (completionStatus(update.state) !== null) reachable(update.view);
      if (completionStatus(update.state) === "active") closeWhereLeft(update.view);
    }),
    // Tab indents; Escape and then Tab leaves the editor, which CodeMirror sees to.
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
  ];
}

const keywords = keywordCompletionSource(ORACLE, true);

async function complete(context: CompletionContext, schema: Schema | null): Promise<CompletionResult | null> {
  if (/Comment|String/.test(syntaxTree(context.state).resolveInner(context.pos, -1).name)) return null;
  const word = context.matchBefore(/[\w$#."]*$/);
  if (!context.explicit && !word?.text) return null;
  const found = schema && suggest(context.state.doc.toString(), context.pos, schema);
  const words = word?.text.includes(".") ? null : await keywords(context);
  if (!found && !words) return null;
  const options = [...(found?.options.map(completion) ?? []), ...(words?.options.map((option) => ({ ...option, boost: -20 })) ?? [])];
  return { from: found?.from ?? words?.from ?? context.pos, options, validFor: /^[\w$#]*$/ };
}

function completion({ kind, info, ...suggestion }: Suggestion): Completion {
  return { ...suggestion, type: kind === "column" ? "property" : kind === "table" ? "class" : "function", ...(info ? { info } : {}) };
}

/** A list that scrolls must be reachable (WCAG 2.1.1, as axe reads it); the keys that move in it go to the editor. */
function reachable(view: EditorView): void {
  view.requestMeasure({ key: reachable, read: () => view.dom.querySelector(".cm-tooltip-autocomplete > ul"), write: (list) => list?.setAttribute("tabindex", "0") });
}

/** Suggestions that come when the writer has gone elsewhere would cover the text until they return. */
function closeWhereLeft(view: EditorView): void {
  queueMicrotask(() => {
    if (!view.dom.contains(view.root.activeElement)) closeCompletion(view);
  });
}

/** Put a blank before a name that would grow together with what stands there. */
function spaced(state: EditorState, text: string): string {
  const { from } = state.selection.main;
  return /[\w$#"]/.test(state.doc.sliceString(from - 1, from)) && /^[\w"]/.test(text) ? ` ${text}` : text;
}

/** Tooltips stay inside the panel: a sidebar cuts off what stands out. */
function roomFor(view: EditorView): { top: number; left: number; bottom: number; right: number } {
  const panel = view.dom.closest(".sky-root")?.getBoundingClientRect();
  const page = { top: 0, left: 0, bottom: window.innerHeight, right: window.innerWidth };
  if (!panel) return page;
  return { top: Math.max(0, panel.top), left: Math.max(0, panel.left), bottom: Math.min(page.bottom, panel.bottom), right: Math.min(page.right, panel.right) };
}
