/**
 * Where operations come from. A source holds its own stream of randomness and the number of its next
 * draw; draw n is always the same, however often and whenever it is asked for. So one seed gives one
 * sequence of operations, also against a real cluster, where only the thread that takes each is open.
 */

import type { Rng } from '../world/rng.ts';
import type { Generator, GeneratorContext, Scheduled, Step } from './generator.ts';
import type { Invocation } from './operation.ts';

export const done: Step = { type: 'done' };

/** Nothing, ever. */
export const nothing: Generator = { op: () => done, update: () => nothing };

/** What a source of operations says next, and its state after that. */
export interface Draw<S> {
  readonly invocation: Invocation;
  readonly state: S;
}

/** The invocation now, on a random free thread. There must be one. */
function schedule(context: GeneratorContext, invocation: Invocation): Scheduled {
  return { invocation, timeNs: context.timeNs, thread: context.rng.pick(context.free) };
}

/**
 * Endless operations from a function of a state, at once. `next` must not change `state`; its Rng is
 * new for each draw.
 */
export function source<S>(rng: Rng, state: S, next: (state: S, rng: Rng) => Draw<S>): Generator {
  return sourceFrom(rng, state, next, 0);
}

function sourceFrom<S>(
  rng: Rng,
  state: S,
  next: (state: S, rng: Rng) => Draw<S>,
  draws: number,
): Generator {
  const self: Generator = {
    op: (context) => {
      if (context.free.length === 0) return { type: 'pending', untilNs: null, next: self };
      const drawn = next(state, rng.split(String(draws)));
      return {
        type: 'op',
        op: schedule(context, drawn.invocation),
        next: sourceFrom(rng, drawn.state, next, draws + 1),
      };
    },
    update: () => self,
  };
  return self;
}

/** These operations, in this order. */
export function sequence(invocations: readonly Invocation[], from = 0): Generator {
  const self: Generator = {
    op: (context) => {
      if (from >= invocations.length) return done;
      if (context.free.length === 0) return { type: 'pending', untilNs: null, next: self };
      const op = schedule(context, invocations[from]);
      return { type: 'op', op, next: sequence(invocations, from + 1) };
    },
    update: () => self,
  };
  return self;
}

/** One operation. */
export function once(invocation: Invocation): Generator {
  return sequence([invocation]);
}

/** The same operation for ever. */
export function repeat(invocation: Invocation): Generator {
  const self: Generator = {
    op: (context) =>
      context.free.length === 0
        ? { type: 'pending', untilNs: null, next: self }
        : { type: 'op', op: schedule(context, invocation), next: self },
    update: () => self,
  };
  return self;
}
