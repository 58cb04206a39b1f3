/** Waits until every node of a cluster says, in its system's own words, that it is ready. */
import type { Cluster } from './cluster.ts';
import { ClusterError, diedAtStart } from './errors.ts';

const pollMs = 50;
const lastLines = 8;

/** Output of a node is data: nothing in it may reach a terminal as a control sequence. */
export function printable(line: string): string {
  return line.replaceAll('\t', ' ').replaceAll(/\p{Cc}/gu, '?');
}

async function death(cluster: Cluster, node: string): Promise<ClusterError> {
  const lines = await cluster.logs(node, lastLines);
  const code = (await cluster.exitCode?.(node)) ?? null;
  return diedAtStart(node, code, lines.map(printable));
}

/**
 * Resolves when all nodes are ready in one and the same round. Rejects with ClusterError: `node-died` or
 * `settings-refused` with its last log lines, or `not-ready` at the deadline.
 */
export async function waitUntilReady(cluster: Cluster, timeoutMs: number): Promise<void> {
  const { clock } = cluster.world;
  const untilNs = clock.nowNs() + timeoutMs * 1e6;
  for (;;) {
    const views = await Promise.all(
      cluster.nodes.map((node) => cluster.inquiries.missing(cluster, node)),
    );
    if (views.every((view) => view === null)) return;
    for (const [i, node] of cluster.nodes.entries()) {
      if (views[i] === null) continue;
      if ((await cluster.state(node.name)) === 'exited') throw await death(cluster, node.name);
    }
    if (clock.nowNs() > untilNs) {
      const missing = views.filter((view) => view !== null).join('; ');
      throw new ClusterError(
        'not-ready',
        `the cluster is not ready after ${timeoutMs} ms: ${missing}; try fewer nodes, ` +
          'or look at what amnesia doctor says about this machine',
      );
    }
    await clock.sleep(pollMs);
  }
}
