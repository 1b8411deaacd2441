/** `skydesk:lease`: follows how long this lab may last. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { Api } from '../api';
import { EventHub } from '../model/events';
import type { SessionState, SessionTracker } from '../session/session';
import { ILease, ISession } from '../tokens';
import { LeaseTracker } from './tracker';

export const lease: JupyterFrontEndPlugin<LeaseTracker> = {
  id: 'skydesk:lease',
  description: 'Knows when this lab ends, and asks for more time.',
  autoStart: true,
  requires: [ISession],
  provides: ILease,
  activate: (app: JupyterFrontEnd, session: SessionTracker): LeaseTracker => {
    const api = new Api(app.serviceManager.serverSettings);
    const events = new EventHub({ fetch: (path, init) => api.fetch(path, init) });
    const tracker = new LeaseTracker({
      server: PageConfig.getOption('hubServerName'),
      ask: (path, init) => api.json(path, { cache: 'no-store', ...init }),
      subscribe: (path, listener) => events.subscribe(path, listener)
    });
    let started = false;
    const follow = (state: SessionState): void => {
      // Without a hub nothing ends a lab.
      if (!started && state.status === 'ready' && !state.session.embedded) {
        started = true;
        void tracker.start();
      }
    };
    session.changed.connect((_, state) => follow(state));
    follow(session.state);
    return tracker;
  }
};
