/**
 * What each checker must say about a small history, by brute force from the definitions. Shares nothing with
 * the checkers but the history.
 */
import { buildHistory, type PlainOperation } from '../../checkers/history/build.ts';
import { expectedConvergence } from '../../checkers/oracle/expected-convergence.ts';
import {
  expectedLostOfRegisters,
  expectedLostOfSets,
} from '../../checkers/oracle/expected-loss.ts';
import { expectedStaleness, isJudged } from '../../checkers/oracle/expected-staleness.ts';
import { decideCausal, isLinearizable } from '../../checkers/oracle/reference.ts';
import type { Shape } from './good.ts';

/** Reads are to see what took effect longer ago than this, ns; operations here take a few. */
export const staleAfterNs = 25;

/** By checker: does the history violate what it decides? Absent where brute force cannot tell. */
export function truthOf(
  shape: Shape,
  ops: readonly PlainOperation[],
): ReadonlyMap<string, boolean> {
  const truth = new Map<string, boolean>([
    ['lost-writes', hasLoss(shape, ops)],
    ['convergence', hasDiverged(shape, ops)],
    ['staleness', isStale(ops)],
  ]);
  // The causal definitions, and those of the order in real time, know no deletes.
  if (shape === 'deletes') return truth;
  const history = buildHistory(ops);
  truth.set('linearizable', !isLinearizable(history));
  const { future, cyclic, CC, CCv, RYW, MR, MW, WFR } = decideCausal(history);
  truth.set('causal', future || !(CC && CCv && MR));
  // What closes a cycle has no past by which it could be judged further.
  if (!cyclic) truth.set('session', !(RYW && MR && MW && WFR));
  return truth;
}

function isStale(ops: readonly PlainOperation[]): boolean {
  const reads = ops.filter((op) => isJudged(op) && op.final !== true);
  return reads.some((read) => expectedStaleness(ops, read)[0] > staleAfterNs);
}

function hasLoss(shape: Shape, ops: readonly PlainOperation[]): boolean {
  if (shape === 'registers') {
    const { lost, resurrected, phantom } = expectedLostOfRegisters(ops, false);
    return lost.length + resurrected.length + phantom.length > 0;
  }
  const { lost, resurrected, phantom, duplicated } = expectedLostOfSets(ops);
  return lost.length + resurrected.length + phantom.length + duplicated.length > 0;
}

/** What nobody wrote, or what had failed, is no state to agree on; in sets lost-writes says so. */
function hasDiverged(shape: Shape, ops: readonly PlainOperation[]): boolean {
  const isStrange = shape === 'registers' && showsWhatIsNot(ops);
  return isStrange || expectedConvergence(ops).valid === false;
}

/** In a final answer: a value that nobody wrote, or whose write had failed. */
function showsWhatIsNot(ops: readonly PlainOperation[]): boolean {
  return ops
    .filter((op) => op.final)
    .some(({ key, value }) =>
      (Array.isArray(value) ? value : value === null ? [] : [value]).some(
        (each) =>
          !ops.some(
            (op) =>
              (op.f === 'add' || op.f === 'write') &&
              op.key === key &&
              op.value === each &&
              op.status !== 'fail',
          ),
      ),
    );
}
