/** The hub's page from which labs are started. */

import { PageConfig } from '@jupyterlab/coreutils';

/** Open it beside the lab. */
export function openHub(): void {
  window.open(`${PageConfig.getOption('hubHost')}${PageConfig.getOption('hubPrefix')}home`, '_blank', 'noopener');
}
