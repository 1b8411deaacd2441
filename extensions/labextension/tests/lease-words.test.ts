import { expect, test } from 'vitest';
import { Alarm } from '../src/lease/alarm';
import { endingWords, saveAll } from '../src/lease/ending';
import { readLab } from '../src/lease/lab';
import { extensionsWords, listed, placeWords, span, timeLeft, whyNot } from '../src/lease/words';
import { labJson, leaseJson, messageJson } from './fakes/lease';

test.each([
  [7980, '2 h 13 min'],
  [7200, '2 h'],
  [2700, '45 min'],
  [601, '11 min'],
  [600, '10:00'],
  [299, '4:59'],
  [4.2, '0:05'],
  [0, 'ending'],
  [-3, 'ending'],
  [200_000, '2 days 8 h']
])('%s seconds left are shown as %s', (seconds, words) => {
  expect(timeLeft(seconds)).toBe(words);
});

test('a span of seconds is said in seconds', () => expect(span(40)).toBe('40 s'));

test("what is missing or wrong in the service's answer is named", () => {
  expect(() => readLab([])).toThrow('lab must be an object');
  expect(() => readLab(labJson({ now: 'soon' }))).toThrow('lab.now must be a time');
  expect(() => readLab(labJson({ lease: leaseJson({ warnings_seconds: ['x'] }) }))).toThrow('lease.warnings_seconds must be a number');
  expect(() => readLab(labJson({ queue: {} }))).toThrow('lab.queue must be a list');
});

test('an embedded lab has no lease', () => {
  expect(readLab(labJson({ lease: null }))).toMatchObject({ lease: null, queue: [], messages: [] });
});

test('a message without an author, or with a number for its id, is read', () => {
  const { messages } = readLab(labJson({ messages: [messageJson({ id: 7, from: undefined, severity: 'strange' })] }));
  expect(messages).toEqual([expect.objectContaining({ id: '7', from: '', severity: 'info', read: false })]);
});

test('a lease says why it cannot be extended, in a sentence', () => {
  const lease = (fields: Record<string, unknown>) => readLab(labJson({ lease: leaseJson(fields) })).lease!;
  expect(whyNot(lease({}))).toBeNull();
  expect(whyNot(lease({ extend: { allowed: false, reason: 'your group has no GPU-hours left this week' } }))).toBe('Your group has no GPU-hours left this week.');
  expect(whyNot(lease({ extend: { allowed: false, reason: null }, extensions_left: 0 }))).toBe('No extension is left.');
  expect(extensionsWords(lease({}))).toBe('1 left, 6 h each');
  expect(extensionsWords(lease({ extensions_left: 0 }))).toBe('none left');
});

test('a place in a queue is said in words', () => {
  const place = { profile: 'gpu', title: 'GPU', place: 2, estimateSeconds: 2400, heldUntil: null };
  expect(placeWords(place)).toBe('you are number 2, in about 40 min');
  expect(placeWords({ ...place, place: 1, estimateSeconds: null })).toBe('you are next');
  expect(placeWords({ ...place, heldUntil: Date.parse('2026-11-22T12:10:00') })).toBe('a place is kept for you until 12:10');
});

test('long lists are counted', () => {
  expect(listed([])).toBe('');
  expect(listed(['a'])).toBe('a');
  expect(listed(['a', 'b'])).toBe('a and b');
  expect(listed(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
});

const TIMES = [3600, 900, 300];

test('each time before an end is told once', () => {
  const alarm = new Alarm();
  expect([7200, 3600, 3599, 901, 900, 899, 300, 10].map(seconds => alarm.due('l1', 1e9, seconds, TIMES))).toEqual([null, 3600, null, null, 900, null, 300, null]);
});

test('of several times that have come the nearest is told, and the others no more', () => {
  const alarm = new Alarm();
  expect(alarm.due('l1', 1e9, 200, TIMES)).toBe(300);
  expect(alarm.due('l1', 1e9, 199, TIMES)).toBeNull();
});

test('an end that moved away arms the times again, but for those that it is within', () => {
  const alarm = new Alarm();
  alarm.due('l1', 1e9, 250, TIMES);
  expect(alarm.due('l1', 1e9 + 600_000, 850, TIMES)).toBeNull();
  expect(alarm.due('l1', 1e9 + 600_000, 300, TIMES)).toBe(300);
});

test('an end that came nearer is told at once', () => {
  const alarm = new Alarm();
  alarm.due('l1', 1e9, 7200, TIMES);
  expect(alarm.due('l1', 1e9 - 6_600_000, 600, TIMES)).toBe(900);
});

test('an end that moves a little, as budgets are counted, is not told again', () => {
  const alarm = new Alarm();
  alarm.due('l1', 1e9, 300, TIMES);
  expect(alarm.due('l1', 1e9 + 20_000, 320, TIMES)).toBeNull();
  expect(alarm.due('l1', 1e9 + 10_000, 300, TIMES)).toBeNull();
  expect(alarm.told).toEqual({ lease: 'l1', endsAt: 1e9 + 10_000, seconds: TIMES });
});

test('another lease is warned of anew', () => {
  const alarm = new Alarm();
  alarm.due('l1', 1e9, 10, TIMES);
  expect(alarm.due('l2', 1e9 + 290_000, 290, TIMES)).toBe(300);
});

const open = (path: string, more = {}) => ({ path, dirty: true, writable: true, save: async () => undefined, ...more });

test('documents that have changed are saved, and those that cannot be are named', async () => {
  const never = () => new Promise<void>(() => undefined);
  const documents = [
    open('a.ipynb'),
    open('clean.py', { dirty: false, save: async () => expect.unreachable() }),
    open('locked.txt', { writable: false }),
    open('full.csv', { save: async () => Promise.reject(new Error('no space')) }),
    open('asked.md', { save: never })
  ];
  expect(await saveAll(documents, 10)).toEqual({ saved: ['a.ipynb'], unsaved: ['locked.txt', 'full.csv', 'asked.md'] });
});

test('what was done before the end is said in a few sentences', () => {
  const nothing = { saved: [], unsaved: [], busyKernels: [] };
  expect(endingWords(58.2, nothing)).toBe('This lab ends in 0:59. Everything is saved.');
  expect(endingWords(-1, { saved: ['a.ipynb'], unsaved: ['b.csv'], busyKernels: [{ name: 'python3', path: 'a.ipynb' }] })).toBe(
    'This lab ends now. Saved a.ipynb. Could not save b.csv. Still busy: a.ipynb.'
  );
});
