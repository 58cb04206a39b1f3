/** Looks at what the nodes of a cluster see of each other. */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { NetworkPowers } from '../harness/cluster/powers.ts';
import type { Grudge } from '../harness/generator/fault-plan.ts';
import { judge, type Seen } from './partition-proof.ts';

/** Of the first attempt; each further one takes twice as long, for a machine that is busy. */
const connectTimeoutMs = 200;
const attemptsMax = 3;

export function networkOf({ network }: Cluster): NetworkPowers {
  if (!network) throw new Error('this cluster has no network under our hands');
  return network;
}

export async function look(
  cluster: Cluster,
  grudge: Grudge,
  timeoutMs = connectTimeoutMs,
): Promise<Seen> {
  const network = networkOf(cluster);
  const probes = cluster.nodes.map(({ name }) => network.probe(name, timeoutMs));
  return judge(cluster.nodes, await Promise.all(probes), grudge);
}

/**
 * A connection that fails though nothing stands in its way, or a rule that met no packet yet, may be a busy
 * machine: that is tried again. One that comes about through a cut is evidence at once.
 */
export async function lookUntilSure(cluster: Cluster, grudge: Grudge): Promise<Seen> {
  for (let attempt = 1; ; attempt++) {
    const seen = await look(cluster, grudge, connectTimeoutMs * 2 ** (attempt - 1));
    if (!seen.unsure || attempt === attemptsMax) return seen;
  }
}
