/** Keeps offers of services - cards, palette entries - in step with the panels. */

import type { IDisposable } from '@lumino/disposable';
import type { Service } from '../session/session';
import { openCommand, type Panels } from './panels';

/** Offer each service that has a panel, now and after every change; withdraw what is open no more. */
export function offerServices(panels: Panels, offer: (command: string, service: Service) => IDisposable): void {
  let offers: IDisposable[] = [];
  const follow = (): void => {
    offers.forEach(one => one.dispose());
    offers = panels.services.map(service => offer(openCommand(service.name), service));
  };
  panels.changed.connect(follow);
  follow();
}
