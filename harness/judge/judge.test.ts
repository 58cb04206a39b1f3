/** Every checker, against run files that no store would have left. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeRun } from '../store/testing/made-runs.ts';
import { histories } from '../store/testing/random-rows.ts';
import { checkerNames, judgeRun } from './judge.ts';

it('no checker dies, whatever the rows say', () => {
  fc.assert(
    fc.property(histories, fc.boolean(), (drawn, realTime) => {
      const rows = drawn.map((each) => ({ ...each, node: `n${1 + ((each.idx * 7) % 3)}` }));
      const { verdicts } = judgeRun(makeRun(rows), {
        store: false,
        checkers: checkerNames,
        models: ['cc', 'ccv', 'cm'],
        realTime,
      });
      expect(verdicts.map((each) => each.checker)).toEqual(checkerNames);
      const dead = verdicts.filter((each) => each.message.startsWith('the checker itself failed'));
      expect(dead).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
