/**
 * Generators made of generators, in Jepsen's terms, as pure values: `op` and `update` give a new
 * generator and change nothing, so a schedule can be kept, compared and run in simulated time.
 *
 * Every event of a run is told to every generator, so each answers with itself where nothing changed.
 */

import type { Rng } from '../world/rng.ts';
import type { Generator, Step } from './generator.ts';
import type { Invocation } from './operation.ts';
import { done, nothing } from './sources.ts';

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
  const self: Generator = {
    op: (context) => {
      const step = generator.op(context);
      return rewrap(step, (next) => limit(step.type === 'op' ? count - 1 : count, next));
    },
    update: (context, event) => {
      const updated = generator.update(context, event);
      return updated === generator ? self : limit(count, updated);
    },
  };
  return self;
}

/** One of the parts of a mix: it gives `weight` of the operations, where all weights are summed up. */
export interface Part {
  readonly weight: number;
  readonly generator: Generator;
}

/**
 * One of several at random, each time, all alike or by weight; one that has ended is left out. The draws
 * depend on `rng` and on nothing that happens.
 */
export function mix(rng: Rng, parts: readonly (Generator | Part)[]): Generator {
  const weighed = parts.map((each) => ('op' in each ? { weight: 1, generator: each } : each));
  return mixFrom(rng, weighed, 0);
}

function drawn(parts: readonly Part[], rng: Rng): number {
  let dice = rng.float() * parts.reduce((sum, { weight }) => sum + weight, 0);
  for (let i = 0; i < parts.length - 1; i++) {
    dice -= parts[i].weight;
    if (dice < 0) return i;
  }
  return parts.length - 1;
}

function mixFrom(rng: Rng, parts: readonly Part[], draws: number): Generator {
  if (parts.length === 0) return nothing;
  const self: Generator = {
    op: (context) => {
      const i = drawn(parts, rng.split(String(draws)));
      const step = parts[i].generator.op(context);
      if (step.type === 'done') {
        return mixFrom(rng, parts.toSpliced(i, 1), draws + 1).op(context);
      }
      const after = step.type === 'op' ? draws + 1 : draws;
      const { weight } = parts[i];
      return rewrap(step, (next) =>
        mixFrom(rng, parts.with(i, { weight, generator: next }), after),
      );
    },
    update: (context, event) => {
      let updated: Part[] | null = null;
      for (let i = 0; i < parts.length; i++) {
        const { weight, generator } = parts[i];
        const next = generator.update(context, event);
        if (next === generator) continue;
        updated ??= [...parts];
        updated[i] = { weight, generator: next };
      }
      return updated === null ? self : mixFrom(rng, updated, draws);
    },
  };
  return self;
}

/**
 * One after the other; the next begins as soon as the one before has nothing more to say. Jepsen's
 * `then`; a module that exports that name is taken for a promise when it is imported.
 */
export function concat(...generators: readonly Generator[]): Generator {
  const [first, ...rest] = generators;
  if (!first) return nothing;
  return follow(first, () => concat(...rest));
}

/**
 * For ever one after the other: `make(0)`, `make(1)` and so on, each made when its turn comes. None of them
 * may be empty.
 */
export function successively(make: (turn: number) => Generator, turn = 0): Generator {
  return follow(make(turn), () => successively(make, turn + 1));
}

/** The first one, and then what `after` makes. */
function follow(first: Generator, after: () => Generator): Generator {
  const self: Generator = {
    op: (context) => {
      const step = first.op(context);
      return step.type === 'done'
        ? after().op(context)
        : rewrap(step, (next) => follow(next, after));
    },
    update: (context, event) => {
      const updated = first.update(context, event);
      return updated === first ? self : follow(updated, after);
    },
  };
  return self;
}

/** Waits until every thread is free, then goes on. */
function synchronize(generator: Generator): Generator {
  const self: Generator = {
    op: (context) =>
      context.free.length < context.threads.length
        ? { type: 'pending', untilNs: null, next: self }
        : generator.op(context),
    update: (context, event) => {
      const updated = generator.update(context, event);
      return updated === generator ? self : synchronize(updated);
    },
  };
  return self;
}

/** One after the other, each when all threads have finished the one before. */
export function phases(...generators: readonly Generator[]): Generator {
  return concat(...generators.map(synchronize));
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

/** Until one of its own operations has ended ok. */
export function untilOk(generator: Generator): Generator {
  return untilOkFrom(generator, []);
}

/** `given`: the operations that it gave, to tell them from those of others. */
function untilOkFrom(generator: Generator, given: readonly Invocation[]): Generator {
  const self: Generator = {
    op: (context) => {
      const step = generator.op(context);
      const after = step.type === 'op' ? [...given, step.op.invocation] : given;
      return rewrap(step, (next) => untilOkFrom(next, after));
    },
    update: (context, event) => {
      const isOk = event.type === 'complete' && event.completion.outcome === 'ok';
      if (isOk && given.includes(event.invocation)) return nothing;
      const updated = generator.update(context, event);
      return updated === generator ? self : untilOkFrom(updated, given);
    },
  };
  return self;
}
