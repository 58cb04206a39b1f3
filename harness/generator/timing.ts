/**
 * When operations start. `rate` is an open loop: arrivals are fixed beforehand and do not slip when the
 * cluster is slow; an operation that finds all threads busy starts late, and the lateness shows.
 * `stagger` is a closed loop, as in Jepsen.
 */

import type { Rng } from '../world/rng.ts';
import { rewrap } from './combinators.ts';
import { type Generator, type Step, waitAs } from './generator.ts';
import { done } from './sources.ts';

/** Until `durationNs` after its first question. */
export function timeLimit(durationNs: number, generator: Generator, endNs?: number): Generator {
  let waiting: Step | null = null;
  const self: Generator = {
    op: (context) => {
      const end = endNs ?? context.timeNs + durationNs;
      if (context.timeNs >= end) return done;
      const step = generator.op(context);
      if (step.type === 'op' && step.op.timeNs >= end) return done;
      if (step.type === 'done') return step;
      const same = step.next === generator && end === endNs;
      const next = same ? self : timeLimit(durationNs, step.next, end);
      if (step.type === 'op') return { type: 'op', op: step.op, next };
      return (waiting = waitAs(waiting, Math.min(step.untilNs ?? end, end), next));
    },
    update: (context, event) => {
      const updated = generator.update(context, event);
      return updated === generator ? self : timeLimit(durationNs, updated, endNs);
    },
  };
  return self;
}

export interface Arrivals {
  /** Mean number of operations a second. */
  readonly perSecond: number;
  /** Equal distances, or exponentially distributed ones (a Poisson process). */
  readonly spacing: 'fixed' | 'exponential';
  readonly rng: Rng;
}

/** Open loop: operations are due at times that depend on the seed and on nothing else. */
export function rate(arrivals: Arrivals, generator: Generator): Generator {
  return rateFrom(arrivals, generator, 0, null);
}

function rateFrom(
  arrivals: Arrivals,
  generator: Generator,
  count: number,
  dueNs: number | null,
): Generator {
  let waiting: Step | null = null;
  const self: Generator = {
    op: (context) => {
      const due = dueNs ?? context.timeNs;
      if (context.timeNs < due) {
        const next = due === dueNs ? self : rateFrom(arrivals, generator, count, due);
        return (waiting = waitAs(waiting, due, next));
      }
      const step = generator.op(context);
      if (step.type !== 'op') return rewrap(step, (next) => rateFrom(arrivals, next, count, due));
      const next = rateFrom(arrivals, step.next, count + 1, due + distanceNs(arrivals, count));
      const { invocation, thread } = step.op;
      return { type: 'op', op: { invocation, timeNs: due, thread }, next };
    },
    update: (context, event) => {
      const updated = generator.update(context, event);
      return updated === generator ? self : rateFrom(arrivals, updated, count, dueNs);
    },
  };
  return self;
}

function distanceNs({ perSecond, spacing, rng }: Arrivals, count: number): number {
  const meanNs = 1e9 / perSecond;
  return spacing === 'fixed' ? meanNs : -Math.log(1 - rng.split(String(count)).float()) * meanNs;
}

/** Closed loop: about `meanNs` between two starts, uniform between 0 and twice that. */
export function stagger(rng: Rng, meanNs: number, generator: Generator): Generator {
  return staggerFrom(rng, meanNs, generator, 0, 0);
}

function staggerFrom(
  rng: Rng,
  meanNs: number,
  generator: Generator,
  count: number,
  notBeforeNs: number,
): Generator {
  const self: Generator = {
    op: (context) => {
      if (context.timeNs < notBeforeNs) {
        return { type: 'pending', untilNs: notBeforeNs, next: self };
      }
      const step = generator.op(context);
      if (step.type !== 'op') {
        return rewrap(step, (next) => staggerFrom(rng, meanNs, next, count, notBeforeNs));
      }
      const after = context.timeNs + 2 * meanNs * rng.split(String(count)).float();
      return { ...step, next: staggerFrom(rng, meanNs, step.next, count + 1, after) };
    },
    update: (context, event) => {
      const updated = generator.update(context, event);
      return updated === generator ? self : staggerFrom(rng, meanNs, updated, count, notBeforeNs);
    },
  };
  return self;
}
