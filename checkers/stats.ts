/**
 * Counts by operation and outcome, and by class of error. A kind of operation that never succeeded is unknown:
 * nothing was shown about it.
 */
import type { Budget, Checker, CheckOptions } from './checker.ts';
import { Flag, type History, Status } from './history.ts';
import { quantiles } from './quantiles.ts';
import type { Figure, Verdict } from './verdict.ts';

const outcomes = ['ok', 'fail', 'info'] as const;

function check(history: History, _options: CheckOptions, budget: Budget): Verdict {
  budget.step();
  const byF = new Map<string, { ok: number; fail: number; info: number }>();
  const byError = new Map<string, number>();
  const late: number[] = [];
  let stale = 0;
  for (let row = 0; row < history.n; row++) {
    const f = history.fs[history.f[row]!]!;
    let counts = byF.get(f);
    if (!counts) byF.set(f, (counts = { ok: 0, fail: 0, info: 0 }));
    counts[outcomes[history.status[row]!]!]++;
    if ((history.flags[row]! & Flag.Stale) !== 0 && history.status[row] === Status.Ok) stale++;
    if (history.late) late.push(history.late[row]! / 1e6);
    const error = history.error?.[row] ?? -1;
    if (error >= 0)
      byError.set(history.errors[error]!, (byError.get(history.errors[error]!) ?? 0) + 1);
  }
  const never = [...byF].filter(([, counts]) => counts.ok === 0).map(([f]) => f);
  const figures: Record<string, Figure> = { 'operations-count': history.n };
  for (const [f, counts] of [...byF].sort()) {
    figures[f] = outcomes.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ');
  }
  for (const [error, count] of [...byError].sort()) figures[`error ${error}`] = count;
  figures['stale-count'] = stale;
  figures['late-p99-ms'] = quantiles(late).p99;
  const unknown = history.n === 0 || never.length > 0;
  return {
    checker: 'stats',
    version: stats.version,
    valid: unknown ? 'unknown' : true,
    ...(unknown ? { reason: 'too-few-ok' as const } : {}),
    message:
      history.n === 0
        ? 'the history is empty'
        : never.length > 0
          ? `no ${never.join(', no ')} ever succeeded`
          : `${history.n} operations`,
    figures,
    anomalies: [],
    counts: {},
  };
}

export const stats: Checker = {
  name: 'stats',
  version: '1',
  decides:
    'Counts of operations by name, outcome and class of error. Unknown where a kind never succeeded.',
  source: "Jepsen's stats checker",
  examples: { passes: 'A w x 1; B r x 1', fails: 'A w x 1 fail; B r x 0' },
  check,
};
