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
  colour: z.string().regex(/^#[0-9a-f]{6}$/, 'must be a colour such as #30638e'),
  needs: field.texts,
  plan: field.call,
  resolve: field.call.optional(),
  apply: field.call,
  proveActive: field.call,
  proveGone: field.call,
  heal: field.call,
});

/** A fault as its author writes it: what has a common answer may be left out. */
export type FaultDefinition = Omit<Fault, 'colour' | 'needs' | 'variants'> &
  Partial<Pick<Fault, 'colour' | 'needs' | 'variants'>>;

/** Throws DefinitionError that names each wrong field. */
export function defineFault(definition: FaultDefinition): Fault {
  const fault: Fault = { variants: ['all'], colour: '#6c757d', needs: [], ...definition };
  return define('fault', shape, fault);
}
