/** Keys with texts: linearizable, key by key. */
import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { judgeObjects } from '../verdict/object-verdict.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { judgeKv } from './judge.ts';

function check(history: History, { maxAnomalies }: CheckOptions, budget: Budget): Verdict {
  const { name, version } = kv;
  const fine = 'every key is linearizable';
  const asked = { name, version, type: 'kv' as const, maxAnomalies, judge: judgeKv, fine };
  return judgeObjects(history, asked, budget);
}

export const kv: Checker = {
  name: 'kv',
  version: '1',
  scope: 'key',
  types: ['kv'],
  takesRepeated: true,
  foreign: 'judged',
  decides: 'Linearizability of keys with strings: put, get and append, by search, key by key.',
  source:
    'Lowe: Testing for Linearizability, CCPE 2017; Herlihy, Wing: Linearizability, TOPLAS 1990',
  examples: {
    passes: 'A put k "a"; B append k "b" || C get k "a"; C get k "ab"',
    fails: 'A put k "a"; B append k "b"; C get k "a"',
  },
  property: 'linearizable',
  check,
};
