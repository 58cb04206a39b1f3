/**
 * Generators say what to do next. A generator is a pure value: asking it (`op`) and telling it what
 * happened (`update`) both give a new generator and change nothing. Time, threads and randomness
 * come in as arguments, so that a whole schedule can be tested without a cluster. After Jepsen's
 * `jepsen.generator` (pure).
 */

import type { Rng } from '../world/rng.ts';
import type { Completion, Invocation } from './operation.ts';

/** Threads are 0..concurrency-1. Faults come from the nemesis, which is no thread and no generator. */
export type ThreadId = number;

export interface GeneratorContext {
  /** ns since the generator was started. */
  readonly timeNs: number;
  /** Threads that could take an operation now, in a stable order. */
  readonly free: readonly ThreadId[];
  /** All threads that this generator may use. */
  readonly threads: readonly ThreadId[];
  readonly rng: Rng;
}

/** An invocation with the time from which on it may start and the thread that must take it. */
export interface Scheduled {
  readonly invocation: Invocation;
  /** ns since the generator was started; may lie in the past when the cluster is slow. */
  readonly timeNs: number;
  readonly thread: ThreadId;
}

export type Step =
  /** Here is an operation, and the generator after it. */
  | { readonly type: 'op'; readonly op: Scheduled; readonly next: Generator }
  /** Nothing now: ask again when a thread gets free, something completes, or `untilNs` comes. */
  | { readonly type: 'pending'; readonly untilNs: number | null; readonly next: Generator }
  /** Nothing ever again. */
  | { readonly type: 'done' };

/**
 * That a generator waits and does not change by that. It is asked again and again meanwhile, so the step is
 * made once: `waitAs` of the step that it gave last, with what the new one shall be.
 */
export function waitAs(last: Step | null, untilNs: number | null, next: Generator): Step {
  const same = last?.type === 'pending' && last.untilNs === untilNs && last.next === next;
  return same ? last : { type: 'pending', untilNs, next };
}

export type GeneratorEvent =
  | {
      readonly type: 'invoke';
      readonly thread: ThreadId;
      readonly timeNs: number;
      readonly invocation: Invocation;
    }
  | {
      readonly type: 'complete';
      readonly thread: ThreadId;
      readonly timeNs: number;
      readonly invocation: Invocation;
      readonly completion: Completion;
    };

export interface Generator {
  op(context: GeneratorContext): Step;
  update(context: GeneratorContext, event: GeneratorEvent): Generator;
}
