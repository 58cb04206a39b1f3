/**
 * Membership, from looks at `/cluster/nodes`: how long until a stopped node was noticed and by all; who was
 * called dead though nothing was wrong; and whether all nodes see each other again after the heal.
 *
 * Only the last is judged: after the last fault, and some time to settle, each node must hold each other one
 * alive. Detection times are as exact as the nodes' own `last_change_ms_ago`; false suspicions are counted, since
 * failure detectors may be wrong sometimes (Chandra and Toueg 1996).
 */

import type { FaultWindow, History } from '../history/history.ts';
import { lastHeal, nearFault, seconds, type ViewSample, viewSamples } from '../history/samples.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { milliseconds, Numbers, quantilesOf } from '../verdict/quantiles.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';

/** So long after the last fault all nodes must see each other. */
const settleNs = 10e9;

/** Could the observer notice this fault of the target? */
function isVisible(fault: FaultWindow, observer: number, target: number): boolean {
  if (observer === target) return false;
  if (fault.grudge !== null) {
    const drops = (node: number, peer: number) => fault.grudge![node]?.includes(peer) ?? false;
    return drops(observer, target) && drops(target, observer);
  }
  return fault.targets.includes(target) && !fault.targets.includes(observer);
}

interface Detection {
  readonly fault: FaultWindow;
  /** Until each observer called a target dead, ns since the fault began. */
  readonly timesNs: readonly number[];
  /** Pairs of observer and target that were never noticed while the fault lasted. */
  readonly missed: number;
}

function detect(history: History, views: readonly ViewSample[], fault: FaultWindow): Detection {
  const noticed = new Map<number, number>();
  const width = history.nodes.length;
  for (const { time, node, members } of views) {
    if (time < fault.start || time > fault.end) continue;
    for (const { node: target, state, changedAt } of members) {
      if (state !== 'dead' || target < 0 || !isVisible(fault, node, target)) continue;
      if (changedAt < fault.start || noticed.has(node * width + target)) continue;
      noticed.set(node * width + target, changedAt - fault.start);
    }
  }
  let pairs = 0;
  for (let node = 0; node < width; node++) {
    for (let target = 0; target < width; target++) {
      if (isVisible(fault, node, target)) pairs++;
    }
  }
  return { fault, timesNs: [...noticed.values()], missed: pairs - noticed.size };
}

/** Looks in which a node is called suspect or dead though no fault is near. */
function falseAlarms(history: History, views: readonly ViewSample[]) {
  const seen = { suspect: new Set<string>(), dead: new Set<string>() };
  for (const { time, node, members } of views) {
    if (nearFault(history.faults, time, settleNs)) continue;
    for (const { node: target, state, incarnation } of members) {
      if (target < 0 || (state !== 'suspect' && state !== 'dead')) continue;
      seen[state].add(`${node} ${target} ${incarnation}`);
    }
  }
  return { suspicions: seen.suspect.size, deaths: seen.dead.size };
}

/**
 * From when on the newest looks at all nodes show all others alive, ns after the last fault; null for
 * never, or where the looks ended before.
 */
function equalAfter(history: History, views: readonly ViewSample[]): number | null {
  const healedAt = lastHeal(history.faults);
  const observers = new Set(views.map((view) => view.node));
  const latest = new Map<number, ViewSample>();
  let since: number | null = null;
  for (const view of views) {
    if (view.time < healedAt) continue;
    latest.set(view.node, view);
    const isEqual =
      latest.size === observers.size && differences([...latest.values()]).length === 0;
    if (!isEqual) since = null;
    else since ??= view.time - healedAt;
  }
  return since;
}

interface Difference {
  readonly view: ViewSample;
  readonly target: number;
  /** How the observer sees it; null where it does not know it at all. */
  readonly state: string | null;
}

/** The last look at each node, if it came long enough after the last fault. */
function lastViews(history: History, views: readonly ViewSample[]): ViewSample[] {
  const since = lastHeal(history.faults) + settleNs;
  const last = new Map<number, ViewSample>();
  for (const view of views) if (view.time >= since) last.set(view.node, view);
  return [...last.values()].sort((a, b) => a.node - b.node);
}

function differences(views: readonly ViewSample[]): Difference[] {
  const found: Difference[] = [];
  for (const view of views) {
    for (const { node: target } of views) {
      if (target === view.node) continue;
      const state = view.members.find((each) => each.node === target)?.state ?? null;
      if (state !== 'alive') found.push({ view, target, state });
    }
  }
  return found;
}

function explain(history: History, { view, target, state }: Difference, count: number): Anomaly {
  const [who, whom] = [history.nodes[view.node], history.nodes[target]];
  const how = state === null ? 'does not know' : `calls ${state}`;
  return {
    pattern: 'views-differ',
    violates: ['views equal after heal'],
    key: null,
    ops: [],
    summary: `${who} ${how} ${whom} after the heal, though ${whom} is there and answers`,
    steps: [
      `the last fault ended at ${seconds(lastHeal(history.faults))}`,
      `${who} ${how} ${whom} at ${seconds(view.time)}`,
    ],
    lanes: [],
    count,
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const views = viewSamples(history);
  budget.step();
  const detections = history.faults.map((fault) => detect(history, views, fault));
  const times = new Numbers();
  const spread = new Numbers();
  for (const { timesNs } of detections) {
    for (const each of timesNs) times.push(each);
    if (timesNs.length > 1) spread.push(Math.max(...timesNs) - Math.min(...timesNs));
  }
  const detection = quantilesOf(times.toArray());
  const propagation = quantilesOf(spread.toArray());
  const alarms = falseAlarms(history, views);
  const last = lastViews(history, views);
  const equalNs = equalAfter(history, views);
  const groups = new Groups<Difference>();
  for (const each of differences(last)) {
    groups.add('views-differ', `${each.view.node} ${each.target}`, each);
  }
  const ms = (ns: number | undefined): number | null =>
    ns === undefined ? null : milliseconds(ns);
  const isUnknown = views.length === 0;
  return {
    checker: membership.name,
    version: membership.version,
    valid: isUnknown ? 'unknown' : groups.size === 0,
    // Nothing to look at is no doubt about the store.
    ...(isUnknown ? { reason: 'not-judged' as const } : {}),
    message: isUnknown
      ? 'nobody looked at /cluster/nodes, or no node answered'
      : groups.size > 0
        ? `${groups.size} pairs of nodes do not see each other after the heal`
        : last.length > 0 || equalNs !== null
          ? 'all nodes see each other after the heal'
          : 'the run ended before the views after the heal could be judged',
    figures: {
      'view-count': views.length,
      'views-judged-after-heal-count': last.length,
      'views-equal-after-heal-ms': equalNs === null ? null : milliseconds(equalNs),
      'detection-p50-ms': ms(detection?.p50),
      'detection-max-ms': ms(detection?.max),
      'propagation-max-ms': ms(propagation?.max),
      'false-suspicion-count': alarms.suspicions,
      'false-death-count': alarms.deaths,
    },
    details: {
      detections: detections.map(({ fault, timesNs, missed }) => ({
        fault: `${fault.kind} ${fault.variant} #${fault.id}`,
        'first-ms': timesNs.length === 0 ? null : milliseconds(Math.min(...timesNs)),
        'last-ms': timesNs.length === 0 ? null : milliseconds(Math.max(...timesNs)),
        noticed: timesNs.length,
        missed,
      })),
    },
    anomalies: groups.show(options.maxAnomalies, (each, count) => explain(history, each, count)),
    counts: groups.counts(),
  };
}

export const membership: Checker = {
  name: 'membership',
  version: '1',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'not judged',
  mayBeUnseen: true,
  decides:
    'How soon nodes noticed that another one was gone, how often they were wrong, and whether all ' +
    'see each other again after the heal. Only the last can be violated.',
  source: 'SWIM: Das, Gupta, Motivala, DSN 2002; Lifeguard: Dadgar, Phillips, Currey, 2017',
  examples: {
    passes: `A w x 1 || B w y 1
sample 20 n1 /cluster/nodes {"nodes":[{"id":"n1","state":"alive","local":true},{"id":"n2","state":"alive"}]}
sample 20 n2 /cluster/nodes {"nodes":[{"id":"n1","state":"alive"},{"id":"n2","state":"alive","local":true}]}`,
    fails: `A w x 1 || B w y 1
sample 20 n1 /cluster/nodes {"nodes":[{"id":"n1","state":"alive","local":true},{"id":"n2","state":"dead"}]}
sample 20 n2 /cluster/nodes {"nodes":[{"id":"n1","state":"alive"},{"id":"n2","state":"alive","local":true}]}`,
  },
  check,
};
