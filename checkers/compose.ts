/**
 * Runs many checkers over one history. What one of them throws is that one's `unknown` and nobody else's.
 */
import { type Budget, BudgetExceeded, type Checker, type CheckOptions } from './checker.ts';
import type { History } from './history.ts';
import { mergeValid, type UnknownReason, type Valid, type Verdict } from './verdict.ts';

export const defaultCheckOptions: CheckOptions = {
  maxAnomalies: 8,
  promises: ['no-lost-writes', 'convergence', 'causal'],
  models: ['cc', 'ccv'],
  realTime: false,
  staleness: { deltaMs: 1000, share: 0.999 },
  minimumOk: { overall: 1, perFaultWindow: 0 },
  aborted: false,
};

function failed(checker: Checker, error: unknown): Verdict {
  const reason: UnknownReason = error instanceof BudgetExceeded ? error.reason : 'harness-error';
  return {
    checker: checker.name,
    version: checker.version,
    valid: 'unknown',
    reason,
    message: error instanceof Error ? error.message : String(error),
    figures: {},
    anomalies: [],
    counts: {},
  };
}

export function compose(
  history: History,
  chosen: readonly Checker[],
  options: CheckOptions,
  budgetFor: (checker: Checker) => Budget,
): { readonly valid: Valid; readonly verdicts: readonly Verdict[] } {
  const verdicts = chosen.map((checker) => {
    try {
      return checker.check(history, options, budgetFor(checker));
    } catch (error) {
      return failed(checker, error);
    }
  });
  const judged = verdicts.filter((verdict) => verdict.informational !== true);
  return { valid: mergeValid(judged.map((verdict) => verdict.valid)), verdicts };
}
