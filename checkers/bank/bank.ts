/** Accounts between which money is moved. */
import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { judgeObjects } from '../verdict/object-verdict.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { judgeBank } from './judge.ts';

function check(history: History, { maxAnomalies }: CheckOptions, budget: Budget): Verdict {
  const { name, version } = bank;
  const fine = 'every read has the same total, and no account is below zero';
  const asked = { name, version, type: 'bank' as const, maxAnomalies, judge: judgeBank, fine };
  return judgeObjects(history, asked, budget);
}

export const bank: Checker = {
  name: 'bank',
  version: '1',
  scope: 'key',
  types: ['bank'],
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Accounts between which money is moved: every read of all of them has the same total, and none is below zero.',
  source: 'bank of Jepsen',
  examples: {
    passes: 'A readbank {10 10}; B transfer {0 1 5}; A readbank {5 15}',
    fails: 'A readbank {10 10}; B transfer {0 1 5}; A readbank {5 10}',
  },
  check,
};
