/** What the plugins give each other. */

import { Token } from '@lumino/coreutils';
import type { Host } from './host/host';
import type { LeaseTracker } from './lease/tracker';
import type { Panels } from './panels/panels';
import type { SessionTracker } from './session/session';

export const ISession = new Token<SessionTracker>('skydesk:ISession', 'Who the user is to SkyDesk, and which services are open to them.');

export const IHost = new Token<Host>('skydesk:IHost', 'What panels can ask of the lab around them; add an action to offer it.');

export const IPanels = new Token<Panels>('skydesk:IPanels', "The services' panels, by name.");

export const ILease = new Token<LeaseTracker>('skydesk:ILease', 'How long this lab may last, its places in queues, and messages to its owner.');
