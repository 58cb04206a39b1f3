/** argv: results folder, options of `amnesia test` as JSON. Runs once in the simulator; prints its outcome. */
import type { RawOptions } from '../options.ts';
import { simulate } from './simulate.ts';

export interface SimulatedOutcome {
  readonly valid: boolean | 'unknown';
  readonly digest: string;
  readonly operations: number;
  readonly faults: readonly string[];
}

const [results, given] = process.argv.slice(2) as [string, string];
const { valid, screen } = await simulate(results, JSON.parse(given) as RawOptions);
const { ok, fail, info } = screen.counts;
const outcome: SimulatedOutcome = {
  valid,
  digest: screen.digest!,
  operations: ok + fail + info,
  faults: screen.faults.map(({ kind, effective }) => `${kind} ${effective}`),
};
process.stdout.write(JSON.stringify(outcome));
