/** Staleness from its definition, as plainly as possible; to be compared with the checker. */
import type { PlainOperation } from '../history/build.ts';

const never = Number.POSITIVE_INFINITY;

const isWrite = (op: PlainOperation): boolean => ['add', 'write', 'cas'].includes(op.f);

function shows(read: PlainOperation, value: unknown): boolean {
  if (read.f === 'read-all') return (read.value as unknown[]).includes(value);
  return read.value === value || ((read.siblings ?? []) as unknown[]).includes(value);
}

/** Staleness of a read: in time, ns, and in versions. */
export function expectedStaleness(
  ops: readonly PlainOperation[],
  read: PlainOperation,
): [number, number] {
  const answers = ops.filter((op) => op.status === 'ok' && ['read', 'read-all'].includes(op.f));
  const effective = (write: PlainOperation): number => {
    const sightings = answers.filter((op) => op.key === write.key && shows(op, write.value));
    const acknowledged = write.status === 'ok' ? write.complete! : never;
    return Math.max(write.invoke, Math.min(acknowledged, ...sightings.map((op) => op.complete!)));
  };
  const writes = ops.filter((op) => isWrite(op) && op.key === read.key);
  const shown = writes.filter((op) => shows(read, op.value));
  const isDeleted = (write: PlainOperation): boolean =>
    ops.some(
      (op) =>
        op.f === 'delete' &&
        op.status !== 'fail' &&
        op.key === write.key &&
        op.value === write.value,
    );
  const phantoms = [read.value, ...((read.siblings ?? []) as unknown[])].some(
    (value) => value !== null && !writes.some((op) => op.value === value),
  );
  const newer = writes.filter((write) => {
    if (read.f === 'read-all') return !shows(read, write.value) && !isDeleted(write);
    // What nobody wrote took effect when it was first read.
    const sources = shown.map(effective);
    if (phantoms) {
      for (const value of [read.value, ...((read.siblings ?? []) as unknown[])]) {
        if (value === null || writes.some((op) => op.value === value)) continue;
        const sightings = answers.filter((op) => op.key === read.key && shows(op, value));
        sources.push(Math.min(...sightings.map((op) => op.complete!)));
      }
    }
    return sources.every((time) => write.invoke > time);
  });
  const times = newer.map(effective).filter((time) => time < read.invoke);
  return [times.length === 0 ? 0 : read.invoke - Math.min(...times), times.length];
}

/** Whether staleness is defined for it: an answer that the server itself did not call stale. */
export function isJudged({ f, status, stale }: PlainOperation): boolean {
  return status === 'ok' && stale !== true && ['read', 'read-all'].includes(f);
}
