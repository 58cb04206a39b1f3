/** Looks at the cluster from outside while the run goes on, as its system says how. */
import type { Cluster } from '../cluster/cluster.ts';
import type { System } from '../systems/system.ts';
import type { Clock } from '../world/clock.ts';
import type { LiveRecorder } from './gate.ts';

const roundMs = 1000;
const quietPollMs = 200;

/** About once a second, into the history, what the system lets be observed of each node. */
export async function watchCluster(
  cluster: Cluster,
  { observe }: Pick<System, 'observe'>,
  recorder: LiveRecorder,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (observe === undefined) return;
  while (!signal.aborted) {
    const looks = cluster.nodes.map((node) =>
      observe(cluster, node, (path, body) => {
        if (signal.aborted) return false;
        recorder.sample({ time: clock.nowNs(), node: node.name, path, body });
        return true;
      }),
    );
    await Promise.all([...looks, clock.sleep(roundMs, signal)]);
  }
}

/** Resolves true as soon as the system says that nothing is on its way, false at the deadline. */
export async function waitUntilQuiet(
  cluster: Cluster,
  { isQuiet }: Pick<System, 'isQuiet'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (isQuiet === undefined) return true;
  const { clock } = cluster.world;
  const untilNs = clock.nowNs() + timeoutMs * 1e6;
  while (!signal.aborted) {
    if (await isQuiet(cluster)) return true;
    if (clock.nowNs() > untilNs) return false;
    await clock.sleep(quietPollMs, signal);
  }
  return false;
}
