/**
 * The data of a node that is down are not what it left: cut off, changed by single bits, gone, or those of some time
 * ago, as a disk or an operator brings it about. A node may refuse damaged data at its start; then it is started
 * empty, as one would replace it, and that is said.
 */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { Spoiling } from '../harness/cluster/powers.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Rng } from '../harness/world/rng.ts';
import type { Fault } from './fault.ts';
import { proveAllDown, proveRunning, startAgain } from './kill.ts';
import { machinesOf } from './machines.ts';
import { planTargets } from './plan-targets.ts';
import { proofGone, type Trial } from './proof.ts';

interface DataKind {
  readonly kind: string;
  readonly describe: string;
  parameters(rng: Rng): Readonly<Record<string, number>>;
  spoiling(parameters: Readonly<Record<string, number>>): Spoiling;
  /** Is a copy kept when the fault begins, for the node to go on from a while later? */
  readonly keeps?: boolean;
}

const kinds: readonly DataKind[] = [
  {
    kind: 'truncate-tail',
    describe: 'the file that a node changed last lacks its end when the node starts again',
    parameters: (rng) => ({ bytes: 1 + rng.int(4096) }),
    spoiling: ({ bytes }) => ({ kind: 'truncate', bytes }),
  },
  {
    kind: 'flip-bits',
    describe:
      'single bits of the file that a node changed last are turned round when it starts again',
    parameters: (rng) => ({ bits: 1 + rng.int(8), seed: rng.int(2 ** 31) }),
    spoiling: ({ bits, seed }) => ({ kind: 'flip', bits, seed }),
  },
  {
    kind: 'wipe',
    describe: 'a node starts again without any data, as on a new disk',
    parameters: () => ({}),
    spoiling: () => ({ kind: 'empty' }),
  },
  {
    kind: 'restore',
    describe: 'a node goes on from a copy of its data that was made a while ago, as from a backup',
    parameters: () => ({}),
    spoiling: () => ({ kind: 'bring-back' }),
    keeps: true,
  },
];

/** Of all nodes at once there would be nothing left to be tested. */
const variants = ['one', 'minority'];

/** How long a node must have run without ending by itself for its start to count. */
const settleMs = 1500;

async function startOrReplace(cluster: Cluster, node: string): Promise<void> {
  await cluster.start(node);
  await cluster.world.clock.sleep(settleMs);
  if ((await cluster.state(node)) !== 'exited') return;
  await machinesOf(cluster).spoil(node, { kind: 'empty' });
  await cluster.start(node);
}

function makeFault(data: DataKind): Fault {
  const { kind, describe, keeps = false } = data;
  const numbersOf = (plan: FaultPlan): Readonly<Record<string, number>> =>
    (plan.parameters ?? {}) as Readonly<Record<string, number>>;

  /** A copy now, and the node runs on for the first half of the fault. */
  async function keepCopies(cluster: Cluster, plan: FaultPlan): Promise<void> {
    for (const node of plan.targets) {
      await cluster.kill(node);
      await machinesOf(cluster).spoil(node, { kind: 'keep' });
    }
    await startAgain(cluster, plan);
    await cluster.world.clock.sleep((plan.untilMs - plan.atMs) / 2);
  }

  return {
    kind,
    variants,
    describe,
    needs: ['data', 'kill'],
    plan: (context, variant, id) => {
      const plan = planTargets(kind, context, variant, id, variants);
      const parameters = data.parameters(context.rng);
      return Object.keys(parameters).length === 0 ? plan : { ...plan, parameters };
    },
    apply: async (cluster, plan) => {
      if (keeps) await keepCopies(cluster, plan);
      const done: string[] = [];
      for (const node of plan.targets) {
        await cluster.kill(node);
        const change = await machinesOf(cluster).spoil(node, data.spoiling(numbersOf(plan)));
        done.push(`${node}: ${change === '' ? kind : change}`);
      }
      return done;
    },
    proveActive: proveAllDown,
    proveGone: async (cluster, plan) => {
      const trials = plan.targets.map((node): Promise<Trial> => proveRunning(cluster, node));
      return proofGone(await Promise.all(trials));
    },
    heal: async (cluster, plan) => {
      await Promise.all(
        plan.targets.map(async (node) => {
          if ((await cluster.state(node)) === 'exited') await startOrReplace(cluster, node);
        }),
      );
    },
  };
}

export const dataFaults: readonly Fault[] = kinds.map(makeFault);
