/**
 * Looks at the cluster from outside while the run goes on: `/cluster/health`, `/cluster/nodes` and
 * `/cluster/spaces` of every node about once a second, into the history.
 */

import type { Cluster } from '../cluster/cluster.ts';
import type { Clock } from '../world/clock.ts';
import type { LiveRecorder } from './gate.ts';

const paths = ['/cluster/health', '/cluster/nodes', '/cluster/spaces'] as const;
const roundMs = 1000;
const answerTimeoutMs = 800;

export async function watchCluster(
  { nodes, world }: Cluster,
  recorder: LiveRecorder,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const looks = nodes.map(async ({ name, url }) => {
      for (const path of paths) {
        const body = await world.ask(url, path, answerTimeoutMs);
        if (signal.aborted) return;
        recorder.sample({ time: clock.nowNs(), node: name, path, body });
        // A node that does not answer one question will not answer the next.
        if (body === null) return;
      }
    });
    await Promise.all([...looks, clock.sleep(roundMs, signal)]);
  }
}

interface Health {
  readonly stats?: { readonly alive?: number };
  readonly replication?: { readonly deferred_writes?: number; readonly lag?: number };
}

/**
 * Resolves true as soon as every node sees all others and says that nothing is on its way, false at the
 * deadline. A server that does not tell about replication is taken at its word on membership.
 */
export async function waitUntilQuiet(
  { nodes, world }: Cluster,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const untilNs = world.clock.nowNs() + timeoutMs * 1e6;
  while (!signal.aborted) {
    const all = await Promise.all(
      nodes.map((node) => world.ask(node.url, '/cluster/health', answerTimeoutMs)),
    );
    const quiet = all.every((body) => {
      const health = body as Health | null;
      const { deferred_writes: deferred = 0, lag = 0 } = health?.replication ?? {};
      return health?.stats?.alive === nodes.length - 1 && deferred === 0 && lag === 0;
    });
    if (quiet) return true;
    if (world.clock.nowNs() > untilNs) return false;
    await world.clock.sleep(200, signal);
  }
  return false;
}
