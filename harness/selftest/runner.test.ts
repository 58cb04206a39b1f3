import { describe, expect, it } from 'vitest';
import { makeStyle } from '../report/style.ts';
import type { Case, CaseOptions } from './cases.ts';
import { matrixLines } from './matrix.ts';
import {
  CannotRun,
  type CheckerSummary,
  isFailure,
  type Perform,
  type RunSummary,
  runCase,
  runCases,
} from './runner.ts';

const options = { workload: 'set', nemesis: 'none' };
const broken: Case = {
  name: 'drop-it',
  nodeFaults: 'drop-it',
  options,
  expected: [{ checker: 'lost-writes', patterns: ['lost'] }, { checker: 'convergence' }],
  runsMax: 3,
};
const control: Case = { ...broken, name: 'healthy', nodeFaults: '', expected: [], runsMax: 2 };

const says = (checker: string, counts: Record<string, number>, more = {}): CheckerSummary => ({
  checker,
  valid: Object.keys(counts).length === 0,
  counts,
  ...more,
});
const run = (...verdicts: readonly CheckerSummary[]): RunSummary => {
  const valid = verdicts.every((each) => each.valid === true || each.informational === true);
  return { valid, verdicts, tookMs: 1000 * verdicts.length, replay: 'amnesia test --seed 7' };
};

/** Answers with `runs`, one after the other; `asked` are the options that it was called with. */
function script(...runs: readonly RunSummary[]): { perform: Perform; asked: CaseOptions[] } {
  const asked: CaseOptions[] = [];
  const perform: Perform = async (each) => {
    asked.push(each);
    return runs[asked.length - 1];
  };
  return { perform, asked };
}

const quiet = run(says('lost-writes', {}));
const lost = run(says('lost-writes', { lost: 3 }), says('causal', { WriteCORead: 1 }));
const phantom = run(says('lost-writes', { phantom: 1 }));

describe('a switch', () => {
  it('is caught by the first run in which an expected checker finds what it must', async () => {
    const { perform, asked } = script(quiet, phantom, lost, lost);
    const result = await runCase({ ...broken, runsMax: 9 }, 40, perform);
    expect(result).toEqual({
      name: 'drop-it',
      outcome: 'caught',
      caughtBy: ['lost-writes (lost 3)'],
      alsoBy: ['causal'],
      runs: 3,
      medianMs: 1000,
      seeds: [40, 41, 42],
      note: null,
    });
    expect(asked[2]).toEqual({ ...options, 'node-faults': 'drop-it', seed: '42' });
    expect(isFailure(result)).toBe(false);
  });

  it('is not caught by another checker, or by another finding of the right one', async () => {
    const { perform } = script(quiet, phantom, quiet);
    const result = await runCase(broken, 1, perform);
    expect(result).toMatchObject({ outcome: 'wrong', runs: 3, alsoBy: ['lost-writes'] });
    expect(result.note).toBe('amnesia test --seed 7');
    expect(isFailure(result)).toBe(true);
  });

  it('is missed where nobody says anything that counts', async () => {
    const aside = run(says('convergence', { diverged: 1 }, { informational: true }));
    const unsure = run(says('convergence', {}, { valid: 'unknown', reason: 'no-final-read' }));
    const result = await runCase(broken, 1, script(quiet, aside, unsure).perform);
    expect(result).toMatchObject({ outcome: 'missed', caughtBy: [], runs: 3 });
    expect(isFailure(result)).toBe(true);
  });
});

describe('a control', () => {
  it('is green when all of its runs are valid', async () => {
    const { perform, asked } = script(quiet, quiet, lost);
    expect(await runCase(control, 1, perform)).toMatchObject({ outcome: 'green', runs: 2 });
    expect(asked.map((each) => each['node-faults'])).toEqual(['', '']);
  });

  it('is red as soon as one is not, for whatever reason', async () => {
    const red = await runCase(control, 1, script(lost, quiet).perform);
    expect(red).toMatchObject({ outcome: 'red', runs: 1, note: 'amnesia test --seed 7' });
    expect(red.alsoBy).toEqual(['causal (WriteCORead 1)', 'lost-writes (lost 3)']);
    const unsure = run(says('convergence', {}, { valid: 'unknown', reason: 'no-final-read' }));
    const unknown = { ...unsure, valid: 'unknown' as const };
    const result = await runCase(control, 1, script(quiet, unknown).perform);
    expect(result.outcome).toBe('red');
    expect(result.note).toBe('unknown: convergence no-final-read; amnesia test --seed 7');
  });
});

describe('what cannot be run', () => {
  it('is neither caught nor a failure, and says why', async () => {
    const perform: Perform = () => Promise.reject(new CannotRun('power is impossible'));
    const result = await runCase(broken, 1, perform);
    expect(result).toMatchObject({ outcome: 'impossible', note: 'power is impossible', runs: 0 });
    expect(isFailure(result)).toBe(false);
    const nowhere = { ...broken, options: { ...options, nemesis: 'kill,meteor' } };
    expect(await runCase(nowhere, 1, script().perform)).toMatchObject({ outcome: 'impossible' });
  });

  it('is a crash where the run itself failed', async () => {
    const perform: Perform = () => Promise.reject(new Error('no space left'));
    await expect(runCase(broken, 1, perform)).rejects.toThrow('no space left');
  });
});

it('runs several cases at once, and keeps their order', async () => {
  let now = 0;
  let most = 0;
  const perform: Perform = async ({ 'node-faults': name }) => {
    most = Math.max(most, ++now);
    // The first takes longest.
    for (let i = 0; i < (name === 'a' ? 50 : 2); i++) await Promise.resolve();
    now--;
    return name === 'c' ? quiet : lost;
  };
  const cases = ['a', 'b', 'c', 'd'].map((name) => ({ ...broken, name, nodeFaults: name }));
  const ended: string[] = [];
  const results = await runCases(cases, 1, perform, 2, ({ name }) => ended.push(name));
  expect(results.map((each) => `${each.name} ${each.outcome}`)).toEqual([
    'a caught',
    'b caught',
    'c missed',
    'd caught',
  ]);
  expect(most).toBe(2);
  expect(ended[0]).toBe('b');
  const crash: Perform = () => Promise.reject(new Error('no space left'));
  await expect(runCases(cases, 1, crash, 2, () => {})).rejects.toThrow('no space left');
});

it('the matrix shows all of them, and counts', async () => {
  const results = [
    await runCase(broken, 1, script(lost).perform),
    await runCase({ ...broken, name: 'hide-it' }, 1, script(quiet, quiet, quiet).perform),
    await runCase(control, 1, script(quiet, quiet).perform),
  ];
  expect(matrixLines(results, makeStyle(false))).toEqual([
    'switch   result      caught by             also by  runs  median  seeds',
    '───────  ──────────  ────────────────────  ───────  ────  ──────  ─────',
    'drop-it  caught      lost-writes (lost 3)  causal      1  2.0 s   1',
    'hide-it  NOT CAUGHT                                    3  1.0 s   1..3',
    'healthy  valid                                         2  1.0 s   1..2',
    '',
    '  hide-it: amnesia test --seed 7',
    '',
    '1 of 2 switches caught, 1 of 1 controls valid',
  ]);
});
