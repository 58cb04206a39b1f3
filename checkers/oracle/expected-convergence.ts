/**
 * What convergence must say, written down as plainly as its definition. For histories of a few
 * operations; shares nothing with the checker.
 */
import type { PlainOperation } from '../history/build.ts';

/** What an answer shows, as text. */
function stateOf({ f, value, siblings }: PlainOperation): string {
  if (f === 'read-all') return JSON.stringify([...new Set(value as number[])].sort());
  const others = [...new Set((siblings ?? []) as unknown[])].filter((each) => each !== value);
  return JSON.stringify([value ?? null, others.sort()]);
}

export interface ExpectedConvergence {
  readonly diverged: string[];
  readonly valid: boolean | 'unknown';
  /** When the last key converged. */
  readonly at: number;
}

export function expectedConvergence(ops: readonly PlainOperation[]): ExpectedConvergence {
  const answered = (op: PlainOperation | undefined): boolean => op?.status === 'ok' && !op.stale;
  const nodes = [...new Set(ops.map((op) => op.node!))];
  const isWrite = (op: PlainOperation) => ['add', 'write', 'cas'].includes(op.f);
  const finals = ops.filter((op) => op.final);
  const keys = [
    ...new Set(
      ops.filter((op) => op.final || (isWrite(op) && op.status !== 'fail')).map((op) => op.key!),
    ),
  ];
  const diverged: string[] = [];
  let isUnknown = keys.length === 0 || finals.length === 0;
  let at = 0;
  for (const key of keys) {
    const attempts = nodes.map((node) => finals.filter((op) => op.key === key && op.node === node));
    if (attempts.some((each) => !each.some(answered))) {
      isUnknown = true;
      continue;
    }
    const rounds = Math.max(...attempts.map((each) => each.length));
    let judged = attempts.map((each) => each.findLast(answered)!);
    for (let round = 0; round < rounds; round++) {
      const row = attempts.map((each) => each[round]);
      if (row.every(answered)) judged = row as PlainOperation[];
    }
    const written = ops.filter(
      (op) => op.key === key && op.status === 'ok' && (isWrite(op) || op.f === 'delete'),
    );
    if (judged.some((read) => written.some((op) => op.complete! > read.invoke))) {
      isUnknown = true;
      continue;
    }
    if (judged.some((read) => stateOf(read) !== stateOf(judged[0]))) {
      diverged.push(key);
      continue;
    }
    // The first moment from which the latest answers are equal at every later one too.
    const moments = [
      ...new Set(
        attempts
          .flat()
          .filter(answered)
          .map((op) => op.complete!),
      ),
    ];
    const equalAt = (time: number): boolean => {
      const latest = attempts.map((each) =>
        each.findLast((op) => answered(op) && op.complete! <= time),
      );
      const [first] = latest;
      return latest.every((op) => op && first && stateOf(op) === stateOf(first));
    };
    const good = moments.filter((time) => moments.every((each) => each < time || equalAt(each)));
    if (good.length === 0) isUnknown = true;
    else at = Math.max(at, Math.min(...good));
  }
  return { diverged, valid: diverged.length > 0 ? false : isUnknown ? 'unknown' : true, at };
}
