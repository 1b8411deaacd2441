/** `skydesk:positions`: positions from other panels onto the globe of the Footprint panel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IHost, IPanels } from '../tokens';
import type { Panels } from '../panels/panels';
import { givenOf } from './given';
import type { Host, HostRequest } from './host';

/** The service whose panel has the globe. */
const FOOTPRINT = 'footprint';

const ACTION = 'show-positions';

export const positions: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:positions',
  description: 'Shows positions of other panels on the globe.',
  autoStart: true,
  requires: [IHost, IPanels],
  activate: (_app: JupyterFrontEnd, host: Host, panels: Panels): void => {
    const follow = (): void => {
      host.remove(ACTION);
      if (panels.services.some(service => service.name === FOOTPRINT)) {
        host.add(ACTION, request => showPositions(panels, request));
      }
    };
    panels.changed.connect(follow);
    follow();
  }
};

/** Give positions to the Footprint panel, which comes to the front. */
export function showPositions(panels: Pick<Panels, 'get' | 'show'>, request: HostRequest): void {
  const given = givenOf(request);
  panels.show(FOOTPRINT);
  panels.get(FOOTPRINT)?.model.set('given', given);
}
