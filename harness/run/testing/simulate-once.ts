/** argv: results folder, options of `amnesia test` as JSON. Runs once in the simulator; prints its outcome. */
import { createSimCluster } from '../../cluster/sim.ts';
import { parseOptions, type RawOptions } from '../options.ts';
import { performRun } from '../run.ts';

export interface SimulatedOutcome {
  readonly valid: boolean | 'unknown';
  readonly digest: string;
  readonly operations: number;
  readonly faults: readonly string[];
}

const [results, given] = process.argv.slice(2) as [string, string];
const options = parseOptions({ ...(JSON.parse(given) as RawOptions), results, runtime: 'sim' }, 1);
const never = new AbortController().signal;
const { judgement } = await performRun(options, {
  createCluster: createSimCluster,
  stop: never,
  halt: never,
  observer: { phase: () => {}, event: () => {}, progress: () => {} },
});
const { ok, fail, info } = judgement!.screen.counts;
const outcome: SimulatedOutcome = {
  valid: judgement!.valid,
  digest: judgement!.screen.digest!,
  operations: ok + fail + info,
  faults: judgement!.screen.faults.map(({ kind, effective }) => `${kind} ${effective}`),
};
process.stdout.write(JSON.stringify(outcome));
