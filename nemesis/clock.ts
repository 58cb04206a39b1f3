/**
 * Wall clocks that are wrong: off by seconds, too fast or too slow, or jumping to and fro. Monotonic time goes
 * on as it should, as with a clock that somebody sets.
 */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Rng } from '../harness/world/rng.ts';
import type { Fault } from './fault.ts';
import { PlanError } from './grudges.ts';
import { machinesOf } from './machines.ts';
import { proofActive, proofGone, type Trial } from './proof.ts';

interface ClockParameters {
  readonly offsetMs: number;
  readonly driftPpm: number;
  /** 0: it does not jump. */
  readonly jumpEveryMs: number;
}

const either = (rng: Rng): number => (rng.float() < 0.5 ? -1 : 1);

const variants: Readonly<Record<string, (rng: Rng) => ClockParameters>> = {
  offset: (rng) => ({
    offsetMs: either(rng) * (500 + rng.int(60_000)),
    driftPpm: 0,
    jumpEveryMs: 0,
  }),
  drift: (rng) => ({
    offsetMs: 0,
    driftPpm: either(rng) * (20_000 + rng.int(180_000)),
    jumpEveryMs: 0,
  }),
  jumps: (rng) => ({
    offsetMs: either(rng) * (500 + rng.int(10_000)),
    driftPpm: 0,
    jumpEveryMs: 200 + rng.int(800),
  }),
};

/** Longer than any turn of a clock that jumps, and long enough for a drift to show. */
const lookMs = 1100;
const looks = 11;

const parametersOf = ({ parameters }: FaultPlan): ClockParameters =>
  parameters as unknown as ClockParameters;

async function trial(cluster: Cluster, node: string, present: boolean): Promise<Trial> {
  const { clock } = cluster.world;
  const ahead: number[] = [];
  for (let look = 0; look <= looks; look++) {
    ahead.push(await machinesOf(cluster).clockAheadMs(node));
    await clock.sleep(lookMs / looks);
  }
  const wrong = ahead.some((ms) => Math.abs(ms) >= 1);
  const [least, most] = [Math.min(...ahead), Math.max(...ahead)];
  const text = `${node}: its clock was ${least.toFixed(0)} to ${most.toFixed(0)} ms ahead`;
  return { good: wrong === present, text };
}

function trials(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Trial[]> {
  return Promise.all(plan.targets.map((node) => trial(cluster, node, present)));
}

export const clock: Fault = {
  kind: 'clock',
  variants: Object.keys(variants),
  describe: 'the wall clocks of some nodes are off, drift, or jump to and fro',
  needs: ['clock'],
  plan: ({ nodes, rng, startMs, durationMs }, variant, id) => {
    const draw = variants[variant];
    if (!draw) {
      const accepted = Object.keys(variants).join(', ');
      throw new PlanError(`there is no clock ${variant}; accepted are ${accepted}`);
    }
    const count = 1 + rng.int(Math.max(1, Math.floor(nodes.length / 2)));
    const targets = rng.shuffle(nodes).slice(0, count).sort();
    const parameters = { ...draw(rng) };
    const untilMs = startMs + durationMs;
    return { id, kind: 'clock', variant, atMs: startMs, untilMs, targets, parameters };
  },
  apply: async (cluster, plan) => {
    const { offsetMs, driftPpm, jumpEveryMs } = parametersOf(plan);
    await Promise.all(
      plan.targets.map((node) =>
        machinesOf(cluster).setClock(node, offsetMs, driftPpm, jumpEveryMs),
      ),
    );
  },
  proveActive: async (cluster, plan) => proofActive(await trials(cluster, plan, true)),
  proveGone: async (cluster, plan) => proofGone(await trials(cluster, plan, false)),
  heal: async (cluster, plan) => {
    await Promise.all(plan.targets.map((node) => machinesOf(cluster).setClock(node, 0, 0, 0)));
  },
};
