/** Whole runs in the simulator: one seed, one history, in whatever process; and faults that are noticed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { faults } from '../../nemesis/index.ts';
import type { RawOptions } from './options.ts';
import type { SimulatedOutcome } from './testing/simulate-once.ts';

const results = mkdtempSync(join(tmpdir(), 'amnesia-sim-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const script = fileURLToPath(new URL('testing/simulate-once.ts', import.meta.url));

const brief: RawOptions = {
  nemesis: Object.keys(faults).join(','),
  'time-limit': '40',
  'fault-time': '2',
  'calm-time': '1',
  rate: '60',
};

async function simulate(options: RawOptions): Promise<SimulatedOutcome> {
  const argv = ['--import', 'tsx', script, results, JSON.stringify({ ...brief, ...options })];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  return JSON.parse(stdout) as SimulatedOutcome;
}

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
