/** Counters: every read lies between what must have been added and what can have been. */
import type { History } from '../history/history.ts';
import type { ObjectOperation } from '../history/objects.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { judgeObjects } from '../verdict/object-verdict.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { judgeCounter } from './judge.ts';

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const realTime = options.realTime || options.promises.includes('linearizable');
  const asked = {
    name: counter.name,
    version: counter.version,
    type: 'counter' as const,
    maxAnomalies: options.maxAnomalies,
    judge: (ops: readonly ObjectOperation[], each: Budget) => judgeCounter(ops, each, realTime),
    fine: 'every read lies between what must have been added and what can have been',
  };
  return judgeObjects(history, asked, budget);
}

export const counter: Checker = {
  name: 'counter',
  version: '1',
  scope: 'key',
  types: ['counter'],
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Bounds of every read of a counter: at least what must have been added, at most what can have been. By real ' +
    'time, and between any two reads, where linearizability is promised; else by the own additions of ' +
    'each session.',
  source: 'counter of Jepsen, with negative amounts and with differences between reads',
  examples: {
    passes: 'A increment c 1 || B increment c 2; A r c 3',
    fails: 'A increment c 1; A increment c 2; A r c 1',
  },
  check,
};
