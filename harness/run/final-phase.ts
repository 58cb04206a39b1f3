/**
 * The final reads: rounds of reads of every key through every node, from the moment of the heal on, until
 * all agree and stay so, or the deadline comes. They begin at once, so that the history itself shows how
 * long convergence took.
 *
 * "Stay so": agreement alone may be a moment between two deliveries. So when all agree, the cluster must
 * say that nothing is on its way, then comes a rest, then a last round over everything.
 */
import type { Workload, WorkloadOptions } from '../../workloads/workload.ts';
import { reserve } from '../generator/threads.ts';
import { timeLimit } from '../generator/timing.ts';
import type { Clock } from '../world/clock.ts';
import type { FinalReads } from './finals.ts';
import type { Interpreter } from './interpreter.ts';

export interface FinalReader {
  readonly workload: Workload;
  readonly options: WorkloadOptions;
  /** Number of threads that read for this workload. */
  readonly threads: number;
}

export interface FinalPhaseOptions {
  readonly interpreter: Interpreter;
  readonly finals: FinalReads;
  readonly clock: Clock;
  readonly readers: readonly FinalReader[];
  readonly nodes: readonly string[];
  /** Agreement must be there within this time, ms. */
  readonly deadlineMs: number;
  /** Rest before the last round, ms. */
  readonly settleMs: number;
  /** Resolves when every node says that nothing is on its way, at the latest after `timeoutMs`. */
  untilQuiet(timeoutMs: number): Promise<unknown>;
}

const firstPauseMs = 200;
const pauseMsMax = 3000;
/** A round is cut off so long after the deadline: nodes that are gone must not hold it up for ever. */
const graceMs = 5000;

/** Returns whether all nodes agreed in the end. */
export async function readUntilAgreed(options: FinalPhaseOptions): Promise<boolean> {
  const { interpreter, finals, clock, readers, nodes } = options;
  const startNs = clock.nowNs();
  const leftMs = (): number => options.deadlineMs - (clock.nowNs() - startNs) / 1e6;
  const unsettled = (): string[] =>
    readers.flatMap(({ workload }) => finals.unsettled(workload.name, nodes));
  const round = (keysOf: (workload: string) => readonly string[]): Promise<void> => {
    const reads = readers.map(({ workload, options: each, threads }) => ({
      count: threads,
      generator: workload.finalGenerator(each, keysOf(workload.name)),
    }));
    return interpreter.run(timeLimit(Math.max(0, leftMs() + graceMs) * 1e6, reserve(reads)));
  };
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    await round((workload) => finals.unsettled(workload, nodes));
    if (unsettled().length === 0) {
      await options.untilQuiet(Math.max(0, leftMs()));
      await clock.sleep(options.settleMs);
      await round((workload) => finals.keys(workload));
      if (unsettled().length === 0) return true;
    }
    if (leftMs() <= 0) return false;
    await clock.sleep(pauseMs);
  }
}
