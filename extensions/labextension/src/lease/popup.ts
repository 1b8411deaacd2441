/** What stands behind the status bar's item: the lease, its end, what can be done, queues, messages. */

import { Widget } from '@lumino/widgets';
import type { LabMessage, Lease, QueuePlace } from './lab';
import type { LeaseTracker } from './tracker';
import { extensionsWords, moment, placeWords, sentence, span, timeLeft, whyNot } from './words';

export class LeasePopup extends Widget {
  constructor(private readonly tracker: LeaseTracker) {
    super();
    this.addClass('skydesk-LeasePopup');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', 'This lab');
    this.node.tabIndex = -1;
    tracker.changed.connect(this.draw, this);
    tracker.ticked.connect(this.count, this);
    this.draw();
  }

  override dispose(): void {
    this.tracker.changed.disconnect(this.draw, this);
    this.tracker.ticked.disconnect(this.count, this);
    super.dispose();
  }

  /** Draw all anew; the focus stays at the act that it was at. */
  private draw(): void {
    const { lab } = this.tracker;
    const focused = document.activeElement instanceof HTMLElement && this.node.contains(document.activeElement);
    const act = focused ? ((document.activeElement as HTMLElement).dataset.act ?? '') : null;
    const parts: HTMLElement[] = [];
    if (lab?.lease) {
      parts.push(...this.leaseParts(lab.lease));
    }
    if (lab?.queue.length) {
      parts.push(element('h3', 'Queues'), ...lab.queue.map(place => this.placePart(place)));
    }
    if (lab?.messages.length) {
      parts.push(element('h3', 'Messages'), ...lab.messages.map(messagePart));
    }
    if (this.problem) {
      const problem = element('p', `Not done: ${this.problem}`, 'skydesk-LeasePopup-problem');
      problem.setAttribute('role', 'alert');
      parts.push(problem);
    }
    this.node.replaceChildren(...parts);
    if (act !== null) {
      const same = [...this.node.querySelectorAll<HTMLElement>('[data-act]')].find(one => one.dataset.act === act);
      (same ?? this.node).focus();
    }
  }

  private leaseParts(lease: Lease): HTMLElement[] {
    const list = document.createElement('dl');
    const row = (name: string, value: string | HTMLElement): void => {
      const words = element('dd', '');
      words.append(value);
      list.append(element('dt', name), words);
    };
    this.left = element('strong', '');
    row('Profile', lease.gpus ? `${lease.title} (${lease.gpus} GPU)` : lease.title);
    row('Time left', this.left);
    row('Ends', lease.endsAt === null ? 'not known yet' : moment(this.tracker.here(lease.endsAt)));
    row('Extensions', extensionsWords(lease));
    if (lease.idleSeconds) {
      row('Unused', `ends after ${span(lease.idleSeconds)} without use`);
    }
    if (lease.waiting) {
      row('Waiting', lease.waiting === 1 ? 'one person waits for such a lab' : `${lease.waiting} people wait for such a lab`);
    }
    this.count();
    return [element('h3', 'This lab'), list, this.extendPart(lease)];
  }

  private extendPart(lease: Lease): HTMLElement {
    const reason = whyNot(lease);
    if (reason !== null) {
      return element('p', reason, 'skydesk-LeasePopup-reason');
    }
    return this.button('extend', this.busy ? 'Extending …' : `Extend by ${span(lease.extensionSeconds)}`, true, () => this.tracker.extend());
  }

  private placePart(place: QueuePlace): HTMLElement {
    const { profile, title, heldUntil } = place;
    const words = placeWords(heldUntil === null ? place : { ...place, heldUntil: this.tracker.here(heldUntil) });
    const leave = this.button(`leave ${profile}`, heldUntil === null ? 'Leave' : 'Give up', false, () => this.tracker.leaveQueue(profile));
    const line = document.createElement('div');
    line.className = 'skydesk-LeasePopup-place';
    line.append(element('span', `${title}: ${words}`), leave);
    return line;
  }

  private button(act: string, label: string, accent: boolean, does: () => Promise<void>): HTMLElement {
    const button = element('button', label, `jp-mod-styled ${accent ? 'jp-mod-accept' : 'skydesk-LeasePopup-plain'}`) as HTMLButtonElement;
    button.type = 'button';
    button.dataset.act = act;
    button.setAttribute('aria-disabled', String(this.busy));
    button.addEventListener('click', event => {
      // The button is drawn anew before the event reaches the page, which would take it for a click elsewhere.
      event.stopPropagation();
      void this.carryOut(does);
    });
    return button;
  }

  private async carryOut(does: () => Promise<void>): Promise<void> {
    if (this.busy) {
      return;
    }
    this.busy = true;
    this.problem = '';
    this.draw();
    try {
      await does();
    } catch (error) {
      this.problem = sentence((error as Error).message);
    }
    this.busy = false;
    if (!this.isDisposed) {
      this.draw();
    }
  }

  private count(): void {
    const seconds = this.tracker.secondsLeft;
    const words = seconds === null ? 'not known yet' : timeLeft(seconds);
    if (this.left && this.left.textContent !== words) {
      this.left.textContent = words;
    }
  }

  private left: HTMLElement | null = null;
  private busy = false;
  private problem = '';
}

function messagePart({ text, from, severity, madeAt }: LabMessage): HTMLElement {
  const part = document.createElement('div');
  part.className = `skydesk-LeasePopup-message skydesk-mod-${severity}`;
  const made = Date.parse(madeAt);
  const when = Number.isNaN(made) ? '' : `, ${moment(made)}`;
  part.append(element('p', severity === 'warning' ? `Warning: ${text}` : text), element('small', `${from || 'the hub'}${when}`));
  return part;
}

function element(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) {
    made.className = className;
  }
  return made;
}
