import { completionStatus, currentCompletions, startCompletion } from "@codemirror/autocomplete";
import { diagnosticCount, forEachDiagnostic } from "@codemirror/lint";
import { Text } from "@codemirror/state";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { schemaFromJson, type Fault } from "../../src/shared/catalog";
import { createEditor, faultRange, type SqlEditor } from "../../src/query/editor";
import { SCHEMA } from "../fakes/catalog";

const NOWHERE = { message: "wrong", line: null, column: null, length: null, hint: null };

/** The text that a fault marks. */
function marked(text: string, place: Partial<Fault>): string | null {
  const range = faultRange(Text.of(text.split("\n")), { ...NOWHERE, ...place });
  return range && text.slice(range.from, range.to);
}

describe("where a fault is", () => {
  const sql = "SELECT bad_column\nFROM T\n";
  test.each([
    ["line, column and length", { line: 1, column: 8, length: 10 }, "bad_column"],
    ["no length: the word that is there", { line: 1, column: 8 }, "bad_column"],
    ["no column: the line", { line: 2 }, "FROM T"],
    ["the text's end: its last character", { line: 3, column: 1 }, "\n"],
    ["a line that is not there: the last one", { line: 99, column: 99 }, "\n"],
    ["a length beyond the end", { line: 2, column: 6, length: 999 }, "T\n"],
    ["no line: nothing", {}, null],
  ])("%s", (_, place, expected) => {
    expect(marked(sql, place)).toBe(expected);
  });

  test("columns count characters, not UTF-16 units", () => {
    expect(marked("SELECT '🔭🔭' bad", { line: 1, column: 13, length: 3 })).toBe("bad");
  });

  test("an empty text has nothing to mark", () => {
    expect(marked("", { line: 1, column: 1 })).toBeNull();
  });
});

describe("the editor", () => {
  let editor: SqlEditor;
  let parent: HTMLElement;
  const onChange = vi.fn();
  const onRun = vi.fn();
  beforeEach(() => {
    onChange.mockClear();
    onRun.mockClear();
    parent = document.createElement("div");
    document.body.append(parent);
    editor = createEditor({ parent, text: "SELECT RA FROM DR2_MAIN", onChange, onRun, schema: () => schemaFromJson(SCHEMA) });
  });
  afterEach(() => {
    editor.destroy();
    document.body.replaceChildren();
  });

  function press(key: string, keyCode: number, options: KeyboardEventInit = {}): KeyboardEvent {
    const event = new KeyboardEvent("keydown", { key, keyCode, bubbles: true, cancelable: true, ...options });
    editor.view.contentDOM.dispatchEvent(event);
    return event;
  }

  test("tells what is typed and not what it is given", () => {
    editor.setText("SELECT 1");
    expect(onChange).not.toHaveBeenCalled();
    editor.view.dispatch({ changes: { from: 8, insert: "2" } });
    expect(onChange).toHaveBeenCalledExactlyOnceWith("SELECT 12");
  });

  test("puts a name at the cursor, apart from the word before it", () => {
    editor.view.dispatch({ selection: { anchor: 9 } });
    editor.insert("DEC", true);
    expect(onChange).toHaveBeenLastCalledWith("SELECT RA DEC FROM DR2_MAIN");
    editor.view.dispatch({ selection: { anchor: 7, head: 9 } });
    editor.insert('"Odd name"', false);
    expect(onChange).toHaveBeenLastCalledWith('SELECT "Odd name" DEC FROM DR2_MAIN');
  });

  test("marks a fault with its hint, and takes the mark away", () => {
    editor.mark({ message: "no column RA", line: 1, column: 8, length: 2, hint: "did you mean DEC?" });
    const found: string[] = [];
    forEachDiagnostic(editor.view.state, (diagnostic, from, to) => found.push(`${from}-${to} ${diagnostic.message}`));
    expect(found).toEqual(["7-9 no column RA\ndid you mean DEC?"]);
    expect(parent.querySelector(".cm-lintRange-error")?.textContent).toBe("RA");
    editor.mark(null);
    expect(diagnosticCount(editor.view.state)).toBe(0);
  });

  test.each([["ctrlKey"], ["metaKey"]])("%s and Enter runs, and adds no line", (modifier) => {
    // Meta is the Mod key on a Mac alone; Ctrl-Enter works everywhere.
    const event = press("Enter", 13, { [modifier]: true });
    if (modifier === "ctrlKey") {
      expect(onRun).toHaveBeenCalledTimes(1);
      expect(event.defaultPrevented).toBe(true);
    }
    expect(editor.view.state.doc.lines).toBe(1);
  });

  test("Tab indents, and after Escape it leaves", () => {
    expect(press("Tab", 9).defaultPrevented).toBe(true);
    expect(onChange).toHaveBeenCalled();
    onChange.mockClear();
    press("Escape", 27);
    expect(press("Tab", 9).defaultPrevented).toBe(false);
    expect(onChange).not.toHaveBeenCalled();
  });

  test("offers columns of the named table and keywords in capitals", async () => {
    editor.focus();
    editor.view.dispatch({ selection: { anchor: 7 } });
    startCompletion(editor.view);
    await vi.waitFor(() => expect(currentCompletions(editor.view.state).length).toBeGreaterThan(0));
    const labels = currentCompletions(editor.view.state).map((option) => option.label);
    expect(labels.slice(0, 3).sort()).toEqual(["DEC", "MAG_AUTO_G", "RA"]);
    expect(labels).toEqual(expect.arrayContaining(["DR2_MAIN", "ROUND", "WHERE"]));
    expect(labels).not.toContain("TILENAME");
  });

  test.each([
    ["running the query", () => press("Enter", 13, { ctrlKey: true })],
    ["an answer that comes when the writer has left", () => editor.view.contentDOM.blur()],
  ])("%s closes the list", async (_, leave) => {
    editor.focus();
    editor.view.dispatch({ selection: { anchor: 7 } });
    startCompletion(editor.view);
    await vi.waitFor(() => expect(completionStatus(editor.view.state)).toBe("active"));
    leave();
    if (onRun.mock.calls.length === 0) startCompletion(editor.view);
    await vi.waitFor(() => expect(completionStatus(editor.view.state)).toBeNull());
  });

  test("a declination is no type of numbers", () => {
    editor.setText("SELECT DEC, DATE FROM T");
    const types = [...parent.querySelectorAll(".tok-typeName")].map((token) => token.textContent);
    expect(types).not.toContain("DEC");
    expect(parent.querySelector(".tok-keyword")?.textContent).toBe("SELECT");
  });
});
