/** Who does what: generators on some of the threads, several at once. */

import type { Rng } from '../world/rng.ts';
import { rewrap } from './combinators.ts';
import {
  type Generator,
  type GeneratorContext,
  type Step,
  type ThreadId,
  waitAs,
} from './generator.ts';
import { done, nothing } from './sources.ts';

/**
 * The same context, with the threads that `may` accepts. Looked up when asked for: most generators that
 * are told of an event do not ask, and that happens twice for each operation.
 */
class Restricted implements GeneratorContext {
  readonly #context: GeneratorContext;
  readonly #may: (thread: ThreadId) => boolean;
  /** A context is for one question, during which nobody becomes free. */
  #free: readonly ThreadId[] | null = null;

  constructor(context: GeneratorContext, may: (thread: ThreadId) => boolean) {
    this.#context = context;
    this.#may = may;
  }

  get timeNs(): number {
    return this.#context.timeNs;
  }

  get free(): readonly ThreadId[] {
    this.#free ??= this.#context.free.filter(this.#may);
    return this.#free;
  }

  get threads(): readonly ThreadId[] {
    return this.#context.threads.filter(this.#may);
  }

  get rng(): Rng {
    return this.#context.rng;
  }
}

/** Only on threads that `may` accepts; told only of what happens on them. */
export function onThreads(may: (thread: ThreadId) => boolean, generator: Generator): Generator {
  const wrap = (next: Generator): Generator => (next === generator ? self : onThreads(may, next));
  let waiting: Step | null = null;
  const self: Generator = {
    op: (context) => {
      const step = generator.op(new Restricted(context, may));
      if (step.type !== 'pending') return rewrap(step, wrap);
      return (waiting = waitAs(waiting, step.untilNs, wrap(step.next)));
    },
    update: (context, event) =>
      may(event.thread) ? wrap(generator.update(new Restricted(context, may), event)) : self,
  };
  return self;
}

/** Several at once: whichever operation is due first. Ends when all have. */
export function any(...generators: readonly Generator[]): Generator {
  return anyOf(generators);
}

/** Asked and told at every event of a run: in loops, since each callback and copy would show. */
function anyOf(generators: readonly Generator[]): Generator {
  let last: Step | null = null;
  const self: Generator = {
    op: (context) => {
      const steps: Step[] = [];
      let chosen: Extract<Step, { type: 'op' }> | null = null;
      let untilNs: number | null = null;
      let same = generators.length > 0;
      for (let i = 0; i < generators.length; i++) {
        const step = generators[i].op(context);
        steps.push(step);
        if (step.type === 'op') {
          if (chosen === null || step.op.timeNs < chosen.op.timeNs) chosen = step;
        } else if (step.type === 'pending') {
          if (step.untilNs !== null && (untilNs === null || step.untilNs < untilNs)) {
            untilNs = step.untilNs;
          }
          same &&= step.next === generators[i];
        } else same = false;
      }
      if (chosen !== null) {
        // One that waits keeps what it has learnt (when it began); one that lost is asked again.
        const after: Generator[] = [];
        for (let i = 0; i < steps.length; i++) {
          const step = steps[i];
          const moved = step === chosen || step.type === 'pending';
          after.push(moved ? step.next : generators[i]);
        }
        return { type: 'op', op: chosen.op, next: anyOf(after) };
      }
      if (same) return (last = waitAs(last, untilNs, self));
      const waiting: Generator[] = [];
      for (const step of steps) if (step.type === 'pending') waiting.push(step.next);
      return waiting.length === 0 ? done : { type: 'pending', untilNs, next: anyOf(waiting) };
    },
    update: (context, event) => {
      let updated: Generator[] | null = null;
      for (let i = 0; i < generators.length; i++) {
        const next = generators[i].update(context, event);
        if (next === generators[i]) continue;
        updated ??= [...generators];
        updated[i] = next;
      }
      return updated === null ? self : anyOf(updated);
    },
  };
  return self;
}

/** Dedicates threads: the first `count` to the first generator, and so on; others to `rest`. */
export function reserve(
  parts: readonly { readonly count: number; readonly generator: Generator }[],
  rest: Generator = nothing,
): Generator {
  let from = 0;
  const reserved = parts.map(({ count, generator }) => {
    const first = from;
    from += count;
    return onThreads((thread) => thread >= first && thread < first + count, generator);
  });
  const last = from;
  const others = onThreads((thread) => thread >= last, rest);
  return anyOf([...reserved, others]);
}
