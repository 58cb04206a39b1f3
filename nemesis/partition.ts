/**
 * Network partitions: packets dropped where they arrive, by rules in a chain of our own in each node's
 * network namespace. Clients are outside of the cluster's addresses and keep seeing every node.
 * What counts as proof is in `partition-proof.ts`.
 */
import type { Cluster, NodeHandle } from '../harness/cluster/cluster.ts';
import type { Fault, FaultPlan, Proof } from './fault.ts';
import { affected, isolate, makeGrudge, shapes } from './grudges.ts';
import { cutScript, healScript, probeProgram, program, script } from './inside.ts';
import { judge, type Probe, proofOfCut, proofOfHeal } from './partition-proof.ts';

const execTimeoutMs = 10_000;
const connectTimeoutMs = 400;
const attemptsMax = 3;
const probePort = 7433;
const askTimeoutMs = 1000;

async function probe(cluster: Cluster, node: NodeHandle): Promise<Probe | null> {
  if (cluster.network) return cluster.network.probe(node.name, connectTimeoutMs);
  if ((await cluster.state(node.name)) !== 'running') return null;
  const peers = cluster.nodes.filter((each) => each !== node).map((each) => each.address);
  const argv = program(probeProgram, String(connectTimeoutMs), String(probePort), ...peers);
  const { exitCode, stdout } = await cluster.exec(node.name, argv, execTimeoutMs);
  return exitCode === 0 ? (JSON.parse(stdout) as Probe) : null;
}

/**
 * A connection that fails though nothing stands in its way, or a rule that met no packet yet, may be a busy
 * machine: that is tried again. One that comes about through a cut is evidence at once.
 */
async function prove(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Proof> {
  const grudge = present ? (plan.grudge ?? {}) : {};
  for (let attempt = 1; ; attempt++) {
    const probes = await Promise.all(cluster.nodes.map((node) => probe(cluster, node)));
    const seen = judge(cluster.nodes, probes, grudge);
    if (seen.unsure && attempt < attemptsMax) continue;
    return present ? proofOfCut(seen) : proofOfHeal(seen);
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
  describe: 'packets between nodes are dropped where they arrive (by iptables in containers)',
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
  apply: async (cluster, plan) => {
    if (cluster.network) return cluster.network.cut(plan.grudge ?? {}, null);
    await Promise.all(
      Object.entries(plan.grudge ?? {}).map(async ([node, dropped]) => {
        if (dropped.length === 0) return;
        const addresses = dropped.map(
          (name) => cluster.nodes.find((each) => each.name === name)!.address,
        );
        const argv = script(cutScript, ...addresses);
        const { exitCode, stderr } = await cluster.exec(node, argv, execTimeoutMs);
        if (exitCode !== 0) throw new Error(`iptables on ${node} failed: ${stderr.trim()}`);
      }),
    );
  },
  prove,
  // On every node, whatever the plan says: an apply that failed half-way is healed, too.
  heal: async (cluster) => {
    if (cluster.network) return cluster.network.heal();
    await Promise.all(
      cluster.nodes.map(async ({ name }) => {
        const state = await cluster.state(name);
        // A node that was restarted has a new namespace, without rules.
        if (state === 'exited') return;
        if (state === 'paused') throw new Error(`the rules of ${name} stay while it is paused`);
        const { exitCode } = await cluster.exec(name, script(healScript), execTimeoutMs);
        if (exitCode !== 0) throw new Error(`the rules of ${name} could not be removed`);
      }),
    );
  },
};
