/** Every fault in the virtual world: applied, proved, healed, and proved to be gone. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../harness/cluster/cluster.ts';
import { createSimCluster } from '../harness/cluster/sim/sim.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import { engramSpec } from '../harness/systems/engram/testing/start.ts';
import { makeRng } from '../harness/world/rng.ts';
import { jsonBody } from '../harness/world/world.ts';
import type { Fault } from './fault.ts';
import { ledShapes, passes } from './grudges.ts';
import { FaultRefused, faults, refuseImpossible } from './index.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await createSimCluster(engramSpec({ runId: 'sim-faults', nodes: 5, seed: 3 }));
});

async function planned(fault: Fault, variant: string): Promise<FaultPlan> {
  const nodes = cluster.nodes.map((node) => node.name);
  const plan = fault.plan({ nodes, rng: makeRng(11), startMs: 0, durationMs: 1000 }, variant, 1);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  if (!(variant in ledShapes)) return plan;
  const [first] = cluster.nodes;
  const connection = cluster.world.connect(first!.url, { timeoutMs: 1000 });
  const headers = { 'content-type': 'application/json' };
  const body = jsonBody({ content: 'so that there is a primary' });
  await connection.request({ method: 'POST', path: '/api/v1/memories/remember', headers, body });
  return fault.resolve!(cluster, plan);
}

/** The others need bytes on a disk or on a wire, and are refused. */
const real = ['disk-errors', 'data', 'corruption'];
const possible = Object.values(faults).filter(
  ({ needs }) => !needs.some((need) => real.includes(need)),
);

describe('faults of virtual nodes', () => {
  it('are possible or refused by name', () => {
    const kinds = possible.map(({ kind }) => kind);
    expect(kinds.length).toBeGreaterThan(10);
    refuseImpossible(cluster, kinds);
    for (const { kind } of Object.values(faults).filter((fault) => !possible.includes(fault))) {
      expect(() => refuseImpossible(cluster, [kind]), kind).toThrow('--runtime docker');
    }
  });

  for (const fault of possible) {
    for (const variant of fault.variants) {
      it(`${fault.kind} ${variant} is applied and proved, healed and proved`, async () => {
        const plan = await planned(fault, variant);
        const before = await fault.proveActive(cluster, plan);
        expect(before.effective, before.evidence.join('\n')).toBe('none');
        await fault.apply(cluster, plan);
        const proof = await fault.proveActive(cluster, plan);
        expect(proof.effective, proof.evidence.join('\n')).toBe('effective');
        const still = await fault.proveGone(cluster, plan);
        expect(still.proved, still.evidence.join('\n')).toBe(false);
        await fault.heal(cluster, plan);
        await fault.heal(cluster, plan);
        const healed = await fault.proveGone(cluster, plan);
        expect(healed.proved, healed.evidence.join('\n')).toBe(true);
      });
    }
  }

  it('are proved also where few packets are hit, and where all of them are', async () => {
    const weak = { kind: 'loss', parameters: { share: 0.05 }, times: 40 };
    // Seeds 5264 and 5325 of a campaign of a thousand had proofs that nothing was seen of.
    const strong = { kind: 'bandwidth', parameters: { bytesPerMs: 0.01 }, times: 1 };
    for (const { kind, parameters, times } of [weak, strong]) {
      const fault = faults[kind];
      const plan = { ...(await planned(fault, 'one')), parameters };
      await fault.apply(cluster, plan);
      for (let i = 0; i < times; i++) {
        const proof = await fault.proveActive(cluster, plan);
        expect(proof.effective, proof.evidence.join('\n')).toBe('effective');
      }
      await fault.heal(cluster, plan);
    }
  });

  it('that need a virtual machine are refused by name elsewhere', () => {
    const docker = { ...cluster, capabilities: new Set(['exec', 'kill', 'pause', 'cut'] as const) };
    for (const kind of ['loss', 'bandwidth', 'power', 'disk-full', 'clock']) {
      const refuse = (): void => refuseImpossible(docker, [kind]);
      expect(refuse, kind).toThrow(FaultRefused);
      expect(refuse, kind).toThrow(`${kind} is impossible in this cluster`);
      expect(refuse, kind).toThrow('--runtime sim');
    }
  });

  it('a one-way cut stops one direction only, and both for what needs an answer', async () => {
    const grudge = { n1: ['n2'] };
    await cluster.network!.cut(grudge, null);
    const there = await cluster.links!.measure('n1', 'n2', 20);
    const back = await cluster.links!.measure('n2', 'n1', 20);
    expect(passes(grudge, 'n1', 'n2')).toBe(true);
    expect([there.arrived, back.arrived]).toEqual([20, 0]);
    const probe = await cluster.network!.probe('n2', 100);
    expect(probe).toMatchObject({ open: { n1: false, n3: true }, dropped: {}, chained: false });
  });
});
