import { ServerConnection } from '@jupyterlab/services';
import { expect, test } from 'vitest';
import { Api } from '../src/api';
import { Host } from '../src/host/host';
import { saveFresh } from '../src/host/notebooks';
import { panelModule } from '../src/panels/load';

const api = new Api({ ...ServerConnection.makeSettings(), baseUrl: 'http://127.0.0.1/user/ann/' });

test('calls go below skydesk/api of the lab', () => {
  expect(api.url('jobs/a1/files/m%2F2.fits?x=..')).toBe('http://127.0.0.1/user/ann/skydesk/api/jobs/a1/files/m%2F2.fits?x=..');
});

test.each(['../../hub/api/users', 'jobs/../../x', 'jobs/%2e%2E/x', '/etc', '//elsewhere.org', 'http://elsewhere.org', 'jobs\\..', ''])(
  'a path that leaves skydesk/api is refused: %s',
  path => {
    expect(() => api.url(path)).toThrow('path must lie below skydesk/api/');
  }
);

test("a panel's address has the XSRF token, and another form for each attempt", () => {
  document.cookie = '_xsrf=2|ab|cd|1';
  expect(api.panelUrl('query.js')).toBe('http://127.0.0.1/user/ann/skydesk/panels/query.js?_xsrf=2%7Cab%7Ccd%7C1');
  expect(api.panelUrl('query.js', 2)).toContain('&attempt=2');
});

test('a notebook never takes the place of another file', async () => {
  const saved: string[] = [];
  const contents = {
    get: async () => ({ content: [{ name: 'm2.ipynb' }, { name: 'm2-2.ipynb' }] }),
    save: async (path: string) => void saved.push(path)
  } as unknown as Parameters<typeof saveFresh>[0];
  expect(await saveFresh(contents, 'm2.ipynb', {})).toBe('m2-3.ipynb');
  expect(await saveFresh(contents, '../../.evil/x.ipynb', {})).toBe('-..-.evil-x.ipynb');
  expect(saved).toEqual(['m2-3.ipynb', '-..-.evil-x.ipynb']);
});

test('what the lab cannot do is told to the user', async () => {
  const told: string[] = [];
  const host = new Host(message => void told.push(message));
  host.add('download', () => {
    throw new Error('no such file');
  });
  await host.run('download', { panel: 'jobs', content: {}, buffers: [] });
  await host.run('fly', { panel: 'jobs', content: {}, buffers: [] });
  expect(told).toEqual(['no such file', 'this lab cannot do "fly"']);
  expect(host.names).toEqual(['download']);
});

test('a module without a render function is refused', () => {
  expect(() => panelModule({ default: {} }, 'weather')).toThrow('weather.js must have "export default { render }"');
});
