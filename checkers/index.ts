/**
 * The checkers as a library: operations in, verdicts out. Knows no cluster, no file and no clock.
 *
 *   import { checkHistory } from 'amnesia/checkers';
 *   const { valid, verdicts } = checkHistory(operations);
 */
import { availability } from './availability.ts';
import { buildHistory, type PlainOperation } from './build.ts';
import { causal } from './causal.ts';
import { type Checker, type CheckOptions, unlimited } from './checker.ts';
import { compose, defaultCheckOptions } from './compose.ts';
import { convergence } from './convergence.ts';
import type { History } from './history.ts';
import { lostWrites } from './lost-writes.ts';
import { stats } from './stats.ts';
import { vacuity } from './vacuity.ts';
import type { Valid, Verdict } from './verdict.ts';

export { buildHistory, HistoryError, type PlainOperation } from './build.ts';
export type { Budget, Checker, CheckOptions } from './checker.ts';
export { defaultCheckOptions } from './compose.ts';
export type { History } from './history.ts';
export { type Anomaly, mergeValid, type Valid, type Verdict } from './verdict.ts';

/** All checkers by name, in the order in which they are shown. */
export const checkers: Readonly<Record<string, Checker>> = {
  'lost-writes': lostWrites,
  convergence,
  causal,
  availability,
  stats,
  vacuity,
};

/** Judges a history. Throws HistoryError where it is none. */
export function checkHistory(
  history: History | readonly PlainOperation[],
  options: Partial<CheckOptions> & { readonly checkers?: readonly string[] } = {},
): { readonly valid: Valid; readonly verdicts: readonly Verdict[] } {
  const columns = Array.isArray(history) ? buildHistory(history) : (history as History);
  const chosen = options.checkers ?? Object.keys(checkers);
  return compose(
    columns,
    chosen.map((name) => checkers[name]!),
    { ...defaultCheckOptions, ...options },
    () => unlimited,
  );
}
