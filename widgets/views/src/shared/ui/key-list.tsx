/** A list of keys and what they do, for a panel's help. */

import type { JSX } from "preact";

export function KeyList({ keys }: { keys: readonly (readonly [key: string, what: string])[] }): JSX.Element {
  return (
    <dl class="sky-keys">
      {keys.map(([key, what]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
