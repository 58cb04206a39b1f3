import { describe, expect, it } from 'vitest';
import { judgeCounter } from '../counter/judge.ts';
import type { ObjectOperation } from '../history/objects.ts';
import { judgeLock } from '../lock/judge.ts';
import { judgeQueue } from '../queue/judge.ts';
import { unlimited } from '../verdict/checker.ts';
import type { ObjectFinding } from '../verdict/object-verdict.ts';
import {
  countsAreWithinBounds,
  lockIsHeldOnce,
  queueIsExplained,
  queueIsInOrder,
} from './expected-objects.ts';
import { randomOf } from './lww-store.ts';
import { randomCounter, randomLock, randomQueue } from './testing/random-objects.ts';

const runs = Number(process.env.RUNS ?? 3000);

function show(ops: readonly ObjectOperation[]): string {
  return ops
    .map(
      (op) =>
        `${op.session} ${op.f} ${JSON.stringify(op.value)} [${op.invoke},${op.complete}] ${op.status}`,
    )
    .join('; ');
}

/** Compares a judgement with what is expected, over random histories of which some are right and some are not. */
function agree(
  random: (seed: () => number) => ObjectOperation[],
  judged: (ops: readonly ObjectOperation[]) => boolean,
  expected: (ops: readonly ObjectOperation[]) => boolean,
): void {
  let right = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const ops = random(randomOf(seed));
    const isRight = expected(ops);
    if (isRight) right++;
    expect(judged(ops), `seed ${seed}: ${show(ops)}`).toBe(isRight);
  }
  expect(right).toBeGreaterThan(runs / 200);
  expect(right).toBeLessThan(runs - runs / 200);
}

const without = (findings: readonly ObjectFinding[], pattern: string): boolean =>
  findings.every((each) => each.pattern !== pattern);

describe('checkers of objects agree with their definitions', () => {
  it('queues: what came out was put in, once, and nothing is missing at the end', () => {
    const judged = (ops: readonly ObjectOperation[]): boolean =>
      judgeQueue(ops, unlimited).findings.every(({ pattern }) => pattern === 'out-of-order');
    agree(randomQueue, judged, queueIsExplained);
  }, 3_600_000);

  it('queues: the order of each producer', () => {
    const judged = (ops: readonly ObjectOperation[]): boolean =>
      without(judgeQueue(ops, unlimited).findings, 'out-of-order');
    agree(randomQueue, judged, queueIsInOrder);
  }, 3_600_000);

  for (const realTime of [true, false]) {
    it(`counters: the bounds of each read, ${realTime ? 'in real time' : 'by session'}`, () => {
      const judged = (ops: readonly ObjectOperation[]): boolean =>
        without(judgeCounter(ops, unlimited, realTime).findings, 'below-bound') &&
        without(judgeCounter(ops, unlimited, realTime).findings, 'above-bound');
      agree(randomCounter, judged, (ops) => countsAreWithinBounds(ops, realTime));
    }, 3_600_000);
  }

  it('locks: certain holds and fencing tokens', () => {
    const judged = (ops: readonly ObjectOperation[]): boolean =>
      judgeLock(ops, unlimited).findings.length === 0;
    agree(randomLock, judged, lockIsHeldOnce);
  }, 3_600_000);
});
