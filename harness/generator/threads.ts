/** Who does what: generators on some of the threads, several at once, a copy for each. */
import { rewrap } from './combinators.ts';
import type { Generator, GeneratorContext, Step, ThreadId } from './generator.ts';
import type { Rng } from './rng.ts';
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

  process(thread: ThreadId): number | 'nemesis' {
    return this.#context.process(thread);
  }
}

/** Only on threads that `may` accepts; told only of what happens on them. */
export function onThreads(may: (thread: ThreadId) => boolean, generator: Generator): Generator {
  const self: Generator = {
    op: (context) =>
      rewrap(generator.op(new Restricted(context, may)), (next) =>
        next === generator ? self : onThreads(may, next),
      ),
    update: (context, event) => {
      if (!may(event.thread)) return self;
      const updated = generator.update(new Restricted(context, may), event);
      return updated === generator ? self : onThreads(may, updated);
    },
  };
  return self;
}

export const clients = (generator: Generator): Generator =>
  onThreads((thread) => thread !== 'nemesis', generator);

export const nemesis = (generator: Generator): Generator =>
  onThreads((thread) => thread === 'nemesis', generator);

/** Several at once: whichever operation is due first. Ends when all have. */
export function any(...generators: readonly Generator[]): Generator {
  const self: Generator = {
    op: (context) => {
      const steps: Step[] = [];
      let first = -1;
      let firstNs = Number.POSITIVE_INFINITY;
      let untilNs: number | null = null;
      let same = true;
      for (let i = 0; i < generators.length; i++) {
        const step = generators[i]!.op(context);
        steps.push(step);
        if (step.type === 'op') {
          if (first < 0 || step.op.timeNs < firstNs) [first, firstNs] = [i, step.op.timeNs];
        } else if (step.type === 'pending') {
          if (step.untilNs !== null && (untilNs === null || step.untilNs < untilNs)) {
            untilNs = step.untilNs;
          }
          same &&= step.next === generators[i];
        } else same = false;
      }
      const chosen = steps[first];
      if (chosen?.type === 'op') {
        // One that waits keeps what it has learnt (when it began); one that lost is asked again.
        const after = generators.map((each, i) => {
          const step = steps[i]!;
          if (i === first) return chosen.next;
          return step.type === 'pending' ? step.next : each;
        });
        return { type: 'op', op: chosen.op, next: any(...after) };
      }
      if (same && generators.length > 0) return { type: 'pending', untilNs, next: self };
      const waiting = steps.flatMap((step) => (step.type === 'pending' ? [step.next] : []));
      return waiting.length === 0 ? done : { type: 'pending', untilNs, next: any(...waiting) };
    },
    update: (context, event) => {
      const updated = generators.map((each) => each.update(context, event));
      return updated.every((each, i) => each === generators[i]) ? self : any(...updated);
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
    const may = (thread: ThreadId): boolean =>
      thread !== 'nemesis' && thread >= first && thread < first + count;
    return onThreads(may, generator);
  });
  const last = from;
  const others = onThreads((thread) => thread !== 'nemesis' && thread >= last, rest);
  return any(...reserved, others);
}

/** A copy of the generator for each thread. */
export function eachThread(generator: Generator): Generator {
  return eachThreadFrom(generator, new Map());
}

function eachThreadFrom(generator: Generator, copies: ReadonlyMap<ThreadId, Generator>): Generator {
  const alone = (context: GeneratorContext, thread: ThreadId): GeneratorContext =>
    new Restricted(context, (each) => each === thread);
  return {
    op: (context) => {
      const after = new Map(copies);
      let untilNs: number | null = null;
      let over = true;
      for (const thread of context.threads) {
        const step = (copies.get(thread) ?? generator).op(alone(context, thread));
        if (step.type === 'done') continue;
        after.set(thread, step.next);
        if (step.type === 'op') return { ...step, next: eachThreadFrom(generator, after) };
        over = false;
        if (step.untilNs !== null) {
          untilNs = Math.min(untilNs ?? Number.POSITIVE_INFINITY, step.untilNs);
        }
      }
      return over ? done : { type: 'pending', untilNs, next: eachThreadFrom(generator, after) };
    },
    update: (context, event) => {
      const copy = copies.get(event.thread) ?? generator;
      const updated = copy.update(alone(context, event.thread), event);
      return eachThreadFrom(generator, new Map(copies).set(event.thread, updated));
    },
  };
}
