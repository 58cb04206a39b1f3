/**
 * Runs cases until each is decided. Knows no cluster and no process: a run is whatever `perform` makes of
 * its options.
 */

import type { Valid } from '../../checkers/verdict/verdict.ts';
import { AmnesiaError } from '../world/exit-codes.ts';
import { type Case, type CaseOptions, type Expectation, whyImpossible } from './cases.ts';

/** Of a verdict, what is needed here. */
export interface CheckerSummary {
  readonly checker: string;
  readonly valid: Valid;
  readonly counts: Readonly<Record<string, number>>;
  readonly informational?: boolean;
  readonly reason?: string;
}

export interface RunSummary {
  readonly valid: Valid;
  readonly verdicts: readonly CheckerSummary[];
  /** Wall time, ms. */
  readonly tookMs: number;
  /** The command that runs it again. */
  readonly replay: string;
}

/** The runtime cannot do what the run needs; the message says why. */
export class CannotRun extends AmnesiaError {
  readonly code = 'cannot-run';
}

/** Rejects with CannotRun, or with what made the run impossible to judge. */
export type Perform = (options: CaseOptions) => Promise<RunSummary>;

/**
 * caught: an expected checker found it within the budget. wrong: only others did. missed: nobody did. green: a
 * control stayed valid. red: it did not. impossible: it could not be run here.
 */
export type Outcome = 'caught' | 'wrong' | 'missed' | 'green' | 'red' | 'impossible';

export interface CaseResult {
  readonly name: string;
  readonly outcome: Outcome;
  /** Names of the expected checkers that found it, with what they counted. */
  readonly caughtBy: readonly string[];
  /** Other checkers that said false, with what they counted. */
  readonly alsoBy: readonly string[];
  readonly runs: number;
  /** Median of the wall times of its runs, ms; NaN where there were none. */
  readonly medianMs: number;
  /** Seeds of its runs. */
  readonly seeds: readonly number[];
  /** Why it is impossible, or what to run to see what went wrong. */
  readonly note: string | null;
}

/** Does it count as a failure of the tester? */
export function isFailure({ outcome }: CaseResult): boolean {
  return outcome === 'missed' || outcome === 'wrong' || outcome === 'red';
}

const isAccusation = ({ valid, informational }: CheckerSummary): boolean =>
  valid === false && informational !== true;

function meets(verdict: CheckerSummary, { checker, patterns }: Expectation): boolean {
  if (verdict.checker !== checker || !isAccusation(verdict)) return false;
  return patterns === undefined || patterns.some((pattern) => (verdict.counts[pattern] ?? 0) > 0);
}

/** `lost-writes (lost 12, phantom 1)`. */
function named({ checker, counts }: CheckerSummary): string {
  const parts = Object.entries(counts).map(([pattern, count]) => `${pattern} ${count}`);
  return parts.length === 0 ? checker : `${checker} (${parts.join(', ')})`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The runs of one case have the seeds `seed`, `seed` + 1 ... A control is run to its end. */
export async function runCase(each: Case, seed: number, perform: Perform): Promise<CaseResult> {
  const state = { caughtBy: [] as string[], alsoBy: new Set<string>(), times: [] as number[] };
  const seeds: number[] = [];
  let note: string | null = whyImpossible(each);
  let outcome: Outcome = note === null ? (isControl(each) ? 'green' : 'missed') : 'impossible';
  while (
    seeds.length < each.runsMax &&
    (outcome === 'missed' || outcome === 'wrong' || outcome === 'green')
  ) {
    const options = {
      ...each.options,
      'node-faults': each.nodeFaults,
      seed: `${seed + seeds.length}`,
    };
    let run: RunSummary;
    try {
      run = await perform(options);
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      return { ...settled(each, 'impossible', state, seeds), note: error.message };
    }
    seeds.push(seed + seeds.length);
    state.times.push(run.tookMs);
    const met = run.verdicts.filter((verdict) => each.expected.some((one) => meets(verdict, one)));
    const others = run.verdicts.filter(
      (verdict) => isAccusation(verdict) && !met.includes(verdict),
    );
    for (const verdict of others)
      state.alsoBy.add(isControl(each) ? named(verdict) : verdict.checker);
    if (isControl(each)) {
      if (run.valid === true) continue;
      outcome = 'red';
      note = run.valid === false ? run.replay : `${whyUnknown(run)}; ${run.replay}`;
    } else if (met.length > 0) {
      outcome = 'caught';
      state.caughtBy.push(...met.map(named));
      note = null;
    } else {
      if (others.length > 0) outcome = 'wrong';
      note = run.replay;
    }
  }
  return { ...settled(each, outcome, state, seeds), note };
}

/** Several at once; the results are in the order of the cases. Rejects with the first crash. */
export async function runCases(
  cases: readonly Case[],
  seed: number,
  perform: Perform,
  parallel: number,
  ended: (result: CaseResult) => void,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  const slot = async (): Promise<void> => {
    while (next < cases.length) {
      const at = next++;
      results[at] = await runCase(cases[at], seed, perform);
      ended(results[at]);
    }
  };
  const crash = (error: unknown): never => {
    next = cases.length;
    throw error;
  };
  await Promise.all(Array.from({ length: parallel }, () => slot().catch(crash)));
  return results;
}

const isControl = ({ expected }: Case): boolean => expected.length === 0;

function whyUnknown({ verdicts }: RunSummary): string {
  const unsure = verdicts.filter(
    ({ valid, informational }) => valid === 'unknown' && informational !== true,
  );
  return `unknown: ${unsure.map(({ checker, reason }) => `${checker} ${reason}`).join(', ')}`;
}

function settled(
  { name }: Case,
  outcome: Outcome,
  state: { caughtBy: string[]; alsoBy: Set<string>; times: number[] },
  seeds: readonly number[],
): Omit<CaseResult, 'note'> {
  const { caughtBy, alsoBy, times } = state;
  const found = new Set(caughtBy.map((text) => text.split(' ')[0]));
  return {
    name,
    outcome,
    caughtBy,
    alsoBy: [...alsoBy].filter((text) => !found.has(text)).sort(),
    runs: seeds.length,
    medianMs: median(times),
    seeds,
  };
}
