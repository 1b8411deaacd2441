/** `skydesk:files`: results in the file browser, and downloads. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Api } from '../api';
import { IHost } from '../tokens';
import { textOf, type Host, type HostRequest } from './host';

export const files: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:files',
  description: 'Opens a job\'s folder in the file browser and downloads its files.',
  autoStart: true,
  requires: [IHost],
  activate: (app: JupyterFrontEnd, host: Host): void => {
    const api = new Api(app.serviceManager.serverSettings);
    host.add('open-files', async request => {
      if (!app.commands.hasCommand('filebrowser:open-path')) {
        throw new Error('this lab has no file browser');
      }
      const path = textOf(request, 'path');
      await app.serviceManager.contents.get(path, { content: false }).catch(() => {
        throw new Error(`${path} is not in the file browser; download the files instead`);
      });
      // Opening a folder only changes the browser's folder; its panel may be hidden.
      await app.commands.execute('filebrowser:open-path', { path });
      await app.commands.execute('filebrowser:activate');
    });
    host.add('download', request => download(api, request));
  }
};

/** Hand a download to the browser: nothing is held in memory, and it goes on while the panel does something else. */
function download(api: Api, request: HostRequest): void {
  const anchor = document.createElement('a');
  anchor.href = api.url(textOf(request, 'path'));
  anchor.download = '';
  anchor.hidden = true;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}
