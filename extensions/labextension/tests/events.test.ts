import { afterEach, expect, test, vi } from 'vitest';
import { EventHub } from '../src/model/events';
import { FakeServer } from './fakes/server';

const PATH = 'jobs/events';
const hubs: EventHub[] = [];
afterEach(() => hubs.splice(0).forEach(hub => hub.dispose()));

function hubOn(server: FakeServer, silence = 60_000): EventHub {
  const hub = new EventHub({ fetch: server.fetch, waits: [1], silence });
  hubs.push(hub);
  return hub;
}

function listen(hub: EventHub): { heard: [string, unknown][]; stop: () => void } {
  const heard: [string, unknown][] = [];
  return { heard, stop: hub.subscribe(PATH, (event, data) => heard.push([event, data])) };
}

async function streamNumber(server: FakeServer, n: number): Promise<FakeServer['streams'][number]> {
  await vi.waitFor(() => expect(server.streams.length).toBeGreaterThanOrEqual(n));
  const stream = server.streams[n - 1];
  if (!stream) {
    throw new Error(`no stream ${n}`);
  }
  return stream;
}

test('events reach whoever listens', async () => {
  const server = new FakeServer();
  server.stream(PATH);
  const { heard } = listen(hubOn(server));
  const stream = await streamNumber(server, 1);
  stream.send('hello', { revision: 3 }, '3');
  stream.send('changed', { id: 'a' }, '4');
  await vi.waitFor(() => expect(heard).toEqual([['hello', { revision: 3 }], ['changed', { id: 'a' }]]));
});

test('all listeners of a path share one connection, and who comes later is greeted with the revision of now', async () => {
  const server = new FakeServer();
  server.stream(PATH);
  const hub = hubOn(server);
  const first = listen(hub);
  const stream = await streamNumber(server, 1);
  stream.send('hello', { revision: 3 }, '3');
  stream.send('changed', { id: 'a' }, '7');
  await vi.waitFor(() => expect(first.heard).toHaveLength(2));
  const second = listen(hub);
  await vi.waitFor(() => expect(second.heard).toEqual([['hello', { revision: 7 }]]));
  expect(server.streams).toHaveLength(1);
  expect(first.heard).toHaveLength(2);
});

test('a lost connection is told once, opened again from where it was, and greeted anew', async () => {
  const server = new FakeServer();
  server.stream(PATH);
  const { heard } = listen(hubOn(server));
  const stream = await streamNumber(server, 1);
  stream.send('hello', { revision: 3 }, '3');
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  server.answers.set(`GET ${PATH}`, () => new Error('no network'));
  stream.end();
  await vi.waitFor(() => expect(server.asked.length).toBeGreaterThan(3));
  server.stream(PATH);
  const again = await streamNumber(server, 2);
  again.send('hello', { revision: 9 }, '9');
  await vi.waitFor(() => expect(heard).toEqual([['hello', { revision: 3 }], ['lost', null], ['hello', { revision: 9 }]]));
  expect(server.asked.at(-1)?.init.headers).toMatchObject({ 'Last-Event-ID': '3', Accept: 'text/event-stream' });
});

test('a refused connection is told and tried again', async () => {
  const server = new FakeServer();
  server.answers.set(`GET ${PATH}`, () => new Response('', { status: 503 }));
  const { heard } = listen(hubOn(server));
  await vi.waitFor(() => expect(server.asked.length).toBeGreaterThan(2));
  expect(heard).toEqual([['lost', null]]);
});

test('a connection that has fallen silent is given up', async () => {
  const server = new FakeServer();
  server.stream(PATH);
  const { heard } = listen(hubOn(server, 20));
  const stream = await streamNumber(server, 1);
  stream.send('hello', { revision: 1 }, '1');
  await streamNumber(server, 2);
  expect(stream.aborted).toBe(true);
  expect(heard.map(([event]) => event)).toEqual(['hello', 'lost']);
});

test('a character that is cut in two by the network arrives whole', async () => {
  const server = new FakeServer();
  server.stream(PATH);
  const { heard } = listen(hubOn(server));
  const stream = await streamNumber(server, 1);
  const bytes = new TextEncoder().encode('event: changed\ndata: "ω"\n\n');
  for (const byte of bytes) {
    // One byte a piece: the two of the letter come apart.
    stream.writeBytes(Uint8Array.of(byte));
  }
  await vi.waitFor(() => expect(heard).toEqual([['changed', 'ω']]));
});

test('the connection is closed with the last listener', async () => {
  const server = new FakeServer();
  server.stream(PATH);
  const hub = hubOn(server);
  const [first, second] = [listen(hub), listen(hub)];
  const stream = await streamNumber(server, 1);
  first.stop();
  expect(stream.aborted).toBe(false);
  second.stop();
  await vi.waitFor(() => expect(stream.aborted).toBe(true));
  expect(server.streams).toHaveLength(1);
});
