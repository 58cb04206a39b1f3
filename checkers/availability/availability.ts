/**
 * Availability: the share of operations that were answered, and how long that took.
 *
 * Overall, in each phase, on each node, in each fault window and on each side of a partition. For each fault
 * five figures: the share before it, the first failure, the worst second, the first success after the first
 * failure, and when it had recovered (every second from there on at 95 % of what was before). Times
 * are ms since the fault began.
 *
 * Reported, not judged, with two exceptions. An answer marked stale far from any fault breaks the promise that
 * fresh reads are available. "Far" is 1 s before and 10 s after, the time for which Engram calls itself
 * healing; nearer ones are counted. So are those during which other operations could not be started within a second
 * of their schedule: a machine that is overloaded keeps nodes from asking each other as a fault does, and one that
 * says so is honest. And a node that still refuses a key when that time is over has not
 * found back to the cluster.
 */

import { type FaultWindow, Flag, type History, Status } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { milliseconds, share } from '../verdict/quantiles.ts';
import type { Anomaly, Figure, Verdict } from '../verdict/verdict.ts';
import { describe, indices, keyName, lanes } from '../verdict/witness.ts';
import { Count, figuresOf, isAnswered, isLoad, loadOf } from './load.ts';
import { lateStarts } from './overload.ts';
import { lastingRefusals, refusalAnomaly } from './refusals.ts';

const secondNs = 1e9;
const calmBeforeFaultNs = 1e9;
const calmAfterFaultNs = 10e9;
/** Of the share before a fault, that means recovered. */
const recoveredShare = 0.95;

/** Nodes that could talk to the same others, both ways: the sides of a cut. */
function sidesOf(history: History, fault: FaultWindow): number[][] {
  const { grudge } = fault;
  if (grudge === null) return [];
  const drops = (node: number, peer: number): boolean => grudge[node]?.includes(peer) ?? false;
  const sides = new Map<string, number[]>();
  history.nodes.forEach((_, node) => {
    const reach = history.nodes
      .map((__, peer) => peer)
      .filter((peer) => peer === node || (!drops(node, peer) && !drops(peer, node)));
    const side = sides.get(reach.join(' '));
    if (side) side.push(node);
    else sides.set(reach.join(' '), [node]);
  });
  return [...sides.values()];
}

/** The five figures of one fault; shares of 1, times in ms since it began, null for never. */
export interface FaultFigures {
  readonly fault: string;
  readonly 'before-share': number | null;
  readonly 'during-share': number | null;
  readonly 'first-failure-ms': number | null;
  readonly 'worst-share': number | null;
  readonly 'first-success-ms': number | null;
  readonly 'recovered-ms': number | null;
  readonly 'recovered-after-heal-ms': number | null;
  readonly sides: readonly { readonly nodes: string; readonly figures: Record<string, Figure> }[];
  readonly figures: Record<string, Figure>;
}

interface Recovery {
  readonly before: number | null;
  readonly firstFailure: number;
  readonly worst: number | null;
  readonly firstSuccess: number;
  readonly recovered: number;
}

/** One scan over the load from a fault's length before it up to `untilNs`. */
function follow(history: History, fault: FaultWindow, untilNs: number): Recovery {
  const { n, invoke, complete } = history;
  const buckets = Math.max(1, Math.ceil((untilNs - fault.start) / secondNs));
  const ok = new Uint32Array(buckets);
  const all = new Uint32Array(buckets);
  const from = fault.start - (Math.min(fault.end, untilNs) - fault.start);
  const previousEnd = history.faults
    .filter((each) => each.end <= fault.start)
    .reduce((latest, each) => Math.max(latest, each.end), Number.NEGATIVE_INFINITY);
  let beforeOk = 0;
  let beforeAll = 0;
  let firstFailure = Number.POSITIVE_INFINITY;
  for (let row = 0; row < n; row++) {
    const at = invoke[row];
    if (at < from || at >= untilNs || !isLoad(history, row)) continue;
    const answered = isAnswered(history, row);
    if (at < fault.start) {
      if (at < previousEnd) continue;
      beforeAll++;
      if (answered) beforeOk++;
      continue;
    }
    const bucket = Math.min(buckets - 1, Math.floor((at - fault.start) / secondNs));
    all[bucket]++;
    if (answered) ok[bucket]++;
    else if (at < firstFailure) firstFailure = at;
  }
  let firstSuccess = Number.POSITIVE_INFINITY;
  for (let row = 0; row < n && firstFailure < Number.POSITIVE_INFINITY; row++) {
    if (invoke[row] < firstFailure || invoke[row] >= untilNs || !isLoad(history, row)) continue;
    if (isAnswered(history, row)) firstSuccess = Math.min(firstSuccess, complete[row]);
  }
  const before = share(beforeOk, beforeAll);
  const needed = recoveredShare * (before ?? 1);
  let worst: number | null = null;
  let recovered = fault.start;
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (all[bucket] === 0) continue;
    const rate = ok[bucket] / all[bucket];
    if (worst === null || rate < worst) worst = share(ok[bucket], all[bucket]);
    if (rate < needed) recovered = Number.POSITIVE_INFINITY;
    else if (recovered === Number.POSITIVE_INFINITY) recovered = fault.start + bucket * secondNs;
  }
  return { before, firstFailure, worst, firstSuccess, recovered };
}

function faultFigures(history: History, fault: FaultWindow, loadEndNs: number): FaultFigures {
  const next = history.faults.find((each) => each.start > fault.start && each.start >= fault.end);
  const untilNs = Math.max(fault.start + 1, Math.min(next?.start ?? loadEndNs, loadEndNs));
  const sides = sidesOf(history, fault).map((nodes) => ({ nodes, tally: new Count() }));
  const during = new Count();
  for (let row = 0; row < history.n; row++) {
    const at = history.invoke[row];
    if (at < fault.start || at >= fault.end || !isLoad(history, row)) continue;
    const answered = isAnswered(history, row);
    const latencyNs = history.complete[row] - at;
    during.add(answered, latencyNs);
    for (const side of sides) {
      if (side.nodes.includes(history.node[row])) side.tally.add(answered, latencyNs);
    }
  }
  const { before, firstFailure, worst, firstSuccess, recovered } = follow(history, fault, untilNs);
  return {
    fault: `${fault.kind} ${fault.variant} #${fault.id}`,
    'before-share': before,
    'during-share': share(during.ok, during.all),
    'first-failure-ms': milliseconds(firstFailure - fault.start),
    'worst-share': worst,
    'first-success-ms': milliseconds(firstSuccess - fault.start),
    'recovered-ms': milliseconds(recovered - fault.start),
    'recovered-after-heal-ms': milliseconds(Math.max(0, recovered - fault.end)),
    sides: sides.map(({ nodes, tally }) => ({
      nodes: nodes.map((node) => history.nodes[node]).join(' '),
      figures: figuresOf(tally),
    })),
    figures: figuresOf(during),
  };
}

/** Answers marked stale: rows of those far from any fault, and how many there are near one or under overload. */
function staleAnswers(history: History) {
  const calm: number[] = [];
  let near = 0;
  for (let row = 0; row < history.n; row++) {
    if ((history.flags[row] & Flag.Stale) === 0 || history.status[row] !== Status.Ok) continue;
    const isNear = history.faults.some(
      (fault) =>
        history.complete[row] >= fault.start - calmBeforeFaultNs &&
        history.invoke[row] <= fault.end + calmAfterFaultNs,
    );
    if (isNear) near++;
    else calm.push(row);
  }
  if (calm.length === 0) return { calm, near, overloaded: 0 };
  const late = lateStarts(history);
  const unexcused = calm.filter((row) => !late.within(history.invoke[row], history.complete[row]));
  return { calm: unexcused, near, overloaded: calm.length - unexcused.length };
}

function staleAnomaly(history: History, row: number, count: number): Anomaly {
  return {
    pattern: 'stale-in-calm',
    violates: ['availability of fresh reads'],
    key: keyName(history, row),
    ops: indices(history, [row]),
    summary: `${describe(history, row)}; the answer was marked stale, and no fault was near`,
    steps: [describe(history, row)],
    lanes: lanes(history, [row]),
    count,
    // One operation, which says itself that it is stale: there is nothing to leave out.
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const { overall, phases, nodes, ok, all, inFaults, endNs } = loadOf(history, budget);
  const faults = history.faults.map((fault) => {
    budget.step();
    return faultFigures(history, fault, endNs);
  });
  const stale = staleAnswers(history);
  const refused = lastingRefusals(history, calmAfterFaultNs);
  const groups = new Groups<number>();
  for (const row of refused) groups.add('refused-after-heal', String(history.node[row]), row);
  for (const row of stale.calm) groups.add('stale-in-calm', String(history.node[row]), row);
  const { 'operation-count': _, ...figures } = overall;
  const isMute = ok === 0;
  return {
    checker: availability.name,
    version: availability.version,
    valid: isMute ? 'unknown' : groups.size === 0,
    ...(isMute ? { reason: 'too-few-ok' as const } : {}),
    message: isMute
      ? 'no operation was answered'
      : groups.size > 0
        ? [
            ...(refused.length > 0 ? [`${refused.length} final reads were still refused`] : []),
            ...(stale.calm.length > 0
              ? [`${stale.calm.length} answers were stale although no fault was near`]
              : []),
          ].join('; ')
        : `${ok} of ${all} operations were answered`,
    figures: {
      ...figures,
      'answered-in-faults-share': share(inFaults.ok, inFaults.all),
      'stale-in-calm-count': stale.calm.length,
      'stale-near-faults-count': stale.near,
      'stale-under-overload-count': stale.overloaded,
      'refused-after-heal-count': refused.length,
    },
    details: { phases, nodes, faults },
    anomalies: groups.show(options.maxAnomalies, (row, count) =>
      history.status[row] === Status.Ok
        ? staleAnomaly(history, row, count)
        : refusalAnomaly(history, row, count),
    ),
    counts: groups.counts(),
  };
}

export const availability: Checker = {
  name: 'availability',
  version: '3',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'not judged',
  decides:
    'The share and latency of answered operations: overall, per phase, node, fault and side of a ' +
    'partition, with five figures for each fault. Reported, not judged; violations are only an ' +
    'answer that is marked stale far from any fault while the load keeps its schedule, and a node ' +
    'that still refuses a key 10 s after the last fault, up to the last final read.',
  source:
    'harvest and yield: Fox and Brewer, HotOS 1999 (the share is yield); Dean and Barroso, 2013, for ' +
    'quantiles rather than means',
  examples: { passes: 'A w x 1; B r x 1', fails: 'A w x 1; B r x 0 stale' },
  check,
};
