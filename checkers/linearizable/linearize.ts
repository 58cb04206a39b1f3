/**
 * Is there a linearization? Up to four passes, each of which can only answer what it can prove: narrow ones, which
 * keep the most promising configurations and find a linearization quickly where there is one; one that lets
 * indeterminate calls take effect any number of times, which needs no memory of them, and where even that
 * finds nothing there is nothing; and the full one, within its limits.
 */
import type { Budget, BudgetExceeded } from '../verdict/checker.ts';
import type { Calls, Model } from './calls.ts';
import { type Pass, searchPass, wide } from './pass.ts';

export interface SearchLimits {
  readonly budget: Budget;
  /** Whole numbers (of 4 bytes) that all configurations of one moment may take. */
  readonly numbersMax: number;
}

export interface Search {
  /** Null: given up. */
  readonly linearizable: boolean | null;
  /** Why it was given up. */
  readonly limit: BudgetExceeded['reason'] | null;
  /** The call at whose end nothing was possible any more, or the search was given up; -1 for none. */
  readonly call: number;
  /** Calls that had ended by then. */
  readonly ended: number;
  /** Configurations that were looked at. */
  readonly steps: number;
}

/** Configurations that the narrow passes keep, one after the other. */
const narrow = [32, 256];

export function linearize(calls: Calls, model: Model, limits: SearchLimits): Search {
  let steps = 0;
  const after = (pass: Pass): Search => {
    const { linearizable, limit, call, ended } = pass;
    return { linearizable, limit, call, ended, steps: (steps += pass.steps) };
  };
  for (const kept of narrow) {
    const found = searchPass(calls, model, { ...limits, kept, counted: true });
    const isProved = found.linearizable === true || !found.narrowed;
    if (isProved || found.limit === 'checker-timeout') return after(found);
    steps += found.steps;
  }
  if (mayRepeat(calls, model)) {
    const free = after(searchPass(calls, model, { ...limits, kept: wide, counted: false }));
    if (free.linearizable === false || free.limit === 'checker-timeout') return free;
  }
  return after(searchPass(calls, model, { ...limits, kept: wide, counted: true }));
}

/** Are there indeterminate calls, and do they lead to no more states by taking effect again and again? */
function mayRepeat({ n, complete, action }: Calls, { actions }: Model): boolean {
  let some = false;
  for (let i = 0; i < n; i++) {
    if (complete[i] !== Number.POSITIVE_INFINITY) continue;
    const { total, blind } = actions[action[i]];
    if (total && !blind) return false;
    some = true;
  }
  return some;
}
