/** Sources of ids. */
import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { judgeObjects } from '../verdict/object-verdict.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { judgeIds } from './judge.ts';

function check(history: History, { maxAnomalies }: CheckOptions, budget: Budget): Verdict {
  const { name, version } = uniqueIds;
  const fine = 'no id was given out twice';
  const asked = { name, version, type: 'unique-ids' as const, maxAnomalies, judge: judgeIds, fine };
  return judgeObjects(history, asked, budget);
}

export const uniqueIds: Checker = {
  name: 'unique-ids',
  version: '1',
  scope: 'key',
  types: ['unique-ids'],
  takesRepeated: true,
  foreign: 'judged',
  decides: 'Sources of ids: no id is given out twice.',
  source: 'unique-ids of Jepsen',
  examples: {
    passes: 'A generate 1; B generate 2 || C generate 3',
    fails: 'A generate 1; B generate 2 || C generate 1',
  },
  check,
};
