/** All faults by name. */
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import { clock } from './clock.ts';
import { diskFull } from './disk-full.ts';
import type { Fault } from './fault.ts';
import { flapping } from './flapping.ts';
import { kill } from './kill.ts';
import { linkFaults } from './link.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';
import { power } from './power.ts';

export const faults: Readonly<Record<string, Fault>> = Object.fromEntries(
  [partition, kill, pause, flapping, ...linkFaults, power, diskFull, clock].map((fault) => [
    fault.kind,
    fault,
  ]),
);

/** A fault that cannot be made in this cluster; the message says what is missing. */
export class FaultRefused extends Error {
  readonly code = 'fault-refused';
  readonly exitCode = 254;
  constructor(message: string) {
    super(message);
    this.name = 'FaultRefused';
  }
}

const virtualOnly = 'only virtual machines can have that (--runtime sim)';

const remedies: Readonly<Record<Capability, string>> = {
  exec: 'programs cannot be run beside its nodes',
  kill: 'its nodes cannot be killed',
  pause: 'its nodes cannot be frozen',
  logs: 'its nodes keep no logs',
  cut: 'packet filters may not be set beside its nodes (see amnesia doctor)',
  link: virtualOnly,
  power: virtualOnly,
  disk: virtualOnly,
  clock: virtualOnly,
};

/**
 * To be asked before a run begins. Throws FaultRefused for the first of `kinds` that this cluster cannot
 * make, so that no run claims a fault that never was.
 */
export function refuseImpossible(cluster: Cluster, kinds: readonly string[]): void {
  for (const kind of kinds) {
    const missing = faults[kind]?.needs.find((need) => !cluster.capabilities.has(need));
    if (missing === undefined) continue;
    throw new FaultRefused(
      `${kind} is impossible in this cluster: ${remedies[missing]}; leave it out of --nemesis`,
    );
  }
}
