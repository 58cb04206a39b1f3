/**
 * The checkers as a library: operations in, verdicts out. Knows no cluster, no file and no clock.
 *
 *   import { checkHistory } from 'amnesia/checkers';
 *   const { valid, verdicts } = checkHistory(operations, { checkers: ['causal', 'lost-writes'] });
 */
import { availability } from './availability/availability.ts';
import { bank } from './bank/bank.ts';
import { causal } from './causal/causal.ts';
import { session } from './causal/session.ts';
import { logs } from './cluster/logs.ts';
import { membership } from './cluster/membership.ts';
import { routing } from './cluster/routing.ts';
import { splitBrain } from './cluster/split-brain.ts';
import { confidence } from './confidence/confidence.ts';
import { convergence } from './convergence/convergence.ts';
import { counter } from './counter/counter.ts';
import { buildHistory, type PlainOperation } from './history/build.ts';
import type { History } from './history/history.ts';
import { kv } from './kv/kv.ts';
import { linearizable } from './linearizable/linearizable.ts';
import { lock } from './lock/lock.ts';
import { lostWrites } from './lost-writes/lost-writes.ts';
import { queue } from './queue/queue.ts';
import { outcomes } from './run/outcomes.ts';
import { stats } from './run/stats.ts';
import { vacuity } from './run/vacuity.ts';
import { staleness } from './staleness/staleness.ts';
import { uniqueIds } from './unique-ids/unique-ids.ts';
import { type Budget, type Checker, type CheckOptions, unlimited } from './verdict/checker.ts';
import { compose, defaultCheckOptions } from './verdict/compose.ts';
import type { Valid, Verdict } from './verdict/verdict.ts';

export {
  buildHistory,
  HistoryError,
  type PlainOperation,
  type Surroundings,
} from './history/build.ts';
export type { History } from './history/history.ts';
export type { Budget, Checker, CheckOptions } from './verdict/checker.ts';
export { compose, defaultCheckOptions, type Limits, limitedBudget } from './verdict/compose.ts';
export {
  type Anomaly,
  mergeValid,
  UNKNOWN_REASONS,
  type Valid,
  type Verdict,
} from './verdict/verdict.ts';

/** All checkers by name, in the order in which they are shown. */
export const checkers: Readonly<Record<string, Checker>> = Object.fromEntries(
  [
    ...[lostWrites, convergence, causal, session, linearizable, staleness, confidence],
    ...[queue, counter, bank, lock, uniqueIds, kv],
    ...[splitBrain, membership, routing, availability, outcomes, logs, stats, vacuity],
  ].map((checker) => [checker.name, checker]),
);

export class UnknownCheckerError extends Error {
  readonly code = 'unknown-checker';
  /** Of the command line, as the rest of the house has it: bad arguments. */
  readonly exitCode = 254;
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
