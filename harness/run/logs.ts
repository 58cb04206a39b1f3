/** The nodes' own words, into the history: collected when the load is over. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Recorder } from '../store/recorder.ts';
import type { LogLine, System } from '../systems/system.ts';
import type { Clock, Timer } from '../world/clock.ts';

const linesMax = 2000;
const timeoutMs = 10_000;

const asText = (): LogLine => ({ time: null, level: 'text' });

/** Returns what went wrong, or null. Never rejects. */
export async function saveLogs(
  cluster: Cluster,
  { readLog = asText }: Pick<System, 'readLog'>,
  recorder: Recorder,
  clock: Clock,
): Promise<string | null> {
  const epochMs = clock.wallMs() - clock.nowNs() / 1e6;
  let timer: Timer | undefined;
  const late = new Promise<null>((resolve) => {
    timer = clock.timer(timeoutMs, () => resolve(null));
  });
  try {
    const all = Promise.all(cluster.nodes.map(({ name }) => cluster.logs(name, linesMax)));
    const logs = await Promise.race([all, late]);
    if (logs === null) return `the logs of the nodes did not come within ${timeoutMs / 1000} s`;
    cluster.nodes.forEach(({ name }, i) => {
      for (const text of logs[i]) {
        const { time, level } = readLog(text);
        const ms = time === null ? clock.nowNs() / 1e6 : time - epochMs;
        recorder.log({ time: Math.round(ms * 1e6), node: name, level, text });
      }
    });
    return null;
  } catch (error) {
    return `the logs of the nodes could not be read: ${String(error)}`;
  } finally {
    timer?.cancel();
  }
}
