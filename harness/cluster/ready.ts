/**
 * Waits until a cluster is one: every node answers and sees all others alive. Asks; never sleeps and
 * hopes.
 */
import type { Cluster, NodeHandle } from './cluster.ts';
import { ClusterError, diedAtStart } from './errors.ts';

const pollMs = 50;
const askTimeoutMs = 1000;
const lastLines = 8;

interface ClusterHealth {
  readonly stats?: { readonly alive?: number; readonly suspect?: number };
}

/** Null when all is well, else what is wrong with this node's view. */
async function whatIsMissing({ world, nodes }: Cluster, node: NodeHandle): Promise<string | null> {
  const others = nodes.length - 1;
  const answer = await world.ask(node.url, '/cluster/health', askTimeoutMs);
  const health = answer as ClusterHealth | null;
  if (health === null) return `${node.name} does not answer at ${node.url}`;
  const { alive = 0, suspect = 0 } = health.stats ?? {};
  if (alive === others && suspect === 0) return null;
  return `${node.name} sees ${alive} of ${others} others alive and suspects ${suspect}`;
}

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
 * Resolves when all nodes agree in one and the same round. Rejects with ClusterError: `node-died` or
 * `settings-refused` with its last log lines, or `not-ready` at the deadline.
 */
export async function waitUntilReady(cluster: Cluster, timeoutMs: number): Promise<void> {
  const { clock } = cluster.world;
  const untilNs = clock.nowNs() + timeoutMs * 1e6;
  for (;;) {
    const views = await Promise.all(cluster.nodes.map((node) => whatIsMissing(cluster, node)));
    if (views.every((view) => view === null)) return;
    for (const [i, node] of cluster.nodes.entries()) {
      if (views[i] === null) continue;
      if ((await cluster.state(node.name)) === 'exited') throw await death(cluster, node.name);
    }
    if (clock.nowNs() > untilNs) {
      const missing = views.filter((view) => view !== null).join('; ');
      throw new ClusterError(
        'not-ready',
        `the cluster is not one after ${timeoutMs} ms: ${missing}; try fewer nodes, ` +
          'or look at what amnesia doctor says about this machine',
      );
    }
    await clock.sleep(pollMs);
  }
}
