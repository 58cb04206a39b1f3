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
import type { FaultWindow, History } from '../history/history.ts';
import { type HealthSample, healthSamples } from '../history/samples.ts';

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

/** What two looks in a row tell, and until when, ns; null: nothing. */
interface Span {
  readonly sight: Sight | null;
  readonly until: number;
}

/** Asks what a node saw between two moments (ns); null where the looks at it do not tell. */
export function sightsOf(
  history: History,
): (node: number, from: number, to: number) => Sight | null {
  const { nodes, faults } = history;
  const looks: HealthSample[][] = nodes.map(() => []);
  for (const sample of healthSamples(history)) looks[sample.node]?.push(sample);
  // A flapping cut lets everything through now and then.
  const cuts = faults
    .filter(({ kind, grudge }) => kind === 'partition' && grudge !== null)
    .map(({ start, end, grudge }) => ({ start, end, sides: sidesOf(grudge!, nodes.length) }));
  const restarts = faults.filter(({ kind }) => kind === 'kill' || kind === 'power');

  const spanOf = (before: HealthSample, after: HealthSample, notHealingAt: number): Span => {
    const { node, state, reachable, total, time } = before;
    const nothing = { sight: null, until: 0 };
    if (after.time - time > vouchNs || state !== after.state) return nothing;
    if (reachable !== after.reachable || total !== after.total) return nothing;
    const isRestart = ({ targets, start, end }: FaultWindow): boolean =>
      targets.includes(node) && start <= after.time && end >= time;
    // A node that starts knows of nobody else, so it is connected.
    if (restarts.some(isRestart)) return nothing;
    let allowed = allowedFactor(before);
    let until = after.time;
    if (state === 'healing') until = Math.min(until, notHealingAt + healingNs);
    if (state === 'partitioned') {
      const cut = cuts.find(({ start, end }) => start <= time && after.time <= end);
      const reached = cut?.sides[node] ?? total;
      const most = reached < total ? partitionFactor(reached, total) : healingFactor;
      allowed = Math.max(allowed, most);
    }
    return { sight: { look: before, allowed }, until };
  };

  const spans = looks.map((own) => {
    let notHealingAt = Number.NEGATIVE_INFINITY;
    return own.slice(0, -1).map((before, i) => {
      if (before.state !== 'healing') notHealingAt = before.time;
      return spanOf(before, own[i + 1], notHealingAt);
    });
  });
  return (node, from, to) => {
    const span = spans[node]?.[lastUpTo(looks[node], from)];
    return span !== undefined && to <= span.until ? span.sight : null;
  };
}

/** Index of the last look up to `time`; -1 for none. */
function lastUpTo(looks: readonly HealthSample[], time: number): number {
  let at = 0;
  let end = looks.length;
  while (at < end) {
    const middle = (at + end) >>> 1;
    if (looks[middle].time <= time) at = middle + 1;
    else end = middle;
  }
  return at - 1;
}

/**
 * By node: how many nodes it can reach in a partition, itself and those that others pass messages on to included.
 * `grudge`: by node, whose packets it drops.
 */
function sidesOf(grudge: readonly (readonly number[])[], nodes: number): number[] {
  const sizes = new Array<number>(nodes).fill(0);
  for (let node = 0; node < nodes; node++) {
    if (sizes[node] !== 0) continue;
    const side = new Set([node]);
    for (const one of side) {
      for (let other = 0; other < nodes; other++) {
        // A message that gets through in one direction only may still say that its sender is alive.
        const isCut = grudge[one]?.includes(other) && grudge[other]?.includes(one);
        if (!isCut) side.add(other);
      }
    }
    for (const one of side) sizes[one] = side.size;
  }
  return sizes;
}
