/**
 * What lost-writes must find, written down as plainly as its definitions: every pair of operations is looked
 * at. For histories of a few operations; shares nothing with the checker.
 */
import type { PlainOperation } from '../history/build.ts';

type Op = PlainOperation & { readonly at: number };

/** Rows in log order: reads at their end, everything else at its beginning. */
function logOrder(ops: readonly PlainOperation[]): Op[] {
  const isWrite = (op: PlainOperation) => ['write', 'add', 'cas'].includes(op.f);
  const isRead = (op: PlainOperation) => ['read', 'read-all'].includes(op.f);
  return ops
    .map((op, i) => ({
      ...op,
      at: isRead(op) && op.complete !== null ? op.complete : op.invoke,
      i,
    }))
    .sort((a, b) => a.at - b.at || Number(isWrite(b)) - Number(isWrite(a)) || a.i - b.i);
}

export interface ExpectedLoss {
  readonly lost: unknown[];
  readonly resurrected: unknown[];
  readonly phantom: unknown[];
}

/** The last answer of each node that was asked, or null if one of them gave none. */
function lastAnswers(ops: readonly Op[], key: string): { answers: Op[]; missing: boolean } {
  const asked = new Set(ops.filter((op) => op.final).map((op) => op.node));
  const answers: Op[] = [];
  let missing = asked.size === 0;
  for (const node of asked) {
    const last = ops.findLast(
      (op) => op.final && op.key === key && op.node === node && op.status === 'ok' && !op.stale,
    );
    if (last) answers.push(last);
    else missing = true;
  }
  return { answers, missing };
}

const ends = (op: Op): number => (op.status === 'ok' ? op.complete! : Number.POSITIVE_INFINITY);

/** Had the delete seen the addition? Its own session's, or one whose dot its context covers. */
function knew(del: Op, add: Op): boolean {
  return (del.process === add.process && add.complete! <= del.invoke) || covers(del, add.dot);
}

function covers({ context, contextDots }: PlainOperation, dot: PlainOperation['dot']): boolean {
  if (!context || !dot) return false;
  if (contextDots?.includes(dot)) return true;
  const [actor, counter] = dot.split(':') as [string, string];
  return (context[actor] ?? 0) >= Number(counter);
}

export function expectedLostOfSets(
  plain: readonly PlainOperation[],
): ExpectedLoss & { duplicated: unknown[] } {
  const ops = logOrder(plain);
  const adds = ops.filter((op) => op.f === 'add');
  const reads = ops.filter((op) => op.f === 'read-all' && op.status === 'ok');
  const has = (read: Op, add: { key: string | null; value?: unknown }) =>
    read.key === add.key && (read.value as unknown[]).includes(add.value);
  const lost: unknown[] = [];
  const resurrected: unknown[] = [];
  for (const add of adds) {
    const sightings = reads.filter((read) => has(read, add));
    const { answers, missing } = lastAnswers(ops, add.key!);
    const deletes = ops.filter(
      (op) => op.f === 'delete' && op.key === add.key && op.value === add.value,
    );
    if (add.status === 'fail') {
      if (sightings.length > 0) resurrected.push(add.value);
      continue;
    }
    const known = Math.min(ends(add), ...sightings.map((read) => read.complete!));
    if (!Number.isFinite(known)) continue;
    for (const del of deletes.filter((op) => op.status === 'ok' && add.status === 'ok')) {
      if (!knew(del, add) || resurrected.includes(add.value)) continue;
      const late = answers.every((read) => read.invoke >= del.complete!);
      const there = answers.length > 0 && answers.every((read) => has(read, add));
      const between = sightings.some((read) => !read.stale && covers(read, del.dot));
      if ((late && there) || between) resurrected.push(add.value);
    }
    if (deletes.some((op) => op.status !== 'fail') || missing || answers.length === 0) continue;
    if (answers.every((read) => read.invoke >= known && !has(read, add))) lost.push(add.value);
  }
  const attempted = new Set(adds.map((add) => `${add.key} ${add.value}`));
  const phantom = new Set<string>();
  const duplicated = new Set<string>();
  for (const read of reads) {
    const all = read.value as unknown[];
    all.forEach((value, i) => {
      if (!attempted.has(`${read.key} ${value}`)) phantom.add(`${read.key} ${value}`);
      if (all.indexOf(value) !== i) duplicated.add(`${read.key} ${value}`);
    });
  }
  return { lost, resurrected, phantom: [...phantom], duplicated: [...duplicated] };
}

/** Causal order as a closure of pairs, over rows in log order. */
function causalOrder(ops: readonly Op[]): boolean[][] {
  const before = ops.map(() => ops.map(() => false));
  const judged = (op: Op) => op.status === 'ok' && !op.stale;
  ops.forEach((a, i) => {
    ops.forEach((b, j) => {
      const isSession =
        i < j && a.process === b.process && a.status === 'ok' && b.status !== 'fail' && !a.stale;
      const source = b.f === 'cas' ? b.expected : b.f === 'read' ? b.value : undefined;
      const isWrite = a.f === 'write' || a.f === 'cas';
      const isFrom =
        i < j &&
        isWrite &&
        a.status !== 'fail' &&
        judged(b) &&
        a.key === b.key &&
        a.value === source;
      if (isSession || isFrom) before[i][j] = true;
    });
  });
  // A stale read passes nothing on, but what comes after it in its session follows what was before.
  for (let k = 0; k < ops.length; k++) {
    for (let i = 0; i < ops.length; i++) {
      for (let j = 0; before[i][k] && j < ops.length; j++) before[i][j] ||= before[k][j];
    }
  }
  return before;
}

export function expectedLostOfRegisters(
  plain: readonly PlainOperation[],
  realTime: boolean,
): ExpectedLoss {
  const ops = logOrder(plain);
  const before = causalOrder(ops);
  const writes = ops.filter((op) => op.f === 'write' || op.f === 'cas');
  const shown = (op: Op): unknown =>
    op.status !== 'ok' ? null : op.f === 'read' ? op.value : op.f === 'cas' ? op.expected : null;
  const lost: unknown[] = [];
  for (const write of writes.filter((op) => op.status === 'ok')) {
    const isDeleted = ops.some(
      (op) =>
        op.f === 'delete' &&
        op.key === write.key &&
        op.status !== 'fail' &&
        ends(op) > write.invoke,
    );
    if (isDeleted) continue;
    const sourceOf = (read: Op) =>
      writes.find((op) => op.key === read.key && op.value === read.value);
    const isOlder = (read: Op): boolean => {
      if (read.value === write.value || write.complete! > read.invoke) return false;
      if (read.value === null) return true;
      const source = sourceOf(read);
      if (!source || source.status === 'fail') return false;
      if (before[ops.indexOf(source)][ops.indexOf(write)]) return true;
      return realTime && source.status === 'ok' && source.complete! < write.invoke;
    };
    const { answers } = lastAnswers(ops, write.key!);
    // Nothing follows from values that nobody attempted, or that had failed.
    const telling = answers.filter(
      (read) => read.value === null || (sourceOf(read)?.status ?? 'fail') !== 'fail',
    );
    const isLate = answers.every((read) => write.complete! <= read.invoke);
    const isLost = realTime
      ? telling.some(isOlder)
      : isLate && telling.length > 0 && telling.every(isOlder);
    if (isLost) lost.push(write.value);
  }
  const phantom = new Set<string>();
  const resurrected = new Set<unknown>();
  for (const op of ops) {
    const value = shown(op);
    if (value === null) continue;
    const source = writes.find((each) => each.key === op.key && each.value === value);
    if (!source) phantom.add(`${op.key} ${value}`);
    else if (source.status === 'fail') resurrected.add(value);
  }
  return { lost, phantom: [...phantom], resurrected: [...resurrected] };
}

export function expectedLostOfVersions(plain: readonly PlainOperation[]): unknown[] {
  const ops = logOrder(plain);
  const shows = (read: Op, value: unknown) =>
    read.value === value || ((read.siblings ?? []) as unknown[]).includes(value);
  const reads = ops.filter((op) => op.f === 'read' && op.status === 'ok');
  const tookEffect = (op: Op): boolean =>
    op.f === 'delete'
      ? op.status !== 'fail'
      : op.f === 'write' &&
        (op.status === 'ok' ||
          (op.status === 'info' && reads.some((read) => shows(read, op.value))));
  /** Could `other` have replaced `write`, if only those before `limit` in the log count? */
  const replaces = (other: Op, write: Op): boolean => {
    if (other === write || !tookEffect(other)) return false;
    if (other.f === 'delete' || !other.context) return ends(other) > write.invoke;
    return covers(other, write.dot!);
  };
  const { answers, missing } = lastAnswers(ops, 'x0');
  const lost: unknown[] = [];
  for (const write of ops.filter((op) => op.dot && op.f === 'write')) {
    if (answers.some((read) => shows(read, write.value))) continue;
    const isReplaced = ops.some((other) => replaces(other, write));
    const isLate = answers.every((read) => read.invoke >= write.complete!);
    const isGoneAtEnd = !isReplaced && !missing && answers.length > 0 && isLate;
    const isGoneBefore = reads.some((read) => {
      if (!read.context || read.stale || !covers(read, write.dot!)) return false;
      if (shows(read, write.value) || ops.indexOf(read) < ops.indexOf(write)) return false;
      const earlier = ops.slice(0, ops.indexOf(read));
      return !earlier.some((other) => replaces(other, write));
    });
    if (isGoneAtEnd || isGoneBefore) lost.push(write.value);
  }
  return lost;
}
