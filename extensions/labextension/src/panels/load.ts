/** Loads panels that the services bring, so that a service from elsewhere needs no rebuild of this extension. */

import type { Api } from '../api';
import type { PanelModule } from './panel';

/** Import `panels/<name>.js`, and its style sheet where it has one. A failed import is remembered by the browser: each attempt has its own address. */
export async function loadPanel(api: Api, name: string, style: boolean, attempt: number): Promise<PanelModule> {
  const styled = style ? loadStyle(api, name) : Promise.resolve();
  const module: unknown = await import(/* webpackIgnore: true */ api.panelUrl(`${name}.js`, attempt));
  await styled;
  return panelModule(module, name);
}

/** Check what a module exports. */
export function panelModule(module: unknown, name: string): PanelModule {
  const exported = (module as { default?: Partial<PanelModule> | null }).default;
  if (typeof exported?.render !== 'function') {
    throw new Error(`${name}.js must have "export default { render }"`);
  }
  return exported as PanelModule;
}

function loadStyle(api: Api, name: string): Promise<void> {
  const id = `skydesk-style-${name}`;
  if (document.getElementById(id)) {
    return Promise.resolve();
  }
  const link = document.createElement('link');
  link.id = id;
  link.rel = 'stylesheet';
  link.href = api.panelUrl(`${name}.css`);
  const loaded = new Promise<void>((resolve, reject) => {
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => {
      link.remove();
      reject(new Error(`${name}.css cannot be read`));
    });
  });
  document.head.append(link);
  return loaded;
}
