/** Which definitions from outside a run uses, for its file. */
import type { DefinitionKind } from '../../../checkers/verdict/definition.ts';
import { type Origin, originOf } from './origins.ts';

/** Of the options of a run, those that name what may come from outside. */
export interface Naming {
  readonly system: string;
  readonly workload: readonly string[];
  readonly checkers: readonly string[];
  readonly nemesis: readonly string[];
}

export function extensionsOf({ system, workload, checkers, nemesis }: Naming): Origin[] {
  const named: readonly (readonly [DefinitionKind, readonly string[]])[] = [
    ['system', [system]],
    ['workload', workload],
    ['checker', checkers],
    ['fault', nemesis],
  ];
  return named.flatMap(([kind, names]) =>
    names.map((name) => originOf(kind, name)).filter((origin) => origin !== null),
  );
}
