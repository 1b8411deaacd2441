/** `skydesk:launcher`: a card for each service that is open to the user. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { IPanels } from '../tokens';
import { offerServices } from './offer';
import type { Panels } from './panels';

export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:launcher',
  description: 'Adds a launcher card for each service that is open to the user.',
  autoStart: true,
  requires: [IPanels, ILauncher],
  activate: (_app: JupyterFrontEnd, panels: Panels, launcher: ILauncher): void => {
    offerServices(panels, (command, service) => launcher.add({ command, category: 'SkyDesk', rank: service.rank }));
  }
};
