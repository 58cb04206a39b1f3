/**
 * Definitions from outside: systems, workloads, checkers and faults are plain values, checked field by field when
 * they are made, and marked, so that whoever loads a module finds them among its exports.
 */
import { z } from 'zod';

export const definitionKinds = ['system', 'workload', 'checker', 'fault'] as const;
export type DefinitionKind = (typeof definitionKinds)[number];

/** The same in every copy of this package that a process may have loaded. */
const mark = Symbol.for('amnesia.kind');

/** A definition that cannot be used; each problem names a field and what it takes. */
export class DefinitionError extends Error {
  readonly code = 'bad-definition';
  readonly exitCode = 254;
  constructor(kind: string, name: unknown, problems: readonly string[]) {
    const which = typeof name === 'string' && name !== '' ? `${kind} ${name}` : `a ${kind}`;
    super(`${which} cannot be used: ${problems.join('; ')}`);
    this.name = 'DefinitionError';
  }
}

/** Checks and marks a value. Throws DefinitionError for what does not fit. */
export function define<Value extends object>(
  kind: DefinitionKind,
  schema: z.ZodType,
  value: Value,
): Value {
  const result = schema.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')} ${message}`,
    );
    const { name, kind: called } = value as { name?: unknown; kind?: unknown };
    throw new DefinitionError(kind, name ?? called, problems);
  }
  return Object.defineProperty({ ...value }, mark, { value: kind });
}

/** What a value was defined as; null for any other value. */
export function definitionKind(value: unknown): DefinitionKind | null {
  if (typeof value !== 'object' || value === null || !(mark in value)) return null;
  return definitionKinds.find((kind) => kind === (value as { [mark]?: unknown })[mark]) ?? null;
}

/** Parts of schemas that all kinds have in common. */
export const field = {
  name: z
    .string({ error: 'must be a name of a-z 0-9 -' })
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be a name of at most 32 of a-z 0-9 -'),
  text: z.string({ error: 'must be a text' }).min(1, 'must be a text'),
  call: z.custom<(...given: never[]) => unknown>((value) => typeof value === 'function', {
    error: 'must be a function',
  }),
  texts: z.array(z.string({ error: 'must be a text' }), { error: 'must be a list of texts' }),
};
