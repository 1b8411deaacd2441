/** What the panel keeps in its model: it is there again after a reload, and a notebook's kernel can see it. */

import type { PanelModel } from "../shared/model";

const PAUSE_MS = 400;

export class Kept {
  private saving: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly model: PanelModel) {}

  /** The text under a name; empty where there is none. */
  text(name: string): string {
    const value = this.model.get(name);
    return typeof value === "string" ? value : "";
  }

  /** Keep a text; it is saved in a while, with others. */
  keep(name: string, value: string): void {
    if (this.model.get(name) === value) return;
    this.model.set(name, value);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.flush(), PAUSE_MS);
  }

  /** Save what is not saved yet. */
  flush(): void {
    if (this.saving === undefined) return;
    clearTimeout(this.saving);
    this.saving = undefined;
    this.model.save_changes();
  }

  /** Follow a name's value, from now on; gives what ends it. */
  follow(name: string, take: (value: unknown) => void): () => void {
    const changed = (): void => take(this.model.get(name));
    this.model.on(`change:${name}`, changed);
    changed();
    return () => this.model.off(`change:${name}`, changed);
  }

  /** Take a value out of the model: whoever put it there gave it once. */
  takeOut(name: string): unknown {
    const value = this.model.get(name) ?? null;
    if (value !== null) this.model.set(name, null);
    return value;
  }
}
