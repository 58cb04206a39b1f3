/** Nodes frozen by the cgroup freezer: alive for the kernel, silent for everybody else. */

import type { Cluster } from '../harness/cluster/cluster.ts';
import { ask } from '../harness/cluster/ready.ts';
import type { Fault, FaultPlan, Proof } from './fault.ts';
import { planTargets } from './kill.ts';

const answerTimeoutMs = 500;

async function prove(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Proof> {
  const wanted = present ? 'paused' : 'running';
  const lines = await Promise.all(
    plan.targets.map(async (node) => {
      const { url } = cluster.nodes.find((each) => each.name === node)!;
      const state = await cluster.state(node);
      const timeoutMs = present ? answerTimeoutMs : 10 * answerTimeoutMs;
      const up = (await ask(url, '/health', timeoutMs)) !== null;
      const good = state === wanted && up === !present;
      const verdict = good ? 'expected' : 'NOT EXPECTED';
      return { good, text: `${node}: ${state}, ${up ? 'answers' : 'silent'} (${verdict})` };
    }),
  );
  const evidence = lines.map((line) => line.text);
  const right = lines.filter((line) => line.good).length;
  const all = right === lines.length;
  if (present) return { effective: all ? 'effective' : right > 0 ? 'partial' : 'none', evidence };
  return { effective: all ? 'none' : 'partial', evidence };
}

export const pause: Fault = {
  kind: 'pause',
  variants: ['one', 'minority', 'all'],
  describe: 'the process is frozen, and thawed again',
  colour: '#edae49',
  needs: ['pause'],
  plan: (context, variant, id) => planTargets('pause', context, variant, id),
  apply: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => cluster.pause(node)));
  },
  prove,
  heal: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => cluster.resume(node)));
  },
};
