/**
 * What a workload outside of this repository is made of: `import { defineWorkload } from 'amnesia/workload'`. The
 * generators come along.
 */
import { z } from 'zod';
import { define, field } from '../checkers/verdict/definition.ts';
import { type DataTypeName, dataTypeNames, dataTypes } from '../harness/systems/data-types.ts';
import type { Workload } from './workload.ts';

export { DefinitionError } from '../checkers/verdict/definition.ts';
export * from '../harness/generator/combinators.ts';
export type { Generator } from '../harness/generator/generator.ts';
export type { Invocation } from '../harness/generator/operation.ts';
export * from '../harness/generator/sources.ts';
export * from '../harness/generator/timing.ts';
export type { Rng } from '../harness/world/rng.ts';
export { readThroughAll } from './final-reads.ts';
export type { Workload, WorkloadOptions } from './workload.ts';

const count = z.number({ error: 'must be a number from 0 on' }).int().min(0);
const shape = z.strictObject({
  name: field.name,
  dataType: z.enum(dataTypeNames as [DataTypeName, ...DataTypeName[]], {
    error: `must be a data type: ${dataTypeNames.join(', ')}`,
  }),
  promise: field.text,
  operations: z
    .array(
      z.strictObject({ f: z.string(), key: z.string(), value: z.string(), meaning: z.string() }),
    )
    .min(1),
  generator: field.call,
  finalGenerator: field.call,
  minimumOk: z.strictObject({ overall: count, perFaultWindow: count }),
});

/** A workload as its author writes it: operations are named, their meaning is that of the data type. */
export type WorkloadDefinition = Pick<
  Workload,
  'name' | 'dataType' | 'promise' | 'generator' | 'finalGenerator'
> &
  Partial<Omit<Workload, 'operations'>> & { readonly operations: readonly string[] };

/** Throws DefinitionError that names each wrong field. */
export function defineWorkload(definition: WorkloadDefinition): Workload {
  const { dataType, operations: names } = definition;
  const known: Readonly<Record<string, { value: string; meaning: string }>> =
    dataTypes[dataType]?.operations ?? {};
  const operations = (Array.isArray(names) ? names : []).map((f) => {
    const { value = '', meaning = '' } = known[f] ?? {};
    return { f, key: dataTypes[dataType]?.key ?? '', value, meaning };
  });
  const workload = {
    minimumOk: { overall: 100, perFaultWindow: 10 },
    ...definition,
    operations,
  };
  return define('workload', shape, workload);
}
