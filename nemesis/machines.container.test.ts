/** Faults of links, disks, data, power and clocks in containers: applied, proved, healed, proved to be gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import { createDockerCluster } from '../harness/cluster/docker/docker.ts';
import { engineForTests } from '../harness/cluster/docker/testing/engine.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import { engramSpec } from '../harness/systems/engram/testing/start.ts';
import { makeRng } from '../harness/world/rng.ts';
import type { Fault } from './fault.ts';
import { faults, powersFor, refuseImpossible } from './index.ts';

const answering = await engineForTests();
const beside: readonly Capability[] = ['link', 'power', 'disk', 'disk-errors', 'data', 'clock'];
const kinds = Object.values(faults)
  .filter(({ needs }) => needs.some((need) => beside.includes(need)))
  .map(({ kind }) => kind);
const write = '/api/v1/memories/remember';

describe.skipIf(!answering)('machines in containers', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    const runId = `test-${process.pid}-machines`;
    const spec = engramSpec({ runId, seed: 7, nodes: 3, readyTimeoutMs: 60_000 });
    cluster = await createDockerCluster({ ...spec, powers: powersFor(kinds) });
    for (let i = 0; i < 5; i++) await remember(`memory ${i}`);
  });
  afterAll(async () => {
    await cluster?.destroy();
  });

  async function remember(content: string): Promise<number> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ content });
    const [{ url }] = cluster.nodes;
    return (await fetch(`${url}${write}`, { method: 'POST', headers, body })).status;
  }

  function planned(fault: Fault, variant: string, seed = 11): FaultPlan {
    const nodes = cluster.nodes.map((node) => node.name);
    const context = { nodes, rng: makeRng(seed), startMs: 0, durationMs: 2000 };
    return fault.plan(context, variant, 1);
  }

  it('can have all faults', () => {
    expect(kinds.length).toBeGreaterThan(14);
    expect([...cluster.refusals!]).toEqual([]);
    refuseImpossible(cluster, kinds);
  });

  for (const kind of kinds) {
    const fault = faults[kind];
    for (const variant of kind === 'clock' ? fault.variants : fault.variants.slice(0, 1)) {
      it(`${kind} ${variant} is applied and proved, healed and proved`, async () => {
        const plan = planned(fault, variant);
        const before = await fault.proveActive(cluster, plan);
        expect(before.effective, before.evidence.join('\n')).toBe('none');
        try {
          const done = (await fault.apply(cluster, plan)) ?? [];
          const proof = await fault.proveActive(cluster, plan);
          const evidence = [...done, ...proof.evidence].join('\n');
          expect(proof.effective, evidence).toBe('effective');
        } finally {
          await fault.heal(cluster, plan);
        }
        const healed = await fault.proveGone(cluster, plan);
        expect(healed.proved, healed.evidence.join('\n')).toBe(true);
        await fault.heal(cluster, plan);
      });
    }
  }

  it('tell what their disks do also where the node has ended', async () => {
    const machines = cluster.machines as NonNullable<typeof cluster.machines>;
    await cluster.kill('n2');
    try {
      await machines.setDisk('n2', { error: 'read-only' });
      expect((await machines.tryDisk('n2')).error).toBe('EROFS');
      await machines.setDisk('n2', null);
      expect((await machines.tryDisk('n2')).error).toBeNull();
    } finally {
      await machines.setDisk('n2', null);
      await cluster.start('n2');
    }
  });

  it('measure many links at once', async () => {
    const pairs = [
      ['n1', 'n2'],
      ['n3', 'n2'],
      ['n2', 'n1'],
      ['n3', 'n1'],
    ] as const;
    const measures = pairs.map(([from, to]) => cluster.links!.measure(from, to, 50));
    expect((await Promise.all(measures)).map(({ arrived }) => arrived)).toEqual([50, 50, 50, 50]);
  });

  it('keep their bad links when a node is killed and starts again', async () => {
    const { links } = cluster;
    await links!.setLink('n2', { delayMs: [80, 80] });
    await cluster.kill('n2');
    await cluster.start('n2');
    const there = await links!.measure('n1', 'n2', 30);
    const back = await links!.measure('n2', 'n1', 30);
    const elsewhere = await links!.measure('n1', 'n3', 30);
    await links!.setLink('n2', null);
    for (const { meanMs } of [there, back]) expect(meanMs).toBeGreaterThan(75);
    expect(elsewhere.meanMs).toBeLessThan(40);
  });
});
