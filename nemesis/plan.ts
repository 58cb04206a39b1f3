/**
 * The schedule of a run's faults: a pure function of the seed. One fault at a time in each lane, calm between
 * them, all healed before the end; every kind that was asked for comes once before any comes again.
 */

import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Rng } from '../harness/world/rng.ts';
import type { PlanContext } from './fault.ts';
import { PlanError } from './grudges.ts';

/** What a planner needs to know of a fault. */
export interface Plannable {
  readonly kind: string;
  plan(context: PlanContext, variant: string, id: number): FaultPlan;
}

export interface ScheduleOptions {
  readonly faults: readonly { readonly fault: Plannable; readonly variants: readonly string[] }[];
  readonly nodes: readonly string[];
  readonly durationMs: number;
  /** Mean length of a fault; each one is between two thirds and four thirds of it. */
  readonly faultMs: number;
  /** Mean length of the calm before each fault. */
  readonly calmMs: number;
  /** The lane of a kind, where faults of different lanes shall overlap. */
  readonly laneOf?: (kind: string) => string;
}

/** The end of the chaos phase is calm, so that a fault and the final heal never overlap. */
const lastCalmMs = 500;

/** Endless: all of `from` in random order, then again. */
function* rounds<T>(from: readonly T[], rng: Rng): Generator<T, never> {
  for (;;) yield* rng.shuffle(from);
}

const around = (meanMs: number, rng: Rng): number =>
  Math.round(meanMs * (2 / 3 + (2 / 3) * rng.float()));

/**
 * In the order in which they begin. Each lane is a schedule of its own, drawn from a stream of its own. Throws
 * PlanError where a variant is impossible with these nodes, or nothing fits into the time.
 */
export function planSchedule(options: ScheduleOptions, rng: Rng): FaultPlan[] {
  const { laneOf } = options;
  if (!laneOf) return planLane(options, rng);
  const lanes = new Set(options.faults.map(({ fault }) => laneOf(fault.kind)));
  const plans = [...lanes].flatMap((lane) => {
    const own = options.faults.filter(({ fault }) => laneOf(fault.kind) === lane);
    const planned = planLane({ ...options, faults: own }, rng.split(`lane/${lane}`));
    return planned.map((plan) => ({ ...plan, lane }));
  });
  return plans
    .sort((left, right) => left.atMs - right.atMs || (left.lane < right.lane ? -1 : 1))
    .map((plan, i) => ({ ...plan, id: i + 1 }));
}

function planLane(options: ScheduleOptions, rng: Rng): FaultPlan[] {
  if (options.faults.length === 0) return [];
  // Else the schedule would never get to its end.
  if (!(options.faultMs >= 1)) {
    throw new PlanError(`a fault of ${options.faultMs} ms is none; take a longer --fault-time`);
  }
  const kinds = rounds(options.faults, rng.split('kinds'));
  const variants = new Map(
    options.faults.map(({ fault, variants: names }) => [
      fault.kind,
      rounds(names, rng.split(`variants/${fault.kind}`)),
    ]),
  );
  const times = rng.split('times');
  const plans: FaultPlan[] = [];
  let atMs = around(options.calmMs, times);
  for (;;) {
    const lengthMs = around(options.faultMs, times);
    if (atMs + lengthMs > options.durationMs - lastCalmMs) break;
    const { fault } = kinds.next().value;
    const variant = variants.get(fault.kind)!.next().value;
    const id = plans.length + 1;
    const context: PlanContext = {
      nodes: options.nodes,
      rng: rng.split(`fault/${id}`),
      startMs: atMs,
      durationMs: lengthMs,
    };
    plans.push(fault.plan(context, variant, id));
    atMs += lengthMs + around(options.calmMs, times);
  }
  if (plans.length === 0) {
    throw new PlanError(
      `no fault of ${options.faultMs} ms fits into ${options.durationMs} ms; ` +
        'take a longer --time-limit or a shorter --fault-time',
    );
  }
  return plans;
}
