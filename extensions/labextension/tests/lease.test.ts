import { NotificationManager } from '@jupyterlab/apputils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../src/api';
import { Farewell, type FarewellOptions } from '../src/lease/farewell';
import { Messages } from '../src/lease/messages';
import { Notices } from '../src/lease/notices';
import { LeasePopup } from '../src/lease/popup';
import { LeaseStatus } from '../src/lease/status';
import type { LeaseTracker } from '../src/lease/tracker';
import { Warnings } from '../src/lease/warnings';
import { FakeLeaseService, labJson, leaseJson, messageJson, NOW } from './fakes/lease';

let service: FakeLeaseService;
let tracker: LeaseTracker;
let manager: NotificationManager;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  service = new FakeLeaseService();
  tracker = service.tracker();
  manager = new NotificationManager();
});
afterEach(() => {
  tracker.dispose();
  vi.useRealTimers();
  document.body.replaceChildren();
});

const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000);
const texts = (): string[] => manager.notifications.map(one => one.message);
const endsIn = (count: number): Record<string, unknown> => leaseJson({ ends_at: new Date(Date.now() + count * 1000).toISOString() });

function act(text: string, label: string): void {
  const found = manager.notifications.find(one => one.message.includes(text));
  const action = found?.options.actions?.find(one => one.label === label);
  if (!found || !action) {
    throw new Error(`no ${label} at "${text}" in ${texts().join(' | ')}`);
  }
  action.callback(new MouseEvent('click'));
  // As JupyterLab does after an action.
  manager.dismiss(found.id);
}

test('the lab is asked for by the name of its server, then its stream is heard', async () => {
  tracker = service.tracker('a b');
  await tracker.start();
  expect(service.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET lab?server=a%20b', 'SUBSCRIBE lab/events?server=a%20b']);
});

test("time is counted by the service's clock, however wrong this computer's is", async () => {
  service.answer = () => labJson({ now: '2026-11-22T13:59:00Z' });
  await tracker.start();
  expect(tracker.secondsLeft).toBe(60);
  await seconds(10);
  expect(tracker.secondsLeft).toBe(50);
  expect(tracker.here(Date.parse('2026-11-22T14:00:00Z'))).toBe(NOW + 60_000);
});

test('a service that does not answer is asked again; one without leases is not', async () => {
  service.answer = () => {
    throw new ApiError(503, 'unavailable', 'down');
  };
  await tracker.start();
  expect(tracker.lab).toBeNull();
  service.answer = () => labJson();
  await seconds(16);
  expect(tracker.lease?.title).toBe('GPU');

  const other = service.tracker();
  service.answer = () => {
    throw new ApiError(404, 'not_found', 'there is nothing at lab');
  };
  await other.start();
  const asked = service.asked.length;
  await seconds(300);
  expect(service.asked.length).toBe(asked);
});

test('a hidden page holds no connection and asks now and then; one that is seen again listens', async () => {
  await tracker.start();
  service.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  expect(service.listener).toBeNull();
  const asked = service.asked.length;
  await seconds(121);
  expect(service.asked.slice(asked).map(({ path }) => path)).toEqual(['lab?server=', 'lab?server=']);
  service.hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  expect(service.listener).not.toBeNull();
});

test('the status bar counts down and says it in words too', async () => {
  const status = new LeaseStatus(tracker);
  const button = status.node.querySelector('button')!;
  await tracker.start();
  expect(button.textContent).toBe('2 h · GPU');
  expect(button.getAttribute('aria-label')).toBe('Lab GPU, 2 h left');
  expect(button.title).toMatch(/^This lab ends Sun/);
  service.tell({ lease: endsIn(299) });
  expect(button.textContent).toBe('4:59 · GPU');
  expect(status.hasClass('skydesk-mod-soon')).toBe(true);
  await seconds(2);
  expect(button.textContent).toBe('4:57 · GPU');
});

test('the popup extends, says what came of it and keeps the focus', async () => {
  await tracker.start();
  const popup = new LeasePopup(tracker);
  document.body.append(popup.node);
  expect(popup.node.textContent).toContain('GPU (1 GPU)');
  expect(popup.node.textContent).toContain('1 left, 6 h each');
  const button = popup.node.querySelector('button')!;
  expect(button.textContent).toBe('Extend by 6 h');
  button.focus();
  service.answer = () => {
    throw new ApiError(429, 'limit_exceeded', 'your group has no GPU-hours left this week');
  };
  button.click();
  await seconds(0);
  expect(popup.node.querySelector('[role=alert]')?.textContent).toBe('Not done: Your group has no GPU-hours left this week.');
  expect(document.activeElement).toBe(popup.node.querySelector('[data-act=extend]'));
  service.answer = () => labJson({ lease: leaseJson({ ends_at: '2026-11-22T20:00:00Z', extensions_left: 0, extend: { allowed: false, reason: null } }) });
  popup.node.querySelector('button')!.click();
  await seconds(0);
  expect(service.asked.at(-1)).toEqual({ path: 'lab/extend', method: 'POST', body: { server: '' } });
  expect(popup.node.textContent).toContain('8 h');
  expect(popup.node.textContent).toContain('No extension is left.');
  expect(popup.node.querySelector('[role=alert]')).toBeNull();
});

test('the popup shows queues and messages as text, and leaves a queue', async () => {
  const queue = [{ profile: 'gpu', title: 'GPU', place: 2, estimate_seconds: 600, held_until: null }];
  const lease = leaseJson({ extend: { allowed: true, reason: null, waiting: 3 } });
  service.answer = () => labJson({ lease, queue, messages: [messageJson({ text: '<img src=x onerror=alert(1)>' })] });
  await tracker.start();
  const popup = new LeasePopup(tracker);
  document.body.append(popup.node);
  expect(popup.node.textContent).toContain('3 people wait for such a lab');
  expect(popup.node.textContent).toContain('GPU: you are number 2, in about 10 min');
  expect(popup.node.textContent).toContain('Warning: <img src=x onerror=alert(1)>');
  expect(popup.node.querySelector('img')).toBeNull();
  popup.node.querySelector<HTMLElement>('[data-act="leave gpu"]')!.click();
  await seconds(0);
  expect(service.asked.at(-1)).toMatchObject({ path: 'lab/queue/gpu?server=', method: 'DELETE' });
});

const KEEPS_NOTHING = { getItem: () => null, setItem: () => undefined };
const AS_THE_HUB_SAYS = { warn: () => true, warnings: () => null, saveSeconds: () => 60 };

test('warnings come at the times that the hub states, each once, and offer more time', async () => {
  service.answer = () => labJson({ lease: endsIn(905) });
  new Warnings(tracker, new Notices(manager), AS_THE_HUB_SAYS, KEEPS_NOTHING).start();
  await tracker.start();
  expect(texts()).toEqual([expect.stringMatching(/^This lab ends in 16 min/)]);
  await seconds(6);
  expect(texts()).toEqual([expect.stringMatching(/^This lab ends in 15 min .* You can extend it by 6 h\.$/)]);
  await seconds(600);
  expect(texts()).toEqual([expect.stringMatching(/^This lab ends in 5:00 min/)]);
  const extended = endsIn(7200);
  service.answer = () => labJson({ now: new Date().toISOString(), lease: extended });
  act('5:00', 'Extend');
  await seconds(0);
  expect(service.asked.at(-1)?.path).toBe('lab/extend');
  expect(texts()).toEqual([expect.stringMatching(/^This lab now lasts until/)]);
});

test('a warning is taken back when the end moves away, and comes again before the new end', async () => {
  service.answer = () => labJson({ lease: endsIn(200) });
  new Warnings(tracker, new Notices(manager), AS_THE_HUB_SAYS, KEEPS_NOTHING).start();
  await tracker.start();
  expect(texts()).toHaveLength(1);
  service.tell({ lease: endsIn(1000) });
  expect(texts()).toEqual([]);
  await seconds(101);
  expect(texts()).toEqual([expect.stringContaining('15 min')]);
});

test('a lab that cannot be extended says why in the warning', async () => {
  service.answer = () => labJson({ lease: { ...endsIn(200), extend: { allowed: false, reason: 'no extension is left' } } });
  new Warnings(tracker, new Notices(manager), AS_THE_HUB_SAYS, KEEPS_NOTHING).start();
  await tracker.start();
  expect(texts()[0]).toContain('No extension is left.');
  expect(manager.notifications[0]?.options.actions).toEqual([]);
});

test('warnings can be set to other times or switched off, and are not repeated after a reload', async () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  service.answer = () => labJson({ lease: leaseJson({ ends_at: '2026-11-22T12:03:00Z' }), now: new Date().toISOString() });
  new Warnings(tracker, new Notices(manager), { ...AS_THE_HUB_SAYS, warnings: () => [120] }, storage).start();
  await tracker.start();
  expect(texts()).toEqual([]);
  await seconds(61);
  expect(texts()).toHaveLength(1);

  tracker.dispose();
  tracker = service.tracker();
  manager = new NotificationManager();
  new Warnings(tracker, new Notices(manager), { ...AS_THE_HUB_SAYS, warnings: () => [120] }, storage).start();
  await tracker.start();
  expect(texts()).toEqual([]);

  const silent = new NotificationManager();
  new Warnings(tracker, new Notices(silent), { ...AS_THE_HUB_SAYS, warn: () => false }, KEEPS_NOTHING).start();
  expect(silent.count).toBe(0);
});

const NOWHERE = { openHub: () => undefined, readAll: () => undefined };

test('a message stays until it is dismissed, and that is told', async () => {
  const message = messageJson();
  service.answer = () => labJson({ messages: [message] });
  new Messages(tracker, new Notices(manager), NOWHERE).start();
  await tracker.start();
  expect(texts()).toEqual(['ada: the hub stops at six']);
  expect(manager.notifications[0]?.options.autoClose).toBe(false);
  expect(manager.notifications[0]?.type).toBe('warning');
  service.tell({ messages: [message] });
  expect(texts()).toHaveLength(1);
  act('the hub stops', 'Dismiss');
  await seconds(0);
  expect(service.asked.at(-1)).toEqual({ path: 'lab/messages/m1/read', method: 'POST', body: { server: '' } });
  service.tell({ messages: [message] });
  expect(texts()).toEqual([]);
});

test('a message that is withdrawn goes without being told of, and one that was read does not come', async () => {
  service.answer = () => labJson({ messages: [messageJson(), messageJson({ id: 'm2', read: true })] });
  new Messages(tracker, new Notices(manager), NOWHERE).start();
  await tracker.start();
  expect(texts()).toHaveLength(1);
  service.tell({ messages: [] });
  expect(texts()).toEqual([]);
  expect(service.asked.filter(({ path }) => path.includes('read'))).toEqual([]);
});

test('a long message is cut off with a way to read it whole', async () => {
  let opened = 0;
  service.answer = () => labJson({ messages: [messageJson({ text: 'long '.repeat(60) })] });
  new Messages(tracker, new Notices(manager), { ...NOWHERE, readAll: () => void opened++ }).start();
  await tracker.start();
  expect(texts()[0]).toHaveLength(140);
  act('long', 'Read all');
  expect(opened).toBe(1);
});

test('a place that came free is offered with a way to the hub', async () => {
  let opened = 0;
  const queue = [{ profile: 'gpu', title: 'GPU', place: 1, estimate_seconds: null, held_until: '2026-11-22T12:10:00Z' }];
  service.answer = () => labJson({ queue });
  new Messages(tracker, new Notices(manager), { ...NOWHERE, openHub: () => void opened++ }).start();
  await tracker.start();
  expect(texts()[0]).toMatch(/^GPU: it is your turn\. The place is kept until \d\d:10, for 10 min\./);
  act('your turn', "Open the hub's page");
  expect(opened).toBe(1);
});

function farewell(more: Partial<FarewellOptions> = {}): { saves: string[] } {
  const saves: string[] = [];
  new Farewell({
    tracker,
    notices: new Notices(manager),
    saveSeconds: () => 60,
    documents: () => [{ path: 'a.ipynb', dirty: saves.length === 0, writable: true, save: async () => void saves.push('a.ipynb') }],
    kernels: async () => [
      { name: 'python3', path: 'a.ipynb', busy: true },
      { name: 'python3', path: 'b.ipynb', busy: false }
    ],
    openHub: () => undefined,
    ...more
  }).start();
  return { saves };
}

test('a minute before the end documents are saved, and the service is told what was done', async () => {
  service.answer = () => labJson({ lease: endsIn(62) });
  const { saves } = farewell();
  await tracker.start();
  expect(saves).toEqual([]);
  service.answer = () => ({});
  await seconds(3);
  expect(saves).toEqual(['a.ipynb']);
  const report = { server: '', busy_kernels: [{ name: 'python3', path: 'a.ipynb' }], saved: ['a.ipynb'], unsaved: [] };
  expect(service.asked.at(-1)).toEqual({ path: 'lab/ending', method: 'POST', body: report });
  expect(texts()).toEqual(['This lab ends in 1:00. Saved a.ipynb. Still busy: a.ipynb.']);
  await seconds(50);
  expect(service.asked.filter(({ path }) => path === 'lab/ending').map(({ body }) => body)).toEqual([report, report]);
});

test('a lab that an administrator ends is saved at once', async () => {
  let opened = 0;
  await tracker.start();
  const { saves } = farewell({ openHub: () => void opened++ });
  service.tell({ lease: null });
  await seconds(0);
  expect(saves).toEqual(['a.ipynb']);
  expect(texts()[0]).toMatch(/^This lab ends now\./);
  act('This lab ends now', "Open the hub's page");
  expect(opened).toBe(1);
});

test('a server that is going down keeps nobody from saving', async () => {
  service.answer = () => labJson({ lease: endsIn(30) });
  const { saves } = farewell({ kernels: async () => Promise.reject(new Error('gone')) });
  await tracker.start();
  service.answer = () => {
    throw new Error('gone');
  };
  await seconds(2);
  expect(saves).toEqual(['a.ipynb']);
  expect(texts()[0]).toContain('Saved a.ipynb.');
});

test('notifications of others are none of ours', () => {
  const notices = new Notices(manager);
  const heard: string[] = [];
  notices.dismissed = name => void heard.push(name);
  notices.show('one', { text: 'first', type: 'info' });
  notices.show('one', { text: 'second', type: 'info' });
  manager.dismiss(manager.notify('other', 'info', {}));
  expect(texts()).toEqual(['second']);
  expect(heard).toEqual([]);
  manager.dismiss(manager.notifications[0]!.id);
  expect(heard).toEqual(['one']);
  expect(notices.has('one')).toBe(false);
});
