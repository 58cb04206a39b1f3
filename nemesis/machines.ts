/** The machines of a cluster that has them under its hands; faults that need them are refused before. */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { MachinePowers } from '../harness/cluster/powers.ts';

export function machinesOf({ machines }: Cluster): MachinePowers {
  if (!machines) throw new Error('this cluster has no machines under our hands');
  return machines;
}
