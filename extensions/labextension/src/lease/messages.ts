/** `skydesk:lease-messages`: shows what administrators have to say, and places in a queue that have come free. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILease } from '../tokens';
import { openHub } from './hub';
import type { Lab, LabMessage, QueuePlace } from './lab';
import { LONGEST_NOTICE, Notices, type Notice } from './notices';
import { showLeaseCommand } from './status';
import type { LeaseTracker } from './tracker';
import { span, timeOfDay } from './words';

const MESSAGE = 'message ';
const PLACE = 'place ';

export const leaseMessages: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:lease-messages',
  description: 'Shows messages of the administrators, and offers of places in a queue.',
  autoStart: true,
  requires: [ILease],
  activate: (app: JupyterFrontEnd, tracker: LeaseTracker): void => {
    // Only once the click that asked for it is over: the popup would take it for a click elsewhere, and close.
    const readAll = (): void => void setTimeout(() => void app.commands.execute(showLeaseCommand));
    const messages = new Messages(tracker, new Notices(), { openHub, readAll });
    // A notification that is given before the lab stands is counted, but not shown.
    void app.restored.then(() => messages.start());
  }
};

export interface Ways {
  /** Open the hub's page from which labs are started. */
  openHub: () => void;
  /** Open the place where all messages can be read whole. */
  readAll: () => void;
}

export class Messages {
  constructor(
    private readonly tracker: LeaseTracker,
    private readonly notices: Notices,
    private readonly ways: Ways
  ) {}

  start(): void {
    this.notices.dismissed = name => {
      if (name.startsWith(MESSAGE)) {
        const id = name.slice(MESSAGE.length);
        this.done.add(name);
        // Were it not noted, the message would only be shown once more after a reload.
        this.tracker.markRead(id).catch(() => undefined);
      }
    };
    this.tracker.changed.connect((_, lab) => this.follow(lab));
    if (this.tracker.lab) {
      this.follow(this.tracker.lab);
    }
  }

  private follow(lab: Lab): void {
    const wanted = new Map<string, Notice>();
    for (const message of lab.messages.filter(one => !one.read)) {
      wanted.set(`${MESSAGE}${message.id}`, this.messageNotice(message));
    }
    for (const place of lab.queue) {
      if (place.heldUntil !== null) {
        wanted.set(`${PLACE}${place.profile} ${place.heldUntil}`, this.placeNotice(place, place.heldUntil, lab.now));
      }
    }
    this.notices.shown.filter(name => !wanted.has(name)).forEach(name => this.notices.withdraw(name));
    for (const [name, notice] of wanted) {
      if (!this.done.has(name)) {
        this.done.add(name);
        this.notices.show(name, notice);
      }
    }
  }

  private messageNotice({ text, from, severity }: LabMessage): Notice {
    const whole = from ? `${from}: ${text}` : text;
    const cut = whole.length > LONGEST_NOTICE;
    const readAll = { label: 'Read all', accent: true, does: this.ways.readAll };
    const dismiss = { label: 'Dismiss', caption: 'It stays readable behind the time left in the status bar', does: () => undefined };
    return {
      text: cut ? `${whole.slice(0, LONGEST_NOTICE - 1)}…` : whole,
      type: severity,
      actions: cut ? [readAll, dismiss] : [dismiss]
    };
  }

  private placeNotice({ title }: QueuePlace, heldUntil: number, now: number): Notice {
    const until = `${timeOfDay(this.tracker.here(heldUntil))}, for ${span((heldUntil - now) / 1000)}`;
    return {
      text: `${title}: it is your turn. The place is kept until ${until}. Stop this lab on the hub's page and start it anew.`,
      type: 'info',
      actions: [{ label: "Open the hub's page", accent: true, does: this.ways.openHub }]
    };
  }

  /** What has been shown: shown again only after a reload. */
  private readonly done = new Set<string>();
}
