/** Which nodes a fault hits that hits whole nodes: one, a minority, or all of them. */

import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { PlanContext } from './fault.ts';
import { PlanError } from './grudges.ts';

/** How many nodes each variant hits. */
export const shares: Readonly<Record<string, (nodes: number) => number>> = {
  one: () => 1,
  minority: (nodes) => Math.max(1, Math.floor((nodes - 1) / 2)),
  all: (nodes) => nodes,
};

/** Throws PlanError where there is no such variant. */
export function planTargets(
  kind: string,
  { nodes, rng, startMs, durationMs }: PlanContext,
  variant: string,
  id: number,
  accepts: readonly string[] = Object.keys(shares),
): FaultPlan {
  const share = shares[variant];
  if (!share || !accepts.includes(variant)) {
    const accepted = accepts.join(', ');
    throw new PlanError(`there is no ${kind} of ${variant}; accepted are ${accepted}`);
  }
  const targets = rng.shuffle(nodes).slice(0, share(nodes.length)).sort();
  return { id, kind, variant, atMs: startMs, untilMs: startMs + durationMs, targets };
}
