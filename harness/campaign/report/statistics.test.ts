import { describe, expect, test } from 'vitest';
import { nearestRank, ruleOfThree, wilson } from './statistics.ts';

describe('the Wilson interval', () => {
  // Reference values: R 4.2, prop.test(x, n, correct = FALSE)$conf.int; 8/10 by hand from the formula.
  test.each([
    [0, 10, 0, 0.2775],
    [1, 10, 0.0179, 0.4042],
    [5, 10, 0.2366, 0.7634],
    [8, 10, 0.4902, 0.9433],
    [10, 10, 0.7225, 1],
    [3, 1000, 0.001, 0.0088],
  ])('of %i in %i', (successes, trials, low, high) => {
    const found = wilson(successes, trials);
    expect(found.low).toBeCloseTo(low, 3);
    expect(found.high).toBeCloseTo(high, 3);
  });

  test('of no trials is everything', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });

  test('always holds the share itself, and stays between 0 and 1', () => {
    for (let trials = 1; trials <= 60; trials++) {
      for (let successes = 0; successes <= trials; successes++) {
        const { low, high } = wilson(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
      }
    }
  });

  test('refuses what is no share', () => {
    expect(() => wilson(2, 1)).toThrow(RangeError);
    expect(() => wilson(-1, 1)).toThrow(RangeError);
  });
});

test('nothing in n runs: at most three in n, and nothing is said of fewer than four', () => {
  expect(ruleOfThree(1000)).toBeCloseTo(0.003, 6);
  // The rule is an approximation of 1 - 0.05^(1/n); it must not promise more than that by much.
  for (const trials of [20, 100, 5000]) {
    expect(ruleOfThree(trials)).toBeGreaterThan(1 - 0.05 ** (1 / trials));
  }
  expect(ruleOfThree(2)).toBe(1);
  expect(ruleOfThree(0)).toBe(1);
});

test('nearest rank gives places that exist', () => {
  expect(nearestRank(0.5, 1)).toBe(0);
  expect(nearestRank(0.5, 4)).toBe(1);
  expect(nearestRank(0.99, 100)).toBe(98);
  expect(nearestRank(1, 100)).toBe(99);
  expect(nearestRank(0, 100)).toBe(0);
});
