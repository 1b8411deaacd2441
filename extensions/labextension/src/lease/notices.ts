/** Notifications that are given, replaced and taken back by a name of ours. */

import { Notification } from '@jupyterlab/apputils';

export interface Notice {
  text: string;
  type: 'info' | 'warning';
  actions?: { label: string; caption?: string; accent?: boolean; does: () => void }[];
}

/** JupyterLab cuts longer texts off. */
export const LONGEST_NOTICE = 140;

export class Notices {
  constructor(private readonly manager: typeof Notification.manager = Notification.manager) {
    manager.changed.connect((_, { type, notification }) => {
      const name = type === 'removed' ? this.names.get(notification.id) : undefined;
      if (name !== undefined) {
        this.names.delete(notification.id);
        this.ids.delete(name);
        this.dismissed(name);
      }
    });
  }

  /** Called with the name of a notification that somebody has dismissed. */
  dismissed: (name: string) => void = () => undefined;

  has(name: string): boolean {
    return this.ids.has(name);
  }

  get shown(): string[] {
    return [...this.ids.keys()];
  }

  /** Show a notification until it is dismissed, in the place of the one of the same name. */
  show(name: string, { text, type, actions = [] }: Notice): void {
    this.withdraw(name);
    const id = this.manager.notify(text, type, {
      autoClose: false,
      actions: actions.map(({ label, caption, accent, does: callback }) => ({
        label,
        caption,
        displayType: accent ? ('accent' as const) : ('default' as const),
        callback
      }))
    });
    this.names.set(id, name);
    this.ids.set(name, id);
  }

  /** Take a notification back, which is not the same as somebody dismissing it. */
  withdraw(name: string): void {
    const id = this.ids.get(name);
    if (id !== undefined) {
      this.ids.delete(name);
      this.names.delete(id);
      this.manager.dismiss(id);
    }
  }

  private readonly ids = new Map<string, string>();
  private readonly names = new Map<string, string>();
}
