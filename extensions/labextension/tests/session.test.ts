import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readSession, SessionTracker, type SessionState } from '../src/session/session';

const SESSION = {
  user: { name: 'ann', groups: ['default'] },
  services: [{ name: 'query', title: 'Query', description: 'd', icon: '<svg/>', panel: true, style: true, rank: 10 }],
  survey: {},
  limits: {},
  files_root: 'jobs',
  mode: 'hub',
  version: '0.1.0'
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function trackerOf(...answers: (unknown | Error)[]): { tracker: SessionTracker; states: string[]; asked: () => number } {
  let asked = 0;
  const ask = async (): Promise<unknown> => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  };
  const tracker = new SessionTracker({ ask, waitsSeconds: [2, 4] });
  const states: string[] = [];
  tracker.changed.connect((_, state: SessionState) => void states.push(state.status === 'failed' ? state.message : state.status));
  return { tracker, states, asked: () => asked };
}

test('a session is read and told', async () => {
  const { tracker, states } = trackerOf(SESSION);
  await tracker.refresh();
  expect(states).toEqual(['asking', 'ready']);
  expect(tracker.state).toMatchObject({ session: { user: { name: 'ann' }, services: [{ name: 'query', rank: 10 }], filesRoot: 'jobs' } });
});

test('while the service is away it is asked again by itself, ever less often', async () => {
  const { tracker, states, asked } = trackerOf(new Error('down'), new Error('down'), new Error('down'), SESSION);
  await tracker.refresh();
  await vi.advanceTimersByTimeAsync(1999);
  expect(asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked()).toBe(2);
  await vi.advanceTimersByTimeAsync(8000);
  expect(asked()).toBe(4);
  expect(states.at(-1)).toBe('ready');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(4);
});

test('asking twice at once asks once', async () => {
  const { tracker, asked } = trackerOf(SESSION);
  await Promise.all([tracker.refresh(), tracker.refresh()]);
  expect(asked()).toBe(1);
});

test.each([
  ['no object', [], 'session must be an object'],
  ['no services', { ...SESSION, services: null }, 'session.services must be a list'],
  ['no user name', { ...SESSION, user: { name: '' } }, 'session.user.name must be a text'],
  ['a name that is a path', { ...SESSION, services: [{ ...SESSION.services[0], name: '../x' }] }, 'service.name must be a lower-case word, got "../x"']
])('a session with %s is refused in words', (_, value, message) => {
  expect(() => readSession(value)).toThrow(message);
});
