/**
 * Counts: operations by name and outcome, errors by class, lateness against the open-loop schedule.
 *
 * Never says invalid. A name whose operations never succeeded is `unknown`: nothing was shown about it.
 */

import { Flag, type History, Status } from '../history/history.ts';
import { type Budget, type Checker, type CheckOptions, STEP_MASK } from '../verdict/checker.ts';
import { milliseconds, quantilesOf } from '../verdict/quantiles.ts';
import type { Figure, Verdict } from '../verdict/verdict.ts';

const outcomes = ['ok', 'fail', 'info'] as const;

interface Counts {
  /** [f * 3 + status] */
  readonly byName: Int32Array;
  readonly byError: Int32Array;
  readonly stale: number;
  readonly warned: number;
}

function count(history: History, budget: Budget): Counts {
  const { n, f, status, flags, error } = history;
  const byName = new Int32Array(history.fs.length * 3);
  const byError = new Int32Array(history.errors.length);
  let stale = 0;
  let warned = 0;
  for (let row = 0; row < n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    byName[f[row] * 3 + status[row]]++;
    if (error && error[row] >= 0) byError[error[row]]++;
    if (status[row] !== Status.Ok) continue;
    if ((flags[row] & Flag.Stale) !== 0) stale++;
    if ((flags[row] & Flag.Warned) !== 0) warned++;
  }
  return { byName, byError, stale, warned };
}

/** Names in alphabetical order with their index. */
function sorted(names: readonly string[]): [string, number][] {
  return names
    .map((name, i): [string, number] => [name, i])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function check(history: History, _options: CheckOptions, budget: Budget): Verdict {
  const { byName, byError, stale, warned } = count(history, budget);
  const of = (f: number, outcome: number): number => byName[f * 3 + outcome];
  const total = (outcome: number): number =>
    history.fs.reduce((sum, _, f) => sum + of(f, outcome), 0);
  const names = sorted(history.fs);
  const barren = names.filter(([, f]) => of(f, Status.Ok) === 0).map(([name]) => name);
  const late = history.late === null ? null : quantilesOf(Float64Array.from(history.late));
  const figures: Record<string, Figure> = {
    'operation-count': history.n,
    'ok-count': total(Status.Ok),
    'fail-count': total(Status.Fail),
    'info-count': total(Status.Info),
  };
  for (const [name, f] of names) {
    figures[name] = outcomes.map((outcome, i) => `${of(f, i)} ${outcome}`).join(', ');
  }
  for (const [name, error] of sorted(history.errors)) figures[`error ${name}`] = byError[error];
  figures['stale-count'] = stale;
  figures['warned-count'] = warned;
  figures['late-p99-ms'] = late === null ? null : milliseconds(late.p99);
  const isUnknown = history.n === 0 || barren.length > 0;
  return {
    checker: stats.name,
    version: stats.version,
    valid: isUnknown ? 'unknown' : true,
    ...(isUnknown ? { reason: 'too-few-ok' as const } : {}),
    message:
      history.n === 0
        ? 'the history is empty'
        : barren.length > 0
          ? `no ${barren.join(' and no ')} ever succeeded`
          : `${figures['ok-count']} of ${history.n} operations succeeded`,
    figures,
    details: {
      byName: Object.fromEntries(
        names.map(([name, f]) => [
          name,
          { ok: of(f, Status.Ok), fail: of(f, Status.Fail), info: of(f, Status.Info) },
        ]),
      ),
      byError: Object.fromEntries(
        sorted(history.errors).map(([name, error]) => [name, byError[error]]),
      ),
    },
    anomalies: [],
    counts: {},
  };
}

export const stats: Checker = {
  name: 'stats',
  version: '1',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Counts of operations by name, outcome and class of error. Unknown where the operations of one ' +
    'name never succeeded; never invalid.',
  source: "stats in Jepsen's checker library, which calls a name without success invalid",
  examples: { passes: 'A w x 1; B r x 1', fails: 'A w x 1 fail; B r x 0' },
  check,
};
