/**
 * Generators made of generators, in Jepsen's terms, as pure values: `op` and `update` give a new
 * generator and change nothing, so a schedule can be kept, compared and run in simulated time.
 */

import type { Rng } from '../world/rng.ts';
import type { Generator, Step } from './generator.ts';
import type { Invocation } from './operation.ts';
import { done, nothing } from './sources.ts';

/** A generator would never come to an end of searching. */
export class GeneratorStuck extends Error {
  readonly code = 'generator-stuck';
  constructor(message: string) {
    super(message);
    this.name = 'GeneratorStuck';
  }
}

/** Operations that `filter` refuses one after the other before it gives up. */
const refusedMax = 10_000;

/** The step with its generator wrapped again. */
export function rewrap(step: Step, wrap: (next: Generator) => Generator): Step {
  // Field by field: it happens on every level of every question.
  switch (step.type) {
    case 'op':
      return { type: 'op', op: step.op, next: wrap(step.next) };
    case 'pending':
      return { type: 'pending', untilNs: step.untilNs, next: wrap(step.next) };
    default:
      return step;
  }
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

/** One of several at random, each time; one that has ended is left out. */
export function mix(rng: Rng, generators: readonly Generator[]): Generator {
  return mixFrom(rng, generators, 0);
}

function mixFrom(rng: Rng, generators: readonly Generator[], draws: number): Generator {
  if (generators.length === 0) return nothing;
  return {
    op: (context) => {
      const i = rng.split(String(draws)).int(generators.length);
      const step = generators[i].op(context);
      if (step.type === 'done') {
        return mixFrom(rng, generators.toSpliced(i, 1), draws + 1).op(context);
      }
      const after = step.type === 'op' ? draws + 1 : draws;
      return rewrap(step, (next) => mixFrom(rng, generators.with(i, next), after));
    },
    update: (context, event) =>
      mixFrom(
        rng,
        generators.map((each) => each.update(context, event)),
        draws,
      ),
  };
}

/**
 * One after the other; the next begins as soon as the one before has nothing more to say. Jepsen's
 * `then`; a module that exports that name is taken for a promise when it is imported.
 */
export function concat(...generators: readonly Generator[]): Generator {
  const [first, ...rest] = generators;
  if (!first) return nothing;
  return {
    op: (context) => {
      const step = first.op(context);
      if (step.type === 'done') return concat(...rest).op(context);
      return rewrap(step, (next) => concat(next, ...rest));
    },
    update: (context, event) => concat(first.update(context, event), ...rest),
  };
}

/** Waits until every thread is free, then goes on. */
export function synchronize(generator: Generator): Generator {
  const self: Generator = {
    op: (context) =>
      context.free.length < context.threads.length
        ? { type: 'pending', untilNs: null, next: self }
        : generator.op(context),
    update: (context, event) => synchronize(generator.update(context, event)),
  };
  return self;
}

/** One after the other, each when all threads have finished the one before. */
export function phases(...generators: readonly Generator[]): Generator {
  return concat(...generators.map(synchronize));
}

/** From the beginning again whenever it has ended, for ever. Ends where it is empty from the start. */
export function cycle(generator: Generator): Generator {
  return cycleFrom(generator, generator);
}

function cycleFrom(whole: Generator, current: Generator): Generator {
  return {
    op: (context) => {
      const step = current.op(context);
      const again = step.type === 'done' ? whole.op(context) : step;
      return rewrap(again, (next) => cycleFrom(whole, next));
    },
    update: (context, event) => cycleFrom(whole, current.update(context, event)),
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

/**
 * Only operations that `keep` accepts. Throws GeneratorStuck where it refuses so many in a row that it
 * may never accept one.
 */
export function filter(keep: (invocation: Invocation) => boolean, generator: Generator): Generator {
  return {
    op: (context) => {
      let step = generator.op(context);
      for (let refused = 0; step.type === 'op' && !keep(step.op.invocation); refused++) {
        if (refused === refusedMax) {
          throw new GeneratorStuck(
            `filter refused ${refusedMax} operations in a row; the last was a ${step.op.invocation.f}`,
          );
        }
        step = step.next.op(context);
      }
      return rewrap(step, (next) => filter(keep, next));
    },
    update: (context, event) => filter(keep, generator.update(context, event)),
  };
}

/**
 * Only the operations of these numbers, counted from 0 in the order in which the generator gives them. The
 * others are drawn and dropped, so that what is left is what it would have been; after the last one there
 * is nothing more.
 */
export function only(numbers: readonly number[], generator: Generator): Generator {
  const last = numbers.reduce((most, each) => Math.max(most, each), -1);
  return onlyFrom(new Set(numbers), last, 0, generator);
}

function onlyFrom(
  numbers: ReadonlySet<number>,
  last: number,
  from: number,
  generator: Generator,
): Generator {
  return {
    op: (context) => {
      let number = from;
      let current = generator;
      while (number <= last) {
        const step = current.op(context);
        const wrap = (next: Generator): Generator =>
          onlyFrom(numbers, last, step.type === 'op' ? number + 1 : number, next);
        if (step.type !== 'op' || numbers.has(number)) return rewrap(step, wrap);
        current = step.next;
        number++;
      }
      return done;
    },
    update: (context, event) => onlyFrom(numbers, last, from, generator.update(context, event)),
  };
}

/** Until one of its operations has ended ok. */
export function untilOk(generator: Generator): Generator {
  return {
    op: (context) => rewrap(generator.op(context), untilOk),
    update: (context, event) =>
      event.type === 'complete' && event.completion.outcome === 'ok'
        ? nothing
        : untilOk(generator.update(context, event)),
  };
}
