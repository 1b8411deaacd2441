/** What a person may set of warnings and of the end. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

const SETTINGS = 'skydesk-lab:lease';
const SAVE_SECONDS = 60;

export interface LeaseSettings {
  /** Whether warnings are given at all. */
  warn: () => boolean;
  /** When they are given, seconds before the end; null for what the hub says. */
  warnings: () => number[] | null;
  /** When documents are saved, seconds before the end. */
  saveSeconds: () => number;
}

/** The settings, and what holds where there are none. */
export async function leaseSettings(registry: ISettingRegistry | null): Promise<LeaseSettings> {
  const settings = await registry?.load(SETTINGS).catch((error: unknown) => {
    console.warn('SkyDesk: the settings of warnings cannot be read; what the hub says holds', error);
    return null;
  });
  const value = (name: string): unknown => settings?.get(name).composite;
  return {
    warn: () => value('warnings') !== false,
    warnings: () => secondsOf(value('warningMinutes')),
    saveSeconds: () => {
      const seconds = value('saveSeconds');
      return typeof seconds === 'number' && seconds > 0 ? seconds : SAVE_SECONDS;
    }
  };
}

function secondsOf(minutes: unknown): number[] | null {
  const numbers = Array.isArray(minutes) ? minutes.filter((one): one is number => typeof one === 'number' && one > 0) : [];
  return numbers.length ? numbers.map(one => one * 60) : null;
}
