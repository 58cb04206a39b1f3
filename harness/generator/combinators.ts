/**
 * Generators in Jepsen's terms, as pure values. `op` and `update` give a new generator and change
 * nothing, so a schedule can be kept, compared and run in simulated time.
 *
 * Load is open-loop where `rate` says so: arrivals are fixed beforehand and do not slip when the
 * cluster is slow. An operation that finds all threads busy starts late, and the lateness shows.
 */
import type { Invocation } from '../history/operation.ts';
import type {
  Generator,
  GeneratorContext,
  GeneratorEvent,
  Scheduled,
  Step,
  ThreadId,
} from './generator.ts';

const done: Step = { type: 'done' };

/** Nothing, ever. */
export const nothing: Generator = { op: () => done, update: () => nothing };

/** What a source of operations says next, and its state after that. */
export interface Draw<S> {
  readonly invocation: Invocation;
  readonly state: S;
}

/**
 * Endless operations from a function of a state: at once, on a random free thread. `next` may draw
 * from the context's Rng and must not change `state`.
 */
export function source<S>(
  state: S,
  next: (state: S, context: GeneratorContext) => Draw<S>,
): Generator {
  return {
    op: (context) => {
      if (context.free.length === 0)
        return { type: 'pending', untilNs: null, next: source(state, next) };
      const drawn = next(state, context);
      const thread = context.rng.pick(context.free);
      const op: Scheduled = { invocation: drawn.invocation, timeNs: context.timeNs, thread };
      return { type: 'op', op, next: source(drawn.state, next) };
    },
    update: () => source(state, next),
  };
}

/** The same operation for ever. */
export function repeat(invocation: Invocation): Generator {
  return source(null, () => ({ invocation, state: null }));
}

/** One operation. */
export function once(invocation: Invocation): Generator {
  return limit(1, repeat(invocation));
}

/** These operations, in this order. */
export function sequence(invocations: readonly Invocation[], from = 0): Generator {
  return {
    op: (context) => {
      if (from >= invocations.length) return done;
      if (context.free.length === 0) {
        return { type: 'pending', untilNs: null, next: sequence(invocations, from) };
      }
      const thread = context.rng.pick(context.free);
      const op: Scheduled = { invocation: invocations[from]!, timeNs: context.timeNs, thread };
      return { type: 'op', op, next: sequence(invocations, from + 1) };
    },
    update: () => sequence(invocations, from),
  };
}

/** The step with its generator wrapped again. */
function rewrap(step: Step, wrap: (next: Generator) => Generator): Step {
  return step.type === 'done' ? step : { ...step, next: wrap(step.next) };
}

/** At most `count` operations. */
export function limit(count: number, generator: Generator): Generator {
  if (count <= 0) return nothing;
  return {
    op: (context) => {
      const step = generator.op(context);
      return rewrap(step, (next) => limit(step.type === 'op' ? count - 1 : count, next));
    },
    update: (context, event) => limit(count, generator.update(context, event)),
  };
}

/** Until `durationNs` after its first question. */
export function timeLimit(durationNs: number, generator: Generator, endNs?: number): Generator {
  return {
    op: (context) => {
      const end = endNs ?? context.timeNs + durationNs;
      if (context.timeNs >= end) return done;
      const step = generator.op(context);
      if (step.type === 'op' && step.op.timeNs >= end) return done;
      const wrapped = rewrap(step, (next) => timeLimit(durationNs, next, end));
      if (wrapped.type !== 'pending') return wrapped;
      return { ...wrapped, untilNs: Math.min(wrapped.untilNs ?? end, end) };
    },
    update: (context, event) => timeLimit(durationNs, generator.update(context, event), endNs),
  };
}

/** One of several at random, each time. */
export function mix(generators: readonly Generator[]): Generator {
  if (generators.length === 0) return nothing;
  return {
    op: (context) => {
      const i = context.rng.int(generators.length);
      const step = generators[i]!.op(context);
      if (step.type === 'done') return mix(generators.filter((_, j) => j !== i)).op(context);
      return rewrap(step, (next) => mix(generators.with(i, next)));
    },
    update: (context, event) => mix(generators.map((each) => each.update(context, event))),
  };
}

/** One after the other, at once. */
export function then(...generators: readonly Generator[]): Generator {
  const [first, ...rest] = generators;
  if (!first) return nothing;
  return {
    op: (context) => {
      const step = first.op(context);
      if (step.type === 'done') return then(...rest).op(context);
      return rewrap(step, (next) => then(next, ...rest));
    },
    update: (context, event) => then(first.update(context, event), ...rest),
  };
}

/** Waits until every thread is free, then goes on. */
export function synchronize(generator: Generator): Generator {
  return {
    op: (context) => {
      if (context.free.length < context.threads.length) {
        return { type: 'pending', untilNs: null, next: synchronize(generator) };
      }
      return generator.op(context);
    },
    update: (context, event) => synchronize(generator.update(context, event)),
  };
}

/** One after the other, each when all threads have finished the one before. */
export function phases(...generators: readonly Generator[]): Generator {
  return then(...generators.map(synchronize));
}

/**
 * Open loop: `perSecond` operations a second at fixed or exponentially distributed distances (a Poisson
 * process), whatever the cluster does.
 */
export function rate(
  perSecond: number,
  generator: Generator,
  spacing: 'fixed' | 'exponential' = 'exponential',
  dueNs?: number,
): Generator {
  const meanNs = 1e9 / perSecond;
  return {
    op: (context) => {
      const due = dueNs ?? context.timeNs;
      if (context.timeNs < due) {
        return { type: 'pending', untilNs: due, next: rate(perSecond, generator, spacing, due) };
      }
      const step = generator.op(context);
      if (step.type !== 'op') return rewrap(step, (next) => rate(perSecond, next, spacing, due));
      const distance = spacing === 'fixed' ? meanNs : -Math.log(1 - context.rng.float()) * meanNs;
      const next = rate(perSecond, step.next, spacing, due + distance);
      return { type: 'op', op: { ...step.op, timeNs: due }, next };
    },
    update: (context, event) => rate(perSecond, generator.update(context, event), spacing, dueNs),
  };
}

/** About this many ns between operations, uniform between 0 and twice that, as in Jepsen. Closed loop. */
export function stagger(meanNs: number, generator: Generator, notBeforeNs = 0): Generator {
  return {
    op: (context) => {
      if (context.timeNs < notBeforeNs) {
        return {
          type: 'pending',
          untilNs: notBeforeNs,
          next: stagger(meanNs, generator, notBeforeNs),
        };
      }
      const step = generator.op(context);
      const after =
        step.type === 'op' ? context.timeNs + 2 * meanNs * context.rng.float() : notBeforeNs;
      return rewrap(step, (next) => stagger(meanNs, next, after));
    },
    update: (context, event) => stagger(meanNs, generator.update(context, event), notBeforeNs),
  };
}

/** The same context, with the threads that `may` accepts. */
function restricted(
  context: GeneratorContext,
  may: (thread: ThreadId) => boolean,
): GeneratorContext {
  return { ...context, free: context.free.filter(may), threads: context.threads.filter(may) };
}

/** Only on threads that `may` accepts; told only of what happens on them. */
export function onThreads(may: (thread: ThreadId) => boolean, generator: Generator): Generator {
  return {
    op: (context) => rewrap(generator.op(restricted(context, may)), (next) => onThreads(may, next)),
    update: (context, event) =>
      may(event.thread)
        ? onThreads(may, generator.update(restricted(context, may), event))
        : onThreads(may, generator),
  };
}

export const clients = (generator: Generator): Generator =>
  onThreads((thread) => thread !== 'nemesis', generator);

export const nemesis = (generator: Generator): Generator =>
  onThreads((thread) => thread === 'nemesis', generator);

/** Several at once: whichever wants to go first. Ends when all have. */
export function any(...generators: readonly Generator[]): Generator {
  return {
    op: (context) => {
      const steps = generators.map((each) => each.op(context));
      let first = -1;
      let untilNs: number | null = null;
      steps.forEach((step, i) => {
        if (step.type === 'op') {
          const best = steps[first];
          if (best?.type !== 'op' || step.op.timeNs < best.op.timeNs) first = i;
        } else if (step.type === 'pending' && step.untilNs !== null) {
          untilNs = Math.min(untilNs ?? Number.POSITIVE_INFINITY, step.untilNs);
        }
      });
      const chosen = steps[first];
      if (chosen?.type === 'op') {
        return { ...chosen, next: any(...generators.with(first, chosen.next)) };
      }
      // What the others drew is kept, so that a generator that waits keeps its place.
      const waiting = steps.flatMap((step) => (step.type === 'pending' ? [step.next] : []));
      return waiting.length === 0 ? done : { type: 'pending', untilNs, next: any(...waiting) };
    },
    update: (context, event) => any(...generators.map((each) => each.update(context, event))),
  };
}

/** Dedicates threads: the first `count` to the first generator, and so on; the rest to the last. */
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
  return any(
    ...reserved,
    onThreads((thread) => thread !== 'nemesis' && thread >= last, rest),
  );
}

/** A copy of the generator for each thread. */
export function eachThread(
  generator: Generator,
  copies: ReadonlyMap<ThreadId, Generator> = new Map(),
): Generator {
  return {
    op: (context) => {
      let untilNs: number | null = null;
      let over = true;
      for (const thread of context.threads) {
        const copy = copies.get(thread) ?? generator;
        const step = copy.op(restricted(context, (each) => each === thread));
        if (step.type === 'op') {
          return { ...step, next: eachThread(generator, new Map(copies).set(thread, step.next)) };
        }
        if (step.type === 'done') continue;
        over = false;
        if (step.untilNs !== null) {
          untilNs = Math.min(untilNs ?? Number.POSITIVE_INFINITY, step.untilNs);
        }
      }
      return over ? done : { type: 'pending', untilNs, next: eachThread(generator, copies) };
    },
    update: (context: GeneratorContext, event: GeneratorEvent) => {
      const copy = copies.get(event.thread) ?? generator;
      const updated = copy.update(
        restricted(context, (each) => each === event.thread),
        event,
      );
      return eachThread(generator, new Map(copies).set(event.thread, updated));
    },
  };
}

/** Changes every operation on its way out. */
export function map(
  change: (invocation: Invocation) => Invocation,
  generator: Generator,
): Generator {
  return {
    op: (context) => {
      const step = generator.op(context);
      if (step.type !== 'op') return rewrap(step, (next) => map(change, next));
      const op = { ...step.op, invocation: change(step.op.invocation) };
      return { ...step, op, next: map(change, step.next) };
    },
    update: (context, event) => map(change, generator.update(context, event)),
  };
}

/** Until an operation of it has ended ok. */
export function untilOk(generator: Generator): Generator {
  return {
    op: (context) => rewrap(generator.op(context), untilOk),
    update: (context, event) =>
      event.type === 'complete' && event.completion.outcome === 'ok'
        ? nothing
        : untilOk(generator.update(context, event)),
  };
}
