import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { chooseRuntime } from '../cluster/runtime.ts';
import { parseOptions } from '../run/options.ts';
import { performRun } from '../run/run.ts';
import { controlCases, switchCases } from './cases.ts';
import { type Perform, runCase } from './runner.ts';

/** One for each way of looking: elements that never were, that came back, that stayed on one side. */
const some = ['dedup-distinct-ids', 'forget-tombstones', 'no-anti-entropy'];
/** Less load than in a self-test at full length: this is for every commit. */
const less = { rate: '100', 'time-limit': '9', checkers: 'lost-writes,convergence,causal' };

const results = mkdtempSync(join(tmpdir(), 'amnesia-selftest-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const never = new AbortController().signal;
const observer = { phase: () => {}, event: () => {}, progress: () => {} };

const perform: Perform = async (given) => {
  const options = parseOptions({ ...given, ...less, runtime: 'sim', results }, 1);
  const { createCluster } = await chooseRuntime('sim');
  const run = await performRun(options, { createCluster, stop: never, halt: never, observer });
  const { valid, verdicts } = run.judgement!;
  return { valid, verdicts, tookMs: 0, replay: run.replay };
};

const cases = switchCases(some);

it.each(cases)('a simulated cluster with $name is found out', async (each) => {
  expect(await runCase(each, 1, perform)).toMatchObject({ outcome: 'caught', note: null });
});

it.each(controlCases(cases, 1))('$name stays valid', async (each) => {
  expect(await runCase(each, 1, perform)).toMatchObject({ outcome: 'green', note: null });
});
