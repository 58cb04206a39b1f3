import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Knowledge } from '../data.ts';
import { covers, coversDot, equals, join, lacking, withAll, withDot } from './knowledge.ts';

const actors = ['a', 'b'] as const;
const counters = [1, 2, 3, 4, 5, 6] as const;
const dot = fc.tuple(fc.constantFrom(...actors), fc.constantFrom(...counters));
const known = fc.array(dot).map((dots) =>
  dots.reduce<Knowledge>((all, [actor, counter]) => withDot(all, actor, counter), {
    v: {},
    d: {},
  }),
);

function dotsIn(knowledge: Knowledge): string[] {
  return actors.flatMap((actor) =>
    counters.filter((each) => coversDot(knowledge, actor, each)).map((each) => `${actor}:${each}`),
  );
}

describe('what is known of the writes of a space', () => {
  it('is a vector, and single dots where something before them is missing', () => {
    const some = withDot(withDot({ v: { a: 1 }, d: {} }, 'a', 3), 'b', 2);
    expect(some).toEqual({ v: { a: 1 }, d: { a: [3], b: [2] } });
    expect(withDot(some, 'a', 2)).toEqual({ v: { a: 3 }, d: { b: [2] } });
    expect(withAll(some, 'b', 9)).toEqual({ v: { a: 1, b: 9 }, d: { a: [3] } });
    expect(coversDot(some, 'b', 1)).toBe(false);
  });

  test.prop([known, known])('is joined as sets of dots are', (left, right) => {
    const both = new Set([...dotsIn(left), ...dotsIn(right)]);
    expect(dotsIn(join(left, right)).sort()).toEqual([...both].sort());
  });

  test.prop([known, known])('looks the same whatever the order in which it came', (left, right) => {
    expect(join(left, right)).toEqual(join(right, left));
    expect(equals(join(left, right), join(right, left))).toBe(true);
  });

  test.prop([known, known])(
    'is covered where no dot is missing, and lacks actors else',
    (left, right) => {
      const mine = new Set(dotsIn(left));
      const missing = dotsIn(right).filter((each) => !mine.has(each));
      expect(covers(left, right)).toBe(missing.length === 0);
      expect(lacking(left, right).sort()).toEqual(
        [...new Set(missing.map((each) => each[0]))].sort(),
      );
    },
  );
});
