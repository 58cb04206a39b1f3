/**
 * Disks without space: writes and syncs of the targets fail. A log that could not be written is closed for
 * good, so healing makes room and restarts the node, as an operator would.
 */
import type { Fault } from './fault.ts';
import { proveRunning, startAgain } from './kill.ts';
import { planTargets, shares } from './plan-targets.ts';
import { proofActive, proofGone, type Trial } from './proof.ts';

const sentence = (node: string, full: boolean): string =>
  `${node}: the disk ${full ? 'is full' : 'has space'}`;

export const diskFull: Fault = {
  kind: 'disk-full',
  variants: Object.keys(shares),
  describe: 'writes to the disk fail for want of space; then there is room, and the node restarts',
  colour: '#6c757d',
  needs: ['disk', 'kill'],
  plan: (context, variant, id) => planTargets('disk-full', context, variant, id),
  apply: async ({ machines }, plan) => {
    await Promise.all(plan.targets.map((node) => machines!.fillDisk(node, true)));
  },
  proveActive: async (cluster, plan) =>
    proofActive(
      await Promise.all(
        plan.targets.map(async (node): Promise<Trial> => {
          const full = await cluster.machines!.isDiskFull(node);
          return { good: full, text: sentence(node, full) };
        }),
      ),
    ),
  proveGone: async (cluster, plan) =>
    proofGone(
      await Promise.all(
        plan.targets.map(async (node): Promise<Trial> => {
          const full = await cluster.machines!.isDiskFull(node);
          if (full) return { good: false, text: sentence(node, full) };
          const running = await proveRunning(cluster, node);
          return { good: running.good, text: `${sentence(node, full)}; ${running.text}` };
        }),
      ),
    ),
  heal: async (cluster, plan) => {
    for (const node of plan.targets) {
      await cluster.machines!.fillDisk(node, false);
      await cluster.kill(node);
    }
    await startAgain(cluster, plan);
  },
};
