/** What a checker outside of this repository is made of: `import { defineChecker } from 'amnesia/checker'`. */
import { z } from 'zod';
import type { Checker } from './verdict/checker.ts';
import { define, field } from './verdict/definition.ts';

export { buildHistory, type PlainOperation } from './history/build.ts';
export { Flag, type History, isWrite, Kind, Status } from './history/history.ts';
export { type Budget, type Checker, type CheckOptions, STEP_MASK } from './verdict/checker.ts';
export { DefinitionError } from './verdict/definition.ts';
export type { Anomaly, Verdict } from './verdict/verdict.ts';
export { describe } from './verdict/witness.ts';

const shape = z.strictObject({
  name: field.name,
  version: field.text,
  scope: z.enum(['key', 'causal', 'cluster'], { error: 'must be key, causal or cluster' }),
  types: z.union([z.literal('any'), field.texts], { error: "must be 'any' or a list of types" }),
  foreign: z.enum(['judged', 'judged with final reads', 'not judged']),
  decides: field.text,
  source: field.text,
  examples: z.strictObject({ passes: z.string(), fails: z.string() }),
  property: z.string().optional(),
  check: field.call,
});

/** A checker as its author writes it: what has a common answer may be left out. */
export type CheckerDefinition = Pick<Checker, 'name' | 'decides' | 'check'> & Partial<Checker>;

/** Throws DefinitionError that names each wrong field. */
export function defineChecker(definition: CheckerDefinition): Checker {
  const checker: Checker = {
    version: '1',
    scope: 'cluster',
    types: 'any',
    foreign: 'judged',
    source: 'its author',
    examples: { passes: '', fails: '' },
    ...definition,
  };
  return define('checker', shape, checker);
}
