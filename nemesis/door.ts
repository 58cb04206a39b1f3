/** What a fault outside of this repository is made of: `import { defineFault } from 'amnesia/fault'`. */
import { z } from 'zod';
import { define, field } from '../checkers/verdict/definition.ts';
import type { Fault } from './fault.ts';

export { DefinitionError } from '../checkers/verdict/definition.ts';
export type { Capability, Cluster } from '../harness/cluster/cluster.ts';
export type { FaultPlan } from '../harness/generator/fault-plan.ts';
export type { Fault, PlanContext, Proof, ProofOfAbsence } from './fault.ts';
export { makeGrudge, PlanError, shapes } from './grudges.ts';
export { proveAllDown, proveAllRunning, startAgain } from './kill.ts';
export { planTargets, shares } from './plan-targets.ts';
export { proofActive, proofGone, type Trial } from './proof.ts';

const shape = z.strictObject({
  kind: field.name,
  variants: field.texts.min(1, 'must have one at least'),
  describe: field.text,
  needs: field.texts,
  plan: field.call,
  resolve: field.call.optional(),
  apply: field.call,
  proveActive: field.call,
  proveGone: field.call,
  heal: field.call,
});

/** A fault as its author writes it: what has a common answer may be left out. */
export type FaultDefinition = Omit<Fault, 'needs' | 'variants'> &
  Partial<Pick<Fault, 'needs' | 'variants'>>;

/** Throws DefinitionError that names each wrong field. */
export function defineFault(definition: FaultDefinition): Fault {
  const fault: Fault = { variants: ['all'], needs: [], ...definition };
  return define('fault', shape, fault);
}
