/**
 * Runs many checkers over one history. What one of them throws is that one's `unknown` and nobody else's;
 * what a store does not promise is reported and does not count; the rest is merged, false before
 * unknown before true. The defaults of all options stand here and nowhere else.
 */

import type { History } from '../history/history.ts';
import { KIND_ROWS } from '../history/kinds.ts';
import { type UniqueView, uniqueView } from '../history/unique-view.ts';
import { type Budget, BudgetExceeded, type Checker, type CheckOptions } from './checker.ts';
import { decide, type UnknownReason, type Valid, type Verdict } from './verdict.ts';

/** What Engram promises to sessions that carry their contexts. */
export const defaultCheckOptions: CheckOptions = {
  maxAnomalies: 8,
  promises: ['no-lost-writes', 'convergence', 'causal', 'session', 'confidence'],
  asked: [],
  models: ['cc', 'ccv'],
  realTime: false,
  staleness: { deltaMs: 1000, share: 0.999 },
  minimumOk: { overall: 1, perFaultWindow: 0 },
  aborted: false,
};

/** Limits of one checker, and the clock and scale that it is measured with. */
export interface Limits {
  readonly timeLimitMs: number;
  /** Any clock that does not go backwards, ms. */
  now(): number;
  readonly memoryMaxBytes?: number;
  memoryBytes?(): number;
}

/** Steps between two looks at the memory, which cost more than looks at a clock. */
const stepsPerMemoryLook = 128;

/** A budget that runs from now on. */
export function limitedBudget(limits: Limits): Budget {
  const deadline = limits.now() + limits.timeLimitMs;
  const memoryMax = limits.memoryMaxBytes ?? Number.POSITIVE_INFINITY;
  let steps = 0;
  return {
    step() {
      if (limits.now() > deadline) {
        const message = `not decided within ${limits.timeLimitMs / 1000} s; allow more time`;
        throw new BudgetExceeded('checker-timeout', message);
      }
      if (steps++ % stepsPerMemoryLook !== 0 || limits.memoryBytes === undefined) return;
      if (limits.memoryBytes() > memoryMax) {
        const message = `not decided within ${memoryMax} bytes; allow more memory`;
        throw new BudgetExceeded('checker-memory', message);
      }
    },
  };
}

/** An array that cannot be made is memory that was not there. */
function reasonOf(error: unknown): UnknownReason {
  if (error instanceof BudgetExceeded) return error.reason;
  const isAllocation =
    error instanceof RangeError && /allocation|array length/i.test(error.message);
  return isAllocation ? 'checker-memory' : 'harness-error';
}

function failed(checker: Checker, error: unknown): Verdict {
  const reason = reasonOf(error);
  const what = error instanceof Error ? error.message : String(error);
  return {
    checker: checker.name,
    version: checker.version,
    valid: 'unknown',
    reason,
    message: reason === 'harness-error' ? `the checker itself failed: ${what}` : what,
    figures: {},
    anomalies: [],
    counts: {},
  };
}

/**
 * Whether a verdict counts: where somebody asked for it by name, and where the store makes the promise or none is
 * needed. Not where nobody asked, and the history holds nothing to look at.
 */
function counts(
  { name, property, types, mayBeUnseen }: Checker,
  { promises, asked }: CheckOptions,
  verdict: Verdict,
): boolean {
  if (asked.includes(name) || (property !== undefined && asked.includes(property))) return true;
  const isSeen = verdict.reason !== 'not-judged';
  if (property !== undefined) return isSeen && promises.includes(property);
  // Without an object of its types nothing is missing from the verdict of a checker of some types.
  return isSeen || (types === 'any' && mayBeUnseen !== true);
}

function answerOf(
  checker: Checker,
  history: History,
  options: CheckOptions,
  budgetFor: (checker: Checker) => Budget,
): Verdict {
  try {
    // Who looks at whole runs, or at each key by what it holds, sees everything.
    const everything: UniqueView = { history, hidden: 0, keys: 0 };
    const view = checker.takesRepeated === true ? everything : uniqueView(history);
    if (history.n > 0 && !isAbout(checker, view.history)) return notJudged(checker, view);
    const verdict = checker.check(view.history, options, budgetFor(checker));
    return view.hidden === 0 ? verdict : withHidden(verdict, view);
  } catch (error) {
    return failed(checker, error);
  }
}

/** Whether there is an operation of a type that the checker judges. */
function isAbout({ types }: Checker, { kind, objects }: History): boolean {
  if (types === 'any') return true;
  // What these objects hold is no column; their checkers look at it themselves.
  if (objects?.types.some((type) => type !== null && types.includes(type))) return true;
  let present = 0;
  for (let row = 0; row < kind.length; row++) present |= 1 << kind[row];
  return KIND_ROWS.some(
    (rule, each) => (present >> each) % 2 !== 0 && rule.types.some((type) => types.includes(type)),
  );
}

function notJudged(checker: Checker, { hidden, keys }: UniqueView): Verdict {
  const why =
    hidden === 0
      ? `the history has no operation on a ${[checker.types].flat().join(', ')}`
      : `${hidden} operations on ${keys} keys whose values come again are all that there is`;
  return { ...failed(checker, new Error(why)), reason: 'not-judged', message: why };
}

/** What a verdict leaves out is part of it. */
function withHidden(verdict: Verdict, { hidden, keys }: UniqueView): Verdict {
  const left = `${hidden} operations on ${keys} keys whose values come again are not judged by it`;
  return {
    ...verdict,
    message: `${verdict.message}; ${left}`,
    figures: { ...verdict.figures, 'not-judged-count': hidden },
  };
}

/** Where nothing that operations mean was judged, that they ended well makes nothing valid. */
function withoutEmptyTicks(
  chosen: readonly Checker[],
  verdicts: readonly Verdict[],
): readonly Verdict[] {
  const judges = (i: number): boolean => chosen[i].types !== 'any';
  const isJudged = verdicts.some((each, i) => judges(i) && each.informational !== true);
  if (isJudged || !verdicts.some((_, i) => judges(i))) return verdicts;
  return verdicts.map((each) => (each.valid === true ? { ...each, informational: true } : each));
}

/** `budgetFor` is asked once for each checker, right before it runs. */
export function compose(
  history: History,
  chosen: readonly Checker[],
  options: CheckOptions,
  budgetFor: (checker: Checker) => Budget,
): { readonly valid: Valid; readonly verdicts: readonly Verdict[] } {
  const verdicts = chosen.map((checker): Verdict => {
    const verdict = answerOf(checker, history, options, budgetFor);
    return counts(checker, options, verdict) ? verdict : { ...verdict, informational: true };
  });
  const shown = withoutEmptyTicks(chosen, verdicts);
  return { valid: decide(shown), verdicts: shown };
}
