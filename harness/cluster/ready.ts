/**
 * Waits until a cluster is one: every node answers and sees all others alive. Asks; never sleeps and
 * hopes.
 */
import { Agent, request } from 'undici';
import type { Cluster, NodeHandle } from './cluster.ts';
import { ClusterError } from './errors.ts';

const pollMs = 50;
const askTimeoutMs = 1000;
const lastLines = 8;

interface ClusterHealth {
  readonly stats?: { readonly alive?: number; readonly suspect?: number };
}

/** Connections to nodes that were killed must not be waited for. */
const agent = new Agent({ connect: { timeout: 800 }, keepAliveTimeout: 4000 });

/** Parsed JSON body of a GET, or null where there is no good answer. */
export async function ask(url: string, path: string, timeoutMs: number): Promise<unknown> {
  try {
    const answer = await request(`${url}${path}`, {
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      return null;
    }
    return await answer.body.json();
  } catch {
    return null;
  }
}

/** Null when all is well, else what is wrong with this node's view. */
async function whatIsMissing(node: NodeHandle, others: number): Promise<string | null> {
  const health = (await ask(node.url, '/cluster/health', askTimeoutMs)) as ClusterHealth | null;
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
  const words = lines.map((line) => `  ${printable(line)}`).join('\n');
  return new ClusterError(
    'node-died',
    `${node} died at start${code === null ? '' : ` with exit code ${code}`}; ` +
      (words === '' ? 'it said nothing' : `its last words:\n${words}`),
  );
}

/**
 * Resolves when all nodes agree in one and the same round. Rejects with ClusterError: `node-died` with its
 * last log lines, or `not-ready` at the deadline.
 */
export async function waitUntilReady(cluster: Cluster, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  const others = cluster.nodes.length - 1;
  for (;;) {
    const views = await Promise.all(cluster.nodes.map((node) => whatIsMissing(node, others)));
    if (views.every((view) => view === null)) return;
    for (const [i, node] of cluster.nodes.entries()) {
      if (views[i] === null) continue;
      if ((await cluster.state(node.name)) === 'exited') throw await death(cluster, node.name);
    }
    if (Date.now() > until) {
      const missing = views.filter((view) => view !== null).join('; ');
      throw new ClusterError(
        'not-ready',
        `the cluster is not one after ${timeoutMs} ms: ${missing}; try fewer nodes, ` +
          'or look at what amnesia doctor says about this machine',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
