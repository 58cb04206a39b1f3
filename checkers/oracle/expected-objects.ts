/**
 * What is to be said of queues, counters and locks, word for word from the definitions, by trying all
 * assignments and all pairs. For histories of a few operations.
 */
import type { ObjectOperation } from '../history/objects.ts';

const ok = 0;
const fail = 1;
const info = 2;

/**
 * Can each element that came out be one that was put in by then, each put in element come out at most once, and, where
 * somebody looked to the end, each acknowledged one have come out or gone with a dequeue whose answer was lost?
 */
export function queueIsExplained(ops: readonly ObjectOperation[]): boolean {
  const puts = ops.filter(({ f, status }) => f === 'enqueue' && status !== fail);
  const takes = ops.flatMap((op) => {
    if (op.status !== ok || op.f === 'enqueue') return [];
    const taken = op.f === 'drain' ? (op.value as unknown[]) : op.value === null ? [] : [op.value];
    return taken.map((value) => ({ value, complete: op.complete }));
  });
  const lostTakes = ops.filter(({ f, status }) => f === 'dequeue' && status === info).length;
  const lostDrain = ops.some(({ f, status }) => f === 'drain' && status === info);
  const wasEmptied = ops.some(
    (last) =>
      last.status === ok &&
      (last.f === 'drain' || (last.f === 'dequeue' && last.value === null)) &&
      ops.every((op) => {
        const looksToo = op.f === 'drain' || (op.f === 'dequeue' && op.value === null);
        return (
          op === last ||
          op.status === info ||
          (looksToo && op.status === ok && op.invoke <= last.invoke) ||
          op.complete < last.invoke
        );
      }),
  );
  const used = new Set<ObjectOperation>();
  const assign = (i: number): boolean => {
    if (i === takes.length) {
      const gone = puts.filter((put) => put.status === ok && !used.has(put)).length;
      return !wasEmptied || lostDrain || gone <= lostTakes;
    }
    return puts.some((put) => {
      if (used.has(put) || put.value !== takes[i].value || put.invoke > takes[i].complete) {
        return false;
      }
      used.add(put);
      const found = assign(i + 1);
      used.delete(put);
      return found;
    });
  };
  return assign(0);
}

/** Did something that one producer put in later end coming out before an earlier one began to? Unique elements. */
export function queueIsInOrder(ops: readonly ObjectOperation[]): boolean {
  const takenBy = (value: unknown): ObjectOperation[] =>
    ops.filter(
      (op) =>
        op.status === ok &&
        ((op.f === 'dequeue' && op.value === value) ||
          (op.f === 'drain' && (op.value as unknown[]).includes(value))),
    );
  const puts = ops.filter(
    (op) =>
      op.f === 'enqueue' &&
      ops.filter((each) => each.f === 'enqueue' && each.value === op.value).length === 1 &&
      op.status !== fail,
  );
  return !puts.some((a) =>
    puts.some((b) => {
      if (a.session !== b.session || !(a.complete < b.invoke)) return false;
      const first = Math.min(...takenBy(a.value).map(({ invoke }) => invoke));
      return (
        takenBy(a.value).length > 0 && takenBy(b.value).some(({ complete }) => complete < first)
      );
    }),
  );
}

/** Bounds of each read of a counter. `realTime`: what had ended before is certain; else what the session had added. */
export function countsAreWithinBounds(ops: readonly ObjectOperation[], realTime: boolean): boolean {
  const adds = ops.filter(({ f, status }) => f === 'add' && status !== fail);
  return ops
    .filter(({ f, status }) => f === 'read' && status === ok)
    .every((read) => {
      let lower = 0;
      let upper = 0;
      for (const add of adds) {
        const own =
          add.session === read.session && add.status === ok && add.complete <= read.invoke;
        const certain = realTime ? add.complete < read.invoke : own;
        const possible = !certain && add.invoke <= read.complete;
        const amount = Number(add.value);
        if (certain || (possible && amount < 0)) lower += amount;
        if (certain || (possible && amount > 0)) upper += amount;
      }
      return Number(read.value) >= lower && Number(read.value) <= upper;
    });
}

/** Do the certain holds of two sessions overlap strictly, or do tokens go back or come twice? */
export function lockIsHeldOnce(ops: readonly ObjectOperation[]): boolean {
  const holds = ops
    .filter(({ f, status }) => f === 'acquire' && status === ok)
    .map((acquire) => {
      const releases = ops.filter(
        ({ f, session, status }) =>
          session === acquire.session && (f === 'release' || (f === 'acquire' && status === info)),
      );
      const unsure = releases.some(
        (each) => each.invoke <= acquire.complete && !(each.complete < acquire.invoke),
      );
      const later = releases
        .filter((each) => each.invoke > acquire.complete)
        .sort((a, b) => a.invoke - b.invoke);
      const [first] = later;
      const ends = first === undefined ? Number.POSITIVE_INFINITY : first.invoke;
      const notHeld = first !== undefined && first.status === fail;
      const until = unsure || notHeld ? acquire.complete : ends;
      return { acquire, token: acquire.value as number | null, from: acquire.complete, until };
    });
  return !holds.some((a) =>
    holds.some((b) => {
      if (a.acquire.session === b.acquire.session) return false;
      if (Math.max(a.from, b.from) < Math.min(a.until, b.until)) return true;
      if (a.token === null || b.token === null) return false;
      return a.token === b.token || (a.acquire.complete < b.acquire.invoke && a.token > b.token);
    }),
  );
}
