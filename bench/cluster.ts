/**
 * How long it takes to set up a cluster, to cut and to heal its network, and to take it down. Prints
 * medians of a few rounds; asserts nothing.
 *
 * Run with: npx tsx bench/cluster.ts [rounds] [nodes]
 */
import { createDockerCluster } from '../harness/cluster/docker/docker.ts';
import { engramSpec } from '../harness/systems/engram/testing/start.ts';
import { makeRng } from '../harness/world/rng.ts';
import { faults } from '../nemesis/index.ts';

const [rounds = 5, nodeCount = 5] = process.argv.slice(2).map(Number);
const figures = new Map<string, number[]>();

async function timed<T>(what: string, action: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await action();
  figures.set(what, [...(figures.get(what) ?? []), performance.now() - began]);
  return result;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

for (let round = 1; round <= rounds; round++) {
  const cluster = await timed('set up until ready', () =>
    createDockerCluster(engramSpec({ runId: `bench-${process.pid}-${round}`, nodes: nodeCount })),
  );
  try {
    for (const [kind, variant] of [
      ['partition', 'random-halves'],
      ['pause', 'minority'],
      ['kill', 'minority'],
    ] as const) {
      const fault = faults[kind];
      const nodes = cluster.nodes.map((node) => node.name);
      const context = { nodes, rng: makeRng(round), startMs: 0, durationMs: 1000 };
      const plan = fault.plan(context, variant, 1);
      await timed(`${kind}: apply`, async () => fault.apply(cluster, plan));
      const there = await timed(`${kind}: prove`, () => fault.proveActive(cluster, plan));
      await timed(`${kind}: heal`, () => fault.heal(cluster, plan));
      const gone = await timed(`${kind}: prove healed`, () => fault.proveGone(cluster, plan));
      if (there.effective !== 'effective' || !gone.proved) {
        process.stdout.write(`${kind} was ${there.effective}, healed ${gone.proved}\n`);
      }
    }
  } finally {
    await timed('take down', () => cluster.destroy());
  }
}

process.stdout.write(`medians of ${rounds} rounds with ${nodeCount} nodes\n`);
for (const [what, values] of figures) {
  process.stdout.write(`${what.padEnd(24)} ${median(values).toFixed(0).padStart(6)} ms\n`);
}
