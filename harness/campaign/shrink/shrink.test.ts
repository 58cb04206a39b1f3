import { describe, expect, test } from 'vitest';
import type { FaultPlan } from '../../generator/fault-plan.ts';
import { type Candidate, type Numbered, scheduleOf, shrink } from './shrink.ts';

const plan = (id: number): FaultPlan => ({
  id,
  kind: 'kill',
  variant: 'one',
  atMs: id * 4000,
  untilMs: id * 4000 + 2500,
  targets: [`n${id}`],
});

const operations: Numbered[] = Array.from({ length: 200 }, (_, i) => ({
  workload: i % 2 === 0 ? 'set' : 'register',
  number: Math.floor(i / 2),
  key: `${i % 2 === 0 ? 'set' : 'register'}-${i % 8}`,
}));

const start: Candidate = {
  faults: [1, 2, 3, 4].map(plan),
  operations,
  concurrency: 20,
  timeLimit: 30,
};

/** The planted bug: fault 2, operations 10 and 30 of the set, and two clients. */
const planted = async ({ faults, operations: ops, concurrency }: Candidate): Promise<boolean> => {
  const has = (number: number): boolean =>
    ops.some((each) => each.workload === 'set' && each.number === number);
  return faults.some((each) => each.id === 2) && has(10) && has(30) && concurrency >= 3;
};

const options = {
  start,
  guesses: [],
  concurrencyMin: 2,
  questionsMax: 1000,
  shows: planted,
  onSmaller: () => {},
};

describe('shrink', () => {
  test('finds the one fault, the two operations and the fewest clients', async () => {
    const { smallest, spent } = await shrink(options);
    expect(smallest.faults.map((each) => each.id)).toEqual([2]);
    expect(smallest.operations.map((each) => [each.workload, each.number])).toEqual([
      ['set', 10],
      ['set', 30],
    ]);
    // Not shorter than the fault that is needed, which ends at 10.5 s.
    expect([smallest.concurrency, smallest.timeLimit, spent]).toEqual([3, 11, false]);
    expect(await planted(smallest)).toBe(true);
  });

  test('a guess that is right saves most of the runs', async () => {
    const { asked: without } = await shrink(options);
    const guess = operations.filter((each) => each.workload === 'set' && each.number <= 30);
    const { smallest, asked } = await shrink({ ...options, guesses: [[], guess] });
    expect(smallest.operations).toHaveLength(2);
    expect(asked).toBeLessThan(without);
  });

  test('with few runs it keeps what it has, and says that it may get smaller', async () => {
    const told: number[] = [];
    const { smallest, asked, spent } = await shrink({
      ...options,
      questionsMax: 8,
      onSmaller: (candidate) => told.push(candidate.operations.length),
    });
    expect([asked, spent]).toEqual([8, true]);
    expect(await planted(smallest)).toBe(true);
    expect(smallest.operations.length).toBe(told.at(-1));
  });

  test('what nothing makes smaller stays as it was', async () => {
    const { smallest } = await shrink({ ...options, shows: async () => false });
    expect(smallest).toEqual(start);
  });
});

test('the schedule of a candidate names its operations by workload, in order', () => {
  const chosen = [operations[20], operations[3], operations[2]];
  expect(scheduleOf({ ...start, faults: [], operations: chosen })).toEqual({
    faults: [],
    operations: { set: [1, 10], register: [1] },
  });
});
