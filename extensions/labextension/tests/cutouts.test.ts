import { expect, test } from 'vitest';
import { cutResult } from '../src/host/cutouts';
import { Host } from '../src/host/host';
import { showPositions } from '../src/host/positions';

function panels(): { shown: string[]; traits: Record<string, unknown>; given: Parameters<typeof cutResult>[0] } {
  const shown: string[] = [];
  const traits: Record<string, unknown> = {};
  const given = {
    show: (name: string) => void shown.push(name),
    get: () => ({ model: { set: (key: string, value: unknown) => (traits[key] = value) } })
  } as unknown as Parameters<typeof cutResult>[0];
  return { shown, traits, given };
}

test('rows of a quick query go to the Cutouts panel, which comes to the front', () => {
  const { shown, traits, given } = panels();
  const buffer = Uint8Array.of(1, 2);
  cutResult(given, { panel: 'result', content: { buffer, source: '2 rows of SELECT 1' }, buffers: [] });
  expect(shown).toEqual(['cutout']);
  expect(traits).toEqual({ cut: { buffer, source: '2 rows of SELECT 1' } });
});

test("a job's file goes there by its name", () => {
  const { traits, given } = panels();
  cutResult(given, { panel: 'jobs', content: { job_id: 'a1', file: 'm2.fits' }, buffers: [] });
  expect(traits).toEqual({ cut: { job_id: 'a1', file: 'm2.fits', source: 'the jobs panel' } });
});

test('neither rows nor a file is refused by name', () => {
  expect(() => cutResult(panels().given, { panel: 'jobs', content: { job_id: 'a1' }, buffers: [] })).toThrow('the jobs panel named no file');
});

test('the same goes to the globe of the Footprint panel', () => {
  const { shown, traits, given } = panels();
  showPositions(given, { panel: 'jobs', content: { job_id: 'a1', file: 'm2.fits', source: 'm2.fits of Stars' }, buffers: [] });
  expect(shown).toEqual(['footprint']);
  expect(traits).toEqual({ given: { job_id: 'a1', file: 'm2.fits', source: 'm2.fits of Stars' } });
});

test('an action that was taken back is offered no more', () => {
  const host = new Host(() => undefined);
  host.add('show-gallery', () => undefined);
  host.remove('show-gallery');
  expect(host.names).toEqual([]);
});
