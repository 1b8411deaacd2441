/** `skydesk:lease-status`: the time left in the status bar, and more behind it. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStatusBar, showPopup, type Popup } from '@jupyterlab/statusbar';
import { LabIcon } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { ILease } from '../tokens';
import { LeasePopup } from './popup';
import type { LeaseTracker } from './tracker';
import { moment, timeLeft } from './words';

const SHOW = 'skydesk:show-lease';

/** From here on the sign is a warning's, seconds. */
const SOON_SECONDS = 600;

const clock = new LabIcon({
  name: 'skydesk:clock',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><path class="jp-icon3" fill="#616161" ' +
    'd="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.4a5.6 5.6 0 1 1 0 11.2A5.6 5.6 0 0 1 8 2.4zM7.3 4v4.4l3.1 1.9.7-1.2-2.4-1.4V4z"/></svg>'
});

const warning = new LabIcon({
  name: 'skydesk:warning',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><path class="jp-icon3" fill="#616161" fill-rule="evenodd" ' +
    'd="M8 1.2 15.3 14H.7zM7.3 6v4h1.4V6zm0 5v1.4h1.4V11z"/></svg>'
});

export const leaseStatus: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:lease-status',
  description: 'Shows in the status bar how long this lab still lasts.',
  autoStart: true,
  requires: [ILease, IStatusBar],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, tracker: LeaseTracker, statusBar: IStatusBar, palette: ICommandPalette | null): void => {
    const item = new LeaseStatus(tracker);
    const shown = new Signal<LeaseStatus, void>(item);
    tracker.changed.connect(() => shown.emit());
    statusBar.registerStatusItem('skydesk:lease', {
      item,
      align: 'right',
      // One past the middle of what JupyterLab puts there.
      rank: 50,
      priority: 2,
      isActive: () => tracker.lease !== null || hasMore(tracker),
      activeStateChanged: shown
    });
    app.commands.addCommand(SHOW, {
      label: 'Time Left of This Lab',
      caption: 'Shows when this lab ends, and extends it',
      isVisible: () => tracker.lease !== null || hasMore(tracker),
      execute: () => item.open(),
      describedBy: { args: { type: 'object', properties: {} } }
    });
    palette?.addItem({ command: SHOW, category: 'SkyDesk' });
  }
};

export { SHOW as showLeaseCommand };

function hasMore({ lab }: LeaseTracker): boolean {
  return lab !== null && lab.queue.length + lab.messages.length > 0;
}

export class LeaseStatus extends Widget {
  constructor(private readonly tracker: LeaseTracker) {
    super();
    this.addClass('skydesk-LeaseStatus');
    this.button.type = 'button';
    this.button.setAttribute('aria-haspopup', 'dialog');
    this.button.setAttribute('aria-expanded', 'false');
    this.button.append(this.sign, this.words);
    this.sign.className = 'skydesk-LeaseStatus-sign';
    this.node.append(this.button);
    this.button.addEventListener('click', () => (this.popup ? this.popup.dispose() : this.open()));
    tracker.changed.connect(this.draw, this);
    tracker.ticked.connect(this.draw, this);
    this.draw();
  }

  /** Open what is behind the item, and give it the focus. */
  open(): void {
    if (this.popup || !this.isVisible) {
      return;
    }
    const body = new LeasePopup(this.tracker);
    this.popup = showPopup({ body, anchor: this, align: 'right', hasDynamicSize: true });
    this.button.setAttribute('aria-expanded', 'true');
    this.popup.disposed.connect(() => {
      const inside = body.node.contains(document.activeElement);
      this.popup = null;
      this.button.setAttribute('aria-expanded', 'false');
      if (inside) {
        this.button.focus();
      }
    });
    (body.node.querySelector<HTMLElement>('button') ?? body.node).focus();
  }

  private draw(): void {
    const { lease, secondsLeft } = this.tracker;
    const soon = secondsLeft !== null && secondsLeft <= SOON_SECONDS;
    const time = secondsLeft === null ? null : timeLeft(secondsLeft);
    const words = lease ? [time, lease.title].filter(Boolean).join(' · ') : 'Messages';
    if (this.words.textContent !== words) {
      this.words.textContent = words;
      const end = lease?.endsAt ?? null;
      this.button.title = end === null ? words : `This lab ends ${moment(this.tracker.here(end))}. Click for more.`;
      this.button.setAttribute('aria-label', lease ? `Lab ${lease.title}, ${time === 'ending' ? time : `${time ?? 'unknown time'} left`}` : words);
    }
    if (this.soon !== soon) {
      this.soon = soon;
      this.toggleClass('skydesk-mod-soon', soon);
      (soon ? warning : clock).element({ container: this.sign, stylesheet: 'statusBar' });
    }
  }

  private readonly button = document.createElement('button');
  private readonly sign = document.createElement('span');
  private readonly words = document.createElement('span');
  private soon: boolean | null = null;
  private popup: Popup | null = null;
}
