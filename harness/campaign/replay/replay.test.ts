import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeStyle } from '../../report/style.ts';
import { parseOptions } from '../../run/options.ts';
import { openRun } from '../../store/recorder.ts';
import { header, record, row, temporaryFolder } from '../../store/testing/made-runs.ts';
import { progressLine } from '../live.ts';
import { rawOf } from '../spec.ts';
import { someFacts } from '../testing/facts.ts';
import type { Again } from './repeat.ts';
import { keptPromise, replay, replayLines } from './replay.ts';
import { readOperations, readStored, type StoredRun } from './stored.ts';

const stored: StoredRun = {
  path: 'results/engram/1/run.sqlite',
  name: 'engram',
  seed: 5,
  runtime: 'sim',
  options: { seed: '5' },
  schedule: { faults: [] },
  versions: { amnesia: '0.1.0' },
  digest: 'aa',
  facts: someFacts({ bad: true }),
};

/** Repetitions that come out as given: digest, and whether the violation is there. */
function repeater(outcomes: readonly (readonly [digest: string | null, bad: boolean])[]) {
  let i = 0;
  return {
    run: async (): Promise<Again> => {
      const [digest, bad] = outcomes[i++];
      return { dir: `run-${i}`, digest, facts: someFacts({ bad }) };
    },
  };
}

const text = (done: Parameters<typeof replayLines>[0]) =>
  replayLines(done, makeStyle(false)).join('\n');

test('in the simulator the identical history is said to be one, with its digest', async () => {
  const done = await replay(stored, repeater([['aa', true]]), 1);
  expect(keptPromise(done)).toBe(true);
  expect(text(done)).toMatch(/identical history in 1 repetition\n {2}digest aa/);
});

test('another history breaks the promise, and both digests are shown', async () => {
  const outcomes = [
    ['aa', true],
    ['bb', true],
  ] as const;
  const done = await replay(stored, repeater(outcomes), 2);
  expect(keptPromise(done)).toBe(false);
  expect(text(done)).toMatch(/another history in 1 of 2/);
  expect(text(done)).toMatch(/digest now {2}bb/);
});

test('in containers it is the rate at which the violation returns, with its interval', async () => {
  const outcomes = [true, false, true, false].map((bad) => [null, bad] as const);
  const there: StoredRun = { ...stored, runtime: 'docker', digest: null };
  const done = await replay(there, repeater(outcomes), 4);
  expect(keptPromise(done)).toBe(true);
  expect(done.returns[0]).toMatchObject({ checker: 'session', times: 2 });
  expect(text(done)).toMatch(/returned 2 of 4 times, 50\.0 % \(95 %: 15\.0 % to 85\.0 %\)/);
});

test('a stored run gives its options back, and its operations by number in their workload', () => {
  const dir = join(temporaryFolder(), 'run');
  const options = parseOptions({ nodes: '3', nemesis: 'kill,pause', rate: '50' }, 42);
  const plan = { faults: [], operations: { set: [9, 4], register: [2] } };
  const recorder = openRun(dir, header({ config: { ...options, plan } }));
  record(recorder, [
    row(0, { workload: 'set', invoked: 1, completed: 2 }),
    row(1, { workload: 'register', invoked: 3, completed: 4 }),
    row(2, { workload: 'set', invoked: 5, completed: 6 }),
    row(3, { workload: 'set', invoked: 7, completed: 8, final: true }),
  ]);
  recorder.close(1e9);
  const path = join(dir, 'run.sqlite');
  const read = readStored(path);
  expect(read.schedule).toEqual(plan);
  const again = parseOptions({ ...rawOf(read.options), runtime: 'auto' }, 0);
  expect(again).toEqual(options);
  const numbers = readOperations(path, plan.operations).map((op) => [op.workload, op.number]);
  expect(numbers).toEqual([
    ['set', 4],
    ['register', 2],
    ['set', 9],
  ]);
});

test('a run without a plan is not repeated blindly', () => {
  const dir = join(temporaryFolder(), 'run');
  openRun(dir, header()).close(1e9);
  expect(() => readStored(join(dir, 'run.sqlite'))).toThrow(/cannot be run again: .* kept no plan/);
});

test('progress says how far it is and what is left', () => {
  const tally = { valid: 10, invalid: 1, unknown: 0, crashed: 0, running: 2 };
  const line = progressLine({ planned: 1000, tally, workedMs: 90_000, leftMs: 8_100_000 });
  expect(line).toMatch(
    /^11 of 1,000 runs {3}10 valid {2}1 INVALID .* 1\.5 min worked, 2\.3 h left$/,
  );
  expect(progressLine({ planned: 5, tally, workedMs: 0, leftMs: null })).toMatch(/not known yet/);
});
