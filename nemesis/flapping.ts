/** Cuts that come and go in turns, one-way cuts among them. Proved by having been seen both cut and open. */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Fault, Proof, ProofOfAbsence } from './fault.ts';
import { affected, makeGrudge } from './grudges.ts';
import { look, lookUntilSure } from './network-look.ts';
import { proofOfHeal } from './partition-proof.ts';

const shapesThatFlap = ['isolate-one', 'random-halves', 'one-way'] as const;
const turnMs = [600, 1500] as const;
const lookEveryMs = 250;

async function proveGone(cluster: Cluster): Promise<ProofOfAbsence> {
  const { clock } = cluster.world;
  // One look may fall into a turn in which it is open: it must stay so for longer than any turn.
  const untilNs = clock.nowNs() + turnMs[1] * 1e6;
  for (;;) {
    const seen = await lookUntilSure(cluster, {});
    if (!seen.whole || clock.nowNs() > untilNs) return proofOfHeal(seen);
    await clock.sleep(lookEveryMs);
  }
}

async function proveActive(cluster: Cluster, plan: FaultPlan): Promise<Proof> {
  const { clock } = cluster.world;
  const evidence: string[] = [];
  const untilNs = clock.nowNs() + 3 * turnMs[1] * 1e6;
  let [cut, open] = [false, false];
  while (!(cut && open) && clock.nowNs() < untilNs) {
    const seen = await look(cluster, plan.grudge ?? {});
    // A busy machine may be late for a connection; it makes no rule.
    const now = seen.cut > 0 && seen.isRuled;
    evidence.push(now ? 'cut (expected)' : 'open (expected)');
    if (now) cut = true;
    else open = true;
    await clock.sleep(lookEveryMs);
  }
  return { effective: cut ? (open ? 'effective' : 'partial') : 'none', evidence };
}

export const flapping: Fault = {
  kind: 'flapping',
  variants: shapesThatFlap,
  describe: 'a cut that comes and goes in turns of about a second',
  needs: ['cut'],
  plan: ({ nodes, rng, startMs, durationMs }, variant, id) => {
    const grudge = makeGrudge(variant, nodes, rng);
    const parameters = { flapMs: turnMs[0] + rng.int(turnMs[1] - turnMs[0]) };
    const times = { atMs: startMs, untilMs: startMs + durationMs };
    return {
      id,
      kind: 'flapping',
      variant,
      ...times,
      targets: affected(grudge),
      grudge,
      parameters,
    };
  },
  apply: async ({ network }, plan) => {
    await network!.cut(plan.grudge ?? {}, Number(plan.parameters?.flapMs));
  },
  proveActive,
  proveGone,
  heal: async ({ network }) => network!.heal(),
};
