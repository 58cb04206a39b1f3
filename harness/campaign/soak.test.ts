import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faults } from '../../nemesis/index.ts';
import { readReport } from './report/report.ts';
import { CampaignBusyError, CampaignState } from './state/state.ts';
import {
  children,
  folderOf,
  noLimits,
  openCampaign,
  runToEnd,
  workers,
} from './testing/run-campaign.ts';

const universe = { faults, workloads: ['set', 'register'] };
let results = '';

beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'amnesia-soak-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(results, { recursive: true, force: true });
});

function environment(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  vi.stubEnv('FAKE_LOG', join(results, 'log'));
}

const log = (): string[] => readFileSync(join(results, 'log'), 'utf8').trim().split('\n');

interface Row {
  readonly idx: number;
  readonly state: string;
  readonly valid: string | null;
  readonly attempts: number;
  readonly message: string | null;
}

function rows(): Row[] {
  const state = CampaignState.resume(folderOf(results));
  try {
    return state.db
      .prepare<[], Row>('SELECT idx, state, valid, attempts, message FROM run ORDER BY idx')
      .all();
  } finally {
    state.close();
  }
}

/** Folders of runs that are still there, by seed. */
const keptSeeds = (): string[] =>
  readdirSync(folderOf(results))
    .filter((name) => /^\d{8}T/.test(name))
    .map((name) => name.split('-').at(-1)!)
    .sort();

describe.each([
  ['a process for each run', children],
  ['workers that take one run after another', workers],
])('%s', (_, executor) => {
  test('every run is carried once; a crash costs only the run that it hits', async () => {
    environment({ FAKE_BAD: '5', FAKE_CRASH: '2', FAKE_DIE: '3' });
    expect(await runToEnd(openCampaign(results, 6), executor(results))).toBe('complete');
    expect(rows().map(({ state, valid }) => valid ?? state)).toEqual([
      'true',
      'crashed',
      'crashed',
      'true',
      'false',
      'true',
    ]);
    expect(log().filter((line) => line.startsWith('start'))).toHaveLength(6);
    // Green runs are thinned out; what failed or died is kept as it was.
    expect(keptSeeds()).toEqual(['3', '5']);
    expect(readdirSync(join(folderOf(results), 'output'))).toEqual([]);
    const state = CampaignState.resume(folderOf(results));
    const report = readReport(state.db, universe);
    state.close();
    expect(report.runs).toMatchObject({ valid: 3, invalid: 1, crashed: 2, running: 0 });
    expect(report.violations[0]).toMatchObject({
      checker: 'session',
      firstSeed: 5,
      runs: 1,
      of: 4,
    });
    expect(report.crashes.map((each) => each.message).join()).toMatch(/the fake dies/);
    expect(report.crashes.map((each) => each.message).join()).toMatch(/SIGKILL/);
    expect(report.clusterHours).toBe(4);
  });
});

test('it stops at so many failures, and goes on from there', async () => {
  environment({ FAKE_BAD: '1,2,3,4,5,6' });
  const limits = { ...noLimits, parallel: 1, untilFailures: 2 };
  expect(await runToEnd(openCampaign(results, 6, limits), workers(results))).toBe('failures');
  expect(rows()).toHaveLength(2);
});

test.each([
  ['children', children],
  ['workers', workers],
])(
  'a run that hangs is killed, and it is said: %s',
  async (_, executor) => {
    environment({ FAKE_HANG: '2' });
    // Only of the one that hangs: how long a process takes to start is nobody's promise.
    const limit = ({ seed }: Readonly<Record<string, string>>) => (seed === '2' ? 2000 : 600_000);
    const state = openCampaign(results, 3, { ...noLimits, parallel: 1 });
    expect(await runToEnd(state, executor(results, limit))).toBe('complete');
    expect(rows().map((each) => each.state)).toEqual(['done', 'crashed', 'done']);
    expect(rows()[1].message).toBe(
      'it hung: not done within 2 s, so it was killed (ended by SIGKILL)',
    );
  },
  60_000,
);

test('where everything crashes it gives up', async () => {
  environment({ FAKE_CRASH: Array.from({ length: 40 }, (_, i) => i + 1).join() });
  const limits = { ...noLimits, parallel: 1 };
  expect(await runToEnd(openCampaign(results, 40, limits), workers(results))).toBe('crashes');
  expect(rows()).toHaveLength(10);
}, 60_000);

test('kept folders stay within their bound, and one of each violation goes last', async () => {
  environment({ FAKE_BAD: '1,2,3,4' });
  const limits = { ...noLimits, parallel: 1, keepBytes: 700_000 };
  await runToEnd(openCampaign(results, 4, limits), workers(results));
  const kept = keptSeeds();
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(4);
  expect(rows()).toHaveLength(4);
});

test('killed and resumed: no run is lost, and none that came to its end is repeated', async () => {
  environment({ FAKE_BAD: '4', FAKE_MS: '1500' });
  const script = fileURLToPath(new URL('testing/run-campaign.ts', import.meta.url));
  const argv = ['--import', 'tsx', script, results, '6'];
  const child = spawn(process.execPath, argv, { stdio: 'inherit' });
  const exited = once(child, 'exit');
  // Two are done, two are going on, two were not begun.
  await vi.waitFor(() => expect(log().filter((line) => /^start/.test(line))).toHaveLength(4), {
    timeout: 30_000,
    interval: 50,
  });
  child.kill('SIGKILL');
  await exited;
  expect(() => rows()).not.toThrow();
  const before = rows().filter(({ state }) => state === 'running');
  expect(before).toHaveLength(2);
  // Their processes outlive the campaign; they are waited for and taken as they are.
  expect(await runToEnd(openCampaign(results, 6), children(results))).toBe('complete');
  expect(rows().map(({ valid }) => valid)).toEqual([
    'true',
    'true',
    'true',
    'false',
    'true',
    'true',
  ]);
  const starts = log().filter((line) => line.startsWith('start'));
  expect(starts.sort()).toEqual([1, 2, 3, 4, 5, 6].map((seed) => `start ${seed}`));
}, 90_000);

test('an interrupted run whose process is gone is run again, once', async () => {
  environment({});
  const state = openCampaign(results, 2);
  const spec = state.begin()!;
  state.startedBy(spec.index, 2 ** 22 + 1);
  state.close();
  expect(await runToEnd(openCampaign(results, 2), children(results))).toBe('complete');
  expect(rows().map(({ idx, valid, attempts }) => [idx, valid, attempts])).toEqual([
    [0, 'true', 2],
    [1, 'true', 1],
  ]);
});

test('two processes never work on one campaign', () => {
  const state = openCampaign(results, 2);
  // The parent of this process lives, and is somebody else.
  const parent = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
  const started = parent.slice(parent.lastIndexOf(')') + 2).split(' ')[19];
  state.db.prepare('UPDATE campaign SET pid = ?, pid_started = ?').run(process.ppid, started);
  state.db.close();
  expect(() => CampaignState.resume(folderOf(results))).toThrow(CampaignBusyError);
  expect(existsSync(join(folderOf(results), 'campaign.sqlite'))).toBe(true);
});
