/** Sources of ids: no id is given out twice. */
import { isOk, type ObjectOperation } from '../history/objects.ts';
import type { Budget } from '../verdict/checker.ts';
import {
  type ObjectFinding,
  type ObjectJudgement,
  stepAt,
  tally,
} from '../verdict/object-verdict.ts';

export function judgeIds(ops: readonly ObjectOperation[], budget: Budget): ObjectJudgement {
  const strange: Record<string, number> = {};
  const first = new Map<string, ObjectOperation>();
  const findings: ObjectFinding[] = [];
  let judged = 0;
  for (const [i, op] of ops.entries()) {
    stepAt(i, budget);
    if (op.f !== 'generate') {
      tally(strange, op.f);
      continue;
    }
    if (!isOk(op)) continue;
    judged++;
    const id = JSON.stringify(op.value);
    const before = first.get(id);
    if (before === undefined) {
      first.set(id, op);
    } else {
      const summary = `${id} was given out twice`;
      findings.push({ pattern: 'duplicated', violates: 'unique ids', ops: [before, op], summary });
    }
  }
  return { findings, judged, strange, figures: { 'ids-count': first.size } };
}
