import { expect, test } from 'vitest';
import { makeRng } from './rng.ts';

test('one seed gives the same numbers on every machine and in every version', () => {
  const rng = makeRng(42);
  const split = rng.split('client/3');
  expect({
    ints: Array.from({ length: 6 }, () => rng.int(1000)),
    shuffled: rng.shuffle(['n1', 'n2', 'n3', 'n4', 'n5']).join(' '),
    split: Array.from({ length: 6 }, () => split.int(1000)),
  }).toMatchInlineSnapshot(`
    {
      "ints": [
        550,
        844,
        535,
        751,
        898,
        247,
      ],
      "shuffled": "n3 n2 n4 n5 n1",
      "split": [
        183,
        954,
        186,
        225,
        322,
        650,
      ],
    }
  `);
});

test('a stream that was split off does not change the one it came from', () => {
  const plain = makeRng(5);
  const used = makeRng(5);
  used.split('a').float();
  expect(used.float()).toBe(plain.float());
  expect(makeRng(5).split('a').float()).toBe(makeRng(5).split('a').float());
});

test('neighbouring seeds and names give streams that do not resemble each other', () => {
  for (const stream of [(i: number) => makeRng(i), (i: number) => makeRng(1).split(String(i))]) {
    const draws = Array.from({ length: 8000 }, (_, i) => stream(i).int(8));
    for (let bucket = 0; bucket < 8; bucket++) {
      const share = draws.filter((each) => each === bucket).length / draws.length;
      expect(share).toBeGreaterThan(0.105);
      expect(share).toBeLessThan(0.145);
    }
    const repeated = draws.filter((each, i) => each === draws[i - 1]).length / draws.length;
    expect(repeated).toBeGreaterThan(0.105);
    expect(repeated).toBeLessThan(0.145);
  }
});

test('numbers lie within their bounds', () => {
  const rng = makeRng(1);
  for (let i = 0; i < 10_000; i++) {
    const float = rng.float();
    expect(float >= 0 && float < 1).toBe(true);
    expect(rng.int(3)).toBeLessThan(3);
  }
});
