/**
 * Network partitions: packets dropped where they arrive, by rules in a chain of our own in each node's
 * network namespace. Clients are outside of the cluster's addresses and keep seeing every node.
 *
 * Proof: every running node tries to connect to every other one. Where a grudge stands in either
 * direction no connection may come about (TCP needs both); everywhere else it must. That a cut is
 * one-way shows in whose rules have counted packets.
 */

import type { Cluster, NodeHandle } from '../harness/cluster/cluster.ts';
import { ask } from '../harness/cluster/ready.ts';
import type { Fault, FaultPlan, Grudge, Proof } from './fault.ts';
import { affected, isolate, makeGrudge, passes, shapes } from './grudges.ts';
import { cutScript, healScript, probeProgram, program, script } from './inside.ts';

const execTimeoutMs = 10_000;
const connectTimeoutMs = 400;
const probePort = 7433;

interface Probe {
  readonly open: Readonly<Record<string, boolean>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly chained: boolean;
}

async function probe(cluster: Cluster, node: NodeHandle): Promise<Probe | null> {
  if ((await cluster.state(node.name)) !== 'running') return null;
  const peers = cluster.nodes.filter((each) => each !== node).map((each) => each.address);
  const argv = program(probeProgram, String(connectTimeoutMs), String(probePort), ...peers);
  const { exitCode, stdout } = await cluster.exec(node.name, argv, execTimeoutMs);
  return exitCode === 0 ? (JSON.parse(stdout) as Probe) : null;
}

/** One line of evidence for each ordered pair, and whether it was as expected. */
function judge(
  cluster: Cluster,
  probes: readonly (Probe | null)[],
  grudge: Grudge,
): { readonly asExpected: number; readonly cut: number; readonly evidence: string[] } {
  const evidence: string[] = [];
  let asExpected = 0;
  let cut = 0;
  cluster.nodes.forEach((from, i) => {
    const seen = probes[i];
    for (const to of cluster.nodes) {
      if (to === from || !seen) continue;
      const expected = passes(grudge, from.name, to.name) && passes(grudge, to.name, from.name);
      const open = seen.open[to.address] === true;
      if (!open) cut++;
      if (open === expected) asExpected++;
      const verdict = open === expected ? 'expected' : 'NOT EXPECTED';
      evidence.push(`${from.name} -> ${to.name}: ${open ? 'open' : 'blocked'} (${verdict})`);
    }
  });
  return { asExpected, cut, evidence };
}

function counters(cluster: Cluster, probes: readonly (Probe | null)[], grudge: Grudge) {
  const evidence: string[] = [];
  let silent = 0;
  cluster.nodes.forEach((node, i) => {
    for (const peer of grudge[node.name] ?? []) {
      const address = cluster.nodes.find((each) => each.name === peer)!.address;
      const packets = probes[i]?.dropped[address] ?? 0;
      if (packets === 0) silent++;
      evidence.push(`${node.name} dropped ${packets} packets of ${peer}`);
    }
  });
  return { silent, evidence };
}

async function prove(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Proof> {
  const grudge = present ? (plan.grudge ?? {}) : {};
  const probes = await Promise.all(cluster.nodes.map((node) => probe(cluster, node)));
  const { asExpected, cut, evidence } = judge(cluster, probes, grudge);
  const whole = asExpected === evidence.length && probes.every((each) => each !== null);
  if (present) {
    const drops = counters(cluster, probes, grudge);
    const all = [...evidence, ...drops.evidence];
    if (whole && drops.silent === 0 && cut > 0) return { effective: 'effective', evidence: all };
    return { effective: cut > 0 ? 'partial' : 'none', evidence: all };
  }
  const left = cluster.nodes.filter((_, i) => probes[i]?.chained);
  const rules = left.map((node) => `${node.name} still has our rules`);
  if (whole && left.length === 0) return { effective: 'none', evidence };
  return { effective: 'partial', evidence: [...evidence, ...rules] };
}

interface Spaces {
  readonly spaces?: readonly { readonly primary: string }[];
}

/** The node that is primary of most spaces, asked of the first node that answers. */
async function primaryOfMost(cluster: Cluster): Promise<string> {
  for (const node of cluster.nodes) {
    const answer = (await ask(node.url, '/cluster/spaces', 1000)) as Spaces | null;
    if (!answer?.spaces || answer.spaces.length === 0) continue;
    const counts = new Map<string, number>();
    for (const { primary } of answer.spaces) counts.set(primary, (counts.get(primary) ?? 0) + 1);
    const [most] = [...counts].sort(
      (left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1),
    );
    if (cluster.nodes.some((each) => each.name === most![0])) return most![0];
  }
  return cluster.nodes[0]!.name;
}

export const partition: Fault = {
  kind: 'partition',
  variants: Object.keys(shapes),
  describe: 'packets between nodes are dropped by iptables where they arrive',
  colour: '#d1495b',
  needs: ['exec', 'iptables'],
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
  heal: async (cluster, plan) => {
    const nodes = Object.keys(plan.grudge ?? {});
    await Promise.all(
      nodes.map(async (node) => {
        // A node that was restarted has a new namespace, without rules.
        if ((await cluster.state(node)) !== 'running') return;
        const { exitCode } = await cluster.exec(node, script(healScript), execTimeoutMs);
        if (exitCode !== 0) throw new Error(`the rules of ${node} could not be removed`);
      }),
    );
  },
};
