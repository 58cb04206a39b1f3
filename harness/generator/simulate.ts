/**
 * Runs a generator in simulated time, without a cluster: every operation ends ok after `latency`. For
 * tests of schedules.
 */

import { makeRng } from '../world/rng.ts';
import type { Generator, GeneratorContext, ThreadId } from './generator.ts';
import type { Completion, Invocation } from './operation.ts';

export interface Simulated {
  readonly timeNs: number;
  readonly scheduledNs: number;
  readonly thread: ThreadId;
  readonly invocation: Invocation;
}

export interface SimulationOptions {
  readonly threads: readonly ThreadId[];
  readonly seed: number;
  readonly opsMax: number;
  latencyNs(invocation: Invocation): number;
  outcome?(invocation: Invocation): Completion['outcome'];
}

export function simulate(generator: Generator, options: SimulationOptions): Simulated[] {
  const rng = makeRng(options.seed);
  const busy = new Map<ThreadId, { readonly untilNs: number; readonly invocation: Invocation }>();
  const history: Simulated[] = [];
  let now = 0;
  let current = generator;
  const context = (): GeneratorContext => ({
    timeNs: now,
    free: options.threads.filter((thread) => !busy.has(thread)),
    threads: options.threads,
    rng,
  });
  const completeNext = (limitNs: number): boolean => {
    const [next] = [...busy].sort((left, right) => left[1].untilNs - right[1].untilNs);
    if (!next || next[1].untilNs > limitNs) return false;
    const [thread, { untilNs, invocation }] = next;
    now = Math.max(now, untilNs);
    busy.delete(thread);
    const outcome = options.outcome?.(invocation) ?? 'ok';
    const completion: Completion = { outcome, value: invocation.value };
    const event = { type: 'complete' as const, thread, timeNs: now, invocation, completion };
    current = current.update(context(), event);
    return true;
  };
  while (history.length < options.opsMax) {
    while (completeNext(now));
    const step = current.op(context());
    if (step.type === 'done') break;
    current = step.next;
    if (step.type === 'op') {
      const { thread, invocation, timeNs } = step.op;
      history.push({ timeNs: now, scheduledNs: timeNs, thread, invocation });
      busy.set(thread, { untilNs: now + options.latencyNs(invocation), invocation });
      current = current.update(context(), { type: 'invoke', thread, timeNs: now, invocation });
    } else if (!completeNext(step.untilNs ?? Number.POSITIVE_INFINITY)) {
      if (step.untilNs === null) break;
      now = Math.max(now, step.untilNs);
    }
  }
  return history;
}
