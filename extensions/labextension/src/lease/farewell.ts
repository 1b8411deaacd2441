/** `skydesk:lease-ending`: saves all documents shortly before the end, and tells the service and the person what was done. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ILease } from '../tokens';
import { Alarm } from './alarm';
import { endingWords, openDocuments, runningKernels, saveAll, type OpenDocument, type RunningKernel } from './ending';
import { openHub } from './hub';
import { Notices } from './notices';
import { leaseSettings } from './settings';
import type { EndingReport, LeaseTracker } from './tracker';

/** Once more so many seconds before the end, for what was done since. */
const LAST_SECONDS = 10;
const ENDING = 'ending';

export const leaseEnding: JupyterFrontEndPlugin<void> = {
  id: 'skydesk:lease-ending',
  description: 'Saves all documents before this lab ends.',
  autoStart: true,
  requires: [ILease],
  optional: [ISettingRegistry],
  activate: async (app: JupyterFrontEnd, tracker: LeaseTracker, registry: ISettingRegistry | null): Promise<void> => {
    const { saveSeconds } = await leaseSettings(registry);
    const farewell = new Farewell({
      tracker,
      notices: new Notices(),
      saveSeconds,
      documents: () => openDocuments(app),
      kernels: () => runningKernels(app),
      openHub
    });
    void app.restored.then(() => farewell.start());
  }
};

export interface FarewellOptions {
  tracker: LeaseTracker;
  notices: Notices;
  saveSeconds: () => number;
  documents: () => OpenDocument[];
  kernels: () => Promise<RunningKernel[]>;
  openHub: () => void;
}

export class Farewell {
  constructor(private readonly options: FarewellOptions) {}

  start(): void {
    const { tracker } = this.options;
    tracker.ticked.connect((_, seconds) => this.look(seconds));
    tracker.changed.connect(() => this.follow());
    this.follow();
  }

  private look(secondsLeft: number): void {
    const { lease } = this.options.tracker;
    const times = [this.options.saveSeconds(), LAST_SECONDS, 0];
    if (lease?.endsAt && this.alarm.due(lease.id, lease.endsAt, secondsLeft, times) !== null) {
      void this.finish(secondsLeft);
    }
  }

  /** A lease that is gone was ended from elsewhere; one whose end has moved has time again. */
  private follow(): void {
    const { tracker, notices } = this.options;
    const held = tracker.lease !== null && tracker.lease.phase !== 'ENDED';
    if (this.held && !held) {
      void this.finish(0);
    } else if ((tracker.secondsLeft ?? 0) > this.options.saveSeconds()) {
      notices.withdraw(ENDING);
      this.all.clear();
    }
    this.held = held;
  }

  private async finish(secondsLeft: number): Promise<void> {
    const { tracker, notices, documents, kernels } = this.options;
    const [{ saved, unsaved }, running] = await Promise.all([
      saveAll(documents()),
      // A server that is going down may not answer any more; what was saved is told all the same.
      kernels().catch(() => [] as RunningKernel[])
    ]);
    saved.forEach(path => this.all.add(path));
    const busyKernels = running.filter(kernel => kernel.busy).map(({ name, path }) => ({ name, path }));
    const report: EndingReport = { busyKernels, saved: [...this.all], unsaved };
    const left = tracker.secondsLeft ?? secondsLeft;
    const wayOn = left > 0 ? [] : [{ label: "Open the hub's page", does: this.options.openHub }];
    notices.show(ENDING, { text: endingWords(left, report), type: 'warning', actions: wayOn });
    // Nobody is left to tell where this fails: the lab ends.
    await tracker.reportEnding(report).catch(() => undefined);
  }

  private readonly alarm = new Alarm();
  private readonly all = new Set<string>();
  private held = false;
}
