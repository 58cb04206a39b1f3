/**
 * Network partitions: each node drops the packets of the peers in its grudge. How that is done is the runtime's
 * business (`NetworkPowers`); what counts as proof is in `partition-proof.ts`.
 */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { Fault } from './fault.ts';
import { affected, ledShapes, makeGrudge, shapes } from './grudges.ts';
import { lookUntilSure, networkOf } from './network-look.ts';
import { proofOfCut, proofOfHeal } from './partition-proof.ts';

/** The node that leads, of most keys where there are several. */
async function primaryOfMost(cluster: Cluster): Promise<string> {
  const [most] = (await cluster.inquiries.primaries?.(cluster)) ?? [];
  if (most !== undefined) return most;
  throw new Error('no node could say which node is primary');
}

export const partition: Fault = {
  kind: 'partition',
  variants: Object.keys(shapes),
  describe: 'packets between nodes are dropped where they arrive',
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
    const shape = ledShapes[plan.variant];
    if (shape === undefined) return plan;
    const primary = await primaryOfMost(cluster);
    const names = cluster.nodes.map((node) => node.name);
    return { ...plan, targets: [primary], grudge: shape(primary, names) };
  },
  apply: (cluster, plan) => networkOf(cluster).cut(plan.grudge ?? {}, null),
  proveActive: async (cluster, plan) => proofOfCut(await lookUntilSure(cluster, plan.grudge ?? {})),
  proveGone: async (cluster) => proofOfHeal(await lookUntilSure(cluster, {})),
  heal: (cluster) => networkOf(cluster).heal(),
};
