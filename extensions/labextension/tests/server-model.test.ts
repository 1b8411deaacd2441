import { expect, test, vi } from 'vitest';
import { ApiError } from '../src/api';
import { EventHub } from '../src/model/events';
import { ServerModel } from '../src/model/server-model';
import { FakeServer, json } from './fakes/server';

type Heard = { content: Record<string, unknown>; buffers: DataView[] };

function modelOn(server: FakeServer): { model: ServerModel; heard: Heard[]; host: unknown[][]; saved: unknown[] } {
  const host: unknown[][] = [];
  const saved: unknown[] = [];
  const model = new ServerModel({
    fetch: server.fetch,
    events: new EventHub({ fetch: server.fetch, waits: [1] }),
    state: { sql: 'select 1' },
    host: (...given) => void host.push(given),
    save: changes => void saved.push(changes)
  });
  const heard: Heard[] = [];
  model.on('msg:custom', (content: Record<string, unknown>, buffers: DataView[]) => void heard.push({ content, buffers }));
  return { model, heard, host, saved };
}

async function ask(server: FakeServer, message: Record<string, unknown>): Promise<Heard> {
  const { model, heard } = modelOn(server);
  model.send({ kind: 'request', id: 'r1', method: 'GET', ...message });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  return heard[0] as Heard;
}

test('a request is answered by one reply of the same id', async () => {
  const server = new FakeServer();
  server.answers.set('POST query/check', json({ columns: [] }));
  const { content } = await ask(server, { method: 'POST', path: 'query/check', body: { sql: 'x' } });
  expect(content).toEqual({ kind: 'reply', id: 'r1', status: 200, json: { columns: [] } });
  expect(server.asked[0]?.init).toMatchObject({ method: 'POST', body: '{"sql":"x"}', headers: { 'Content-Type': 'application/json' } });
});

test('a request without a body sends none', async () => {
  const server = new FakeServer();
  server.answers.set('GET jobs', json({ jobs: [] }));
  await ask(server, { path: 'jobs' });
  expect(server.asked[0]?.init.body).toBeUndefined();
});

test('a binary reply comes as a buffer', async () => {
  const server = new FakeServer();
  const type = { 'Content-Type': 'application/vnd.apache.arrow.stream' };
  server.answers.set('POST query/quick', new Response(Uint8Array.of(1, 2, 3), { headers: type }));
  const { content, buffers } = await ask(server, { method: 'POST', path: 'query/quick', body: {} });
  expect(content).toEqual({ kind: 'reply', id: 'r1', status: 200 });
  expect([...new Uint8Array(buffers[0]?.buffer as ArrayBuffer)]).toEqual([1, 2, 3]);
});

test('lines are told as they come, wherever the pieces end, and then the reply', async () => {
  const server = new FakeServer();
  const { model, heard } = modelOn(server);
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({ start: controller => void (body = controller) });
  server.answers.set('POST tables', new Response(stream, { headers: { 'Content-Type': 'application/x-ndjson' } }));
  model.send({ kind: 'request', id: 'r1', method: 'POST', path: 'tables', body: {}, lines: true });
  const write = (text: string): void => body?.enqueue(new TextEncoder().encode(text));
  write('{"rows": 1}\n{"ro');
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  write('ws": 2}\n{"table": {}}');
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  body?.close();
  await vi.waitFor(() => expect(heard).toHaveLength(4));
  expect(heard.map(({ content }) => content)).toEqual([
    { kind: 'line', id: 'r1', json: { rows: 1 } },
    { kind: 'line', id: 'r1', json: { rows: 2 } },
    { kind: 'line', id: 'r1', json: { table: {} } },
    { kind: 'reply', id: 'r1', status: 200 }
  ]);
});

test('lines that break off are an error, after those that came', async () => {
  const server = new FakeServer();
  const { model, heard } = modelOn(server);
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({ start: controller => void (body = controller) });
  server.answers.set('POST tables', new Response(stream, { headers: { 'Content-Type': 'application/x-ndjson' } }));
  model.send({ kind: 'request', id: 'r1', method: 'POST', path: 'tables', body: {}, lines: true });
  body?.enqueue(new TextEncoder().encode('{"rows": 1}\n'));
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  body?.error(new Error('the network is gone'));
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  expect(heard[1]?.content).toMatchObject({ kind: 'reply', status: 503, json: { error: { code: 'unavailable' } } });
});

test("an error keeps the service's words and detail", async () => {
  const server = new FakeServer();
  const error = { code: 'invalid_query', message: 'no such column G', detail: { line: 2, column: 8 }, id: 'e7' };
  server.answers.set('POST query/check', json({ error }, 400));
  const { content } = await ask(server, { method: 'POST', path: 'query/check', body: {} });
  expect(content).toEqual({ kind: 'reply', id: 'r1', status: 400, json: { error } });
});

test.each([
  [502, 'unavailable'],
  [403, 'not_allowed'],
  [404, 'not_found'],
  [500, 'internal_error']
])('a %i without our form of error is %s', async (status, code) => {
  const server = new FakeServer();
  server.answers.set('GET jobs', new Response('<html>', { status, statusText: 'Words' }));
  const { content } = await ask(server, { path: 'jobs' });
  expect(content).toMatchObject({ status, json: { error: { code, message: `the server answered ${status} Words` } } });
});

test('a server that does not answer is a reply too', async () => {
  const server = new FakeServer();
  server.answers.set('GET jobs', new ApiError(503, 'unavailable', 'the lab server does not answer'));
  const { content } = await ask(server, { path: 'jobs' });
  expect(content).toMatchObject({ id: 'r1', status: 503, json: { error: { code: 'unavailable', message: 'the lab server does not answer' } } });
});

test('a reply that is cut short is a reply too', async () => {
  const server = new FakeServer();
  server.answers.set('GET jobs', new Response('{"jobs": [', { headers: { 'Content-Type': 'application/json' } }));
  const { content } = await ask(server, { path: 'jobs' });
  expect(content).toMatchObject({ status: 503, json: { error: { code: 'unavailable' } } });
});

test('subscriptions are counted, and each is greeted', async () => {
  const server = new FakeServer();
  server.stream('jobs/events');
  const { model, heard } = modelOn(server);
  model.send({ kind: 'subscribe', path: 'jobs/events' });
  await vi.waitFor(() => expect(server.streams).toHaveLength(1));
  server.streams[0]?.send('hello', { revision: 2 }, '2');
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  model.send({ kind: 'subscribe', path: 'jobs/events' });
  const hello = { kind: 'event', path: 'jobs/events', event: 'hello', data: { revision: 2 } };
  await vi.waitFor(() => expect(heard.map(({ content }) => content)).toEqual([hello, hello]));
  model.send({ kind: 'unsubscribe', path: 'jobs/events' });
  expect(server.streams[0]?.aborted).toBe(false);
  model.send({ kind: 'unsubscribe', path: 'jobs/events' });
  expect(server.streams[0]?.aborted).toBe(true);
});

test('host actions go to the lab with their buffers', () => {
  const { model, host } = modelOn(new FakeServer());
  const message = { kind: 'host', action: 'show-result', sql: 'x' };
  model.send(message, undefined, [Uint8Array.of(9, 8, 7).subarray(1)]);
  expect(host[0]?.slice(0, 2)).toEqual(['show-result', message]);
  expect([...new Uint8Array((host[0]?.[2] as ArrayBuffer[])[0] as ArrayBuffer)]).toEqual([8, 7]);
});

test('state is told when it changes, and kept when it is saved', () => {
  const { model, saved } = modelOn(new FakeServer());
  const heard: unknown[] = [];
  model.on('change:sql', () => void heard.push(model.get('sql')));
  model.set('sql', 'select 1');
  model.set('sql', 'select 2');
  model.save_changes();
  model.save_changes();
  expect(heard).toEqual(['select 2']);
  expect(saved).toEqual([{ sql: 'select 2' }]);
});

test('a message that is none of ours is refused', () => {
  const { model } = modelOn(new FakeServer());
  expect(() => model.send({ kind: 'shout' })).toThrow('kind must be request, cancel, subscribe, unsubscribe or host, got "shout"');
});

test('a model that was disposed of ends its streams and says nothing more', async () => {
  const server = new FakeServer();
  server.stream('jobs/events');
  server.answers.set('GET jobs', json({}));
  const { model, heard } = modelOn(server);
  model.send({ kind: 'subscribe', path: 'jobs/events' });
  await vi.waitFor(() => expect(server.streams).toHaveLength(1));
  model.send({ kind: 'request', id: 'r', method: 'GET', path: 'jobs' });
  model.dispose();
  await vi.waitFor(() => expect(server.streams[0]?.aborted).toBe(true));
  expect(heard).toEqual([]);
});

test('a request that nobody waits for is broken off, and not answered', async () => {
  const server = new FakeServer();
  const { model, heard } = modelOn(server);
  let signal: AbortSignal | null | undefined;
  server.answers.set('GET cutout/jobs/a1/picture/1', () => {
    signal = server.asked.at(-1)?.init.signal;
    return new Response(new ReadableStream({ start: body => signal?.addEventListener('abort', () => body.error(new Error('aborted'))) }));
  });
  model.send({ kind: 'request', id: 'r1', method: 'GET', path: 'cutout/jobs/a1/picture/1' });
  await vi.waitFor(() => expect(signal).toBeDefined());
  model.send({ kind: 'cancel', id: 'r1' });
  model.send({ kind: 'cancel', id: 'r1' });
  expect(signal?.aborted).toBe(true);
  await new Promise(resolve => setTimeout(resolve, 5));
  expect(heard).toEqual([]);
});
