/**
 * Routing: how many forwards an answer took, with and without faults near, and how often the first guess was
 * wrong. A request that does not end within two forwards (to whom the route names, and on to whom that one
 * names) is going round in circles: that is the one violation.
 */

import { type History, Status } from '../history/history.ts';
import { nearFault } from '../history/samples.ts';
import { type Budget, type Checker, type CheckOptions, STEP_MASK } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { share } from '../verdict/quantiles.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { describe, indices, keyName, lanes } from '../verdict/witness.ts';

const hopsMax = 2;
const unknownHops = 255;
/** So long after a fault routes may still be wrong. */
const settleNs = 10e9;

function explain(history: History, row: number, count: number): Anomaly {
  const hops = history.hops![row];
  return {
    pattern: 'route-loop',
    violates: ['at most two forwards'],
    key: keyName(history, row),
    ops: indices(history, [row]),
    summary: `${describe(history, row)}, after ${hops} forwards`,
    steps: [
      `${describe(history, row)}; the answer took ${hops} forwards, at most ${hopsMax} are needed`,
    ],
    lanes: lanes(history, [row]),
    count,
    // One answer, which says itself how far it went.
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const { hops, status } = history;
  const byHops = new Map<number, number>();
  const groups = new Groups<number>();
  let calm = 0;
  let calmStale = 0;
  for (let row = 0; hops !== null && row < history.n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    const count = hops[row];
    if (count === unknownHops || status[row] !== Status.Ok) continue;
    byHops.set(count, (byHops.get(count) ?? 0) + 1);
    if (count > hopsMax) {
      groups.add('route-loop', `${history.key[row]} ${history.node[row]}`, row);
    }
    if (nearFault(history.faults, history.invoke[row], settleNs)) continue;
    calm++;
    if (count >= hopsMax) calmStale++;
  }
  const total = [...byHops.values()].reduce((sum, count) => sum + count, 0);
  const of = (count: number): number => byHops.get(count) ?? 0;
  const isUnknown = total === 0;
  return {
    checker: routing.name,
    version: routing.version,
    valid: isUnknown ? 'unknown' : groups.size === 0,
    // Nothing to look at is no doubt about the store.
    ...(isUnknown ? { reason: 'not-judged' as const } : {}),
    message: isUnknown
      ? 'no answer says how often it was forwarded'
      : groups.size > 0
        ? `${groups.counts()['route-loop']} answers took more than ${hopsMax} forwards`
        : `${total} answers, none with more than ${hopsMax} forwards`,
    figures: {
      'answer-count': total,
      'local-share': share(of(0), total),
      'one-hop-share': share(of(1), total),
      'stale-route-share': share(of(hopsMax), total),
      'calm-stale-route-share': share(calmStale, calm),
      'hops-max': total === 0 ? null : Math.max(...byHops.keys()),
    },
    details: { hops: Object.fromEntries([...byHops].sort(([a], [b]) => a - b)) },
    anomalies: groups.show(options.maxAnomalies, (row, count) => explain(history, row, count)),
    counts: groups.counts(),
  };
}

export const routing: Checker = {
  name: 'routing',
  version: '1',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'not judged',
  mayBeUnseen: true,
  decides:
    'The share of answers that were served where they were asked, after one forward, or by a stale ' +
    'route after two. More than two forwards are a violation.',
  source: 'request routing: DeCandia et al. (Dynamo), SOSP 2007, section 4.5',
  examples: { passes: 'A w x 1; B r x 1 hops 2', fails: 'A w x 1; B r x 1 hops 3' },
  check,
};
