/** `skydesk:cutouts`: images of a job in the main area, and positions from other panels into the Cutouts panel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IHost, IPanels } from '../tokens';
import type { Panels } from '../panels/panels';
import { givenOf } from './given';
import { textOf, type Host, type HostRequest } from './host';

/** The service whose panel positions go to. */
const CUTOUT = 'cutout';

const ACTIONS = ['show-gallery', 'cut-result'] as const;

export const cutouts: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:cutouts',
  description: "Shows a cutout job's images in the main area, and takes positions into the Cutouts panel.",
  autoStart: true,
  requires: [IHost, IPanels],
  activate: (app: JupyterFrontEnd, host: Host, panels: Panels): void => {
    const follow = (): void => {
      ACTIONS.forEach(action => host.remove(action));
      if (panels.services.some(service => service.name === CUTOUT)) {
        host.add('show-gallery', request => showGallery(app, panels, request));
        host.add('cut-result', request => cutResult(panels, request));
      }
    };
    panels.changed.connect(follow);
    follow();
  }
};

/** Bring the gallery to the front with a job's images: there is one, which goes on to another job. */
function showGallery(app: JupyterFrontEnd, panels: Panels, request: HostRequest): void {
  const id = textOf(request, 'job_id');
  const { name } = request.content;
  const panel = panels.open('gallery', { title: 'Gallery', owner: CUTOUT });
  panel.title.label = typeof name === 'string' && name ? name : 'Gallery';
  panel.title.caption = `Images of ${panel.title.label}`;
  panel.model.set('job_id', id);
  if (!panel.isAttached) {
    app.shell.add(panel, 'main', { mode: 'tab-after' });
  }
  app.shell.activateById(panel.id);
}

/** Give positions to the Cutouts panel: the rows of a quick query, or the address of a job's file. */
export function cutResult(panels: Pick<Panels, 'get' | 'show'>, request: HostRequest): void {
  const given = givenOf(request);
  panels.show(CUTOUT);
  panels.get(CUTOUT)?.model.set('cut', given);
}
