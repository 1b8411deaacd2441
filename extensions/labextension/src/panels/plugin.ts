/** `skydesk:panels`: a panel in the sidebar, and a command that opens it, for each service that is open to the user. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { Api } from '../api';
import { textOf, type Host } from '../host/host';
import { EventHub } from '../model/events';
import type { Service, SessionState, SessionTracker } from '../session/session';
import { IHost, IPanels, ISession } from '../tokens';
import { serviceIcon } from './icons';
import { NoticePanel } from './notice';
import { openCommand, Panels, type Side } from './panels';

/** The service of tables of one's own, which live in the Query panel. */
const TABLES = 'tables';

const SETTINGS = 'skydesk-lab:panels';

/** How long the lab's start waits for the session, milliseconds: panels that are there by then get their place of the last visit. */
const LONGEST_WAIT = 3000;

export const panels: JupyterFrontEndPlugin<Panels> = {
  id: 'skydesk:panels',
  description: 'Adds a sidebar panel and a command for each service that is open to the user.',
  autoStart: true,
  requires: [ISession, IHost],
  optional: [ISettingRegistry, ILayoutRestorer, IStateDB],
  provides: IPanels,
  activate: async (
    app: JupyterFrontEnd,
    session: SessionTracker,
    host: Host,
    settings: ISettingRegistry | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ): Promise<Panels> => {
    const api = new Api(app.serviceManager.serverSettings);
    const events = new EventHub({ fetch: (path, init) => api.fetch(path, init) });
    const made = new Panels({ app, api, events, host, state, side: 'left' });
    await followSettings(settings, made);
    addActions(host, made);
    const chrome = new Chrome(app, session, made, restorer);
    session.changed.connect((_, now) => {
      offerTables(host, made, now);
      chrome.follow(now);
    });
    void app.restored.then(() => made.settle());
    await Promise.race([session.refresh(), new Promise(resolve => setTimeout(resolve, LONGEST_WAIT))]);
    offerTables(host, made, session.state);
    chrome.follow(session.state);
    return made;
  }
};

async function followSettings(registry: ISettingRegistry | null, made: Panels): Promise<void> {
  // Where the panels stand is no reason to have none: without an answer they stand on the left.
  const settings = await registry?.load(SETTINGS).catch((error: unknown) => {
    console.warn('SkyDesk: the setting of the side of the panels cannot be read', error);
    return null;
  });
  const apply = (): void => {
    made.side = settings?.get('side').composite === 'right' ? 'right' : ('left' satisfies Side);
  };
  settings?.changed.connect(apply);
  apply();
}

function addActions(host: Host, made: Panels): void {
  host.add('expand', request => made.toggle(request.panel));
  host.add('show-job', request => {
    made.show('jobs');
    made.get('jobs')?.model.set('selected_job', textOf(request, 'id'));
  });
  host.add('edit-query', request => {
    made.show('query');
    made.get('query')?.model.set('sql', textOf(request, 'sql'));
  });
}

/** Let other panels ask the Query panel to save a statement's rows, where the user may have tables. */
function offerTables(host: Host, made: Panels, state: SessionState): void {
  if (state.status !== 'ready') {
    return;
  }
  host.remove('save-as-table');
  if (state.session.services.some(service => service.name === TABLES)) {
    host.add('save-as-table', request => {
      made.show('query');
      made.get('query')?.model.set('save_sql', textOf(request, 'sql'));
    });
  }
}

/** Keeps sidebar and commands in step with the session. */
class Chrome {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly session: SessionTracker,
    private readonly panels: Panels,
    private readonly restorer: ILayoutRestorer | null
  ) {}

  /** Bring everything in line with a state of the session. */
  follow(state: SessionState): void {
    const open = state.status === 'ready' ? state.session.services.filter(service => service.panel) : null;
    if (open) {
      for (const panel of this.panels.follow(open)) {
        this.restorer?.add(panel, panel.id);
      }
      open.forEach(service => this.addCommand(service));
      this.panels.announce();
    }
    // Panels that are there stay while the service is away: they say so themselves, and hold what the user has written.
    const needed = open ? open.length === 0 : state.status === 'failed' && !this.everReady;
    this.everReady ||= state.status === 'ready';
    this.showNotice(needed ? state : null);
  }

  private addCommand(service: Service): void {
    const id = openCommand(service.name);
    if (this.app.commands.hasCommand(id)) {
      return;
    }
    this.app.commands.addCommand(id, {
      label: args => (args.isPalette ? `Open ${service.title}` : service.title),
      caption: service.description,
      icon: serviceIcon(service),
      isVisible: () => this.panels.get(service.name) !== undefined,
      isEnabled: () => this.panels.get(service.name) !== undefined,
      execute: () => this.panels.show(service.name),
      describedBy: { args: { type: 'object', properties: { isPalette: { type: 'boolean' } } } }
    });
  }

  private showNotice(state: SessionState | null): void {
    if (!state) {
      this.notice?.dispose();
      this.notice = null;
      return;
    }
    if (!this.notice) {
      this.notice = new NoticePanel(() => void this.session.refresh());
      this.app.shell.add(this.notice, 'left', { rank: 500 });
    }
    this.notice.say(state);
  }

  private notice: NoticePanel | null = null;
  private everReady = false;
}
