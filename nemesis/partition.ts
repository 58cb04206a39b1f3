/**
 * Network partitions: each node drops the packets of the peers in its grudge. How that is done is the runtime's
 * business (`NetworkPowers`); what counts as proof is in `partition-proof.ts`.
 */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { NetworkPowers } from '../harness/cluster/powers.ts';
import type { Grudge } from '../harness/generator/fault-plan.ts';
import type { Fault } from './fault.ts';
import { affected, isolate, makeGrudge, shapes } from './grudges.ts';
import { judge, proofOfCut, proofOfHeal, type Seen } from './partition-proof.ts';

const connectTimeoutMs = 400;
const attemptsMax = 3;
const askTimeoutMs = 1000;

function networkOf({ network }: Cluster): NetworkPowers {
  if (!network) throw new Error('this cluster has no network under our hands');
  return network;
}

/**
 * A connection that fails though nothing stands in its way, or a rule that met no packet yet, may be a busy
 * machine: that is tried again. One that comes about through a cut is evidence at once.
 */
async function look(cluster: Cluster, grudge: Grudge): Promise<Seen> {
  const network = networkOf(cluster);
  for (let attempt = 1; ; attempt++) {
    const probes = cluster.nodes.map(({ name }) => network.probe(name, connectTimeoutMs));
    const seen = judge(cluster.nodes, await Promise.all(probes), grudge);
    if (!seen.unsure || attempt === attemptsMax) return seen;
  }
}

interface Spaces {
  readonly spaces?: readonly { readonly primary: string }[];
}

/** The node that is primary of most spaces, asked of the first node that answers. */
async function primaryOfMost(cluster: Cluster): Promise<string> {
  for (const node of cluster.nodes) {
    const answer = (await cluster.world.ask(
      node.url,
      '/cluster/spaces',
      askTimeoutMs,
    )) as Spaces | null;
    const counts = new Map<string, number>();
    for (const { primary } of answer?.spaces ?? []) {
      if (!cluster.nodes.some((each) => each.name === primary)) continue;
      counts.set(primary, (counts.get(primary) ?? 0) + 1);
    }
    const [most] = [...counts].sort(
      (left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1),
    );
    if (most) return most[0];
  }
  throw new Error('no node could say at /cluster/spaces which node is primary of a space');
}

export const partition: Fault = {
  kind: 'partition',
  variants: Object.keys(shapes),
  describe: 'packets between nodes are dropped where they arrive',
  colour: '#d1495b',
  needs: ['cut'],
  plan: ({ nodes, rng, startMs, durationMs }, variant, id) => {
    const grudge = makeGrudge(variant, nodes, rng);
    return {
      id,
      kind: 'partition',
      variant,
      atMs: startMs,
      untilMs: startMs + durationMs,
      targets: affected(grudge),
      grudge,
    };
  },
  resolve: async (cluster, plan) => {
    if (plan.variant !== 'isolate-primary') return plan;
    const primary = await primaryOfMost(cluster);
    const names = cluster.nodes.map((node) => node.name);
    return { ...plan, targets: [primary], grudge: isolate(primary, names) };
  },
  apply: (cluster, plan) => networkOf(cluster).cut(plan.grudge ?? {}, null),
  proveActive: async (cluster, plan) => proofOfCut(await look(cluster, plan.grudge ?? {})),
  proveGone: async (cluster) => proofOfHeal(await look(cluster, {})),
  heal: (cluster) => networkOf(cluster).heal(),
};
