/** What can be asked of a system, and what cannot: which operations it does, which checkers have something to judge. */
import type { Property } from '../../checkers/verdict/checker.ts';
import type { DataTypeName } from './data-types.ts';
import type { AnySystem } from './index.ts';
import type { Offer } from './system.ts';

/** What a checker needs of a system beyond the operations themselves. */
const needs: Readonly<Record<string, Offer>> = {
  membership: 'members',
  'split-brain': 'primaries',
  routing: 'server',
  confidence: 'confidence',
  logs: 'levels',
};

const meanings: Readonly<Record<Offer, string>> = {
  members: 'does not show what its nodes think of each other',
  primaries: 'does not show who is primary of what',
  server: 'does not say through how many nodes an answer came',
  confidence: 'gives no confidence with its answers',
  levels: 'writes logs whose levels are not known',
};

/** Why a checker has nothing to judge on this system; null where it has. */
export function whyNotJudged(system: AnySystem, checker: string): string | null {
  const need = needs[checker];
  if (need === undefined || system.offers.includes(need)) return null;
  return `${system.name} ${meanings[need]}`;
}

/** What a workload asks of a system. */
export interface Wanted {
  readonly dataType: DataTypeName;
  readonly operations: readonly { readonly f: string }[];
}

/** Why a workload cannot be run against this system; null where it can. */
export function whyNotRun(system: AnySystem, { dataType, operations }: Wanted): string | null {
  const kind = system.clients[dataType];
  if (kind === undefined) {
    const types = Object.keys(system.clients).join(', ');
    return `${system.name} has no clients for ${dataType}; it has them for ${types}`;
  }
  const missing = operations.filter(({ f }) => !kind.operations.includes(f)).map(({ f }) => f);
  return missing.length === 0
    ? null
    : `the clients of ${system.name} for ${dataType} do not ${missing.join(', ')}`;
}

/** Everything that the system promises for one of these data types. */
export function promisesOf(
  system: AnySystem,
  options: unknown,
  types: readonly DataTypeName[],
): Property[] {
  const promised = system.promises(options);
  return [...new Set(types.flatMap((type) => promised[type] ?? []))];
}
