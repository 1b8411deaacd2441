/** `skydesk:session`: asks the lab's server who the user is and what is open to them. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Api } from '../api';
import { ISession } from '../tokens';
import { SessionTracker } from './session';

export const session: JupyterFrontEndPlugin<SessionTracker> = {
  id: 'skydesk:session',
  description: 'Knows the user, their services and when SkyDesk cannot be reached.',
  autoStart: true,
  provides: ISession,
  activate: (app: JupyterFrontEnd): SessionTracker => {
    const api = new Api(app.serviceManager.serverSettings);
    const tracker = new SessionTracker({ ask: () => api.json('session') });
    void tracker.refresh();
    return tracker;
  }
};
