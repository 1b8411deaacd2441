/** The panels that exist, by name; makes them, moves them and keeps what they want to find again. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { IStateDB } from '@jupyterlab/statedb';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import type { Host } from '../host/host';
import type { EventHub } from '../model/events';
import { ServerModel } from '../model/server-model';
import type { Service } from '../session/session';
import { serviceIcon, telescope } from './icons';
import { loadPanel } from './load';
import { ServicePanel, type PanelModule, type PanelOptions } from './panel';

export type Side = 'left' | 'right';

export interface PanelsOptions {
  app: JupyterFrontEnd;
  api: Api;
  events: EventHub;
  host: Host;
  state: IStateDB | null;
  side: Side;
}

/** Longest text that a panel may keep over a reload, characters. */
const LONGEST_KEPT = 100_000;
const FIRST_RANK = 500;

/** Identifier of the command that opens a service's panel. */
export function openCommand(name: string): string {
  return `skydesk:open-${name}`;
}

export class Panels {
  constructor(private readonly options: PanelsOptions) {}

  get(name: string): ServicePanel | undefined {
    return this.panels.get(name);
  }

  /** The panel of a view that no sidebar holds, such as the result grid; made where there is none. */
  open(name: string, { title, owner }: { title: string; owner: string }): ServicePanel {
    const existing = this.panels.get(name);
    if (existing) {
      return existing;
    }
    const icon = (this.panels.get(owner)?.title.icon as typeof telescope | undefined) ?? telescope;
    const panel = this.make({ name, title, icon, style: true });
    panel.title.label = title;
    panel.title.closable = true;
    panel.disposed.connect(() => this.panels.delete(name));
    return panel;
  }

  /** Bring a panel to the front, wherever it stands. */
  show(name: string): void {
    const panel = this.panels.get(name);
    if (!panel) {
      throw new Error(`there is no ${name} panel`);
    }
    this.options.app.shell.activateById(panel.id);
  }

  /** Move a panel to the main area, or back to its sidebar: the same widget, with all that it holds. */
  toggle(name: string): void {
    const panel = this.panels.get(name);
    if (panel?.expanded) {
      this.fold(panel);
    } else if (panel) {
      panel.expanded = true;
      this.options.app.shell.add(panel, 'main');
    }
    this.show(name);
  }

  /** Put every folded panel on the other side. */
  set side(side: Side) {
    this.options.side = side;
    for (const panel of this.panels.values()) {
      if (this.ranks.has(panel.name) && !panel.expanded) {
        this.fold(panel);
      }
    }
  }

  /** Tell each panel where it stands, after the lab has put back the layout of the last visit. */
  settle(): void {
    const inMain = new Set(this.options.app.shell.widgets('main'));
    for (const panel of this.panels.values()) {
      if (this.ranks.has(panel.name)) {
        panel.expanded = inMain.has(panel);
      }
    }
  }

  /** The services whose panels exist, in the service's order. */
  get services(): readonly Service[] {
    return this.listed;
  }

  get changed(): ISignal<this, void> {
    return this.signal;
  }

  /** Make panels for the services that are open, and remove those of services that are open no more. Gives the new ones. */
  follow(services: readonly Service[]): ServicePanel[] {
    this.keepOnly(new Set(services.map(service => service.name)));
    const added = services.filter(one => !this.panels.has(one.name)).map(service => this.addService(service));
    this.listed = services;
    return added;
  }

  /** Say that panels and commands are as they should be now. */
  announce(): void {
    this.signal.emit();
  }

  private keepOnly(names: ReadonlySet<string>): void {
    for (const [name, panel] of [...this.panels]) {
      if (this.ranks.has(name) && !names.has(name)) {
        this.ranks.delete(name);
        this.panels.delete(name);
        panel.dispose();
      }
    }
  }

  /** Add a service's panel to the sidebar. */
  private addService(service: Service): ServicePanel {
    const panel = this.make({
      name: service.name,
      title: service.title,
      icon: serviceIcon(service),
      style: service.style,
      fold: folded => this.fold(folded)
    });
    this.ranks.set(service.name, FIRST_RANK + service.rank);
    this.fold(panel);
    return panel;
  }

  private fold(panel: ServicePanel): void {
    panel.expanded = false;
    this.options.app.shell.add(panel, this.options.side, { rank: this.ranks.get(panel.name) });
  }

  private make(given: Pick<Service, 'name' | 'title' | 'style'> & Pick<PanelOptions, 'icon' | 'fold'>): ServicePanel {
    const { api, events, host } = this.options;
    const { name, title, icon, style, fold } = given;
    const model = new ServerModel({
      fetch: (path, init) => api.fetch(path, init),
      events,
      state: { host: [], expanded: false },
      host: (action, content, buffers) => void host.run(action, { panel: name, content, buffers }),
      save: fold ? changes => void this.keep(name, changes) : undefined
    });
    const load = async (attempt: number): Promise<PanelModule> => {
      await this.recall(name, model);
      // Plugins that need the panels offer their actions only after the panels were made.
      model.set('host', host.names);
      return loadPanel(api, name, style, attempt);
    };
    const panel = new ServicePanel({ name, title, icon, model, fold, load });
    this.panels.set(name, panel);
    return panel;
  }

  /** Give a panel what it kept before the page was loaded again. The lab's state can be read only once the lab has started. */
  private async recall(name: string, model: ServerModel): Promise<void> {
    if (this.keeping.has(name)) {
      return;
    }
    const value = await this.options.state?.fetch(`skydesk:${name}`);
    const kept = typeof value === 'object' && value !== null ? { ...(value as Record<string, unknown>) } : {};
    this.keeping.set(name, kept);
    for (const [key, word] of Object.entries(kept).filter(([key]) => model.get(key) === undefined)) {
      model.set(key, word);
    }
  }

  private async keep(name: string, changes: Record<string, unknown>): Promise<void> {
    const kept = Object.assign(this.keeping.get(name) ?? {}, Object.fromEntries(Object.entries(changes).filter(canBeKept)));
    this.keeping.set(name, kept);
    await this.options.state?.save(`skydesk:${name}`, kept as ReadonlyPartialJSONValue);
  }

  private listed: readonly Service[] = [];
  private readonly signal = new Signal<this, void>(this);
  private readonly panels = new Map<string, ServicePanel>();
  private readonly ranks = new Map<string, number>();
  private readonly keeping = new Map<string, Record<string, unknown>>();
}

function canBeKept([, value]: [string, unknown]): boolean {
  return value === null || typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= LONGEST_KEPT);
}
