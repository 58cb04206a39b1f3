/** Locks: no two sessions certainly hold one at once, and fencing tokens grow. */
import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { judgeObjects } from '../verdict/object-verdict.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { judgeLock } from './judge.ts';

function check(history: History, { maxAnomalies }: CheckOptions, budget: Budget): Verdict {
  const { name, version } = lock;
  const fine = 'no two sessions certainly held the lock at once';
  const asked = { name, version, type: 'lock' as const, maxAnomalies, judge: judgeLock, fine };
  return judgeObjects(history, asked, budget);
}

export const lock: Checker = {
  name: 'lock',
  version: '1',
  scope: 'key',
  types: ['lock'],
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Locks: no two sessions certainly hold one at once (from the end of an acknowledged acquire to the first ' +
    'invocation of a release), and where there are fencing tokens, a later acquire has a larger one.',
  source: 'Kleppmann: How to do distributed locking, 2016 (fencing tokens); mutex of Knossos',
  examples: {
    passes: 'A acquire 1; A release; B acquire 2; B release',
    fails: 'A acquire 1; B acquire 2; A release; B release',
  },
  check,
};
