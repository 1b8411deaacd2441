/** `skydesk:palette`: the panels in the command palette. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IPanels } from '../tokens';
import { offerServices } from './offer';
import type { Panels } from './panels';

export const palette: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:palette',
  description: 'Adds the panels to the command palette.',
  autoStart: true,
  requires: [IPanels, ICommandPalette],
  activate: (_app: JupyterFrontEnd, panels: Panels, palette: ICommandPalette): void => {
    offerServices(panels, command => palette.addItem({ command, category: 'SkyDesk', args: { isPalette: true } }));
  }
};
