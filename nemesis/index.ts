/** All faults by name. */

import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import { AmnesiaError } from '../harness/world/exit-codes.ts';
import { clock } from './clock.ts';
import { dataFaults } from './data.ts';
import { diskFaults } from './disk.ts';
import type { Fault } from './fault.ts';
import { flapping } from './flapping.ts';
import { kill } from './kill.ts';
import { linkFaults } from './link.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';
import { power } from './power.ts';

export const faults: Readonly<Record<string, Fault>> = Object.fromEntries(
  [partition, kill, pause, flapping, ...linkFaults, power, ...diskFaults, clock, ...dataFaults].map(
    (fault) => [fault.kind, fault],
  ),
);

/**
 * What a fault takes hold of. Two faults of one lane would undo each other: a heal removes all cuts, and a link
 * or a process can be in one state only.
 */
export function laneOf(kind: string): string {
  const needs = faults[kind]?.needs ?? [];
  for (const lane of ['cut', 'link', 'clock'] as const) if (needs.includes(lane)) return lane;
  return 'machine';
}

/** The kinds that nodes in this runtime may have at all; what the machine lacks is found by probing. */
export function kindsOf(runtime: string): string[] {
  const virtual = runtime === 'sim';
  const real: readonly Capability[] = ['disk-errors', 'data', 'corruption'];
  return Object.values(faults)
    .filter(({ needs }) => !virtual || !needs.some((need) => real.includes(need)))
    .map(({ kind }) => kind);
}

/** A fault that cannot be made in this cluster; the message says what is missing. */
export class FaultRefused extends AmnesiaError {
  readonly code = 'fault-refused';
  constructor(message: string) {
    super(message);
    this.name = 'FaultRefused';
  }
}

const virtualOnly =
  'its machines are not under our hands (--runtime sim, or docker, see amnesia doctor)';

const containersOnly = 'only nodes in containers can have that (--runtime docker)';

const remedies: Readonly<Record<Capability, string>> = {
  exec: 'programs cannot be run beside its nodes',
  kill: 'its nodes cannot be killed',
  pause: 'its nodes cannot be frozen',
  logs: 'its nodes keep no logs',
  cut: 'packet filters may not be set beside its nodes (see amnesia doctor)',
  link: virtualOnly,
  power: virtualOnly,
  disk: virtualOnly,
  'disk-errors': containersOnly,
  data: containersOnly,
  clock: virtualOnly,
  corruption: containersOnly,
};

/** What the nodes of a cluster must be made ready for, so that these faults are possible. */
export function powersFor(kinds: readonly string[]): ReadonlySet<Capability> {
  return new Set(kinds.flatMap((kind) => faults[kind]?.needs ?? []));
}

/**
 * To be asked before a run begins. Throws FaultRefused for the first of `kinds` that this cluster cannot
 * make, so that no run claims a fault that never was.
 */
export function refuseImpossible(cluster: Cluster, kinds: readonly string[]): void {
  for (const kind of kinds) {
    const missing = faults[kind]?.needs.find((need) => !cluster.capabilities.has(need));
    if (missing === undefined) continue;
    const why = cluster.refusals?.get(missing) ?? remedies[missing];
    throw new FaultRefused(
      `${kind} is impossible in this cluster: ${why}; leave it out of --nemesis`,
    );
  }
}
