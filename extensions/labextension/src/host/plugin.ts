/** `skydesk:host`: the place where plugins offer actions to panels. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IHost } from '../tokens';
import { Host } from './host';

export const host: JupyterFrontEndPlugin<Host> = {
  id: 'skydesk:host',
  description: 'Lets panels ask the lab for what they cannot do themselves.',
  autoStart: true,
  provides: IHost,
  activate: () => new Host(message => void Notification.error(`SkyDesk: ${message}`))
};
