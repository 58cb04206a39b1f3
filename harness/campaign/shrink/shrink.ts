/**
 * From a run with a violation to the smallest one that still has it: fewest operations, faults, clients,
 * seconds. Pure but for the question whether a candidate shows it, which the caller answers by running
 * it: in the simulator once, in containers by repetition.
 */
import type { FaultPlan } from '../../generator/fault-plan.ts';
import type { ChosenOperations, Schedule } from '../../run/schedule.ts';
import { type Ask, ddmin, Questions, smallest } from './ddmin.ts';

/** An operation of the load, by its number in its workload. */
export interface Numbered {
  readonly workload: string;
  readonly number: number;
  readonly key: string | null;
}

export interface Candidate {
  readonly faults: readonly FaultPlan[];
  readonly operations: readonly Numbered[];
  readonly concurrency: number;
  /** Seconds of the chaos phase. */
  readonly timeLimit: number;
}

export interface ShrinkOptions {
  readonly start: Candidate;
  /** Operations of witnesses, which are tried alone first. */
  readonly guesses: readonly (readonly Numbered[])[];
  /** Fewest clients that the workloads allow. */
  readonly concurrencyMin: number;
  /** Runs that may be spent. */
  readonly questionsMax: number;
  shows: Ask<Candidate>;
  /** Told of everything that got smaller. */
  onSmaller(candidate: Candidate, asked: number): void;
}

export interface Shrunk {
  readonly smallest: Candidate;
  readonly asked: number;
  /** The questions ended before the search did: there may be a smaller one. */
  readonly spent: boolean;
}

/** The schedule of a candidate. */
export function scheduleOf({ faults, operations }: Candidate): Schedule {
  const chosen: Record<string, number[]> = {};
  for (const { workload, number } of operations) (chosen[workload] ??= []).push(number);
  for (const numbers of Object.values(chosen)) numbers.sort((left, right) => left - right);
  return { faults, operations: chosen satisfies ChosenOperations };
}

/** Options that a candidate changes. */
export function changedOptions({ concurrency, timeLimit }: Candidate): Record<string, string> {
  return { concurrency: String(concurrency), 'time-limit': String(timeLimit) };
}

/** `start` must show the violation; that is not asked again. */
export async function shrink(options: ShrinkOptions): Promise<Shrunk> {
  const questions = new Questions(options.questionsMax);
  let best = options.start;
  /** Asks, and keeps what shows it. */
  const holds = async (candidate: Candidate): Promise<boolean> => {
    const yes = await options.shows(candidate);
    if (yes) {
      best = candidate;
      options.onSmaller(best, questions.asked);
    }
    return yes;
  };
  // Fewer operations first: every later question is cheaper by them.
  for (const operations of options.guesses) {
    if (await questions.ask(holds, { ...best, operations })) break;
  }
  await ddmin(best.faults, (faults) => holds({ ...best, faults }), questions);
  for (const part of ['workload', 'key'] as const) {
    const names = [...new Set(best.operations.map((each) => String(each[part])))];
    if (names.length < 2) continue;
    const all = best.operations;
    await ddmin(
      names,
      (some) =>
        holds({ ...best, operations: all.filter((each) => some.includes(String(each[part]))) }),
      questions,
    );
  }
  await ddmin(best.operations, (operations) => holds({ ...best, operations }), questions);
  // What the operations did not need any more.
  await ddmin(best.faults, (faults) => holds({ ...best, faults }), questions);
  const leastS = Math.max(1, ...best.faults.map((fault) => Math.ceil(fault.untilMs / 1000)));
  await smallest(
    leastS,
    Math.max(leastS, Math.floor(best.timeLimit)),
    (timeLimit) => holds({ ...best, timeLimit }),
    questions,
  );
  await smallest(
    options.concurrencyMin,
    best.concurrency,
    (concurrency) => holds({ ...best, concurrency }),
    questions,
  );
  return { smallest: best, asked: questions.asked, spent: questions.spent };
}
