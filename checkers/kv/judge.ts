/** Keys with strings that are put, got and appended to: linearizable, key by key, by search. */
import { hasFailed, isOk, type ObjectOperation } from '../history/objects.ts';
import { type Action, Actions } from '../linearizable/calls.ts';
import { linearize } from '../linearizable/linearize.ts';
import { TextStates } from '../linearizable/models.ts';
import type { Budget } from '../verdict/checker.ts';
import { type ObjectJudgement, tally } from '../verdict/object-verdict.ts';

/** Whole numbers of 4 bytes that the configurations of one moment may take. */
const numbersMax = 2 ** 22;

export function judgeKv(ops: readonly ObjectOperation[], budget: Budget): ObjectJudgement {
  const strange: Record<string, number> = {};
  const states = new TextStates();
  const actions = new Actions();
  const kept: ObjectOperation[] = [];
  const action: number[] = [];
  for (const op of ops) {
    const make = actionOf(op, states);
    if (make === undefined) tally(strange, op.f);
    if (make === undefined || hasFailed(op) || (op.f === 'get' && !isOk(op))) continue;
    kept.push(op);
    action.push(actions.id(`${op.f} ${JSON.stringify(op.value)}`, make));
  }
  const judged = kept.length;
  const figures = { 'calls-count': judged };
  if (Object.keys(strange).length > 0) return { findings: [], judged, strange, figures };
  const calls = {
    n: kept.length,
    invoke: Float64Array.from(kept, ({ invoke }) => invoke),
    complete: Float64Array.from(kept, ({ complete }) => complete),
    action: Int32Array.from(action),
  };
  const model = { initial: 0, actions: actions.list };
  const found = linearize(calls, model, { budget, numbersMax });
  if (found.linearizable === null) {
    const message = `${found.ended} of ${judged} operations were put in order, then it was given up`;
    const reason = found.limit ?? 'checker-memory';
    return { findings: [], judged, figures, open: { reason, message } };
  }
  if (found.linearizable) return { findings: [], judged, figures };
  const last = kept[found.call];
  const finding = {
    pattern: 'NoLinearization',
    violates: 'linearizability',
    ops: kept.filter(({ invoke }) => invoke <= last.complete),
    summary: `when a ${last.f} of ${JSON.stringify(last.value)} ended, no order of the operations was possible any more`,
  };
  return { findings: [finding], judged, figures };
}

function actionOf({ f, value }: ObjectOperation, states: TextStates): (() => Action) | undefined {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  if (f === 'get') return () => states.get(text);
  if (f === 'put') return () => states.put(text);
  if (f === 'append') return () => states.append(text);
  return undefined;
}
