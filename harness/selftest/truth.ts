/**
 * What each checker must say about a small history, by brute force from the definitions. Shares nothing with
 * the checkers but the history.
 */
import { buildHistory, type PlainOperation } from '../../checkers/build.ts';
import { expectedConvergence } from '../../checkers/testing/expected-convergence.ts';
import {
  expectedLostOfRegisters,
  expectedLostOfSets,
} from '../../checkers/testing/expected-loss.ts';
import { decideCausal } from '../../checkers/testing/reference.ts';
import type { Shape } from './good.ts';

/** By checker: does the history violate what it decides? Absent where brute force cannot tell. */
export function truthOf(
  shape: Shape,
  ops: readonly PlainOperation[],
): ReadonlyMap<string, boolean> {
  const truth = new Map<string, boolean>([
    ['lost-writes', hasLoss(shape, ops)],
    ['convergence', hasDiverged(shape, ops)],
  ]);
  // The causal definitions know no deletes.
  if (shape === 'deletes') return truth;
  const { future, cyclic, CC, CCv, RYW, MR, MW, WFR } = decideCausal(buildHistory(ops));
  truth.set('causal', future || !(CC && CCv && MR));
  // What closes a cycle has no past by which it could be judged further.
  if (!cyclic) truth.set('session', !(RYW && MR && MW && WFR));
  return truth;
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
