/** What stands in the sidebar while there are no panels: why, in words, and a way on. */

import { Widget } from '@lumino/widgets';
import type { SessionState } from '../session/session';
import { telescope } from './icons';
import { message } from './panel';

export class NoticePanel extends Widget {
  constructor(private readonly retry: () => void) {
    super();
    this.id = 'skydesk-notice';
    this.addClass('skydesk-Panel');
    this.title.icon = telescope;
    this.title.caption = 'SkyDesk';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'SkyDesk');
    const heading = document.createElement('h2');
    heading.className = 'skydesk-Notice-heading';
    heading.textContent = 'SkyDesk';
    this.node.append(heading, this.body);
  }

  /** Say how things stand. */
  say(state: SessionState): void {
    if (state.status === 'asking') {
      // A question that repeats itself must not wipe out the answer before, which somebody may be reading.
      if (!this.body.hasChildNodes()) {
        this.body.replaceChildren(message('Asking what is open to you …'));
      }
    } else if (state.status === 'failed') {
      const seconds = Math.max(1, Math.round((state.retryAt - Date.now()) / 1000));
      this.tell(`SkyDesk is not ready: ${state.message}. It asks again by itself every ${seconds} seconds or so.`);
    } else {
      const { name, groups } = state.session.user;
      const whose = groups.length ? `your groups (${groups.join(', ')}) grant none` : 'you are in no group that grants one';
      this.tell(`No SkyDesk service is open to ${name}: ${whose}. Ask whoever runs this hub.`);
    }
  }

  private tell(text: string): void {
    if (this.body.querySelector('p')?.textContent !== text) {
      this.body.replaceChildren(message(text, this.retry));
    }
  }

  private readonly body = document.createElement('div');
}
