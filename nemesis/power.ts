/**
 * The power of machines fails: what was not synced to a disk is lost, of a write under way a first part may
 * stay (a torn tail), and nobody is told that a connection is gone. Then a start on what is left. What a disk keeps
 * of names without a sync is drawn as well: all that an ordered journal keeps, or only what POSIX promises.
 */
import type { PowerLoss } from '../harness/cluster/powers.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Fault } from './fault.ts';
import { proveAllDown, proveAllRunning, startAgain } from './kill.ts';
import { machinesOf } from './machines.ts';
import { planTargets, shares } from './plan-targets.ts';

function lossOf({ parameters = {} }: FaultPlan): PowerLoss {
  return {
    lose: parameters.lose === 'random' ? 'random' : 'all',
    names: parameters.names === 'strict' ? 'strict' : 'ordered',
    torn: parameters.torn === 1,
    seed: Number(parameters.seed ?? 1),
  };
}

export const power: Fault = {
  kind: 'power',
  variants: Object.keys(shares),
  describe: 'power loss: what was not synced is gone, and a restart on what is left',
  needs: ['power'],
  plan: (context, variant, id) => {
    const plan = planTargets('power', context, variant, id);
    const { rng } = context;
    const lose = rng.float() < 0.5 ? 'all' : 'random';
    const torn = rng.float() < 0.5 ? 1 : 0;
    return { ...plan, parameters: { lose, torn, seed: rng.int(2 ** 31) } };
  },
  apply: async (cluster, plan) => {
    const loss = lossOf(plan);
    const lost = plan.targets.map(async (node) => {
      return `${node}: lost ${await machinesOf(cluster).cutPower(node, loss)}`;
    });
    return Promise.all(lost);
  },
  proveActive: proveAllDown,
  proveGone: proveAllRunning,
  heal: startAgain,
};
