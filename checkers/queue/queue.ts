/**
 * Queues: what was acknowledged comes out, once, and in the order of each producer. Delivery is a promise: at least
 * once counts duplicates, at most once counts losses, and exactly once, the default, allows neither.
 */
import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { judgeObjects } from '../verdict/object-verdict.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { type Delivery, judgeQueue } from './judge.ts';

function deliveryOf({ promises }: CheckOptions): Delivery {
  return {
    duplicates: promises.includes('at-least-once') ? 'counted' : 'violations',
    losses: promises.includes('at-most-once') ? 'counted' : 'violations',
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const delivery = deliveryOf(options);
  const asked = {
    name: queue.name,
    version: queue.version,
    type: 'queue' as const,
    maxAnomalies: options.maxAnomalies,
    judge: (ops: Parameters<typeof judgeQueue>[0], each: Budget) => judgeQueue(ops, each, delivery),
    fine: 'what was put in came out, once, and in the order of each producer',
  };
  return judgeObjects(history, asked, budget);
}

export const queue: Checker = {
  name: 'queue',
  version: '1',
  scope: 'key',
  types: ['queue'],
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Delivery from queues: nothing that was acknowledged is lost, nothing comes out twice, nothing that was ' +
    'not put in, and what one producer put in comes out in its order. Losses need a last look: a drain, ' +
    'or a dequeue that finds nothing, after everything else.',
  source:
    'Henzinger, Sezgin, Vafeiadis: Aspect-Oriented Linearizability Proofs, CONCUR 2013 (the violations); ' +
    'total-queue of Jepsen (the figures)',
  examples: {
    passes: 'A enqueue 1; A enqueue 2; B dequeue 1; B drain [2]',
    fails: 'A enqueue 1; A enqueue 2; B dequeue 2; B drain []',
  },
  check,
};
