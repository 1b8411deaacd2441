/** `skydesk:results`: the rows of a query in a grid in the main area. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IHost, IPanels } from '../tokens';
import type { Host, HostRequest } from './host';
import type { Panels } from '../panels/panels';

export const results: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:results',
  description: 'Shows the rows of a quick query in the main area.',
  autoStart: true,
  requires: [IHost, IPanels],
  activate: (app: JupyterFrontEnd, host: Host, panels: Panels): void => {
    host.add('show-result', request => {
      const panel = panels.open('result', { title: 'Query result', owner: request.panel });
      panel.model.set('sql', request.content.sql ?? '');
      panel.model.set('result_meta', request.content.meta ?? null);
      panel.model.set('result', new DataView(bufferOf(request)));
      if (!panel.isAttached) {
        app.shell.add(panel, 'main', { mode: 'tab-after' });
      }
      panel.keepFocusElsewhere();
      app.shell.activateById(panel.id);
    });
  }
};

function bufferOf({ panel, buffers, content }: HostRequest): ArrayBuffer {
  const value = buffers[0] ?? content.buffer;
  if (ArrayBuffer.isView(value)) {
    return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer;
  }
  if (!(value instanceof ArrayBuffer)) {
    throw new Error(`the ${panel} panel gave no rows to show`);
  }
  return value;
}
