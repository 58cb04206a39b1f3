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
  readonly stats: { readonly alive: number; readonly suspect: number };
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

async function seesAll(node: NodeHandle, others: number): Promise<boolean> {
  const health = (await ask(node.url, '/cluster/health', askTimeoutMs)) as ClusterHealth | null;
  return health?.stats?.alive === others;
}

/** Rejects with ClusterError: `node-died` with its last log lines, or `not-ready` at the deadline. */
export async function waitUntilReady(cluster: Cluster, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  let waiting = [...cluster.nodes];
  for (;;) {
    const seen = await Promise.all(waiting.map((node) => seesAll(node, cluster.nodes.length - 1)));
    waiting = waiting.filter((_, i) => !seen[i]);
    if (waiting.length === 0) return;
    for (const node of waiting) {
      if ((await cluster.state(node.name)) === 'exited') {
        const lines = await cluster.logs(node.name, lastLines);
        throw new ClusterError(
          'node-died',
          `${node.name} died at start; its last words:\n${lines.map((line) => `  ${line}`).join('\n')}`,
        );
      }
    }
    if (Date.now() > until) {
      const names = waiting.map((node) => node.name).join(', ');
      throw new ClusterError(
        'not-ready',
        `after ${timeoutMs} ms these nodes do not see all others: ${names}; look at their logs with docker logs`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
