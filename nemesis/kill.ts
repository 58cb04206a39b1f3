/**
 * kill -9 and restart on the same data. Not a power loss: what the kernel had been given survives.
 */

import type { Cluster } from '../harness/cluster/cluster.ts';
import { ask } from '../harness/cluster/ready.ts';
import type { Fault, FaultPlan, PlanContext, Proof } from './fault.ts';

const answerTimeoutMs = 1000;
const restartDeadlineMs = 10_000;

/** How many nodes each variant hits. */
export const shares: Readonly<Record<string, (nodes: number) => number>> = {
  one: () => 1,
  minority: (nodes) => Math.max(1, Math.floor((nodes - 1) / 2)),
  all: (nodes) => nodes,
};

/** Targets for a fault that hits whole nodes. */
export function planTargets(
  kind: string,
  { nodes, rng, startMs, durationMs }: PlanContext,
  variant: string,
  id: number,
): FaultPlan {
  const targets = rng.shuffle(nodes).slice(0, shares[variant]!(nodes.length)).sort();
  return { id, kind, variant, atMs: startMs, untilMs: startMs + durationMs, targets };
}

async function answers(cluster: Cluster, node: string): Promise<boolean> {
  const { url } = cluster.nodes.find((each) => each.name === node)!;
  return (await ask(url, '/health', answerTimeoutMs)) !== null;
}

async function prove(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Proof> {
  const wanted = present ? 'exited' : 'running';
  const until = Date.now() + restartDeadlineMs;
  const evidence: string[] = [];
  let right = 0;
  for (const node of plan.targets) {
    let state = await cluster.state(node);
    let up = await answers(cluster, node);
    while (!present && !(state === 'running' && up) && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      state = await cluster.state(node);
      up = await answers(cluster, node);
    }
    const good = state === wanted && up === !present;
    if (good) right++;
    const verdict = good ? 'expected' : 'NOT EXPECTED';
    evidence.push(`${node}: ${state}, ${up ? 'answers' : 'does not answer'} (${verdict})`);
  }
  const all = right === plan.targets.length;
  if (present) return { effective: all ? 'effective' : right > 0 ? 'partial' : 'none', evidence };
  return { effective: all ? 'none' : 'partial', evidence };
}

export const kill: Fault = {
  kind: 'kill',
  variants: Object.keys(shares),
  describe: 'SIGKILL to the process, and a restart on the same data',
  colour: '#30638e',
  needs: ['kill'],
  plan: (context, variant, id) => planTargets('kill', context, variant, id),
  apply: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => cluster.kill(node)));
  },
  prove,
  heal: async (cluster, plan) => {
    await Promise.all(
      plan.targets.map(async (node) => {
        if ((await cluster.state(node)) === 'exited') await cluster.start(node);
      }),
    );
  },
};
