/** Nodes frozen by the cgroup freezer: alive for the kernel, silent for everybody else. */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Fault } from './fault.ts';
import { planTargets, shares } from './plan-targets.ts';
import { proofActive, proofGone, type Trial } from './proof.ts';

/** A node that answers does so within milliseconds; silence for this long is a freeze. */
const silentAfterMs = 500;
const thawDeadlineMs = 5000;

async function trial(cluster: Cluster, name: string, present: boolean): Promise<Trial> {
  const node = cluster.nodes.find((each) => each.name === name)!;
  const state = await cluster.state(name);
  const waitMs = present ? silentAfterMs : thawDeadlineMs;
  const up = await cluster.inquiries.answers(cluster, node, waitMs);
  const good = state === (present ? 'paused' : 'running') && up === !present;
  return { good, text: `${name}: ${state}, ${up ? 'answers' : 'silent'}` };
}

function trials(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Trial[]> {
  return Promise.all(plan.targets.map((node) => trial(cluster, node, present)));
}

export const pause: Fault = {
  kind: 'pause',
  variants: Object.keys(shares),
  describe: 'the process is frozen, and thawed again',
  needs: ['pause'],
  plan: (context, variant, id) => planTargets('pause', context, variant, id),
  apply: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => cluster.pause(node)));
  },
  proveActive: async (cluster, plan) => proofActive(await trials(cluster, plan, true)),
  proveGone: async (cluster, plan) => proofGone(await trials(cluster, plan, false)),
  heal: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => cluster.resume(node)));
  },
};
