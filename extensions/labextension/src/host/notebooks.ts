/** `skydesk:notebooks`: notebooks that the service writes, saved under a fresh name and opened. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { IHost } from '../tokens';
import { textOf, type Host } from './host';

export const notebooks: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:notebooks',
  description: 'Opens what a panel shows in a notebook that gets it again.',
  autoStart: true,
  requires: [IHost],
  activate: (app: JupyterFrontEnd, host: Host): void => {
    host.add('open-notebook', async request => {
      const content = request.content.content;
      if (typeof content !== 'object' || content === null) {
        throw new Error(`the ${request.panel} panel gave no notebook`);
      }
      const path = await saveFresh(app.serviceManager.contents, textOf(request, 'file_name'), content);
      await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    });
  }
};

/** Save a notebook in the root folder beside what is there: `m2.ipynb`, `m2-2.ipynb`, ... Give its path. */
export async function saveFresh(contents: Pick<Contents.IManager, 'get' | 'save'>, fileName: string, content: object): Promise<string> {
  const extension = PathExt.extname(fileName) || '.ipynb';
  // A separator would name a folder that does not exist, a leading dot a file that nobody sees.
  const stem = PathExt.basename(fileName.replace(/[\\/:]+/g, '-'), extension).replace(/^\.+/, '') || 'skydesk';
  const listing = (await contents.get('', { content: true })).content as { name: string }[];
  const taken = new Set(listing.map(item => item.name));
  let name = `${stem}${extension}`;
  for (let n = 2; taken.has(name); n++) {
    name = `${stem}-${n}${extension}`;
  }
  await contents.save(name, { type: 'notebook', format: 'json', content });
  return name;
}
