/** A whole run in the simulator, without anybody to look at its progress. */
import { createSimCluster } from '../../cluster/sim/sim.ts';
import type { Judgement } from '../../judge/judge.ts';
import { parseOptions, type RawOptions } from '../options.ts';
import { performRun } from '../run.ts';

/** `raw`: options of `amnesia test`; the run's folder is made below `results`. */
export async function simulate(results: string, raw: RawOptions): Promise<Judgement> {
  const options = parseOptions({ ...raw, results, runtime: 'sim' }, 1);
  const never = new AbortController().signal;
  const { judgement } = await performRun(options, {
    createCluster: createSimCluster,
    stop: never,
    halt: never,
    observer: { phase: () => {}, event: () => {}, progress: () => {} },
  });
  return judgement!;
}
