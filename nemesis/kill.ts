/**
 * kill -9 and restart on the same data. Not a power loss: what the kernel had been given survives.
 */

import type { Cluster } from '../harness/cluster/cluster.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Fault, Proof, ProofOfAbsence } from './fault.ts';
import { planTargets, shares } from './plan-targets.ts';
import { proofActive, proofGone, type Trial } from './proof.ts';

const answerTimeoutMs = 1000;
const restartDeadlineMs = 10_000;
const pollMs = 50;
const exitCodeOfSigkill = 137;

function answers(cluster: Cluster, name: string): Promise<boolean> {
  const node = cluster.nodes.find((each) => each.name === name)!;
  return cluster.inquiries.answers(cluster, node, answerTimeoutMs);
}

/** Killed by us, and not dead of something else; `true` where the runtime does not tell. */
async function bySignal(cluster: Cluster, node: string): Promise<{ good: boolean; text: string }> {
  const code = (await cluster.exitCode?.(node)) ?? null;
  if (code === null) return { good: true, text: '' };
  return { good: code === exitCodeOfSigkill, text: ` with ${code}` };
}

/** Dead, by our hand where the runtime tells that, and silent. */
async function proveDown(cluster: Cluster, node: string): Promise<Trial> {
  const [state, up] = await Promise.all([cluster.state(node), answers(cluster, node)]);
  const end = await bySignal(cluster, node);
  const good = state === 'exited' && !up && end.good;
  return { good, text: `${node}: ${state}${end.text}, ${up ? 'answers' : 'does not answer'}` };
}

/** Runs and answers, or does within the time of a restart. */
export async function proveRunning(cluster: Cluster, node: string): Promise<Trial> {
  const { clock } = cluster.world;
  const untilNs = clock.nowNs() + restartDeadlineMs * 1e6;
  for (;;) {
    const state = await cluster.state(node);
    const up = state === 'running' && (await answers(cluster, node));
    if (up || clock.nowNs() > untilNs) {
      return { good: up, text: `${node}: ${state}, ${up ? 'answers' : 'does not answer'}` };
    }
    await clock.sleep(pollMs);
  }
}

export async function proveAllDown(cluster: Cluster, plan: FaultPlan): Promise<Proof> {
  return proofActive(await Promise.all(plan.targets.map((node) => proveDown(cluster, node))));
}

export async function proveAllRunning(cluster: Cluster, plan: FaultPlan): Promise<ProofOfAbsence> {
  return proofGone(await Promise.all(plan.targets.map((node) => proveRunning(cluster, node))));
}

/** Starts the targets that are down. */
export async function startAgain(cluster: Cluster, plan: FaultPlan): Promise<void> {
  await Promise.all(
    plan.targets.map(async (node) => {
      if ((await cluster.state(node)) === 'exited') await cluster.start(node);
    }),
  );
}

export const kill: Fault = {
  kind: 'kill',
  variants: Object.keys(shares),
  describe: 'SIGKILL to the process, and a restart on the same data',
  needs: ['kill'],
  plan: (context, variant, id) => planTargets('kill', context, variant, id),
  apply: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => cluster.kill(node)));
  },
  proveActive: proveAllDown,
  proveGone: proveAllRunning,
  heal: startAgain,
};
