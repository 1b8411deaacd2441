/** Icons: the telescope of SkyDesk, and those that services bring. */

import { LabIcon } from '@jupyterlab/ui-components';
import type { Service } from '../session/session';

export const telescope = new LabIcon({
  name: 'skydesk:telescope',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24"><g class="jp-icon3 jp-icon-selectable" fill="#616161">' +
    '<path d="M1.6 13.4l3.2-1.9 1.6 2.8-3.2 1.9zM5.8 10.9l7.6-4.4 2.1 3.7-7.6 4.4zM14.3 5.4l5-2.9 3.2 5.6-5 2.9z"/>' +
    '<path d="M11 14.2l1.9-1.1.9 1.2 3.3 7.2h-2.2l-2.3-5-2.3 5H8.1z"/></g></svg>'
});

/** A service's own icon, or the telescope where it has none that can be drawn. */
export function serviceIcon(service: Service): LabIcon {
  const document = new DOMParser().parseFromString(service.icon, 'image/svg+xml');
  if (document.documentElement.nodeName !== 'svg') {
    return telescope;
  }
  return new LabIcon({ name: `skydesk:${service.name}`, svgstr: service.icon });
}
