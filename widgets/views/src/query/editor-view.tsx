/** The editor in the panel: follows the state's text and fault, and hands what is typed back. */

import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { createEditor, type SqlEditor } from "./editor";
import type { QueryState } from "./state";

export function EditorView({ state }: { state: QueryState }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<SqlEditor | null>(null);
  useLayoutEffect(() => {
    if (!box.current) return;
    const made = createEditor({
      parent: box.current,
      text: state.sql.peek(),
      onChange: (text) => state.setSql(text),
      onRun: () => void state.runQuick(),
      schema: () => state.own.allTables.value,
    });
    editor.current = made;
    state.insertAtCursor = (text, stay) => made.insert(text, stay);
    return () => made.destroy();
  }, [state]);
  useSignalEffect(() => editor.current?.setText(state.sql.value));
  useSignalEffect(() => editor.current?.mark(state.fault.value));
  return <div ref={box} class="sky-query__editor" />;
}
