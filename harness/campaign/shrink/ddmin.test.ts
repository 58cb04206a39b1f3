import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ddmin, Questions, smallest } from './ddmin.ts';

const many = (): Questions => new Questions(100_000);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('ddmin', () => {
  test('finds two items that are needed together, far apart', async () => {
    const questions = many();
    const found = await ddmin(
      upTo(100),
      async (items) => items.includes(3) && items.includes(90),
      questions,
    );
    expect(found).toEqual([3, 90]);
    expect(questions.asked).toBeLessThan(120);
  });

  test('asks once where nothing of the list is needed', async () => {
    const questions = many();
    expect(await ddmin(upTo(50), async () => true, questions)).toEqual([]);
    expect(questions.asked).toBe(1);
  });

  test('keeps everything where everything is needed', async () => {
    const items = upTo(7);
    expect(await ddmin(items, async (some) => some.length === 7, many())).toEqual(items);
  });

  test('leaves an empty list and a single item alone', async () => {
    expect(await ddmin([], async () => true, many())).toEqual([]);
    expect(await ddmin([5], async (items) => items.length > 0, many())).toEqual([5]);
  });

  test('never asks more than it may, and keeps what it has by then', async () => {
    const questions = new Questions(6);
    const found = await ddmin(upTo(64), async (items) => items.includes(63), questions);
    expect(questions.asked).toBe(6);
    expect(found).toContain(63);
    expect(found.length).toBeLessThan(64);
  });

  test('what it finds shows it, in order, and no item of it can be left out', async () => {
    const needed = fc.uniqueArray(fc.nat(39), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(needed, fc.integer({ min: 1, max: 6 }), async (wanted, enough) => {
        // Monotone: any `enough` of the wanted items do.
        const need = Math.min(enough, wanted.length);
        const shows = async (items: readonly number[]): Promise<boolean> =>
          items.filter((each) => wanted.includes(each)).length >= need;
        const found = await ddmin(upTo(40), shows, many());
        expect(found).toHaveLength(need);
        expect([...found].sort((a, b) => a - b)).toEqual(found);
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});

describe('smallest', () => {
  test('finds the threshold by halving', async () => {
    const questions = many();
    expect(await smallest(1, 1000, async (n) => n >= 37, questions)).toBe(37);
    expect(questions.asked).toBeLessThanOrEqual(10);
  });

  test('stays at what is known where nothing smaller does', async () => {
    expect(await smallest(1, 8, async () => false, many())).toBe(8);
  });

  test('goes down to the least', async () => {
    expect(await smallest(2, 9, async () => true, many())).toBe(2);
  });
});
