import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systems } from '../../systems/index.ts';
import { parseOptions, replayLine } from '../options.ts';
import { loadExtensions } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'amnesia-load-'));
const before = process.cwd();
let count = 0;
let path: string;

beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  path = join(process.cwd(), `module-${++count}.mjs`);
});

/** A module that exports systems of these names, marked as defineSystem does. */
const moduleOf = (...names: string[]): string =>
  names
    .map(
      (name, i) => `
export const s${i} = Object.defineProperty({
  name: '${name}', version: '3', describe: 'd', runtimes: ['docker'], takesNodeFaults: false,
  nodes: { fallback: 2, least: 1, most: 3 }, offers: [], promiseNotes: [], readyTimeoutMs: 1,
  options: { safeParse: () => ({ success: true, data: {} }) }, inquiries: {},
  promises: () => ({}), program: () => ({}),
  clients: { set: { operations: ['add', 'read-all'], connect: () => ({}) } },
}, Symbol.for('amnesia.kind'), { value: 'system' });`,
    )
    .join('\n');

describe('what options name from outside', () => {
  test('is loaded from a path, and its options are what it says', async () => {
    writeFileSync(path, moduleOf('mine'));
    await loadExtensions({ system: `./module-${count}.mjs` });
    const options = parseOptions({ system: `./module-${count}.mjs`, nemesis: 'none' }, 1);
    expect(options).toMatchObject({ system: 'mine', name: 'mine', nodes: 2, workload: ['set'] });
    // The line is understood from any folder.
    expect(replayLine(options)).toContain(`--system ${path}#mine`);
  });

  test('is loaded from a package', async () => {
    const home = join(process.cwd(), 'node_modules', 'engine-of-mine');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{"name":"engine-of-mine","main":"it.mjs"}');
    writeFileSync(join(home, 'it.mjs'), moduleOf('packaged'));
    await loadExtensions({ system: 'engine-of-mine' });
    expect(parseOptions({ system: 'engine-of-mine', nemesis: 'none' }, 1).system).toBe('packaged');
  });

  test('is loaded from amnesia.config.mjs under its own name', async () => {
    const config = join(process.cwd(), 'amnesia.config.mjs');
    writeFileSync(config, moduleOf('configured'));
    try {
      await loadExtensions({});
      expect(Object.keys(systems)).toContain('configured');
    } finally {
      rmSync(config);
    }
  });

  test('is chosen by name where a file has several', async () => {
    writeFileSync(path, moduleOf('left', 'right'));
    await expect(loadExtensions({ system: path })).rejects.toThrow(/several; say which: .*#left/);
    await loadExtensions({ system: `${path}#right` });
    expect(parseOptions({ system: `${path}#right`, nemesis: 'none' }, 1).system).toBe('right');
  });

  test.each([
    ['a file that is not there', null, /there is no file .*module/],
    ['one that throws', 'throw new Error("no disk")', /does not load: no disk/],
    ['one that exports nothing of the kind', 'export default {}', /exports no system; make one by/],
    ['a name that is taken', moduleOf('etcd'), /the name etcd is taken by a system in the box/],
  ])('is refused with one sentence: %s', async (_, text, message) => {
    if (text !== null) writeFileSync(path, text);
    const loading = loadExtensions({ system: path });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({ exitCode: 254 });
  });
});
