/**
 * Disks without space: writes and syncs of the targets fail. A log that could not be written is closed for
 * good, so healing makes room and restarts the node, as an operator would.
 */
import type { Fault } from './fault.ts';
import { proveRunning, startAgain } from './kill.ts';
import { planTargets, shares } from './plan-targets.ts';
import { proofOf, type Trial } from './proof.ts';

export const diskFull: Fault = {
  kind: 'disk-full',
  variants: Object.keys(shares),
  describe: 'writes to the disk fail for want of space; then there is room, and the node restarts',
  colour: '#6c757d',
  needs: ['disk', 'kill'],
  plan: (context, variant, id) => planTargets('disk-full', context, variant, id),
  apply: async ({ machines }, plan) => {
    for (const node of plan.targets) machines!.fillDisk(node, true);
  },
  prove: async (cluster, plan, present) => {
    const trials = plan.targets.map(async (node): Promise<Trial> => {
      const full = cluster.machines!.isDiskFull(node);
      const text = `${node}: the disk ${full ? 'is full' : 'has space'}`;
      if (present || full) return { good: full === present, text };
      const running = await proveRunning(cluster, node);
      return { good: running.good, text: `${text}; ${running.text}` };
    });
    return proofOf(await Promise.all(trials), present);
  },
  heal: async (cluster, plan) => {
    for (const node of plan.targets) {
      cluster.machines!.fillDisk(node, false);
      await cluster.kill(node);
    }
    await startAgain(cluster, plan);
  },
};
