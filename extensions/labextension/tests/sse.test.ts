import { expect, test } from 'vitest';
import { EventStreamParser, type ServerSentEvent } from '../src/model/sse';

const STREAM = ': comment\n\nevent: hello\nid: 4\ndata: {"revision": 4}\n\nevent: changed\nid: 5\ndata: {"id":\ndata:  "ä1"}\n\n';
const EVENTS: ServerSentEvent[] = [
  { event: 'hello', data: '{"revision": 4}', id: '4' },
  { event: 'changed', data: '{"id":\n "ä1"}', id: '5' }
];

function read(...pieces: string[]): ServerSentEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap(piece => parser.push(piece));
}

test('a stream in one piece gives its events', () => {
  expect(read(STREAM)).toEqual(EVENTS);
});

test('wherever a stream is cut in two, its events are the same', () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    expect(read(STREAM.slice(0, cut), STREAM.slice(cut))).toEqual(EVENTS);
  }
});

test.each([
  ['line feeds', '\n'],
  ['carriage returns', '\r'],
  ['both', '\r\n']
])('lines may end with %s, cut anywhere', (_, end) => {
  const stream = `${STREAM.replaceAll('\n', end)}data: end\n\n`;
  const pieces = [...stream];
  expect(read(...pieces)).toEqual([...EVENTS, { event: 'message', data: 'end', id: '5' }]);
});

test('comments say nothing, not even between the lines of an event', () => {
  expect(read('data: 1\n: still there\ndata: 2\n\n:\n\n')).toEqual([{ event: 'message', data: '1\n2', id: '' }]);
});

test('an event without data is none', () => {
  expect(read('event: changed\nid: 9\n\ndata: 1\n\n')).toEqual([{ event: 'message', data: '1', id: '9' }]);
});

test('only one blank after the colon is taken away, and a field may have no colon', () => {
  expect(read('data:  x\ndata:y\ndata\n\n')[0]?.data).toBe(' x\ny\n');
});

test('an event that the stream ends in is not delivered', () => {
  expect(read('data: half')).toEqual([]);
});

test('a byte order mark at the beginning is no part of the first field', () => {
  expect(read('\uFEFFdata: 1\n\n')[0]?.data).toBe('1');
});
