/**
 * Split brain, from looks at `/cluster/spaces`: no generation of a space ever has two primaries, and two
 * sides that promoted separately agree again after the heal.
 *
 * Two primaries of different generations during a cut are no violation: that is how both sides go on. A
 * node that has just started knows few members and so places spaces wrongly; what it says of
 * generation 0, which nobody was promoted to, counts only while it knows everybody.
 */

import type { History } from '../history/history.ts';
import {
  healthSamples,
  lastHeal,
  type RouteSample,
  routeSamples,
  seconds,
} from '../history/samples.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';

/** How old a node's view of the members may be to vouch for what it says of generation 0. */
const vouchNs = 3e9;
/** So long after the last fault all nodes must agree. */
const mergeNs = 10e9;
/** What a node says so long is not just on its way to change. */
const persistNs = 3e9;

/** Did the node know all members shortly before the time? */
function knowsAll(history: History): (node: number, time: number) => boolean {
  const byNode = new Map<number, { readonly time: number; readonly total: number }[]>();
  let most = 0;
  for (const { time, node, total } of healthSamples(history)) {
    most = Math.max(most, total);
    const known = byNode.get(node);
    if (known) known.push({ time, total });
    else byNode.set(node, [{ time, total }]);
  }
  return (node, time) => {
    const samples = byNode.get(node);
    if (!samples) return true;
    const last = samples.findLast((each) => each.time <= time);
    return last !== undefined && last.total === most && time - last.time <= vouchNs;
  };
}

interface Conflict {
  readonly pattern: 'two-primaries' | 'unmerged';
  readonly samples: readonly RouteSample[];
}

function twoPrimaries(routes: readonly RouteSample[]): Conflict[] {
  const first = new Map<string, RouteSample>();
  const conflicts = new Map<string, Conflict>();
  for (const route of routes) {
    const name = `${route.generation} ${route.space}`;
    const known = first.get(name);
    if (!known) first.set(name, route);
    else if (known.primary !== route.primary && !conflicts.has(name)) {
      conflicts.set(name, { pattern: 'two-primaries', samples: [known, route] });
    }
  }
  return [...conflicts.values()];
}

/** Spaces on whose newest generation or primary the last looks differ. */
function unmerged(last: readonly RouteSample[]): Conflict[] {
  const bySpace = new Map<string, RouteSample[]>();
  for (const route of last) {
    const known = bySpace.get(route.space);
    if (known) known.push(route);
    else bySpace.set(route.space, [route]);
  }
  const conflicts: Conflict[] = [];
  for (const routes of bySpace.values()) {
    const other = routes.find(
      ({ primary, generation }) =>
        primary !== routes[0].primary || generation !== routes[0].generation,
    );
    if (other) conflicts.push({ pattern: 'unmerged', samples: [routes[0], other] });
  }
  return conflicts;
}

/** What each node said last, and had said for a while, long enough after the last fault. */
function lastLooks(history: History, routes: readonly RouteSample[]): RouteSample[] {
  const since = lastHeal(history.faults) + mergeNs;
  const last = new Map<number, number>();
  for (const { node, time } of routes) last.set(node, Math.max(last.get(node) ?? 0, time));
  const persists = (route: RouteSample): boolean =>
    routes.some(
      (each) =>
        each.node === route.node &&
        each.space === route.space &&
        each.primary === route.primary &&
        each.generation === route.generation &&
        each.time <= route.time - persistNs,
    );
  return routes.filter(
    (route) => route.time === last.get(route.node) && route.time >= since && persists(route),
  );
}

function told(history: History, { time, node, space, primary, generation }: RouteSample): string {
  const who = history.nodes[node] ?? 'a node';
  return `${who} said at ${seconds(time)}: primary of ${space} is ${primary}, generation ${generation}`;
}

function explain(history: History, { pattern, samples }: Conflict, count: number): Anomaly {
  const [left, right] = [samples[0], samples[1]];
  return {
    pattern,
    violates: ['at most one primary for each generation'],
    key: left.space,
    ops: [],
    summary:
      pattern === 'two-primaries'
        ? `generation ${left.generation} of ${left.space} has two primaries, ${left.primary} and ${right.primary}`
        : `after the heal nodes do not agree on the primary of ${left.space}`,
    steps: samples.map((each) => told(history, each)),
    lanes: [],
    count,
    // Two looks that contradict each other: neither can be left out.
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  budget.step();
  const vouched = knowsAll(history);
  const routes = routeSamples(history).filter(
    ({ node, time, generation }) => generation > 0 || vouched(node, time),
  );
  const last = lastLooks(history, routes);
  const groups = new Groups<Conflict>();
  for (const each of [...twoPrimaries(routes), ...unmerged(last)]) {
    const { space, generation } = each.samples[0];
    groups.add(each.pattern, `${space} ${generation}`, each);
  }
  const spaces = new Set(routes.map((route) => route.space));
  const generations = new Set(routes.map((route) => `${route.space} ${route.generation}`));
  const isUnknown = routes.length === 0;
  return {
    checker: splitBrain.name,
    version: splitBrain.version,
    valid: isUnknown ? 'unknown' : groups.size === 0,
    // Nothing to look at is no doubt about the store.
    ...(isUnknown ? { reason: 'not-judged' as const } : {}),
    message: isUnknown
      ? 'nobody looked at /cluster/spaces, or no node answered'
      : groups.size > 0
        ? Object.entries(groups.counts())
            .map(([pattern, count]) => `${count} ${pattern}`)
            .join(', ')
        : `${generations.size} generations of ${spaces.size} spaces, each with one primary`,
    figures: {
      'space-count': spaces.size,
      'generation-count': generations.size,
      'promotion-count': generations.size - spaces.size,
      'look-count': routes.length,
      'merge-judged': last.length > 0,
    },
    anomalies: groups.show(options.maxAnomalies, (each, count) => explain(history, each, count)),
    counts: groups.counts(),
  };
}

export const splitBrain: Checker = {
  name: 'split-brain',
  version: '1',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'not judged',
  mayBeUnseen: true,
  decides:
    'No generation of a space has two primaries, and after the heal all nodes name the same primary ' +
    'and generation. Two generations side by side during a cut are allowed.',
  source: 'election safety and terms: Ongaro and Ousterhout (Raft), 2014, section 5.2',
  examples: {
    passes: `A w x 1
sample 1 n1 /cluster/spaces {"spaces":[{"space":"kitchen","primary":"n1","generation":1}]}
sample 2 n2 /cluster/spaces {"spaces":[{"space":"kitchen","primary":"n2","generation":2}]}
sample 13 n1 /cluster/spaces {"spaces":[{"space":"kitchen","primary":"n2","generation":2}]}
sample 13 n2 /cluster/spaces {"spaces":[{"space":"kitchen","primary":"n2","generation":2}]}`,
    fails: `A w x 1
sample 1 n1 /cluster/spaces {"spaces":[{"space":"kitchen","primary":"n1","generation":1}]}
sample 2 n2 /cluster/spaces {"spaces":[{"space":"kitchen","primary":"n2","generation":1}]}`,
  },
  check,
};
