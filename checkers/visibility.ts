/**
 * What a node saw of the cluster while it served a request, as far as looks at it now and then can tell, and the
 * largest confidence that this allows (section 3.4 of ENGRAM.md: r = reachable / known; 1 - 0.5(1 - r), at least
 * 0.5, while partitioned; 0.9 for ten seconds after it).
 *
 * Two looks that agree do not say that nothing was different in between: a node that was healing may have become
 * connected, partitioned once more, and healing again. So only what cannot have been different counts:
 * a node is still healing for ten seconds after a look at which it was not; a node that a partition in
 * force separates from others cannot have reached them; and any other partitioned one has at most been healing.
 */
import type { FaultWindow, History } from './history.ts';
import { type HealthSample, healthSamples } from './samples.ts';

/** Two looks further apart than this do not vouch for the time between them. */
const vouchNs = 2.5e9;
/** A node is healing for ten seconds by its own clock, which may be fast. */
const healingNs = 8e9;
const healingFactor = 0.9;

/** What a node is known to have seen all the while. */
export interface Sight {
  readonly look: HealthSample;
  /** The largest factor that it may report. */
  readonly allowed: number;
}

/** The largest factor that a node may report while it sees this. */
export function allowedFactor({ state, reachable, total }: HealthSample): number {
  switch (state) {
    case 'connected':
      return 1;
    case 'healing':
      return healingFactor;
    case 'partitioned':
      return partitionFactor(reachable, total);
    default:
      return state satisfies never;
  }
}

function partitionFactor(reachable: number, total: number): number {
  return Math.max(0.5, 1 - 0.5 * (1 - reachable / total));
}

/** Asks what a node saw between two moments (ns); null where the looks at it do not tell. */
export function sightsOf(
  history: History,
): (node: number, from: number, to: number) => Sight | null {
  const { nodes, faults } = history;
  const looks: HealthSample[][] = nodes.map(() => []);
  for (const sample of healthSamples(history)) looks[sample.node]?.push(sample);
  // By look: when the node was last seen not to be healing.
  const otherwise = looks.map((own) => {
    let last = Number.NEGATIVE_INFINITY;
    return own.map(({ state, time }) => {
      if (state !== 'healing') last = time;
      return last;
    });
  });
  // A flapping cut lets everything through now and then.
  const cuts = faults.filter(({ kind, grudge }) => kind === 'partition' && grudge !== null);
  const restarts = faults.filter(({ kind }) => kind === 'kill' || kind === 'power');
  return (node, from, to) => {
    const own = looks[node];
    if (own === undefined) return null;
    const at = lastUpTo(own, from);
    const before = own[at];
    const after = own[at + 1];
    if (!before || !after || after.time < to || after.time - before.time > vouchNs) return null;
    if (before.state !== after.state || before.reachable !== after.reachable) return null;
    if (before.total !== after.total) return null;
    const isRestarted = ({ targets, start, end }: FaultWindow): boolean =>
      targets.includes(node) && start <= after.time && end >= before.time;
    // A node that starts knows of nobody else, so it is connected.
    if (restarts.some(isRestarted)) return null;
    switch (before.state) {
      case 'connected':
        return { look: before, allowed: 1 };
      case 'healing':
        if (to > otherwise[node]![at]! + healingNs) return null;
        return { look: before, allowed: healingFactor };
      case 'partitioned': {
        const cut = cuts.find(({ start, end }) => start <= before.time && after.time <= end);
        const reached = cut ? sideOf(cut, node, nodes.length) : before.total;
        const most =
          reached < before.total ? partitionFactor(reached, before.total) : healingFactor;
        return { look: before, allowed: Math.max(most, allowedFactor(before)) };
      }
      default:
        return before.state satisfies never;
    }
  };
}

/** Index of the last look up to `time`; -1 for none. */
function lastUpTo(looks: readonly HealthSample[], time: number): number {
  let at = 0;
  let end = looks.length;
  while (at < end) {
    const middle = (at + end) >>> 1;
    if (looks[middle]!.time <= time) at = middle + 1;
    else end = middle;
  }
  return at - 1;
}

/** How many nodes a node can reach in a partition, itself and those that others pass messages on to included. */
function sideOf({ grudge }: FaultWindow, node: number, nodes: number): number {
  const reached = new Set([node]);
  for (const one of reached) {
    for (let other = 0; other < nodes; other++) {
      // A message that gets through in one direction only may still say that its sender is alive.
      const isCut = grudge![one]?.includes(other) && grudge![other]?.includes(one);
      if (!isCut) reached.add(other);
    }
  }
  return reached.size;
}
