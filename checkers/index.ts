/**
 * The checkers as a library: operations in, verdicts out. Knows no cluster, no file and no clock.
 *
 *   import { checkHistory } from 'amnesia/checkers';
 *   const { valid, verdicts } = checkHistory(operations, { checkers: ['causal', 'lost-writes'] });
 */
import { availability } from './availability.ts';
import { buildHistory, type PlainOperation } from './build.ts';
import { causal } from './causal.ts';
import { type Budget, type Checker, type CheckOptions, unlimited } from './checker.ts';
import { compose, defaultCheckOptions } from './compose.ts';
import { confidence } from './confidence.ts';
import { convergence } from './convergence.ts';
import type { History } from './history.ts';
import { linearizable } from './linearizable.ts';
import { logs } from './logs.ts';
import { lostWrites } from './lost-writes.ts';
import { membership } from './membership.ts';
import { outcomes } from './outcomes.ts';
import { routing } from './routing.ts';
import { session } from './session.ts';
import { splitBrain } from './split-brain.ts';
import { staleness } from './staleness.ts';
import { stats } from './stats.ts';
import { vacuity } from './vacuity.ts';
import type { Valid, Verdict } from './verdict.ts';

export { buildHistory, HistoryError, type PlainOperation, type Surroundings } from './build.ts';
export type { Budget, Checker, CheckOptions } from './checker.ts';
export { compose, defaultCheckOptions, type Limits, limitedBudget } from './compose.ts';
export type { History } from './history.ts';
export { type Anomaly, mergeValid, UNKNOWN_REASONS, type Valid, type Verdict } from './verdict.ts';

/** All checkers by name, in the order in which they are shown. */
export const checkers: Readonly<Record<string, Checker>> = Object.fromEntries(
  [
    ...[lostWrites, convergence, causal, session, linearizable, staleness, confidence],
    ...[splitBrain, membership, routing, availability, outcomes, logs, stats, vacuity],
  ].map((checker) => [checker.name, checker]),
);

export class UnknownCheckerError extends Error {
  readonly code = 'unknown-checker';
}

export interface LibraryOptions extends Partial<CheckOptions> {
  /** Names; all where left out. */
  readonly checkers?: readonly string[];
  /** Limits of each checker (`limitedBudget`); none where left out. */
  readonly budget?: (checker: Checker) => Budget;
}

/** Judges a history. Throws HistoryError where it is none, UnknownCheckerError for a wrong name. */
export function checkHistory(
  history: History | readonly PlainOperation[],
  { checkers: names, budget, ...options }: LibraryOptions = {},
): { readonly valid: Valid; readonly verdicts: readonly Verdict[] } {
  const columns = Array.isArray(history) ? buildHistory(history) : (history as History);
  const chosen = (names ?? Object.keys(checkers)).map((name) => {
    if (Object.hasOwn(checkers, name)) return checkers[name];
    const known = Object.keys(checkers).join(', ');
    throw new UnknownCheckerError(`there is no checker "${name}"; there are ${known}`);
  });
  return compose(
    columns,
    chosen,
    { ...defaultCheckOptions, ...options },
    budget ?? (() => unlimited),
  );
}
