/**
 * The power of machines fails: what was not synced to a disk is lost, of a write under way a first part may
 * stay (a torn tail), and nobody is told that a connection is gone. Then a start on what is left.
 */
import type { Fault } from './fault.ts';
import { proveAllDown, proveAllRunning, startAgain } from './kill.ts';
import { planTargets, shares } from './plan-targets.ts';

export const power: Fault = {
  kind: 'power',
  variants: Object.keys(shares),
  describe: 'power loss: what was not synced is gone, and a restart on what is left',
  colour: '#1d3557',
  needs: ['power'],
  plan: (context, variant, id) => planTargets('power', context, variant, id),
  apply: async ({ machines }, plan) => {
    await Promise.all(plan.targets.map((node) => machines!.cutPower(node)));
  },
  proveActive: proveAllDown,
  proveGone: proveAllRunning,
  heal: startAgain,
};
