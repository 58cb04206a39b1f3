/** Compares the staleness of each read with its definition, written down as plainly as possible. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from './build.ts';
import { unlimited } from './checker.ts';
import { measureStaleness } from './staleness-scan.ts';
import { registerOperations, setOperations, versionedOperations } from './testing/random-finals.ts';

const numRuns = Number(process.env.AMNESIA_RANDOM_RUNS ?? 1000);
const never = Number.POSITIVE_INFINITY;

const isWrite = (op: PlainOperation): boolean => ['add', 'write', 'cas'].includes(op.f);

function shows(read: PlainOperation, value: unknown): boolean {
  if (read.f === 'read-all') return (read.value as unknown[]).includes(value);
  return read.value === value || ((read.siblings ?? []) as unknown[]).includes(value);
}

/** t and k of a read. */
function expectedOf(ops: readonly PlainOperation[], read: PlainOperation): [number, number] {
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

describe('staleness says what its definition says', () => {
  const kinds = {
    sets: setOperations,
    registers: registerOperations,
    siblings: versionedOperations,
  };
  for (const [name, operations] of Object.entries(kinds)) {
    it(`for ${name}`, () => {
      fc.assert(
        fc.property(operations, (ops) => {
          const history = buildHistory(ops);
          const { timeNs, versions } = measureStaleness(history, unlimited);
          for (let row = 0; row < history.n; row++) {
            const op = ops[history.index[row]!]!;
            const isJudged = op.status === 'ok' && !op.stale && ['read', 'read-all'].includes(op.f);
            expect(Number.isNaN(timeNs[row])).toBe(!isJudged);
            if (isJudged) expect([timeNs[row], versions[row]]).toEqual(expectedOf(ops, op));
          }
        }),
        { numRuns },
      );
    });
  }
});
