/** `skydesk:lease-warnings`: says before the end that it comes, and offers more time. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ILease } from '../tokens';
import { Alarm, type Told } from './alarm';
import type { Lease } from './lab';
import { Notices } from './notices';
import { leaseSettings, type LeaseSettings } from './settings';
import type { LeaseTracker } from './tracker';
import { sentence, span, timeLeft, timeOfDay, whyNot } from './words';

const WARNING = 'warning';
const EXTENDED = 'extended';
const KEPT = 'skydesk:lease-warnings';

export const leaseWarnings: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:lease-warnings',
  description: 'Warns before this lab ends.',
  autoStart: true,
  requires: [ILease],
  optional: [ISettingRegistry],
  activate: async (app: JupyterFrontEnd, tracker: LeaseTracker, registry: ISettingRegistry | null): Promise<void> => {
    const warnings = new Warnings(tracker, new Notices(), await leaseSettings(registry), sessionStorage);
    // A notification that is given before the lab stands is counted, but not shown.
    void app.restored.then(() => warnings.start());
  }
};

export class Warnings {
  constructor(
    private readonly tracker: LeaseTracker,
    private readonly notices: Notices,
    private readonly settings: LeaseSettings,
    /** Keeps over a reload what has been told. */
    private readonly kept: Pick<Storage, 'getItem' | 'setItem'>
  ) {}

  start(): void {
    this.recall();
    this.tracker.ticked.connect((_, seconds) => this.look(seconds));
    this.tracker.changed.connect(() => this.follow());
    if (this.tracker.secondsLeft !== null) {
      this.look(this.tracker.secondsLeft);
    }
  }

  private look(secondsLeft: number): void {
    const { lease } = this.tracker;
    if (!lease?.endsAt || secondsLeft <= 0) {
      return;
    }
    const due = this.alarm.due(lease.id, lease.endsAt, secondsLeft, this.settings.warnings() ?? lease.warningsSeconds);
    if (due !== null) {
      this.keep();
      if (this.settings.warn()) {
        this.warn(lease, secondsLeft);
      }
    }
  }

  /** Take a warning of an end back that is no longer the end. */
  private follow(): void {
    const end = this.tracker.lease?.endsAt ?? null;
    if (end === null || (this.warnedOf !== null && end > this.warnedOf + 1000)) {
      this.notices.withdraw(WARNING);
      this.warnedOf = null;
    }
  }

  private warn(lease: Lease, secondsLeft: number): void {
    this.warnedOf = lease.endsAt;
    const left = secondsLeft > 600 ? span(secondsLeft) : `${timeLeft(secondsLeft)} min`;
    const end = lease.endsAt === null ? '' : ` (at ${timeOfDay(this.tracker.here(lease.endsAt))})`;
    const reason = whyNot(lease);
    const extend = { label: 'Extend', caption: `Adds ${span(lease.extensionSeconds)}`, accent: true, does: () => void this.extend() };
    this.notices.show(WARNING, {
      text: `This lab ends in ${left}${end}. ${reason ?? `You can extend it by ${span(lease.extensionSeconds)}.`}`,
      type: 'warning',
      actions: reason === null ? [extend] : []
    });
  }

  private async extend(): Promise<void> {
    try {
      await this.tracker.extend();
      const end = this.tracker.lease?.endsAt ?? null;
      const until = end === null ? '' : ` until ${timeOfDay(this.tracker.here(end))}`;
      this.notices.show(EXTENDED, { text: `This lab now lasts${until}.`, type: 'info' });
    } catch (error) {
      this.notices.show(EXTENDED, { text: `This lab was not extended. ${sentence((error as Error).message)}`, type: 'warning' });
    }
  }

  private recall(): void {
    try {
      const kept: unknown = JSON.parse(this.kept.getItem(KEPT) ?? 'null');
      this.alarm.told = isTold(kept) ? kept : this.alarm.told;
    } catch {
      // What was kept is not ours, or nothing may be kept: the warnings are then given once more.
    }
  }

  private keep(): void {
    try {
      this.kept.setItem(KEPT, JSON.stringify(this.alarm.told));
    } catch {
      // As above.
    }
  }

  private readonly alarm = new Alarm();
  private warnedOf: number | null = null;
}

function isTold(value: unknown): value is Told {
  const { lease, endsAt, seconds } = (value ?? {}) as Partial<Told>;
  return typeof lease === 'string' && typeof endsAt === 'number' && Array.isArray(seconds) && seconds.every(one => typeof one === 'number');
}
