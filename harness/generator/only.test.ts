import { expect, test } from 'vitest';
import { makeRng } from '../world/rng.ts';
import { only } from './combinators.ts';
import { simulate } from './simulate.ts';
import { source } from './sources.ts';
import { rate, timeLimit } from './timing.ts';

/** Operations 0, 1, 2 ... at random times. */
const numbered = () =>
  rate(
    { perSecond: 100, spacing: 'exponential', rng: makeRng(3) },
    source(makeRng(4), 0, (value) => ({
      invocation: { f: 'write', key: 'x', value },
      state: value + 1,
    })),
  );

const options = { threads: [0, 1, 2, 3], seed: 1, opsMax: 200, latencyNs: () => 1e6 };

test('what is chosen is started when and as it would have been, and then there is nothing more', () => {
  const all = simulate(timeLimit(1e9, numbered()), options);
  const some = simulate(timeLimit(1e9, only([7, 2, 30], numbered())), options);
  const told = ({ invocation, scheduledNs }: (typeof all)[number]) =>
    JSON.stringify([invocation, Math.round(scheduledNs)]);
  expect(some.map(told)).toEqual([2, 7, 30].map((i) => told(all[i])));
});

test('nothing chosen is nothing started', () => {
  expect(simulate(timeLimit(1e9, only([], numbered())), options)).toEqual([]);
});
