/**
 * Disks that are full, take nothing more, fail or are slow. Proved by a write and a sync beside the node, in its data
 * folder. A database that met a failing disk often closes its log for good, so healing restarts it, as an operator
 * would; only a slow disk needs none.
 */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { DiskFault, DiskTrial } from '../harness/cluster/powers.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Rng } from '../harness/world/rng.ts';
import type { Fault } from './fault.ts';
import { proveRunning, startAgain } from './kill.ts';
import { machinesOf } from './machines.ts';
import { planTargets, shares } from './plan-targets.ts';
import { proofActive, proofGone, type Trial } from './proof.ts';

type Numbers = Readonly<Record<string, number>>;

interface DiskKind {
  readonly kind: string;
  readonly describe: string;
  readonly need: 'disk' | 'disk-errors';
  readonly restarts: boolean;
  /** Drawn when the fault is planned. */
  parameters(rng: Rng): Numbers;
  fault(parameters: Numbers): DiskFault;
  shows(trial: DiskTrial, parameters: Numbers): boolean;
}

const kinds: readonly DiskKind[] = [
  {
    kind: 'disk-full',
    describe:
      'writes to the disk fail for want of space; then there is room, and the node restarts',
    need: 'disk',
    restarts: true,
    parameters: () => ({}),
    fault: () => ({ error: 'full', on: ['write'] }),
    shows: ({ error }) => error === 'ENOSPC',
  },
  {
    kind: 'disk-read-only',
    describe:
      'the disk takes no change any more, as after an error; then it does, and the node restarts',
    need: 'disk-errors',
    restarts: true,
    parameters: () => ({}),
    fault: () => ({ error: 'read-only' }),
    shows: ({ error }) => error === 'EROFS',
  },
  {
    kind: 'disk-write-error',
    describe:
      'a share of the writes fails with an I/O error; then none does, and the node restarts',
    need: 'disk-errors',
    restarts: true,
    parameters: (rng) => ({ share: (10 + rng.int(91)) / 100 }),
    fault: ({ share }) => ({ error: 'io-error', on: ['write'], share }),
    shows: ({ error }) => error === 'EIO',
  },
  {
    kind: 'disk-sync-error',
    describe: 'a share of the syncs fails with an I/O error; then none does, and the node restarts',
    need: 'disk-errors',
    restarts: true,
    parameters: (rng) => ({ share: (10 + rng.int(91)) / 100 }),
    fault: ({ share }) => ({ error: 'io-error', on: ['sync'], share }),
    shows: ({ error }) => error === 'EIO',
  },
  {
    kind: 'disk-slow',
    describe: 'each sync of the disk takes longer',
    need: 'disk-errors',
    restarts: false,
    parameters: (rng) => ({ syncMs: 50 + rng.int(451) }),
    fault: ({ syncMs }) => ({ syncMs }),
    shows: (trial, { syncMs }) => trial.syncMs >= syncMs,
  },
];

const numbersOf = ({ parameters }: FaultPlan): Numbers => (parameters ?? {}) as Numbers;

function sentence(node: string, { error, syncMs }: DiskTrial): string {
  const what =
    error === null ? `was done, the sync in ${syncMs.toFixed(1)} ms` : `ended in ${error}`;
  return `${node}: a write to the disk ${what}`;
}

/** A share of one in ten is met by one of so many in all but one of a thousand proofs. */
const triesMax = 64;

async function tryUntil(
  cluster: Cluster,
  node: string,
  tries: number,
  enough: (trial: DiskTrial) => boolean,
): Promise<DiskTrial> {
  for (let i = 1; ; i++) {
    const trial = await machinesOf(cluster).tryDisk(node);
    if (enough(trial) || i >= tries) return trial;
  }
}

function makeFault(disk: DiskKind): Fault {
  const { kind, describe, need, restarts, shows } = disk;
  const active = async (cluster: Cluster, plan: FaultPlan, node: string): Promise<Trial> => {
    const numbers = numbersOf(plan);
    const tries = Math.min(triesMax, Math.ceil(7 / (numbers.share ?? 7)));
    const trial = await tryUntil(cluster, node, tries, (each) => shows(each, numbers));
    return { good: shows(trial, numbers), text: sentence(node, trial) };
  };
  const gone = async (cluster: Cluster, plan: FaultPlan, node: string): Promise<Trial> => {
    const running = await proveRunning(cluster, node);
    if (!running.good) return running;
    const trial = await tryUntil(cluster, node, 3, ({ error }) => error !== null);
    const good = trial.error === null && !shows(trial, numbersOf(plan));
    return { good, text: `${sentence(node, trial)}; ${running.text}` };
  };
  return {
    kind,
    variants: Object.keys(shares),
    describe,
    needs: restarts ? [need, 'kill'] : [need],
    plan: (context, variant, id) => {
      const plan = planTargets(kind, context, variant, id);
      const parameters = disk.parameters(context.rng);
      return Object.keys(parameters).length === 0 ? plan : { ...plan, parameters };
    },
    apply: async (cluster, plan) => {
      const fault = disk.fault(numbersOf(plan));
      await Promise.all(plan.targets.map((node) => machinesOf(cluster).setDisk(node, fault)));
    },
    proveActive: async (cluster, plan) =>
      proofActive(await Promise.all(plan.targets.map((node) => active(cluster, plan, node)))),
    proveGone: async (cluster, plan) =>
      proofGone(await Promise.all(plan.targets.map((node) => gone(cluster, plan, node)))),
    heal: async (cluster, plan) => {
      for (const node of plan.targets) {
        await machinesOf(cluster).setDisk(node, null);
        if (restarts) await cluster.kill(node);
      }
      await startAgain(cluster, plan);
    },
  };
}

export const diskFaults: readonly Fault[] = kinds.map(makeFault);
