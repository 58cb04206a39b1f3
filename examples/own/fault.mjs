// A fault: a node that stops and goes on, five times a second.
import { defineFault, planTargets, proofActive, proofGone, shares } from 'amnesia/fault';

const stutters = new Map();

async function stutter(cluster, node, signal) {
  while (!signal.aborted) {
    await cluster.pause(node);
    await cluster.world.clock.sleep(100, signal);
    await cluster.resume(node);
    await cluster.world.clock.sleep(100, signal);
  }
}

const trialOf = (node, goesOn) => ({
  good: goesOn,
  text: `${node} ${goesOn ? 'stutters' : 'runs'}`,
});

export default defineFault({
  kind: 'stutter',
  variants: Object.keys(shares),
  describe: 'a node stops and goes on, again and again',
  needs: ['pause'],
  plan: (context, variant, id) => planTargets('stutter', context, variant, id),
  apply: async (cluster, { targets }) => {
    for (const node of targets) {
      const stop = new AbortController();
      stutters.set(node, { stop, done: stutter(cluster, node, stop.signal) });
    }
  },
  proveActive: async (_cluster, { targets }) =>
    proofActive(targets.map((node) => trialOf(node, stutters.has(node)))),
  proveGone: async (cluster, { targets }) =>
    proofGone(
      await Promise.all(
        targets.map(async (node) => ({
          good: (await cluster.state(node)) === 'running',
          text: `${node}: ${await cluster.state(node)}`,
        })),
      ),
    ),
  heal: async (cluster, { targets }) => {
    for (const node of targets) {
      const running = stutters.get(node);
      stutters.delete(node);
      running?.stop.abort();
      await running?.done;
      await cluster.resume(node);
    }
  },
});
