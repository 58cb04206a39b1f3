import { describe, expect, it } from 'vitest';
import { coversDot } from '../conflict/knowledge.ts';
import type { WriteResult } from '../data.ts';
import type { FaultName } from '../faults.ts';
import { bytesOf, vectorOf } from '../query/embedding.ts';
import { type ChaosOptions, runChaos } from './testing/chaos.ts';
import { makeWorld, request, shown, within, write } from './testing/small-world.ts';
import { nothingSeen } from './testing/world.ts';

describe('the data plane of one node', () => {
  it('shows a write before it acknowledges it', async () => {
    const world = await makeWorld();
    const [n1] = world.nodes;
    const result = await write(world, n1!, request('a'));
    expect(await shown(n1!.data!)).toBe('a');
    expect(result).toMatchObject({ copies: 1, satisfied: true, deferred: false });
    expect(result.version.embedding).toEqual(bytesOf(Float32Array.from([0.5, -0.25])));
  });

  it('shows nothing that is not durable yet', async () => {
    const world = await makeWorld();
    const [n1] = world.nodes;
    let acknowledged = false;
    void n1!.data!.write(request('a'), 1000).then(() => {
      acknowledged = true;
    });
    while (!acknowledged) {
      if ((await shown(n1!.data!)) !== null) {
        n1!.kill(true);
        break;
      }
      await world.run(0.05);
    }
    if (n1!.up) n1!.kill(true);
    const restarted = n1!.start();
    await within(world, restarted);
    expect(await shown(n1!.data!)).toBe('a');
  });

  it('keeps acknowledged writes over kills and losses of power', async () => {
    const world = await makeWorld();
    const [n1] = world.nodes;
    for (let i = 0; i < 20; i++) {
      await write(world, n1!, request(`value ${i}`, { id: `m${i}` }));
      n1!.kill(i % 2 === 0);
      await within(world, n1!.start());
    }
    const list = await n1!.data!.list('space0', null, 0);
    expect(list.value.map((memory) => memory.shown.content)).toHaveLength(20);
    expect(vectorOf(list.value[7].shown.embedding!)).toEqual(Float32Array.of(0.5, -0.25));
  });

  it('loses nothing that is under way when a snapshot takes the place of the log', async () => {
    const logLimits = { segmentBytesMax: 1500, snapshotAfterBytes: 2000 };
    const world = await makeWorld(1, { nodes: 1, copies: 1, logLimits });
    const [n1] = world.nodes;
    let serial = 0;
    let snapshots = 0;
    for (let round = 0; round < 30; round++) {
      const writes: Promise<WriteResult>[] = [];
      for (let i = 0; i < 12; i++) {
        writes.push(n1!.data!.write(request('x', { id: `m${serial++ % 4}` }), 1000));
        await world.run(world.chance() * 2);
      }
      const results = await within(world, Promise.all(writes));
      snapshots += n1!.data!.metrics().wal_snapshots_total!;
      n1!.kill(round % 2 === 0);
      await within(world, n1!.start());
      const { known } = n1!.data!.summary('space0')!;
      for (const { version } of results) {
        expect(coversDot(known, version.actor, version.counter)).toBe(true);
      }
      expect(n1!.data!.summary('space0')!.memories).toBe(4);
    }
    expect(snapshots).toBeGreaterThan(5);
    expect(n1!.disk.names().length).toBeLessThan(12);
  });

  it('supersedes what the context covers and keeps the rest as siblings', async () => {
    const world = await makeWorld();
    const [n1] = world.nodes;
    const first = await write(world, n1!, request('first', { context: nothingSeen }));
    await write(world, n1!, request('beside', { context: nothingSeen }));
    await write(world, n1!, request('after', { context: first.context }));
    const { value } = await n1!.data!.read('space0', 'm', null, 0);
    expect(value!.siblings.map((version) => version.content).sort()).toEqual(['after', 'beside']);
    await write(world, n1!, request('last'));
    expect((await n1!.data!.read('space0', 'm', null, 0)).value!.siblings).toHaveLength(1);
  });
});

describe('the data plane of a cluster', () => {
  it('ships a write to the other owners and to nobody else', async () => {
    const world = await makeWorld();
    await write(world, world.nodes[0], request('a'));
    await world.run(200);
    const found = await Promise.all(world.nodes.map((node) => shown(node.data!)));
    expect(found).toEqual(['a', 'a', 'a', null, null]);
  });

  it('waits for as many durable copies as are asked for', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    const all = await write(world, n1!, request('a', { durability: 'all' }));
    expect(all).toMatchObject({ copies: 3, satisfied: true });
    for (const node of [n2!, n3!]) {
      node.kill(true);
      await within(world, node.start());
      expect(await shown(node.data!)).toBe('a');
    }
    world.cut([[n1!], world.nodes.slice(1)]);
    const alone = await write(world, n1!, request('b', { durability: 'replica' }));
    expect(alone).toMatchObject({ copies: 1, satisfied: false });
  });

  it('counts the copy of a node that is no owner as none of the owners', async () => {
    const world = await makeWorld();
    const n4 = world.nodes[3];
    const all = await write(world, n4, request('a', { durability: 'all' }));
    expect(all).toMatchObject({ copies: 4, satisfied: true });
  });

  it('answers a read with what its context covers, fetching it where it must', async () => {
    const world = await makeWorld();
    const [n1, n2] = world.nodes;
    const { context } = await write(world, n1!, request('a'));
    const read = await within(world, n2!.data!.read('space0', 'm', context, 500));
    expect([read.stale, read.value?.shown.content]).toEqual([false, 'a']);
  });

  it('marks a read stale at once where what it needs cannot be had', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    world.cut([[n1!], world.nodes.slice(1)]);
    await world.run(500);
    const { context } = await write(world, n1!, request('a'));
    const first = await within(world, n2!.data!.read('space0', 'm', context, 500));
    expect(first.stale).toBe(true);
    const before = world.nowMs;
    const second = await within(world, n2!.data!.read('space0', 'm', context, 500));
    expect([second.stale, world.nowMs - before < 5]).toEqual([true, true]);
    world.heal();
    await world.run(1500);
    expect(await shown(n3!.data!, context)).toBe('a');
  });

  it('hands over what a node that is no owner had to take', async () => {
    const world = await makeWorld();
    const n4 = world.nodes[3];
    world.cut([[n4], world.nodes.filter((node) => node !== n4)]);
    await world.run(500);
    await write(world, n4, request('a'));
    world.heal();
    await world.run(2000);
    for (const node of world.nodes.slice(0, 3)) expect(await shown(node.data!)).toBe('a');
  });

  it('never resurrects what was deleted', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    await write(world, n1!, request('a', { durability: 'all' }));
    world.cut([[n3!], world.nodes.filter((node) => node !== n3)]);
    await world.run(500);
    await write(world, n1!, request('', { deleted: true, embedding: null, confidence: 0.1 }));
    n3!.kill(true);
    await within(world, n3!.start());
    world.heal();
    await world.run(2500);
    for (const node of [n1!, n2!, n3!]) expect(await shown(node.data!)).toBe(null);
  });

  it('refills an empty disk, and gives no dot away twice', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    const before = await write(world, n1!, request('old', { id: 'old', durability: 'all' }));
    n1!.kill(true);
    n1!.disk.wipe();
    world.cut([[n1!], world.nodes.slice(1)]);
    await within(world, n1!.start());
    await world.run(500);
    const after = await write(world, n1!, request('new', { id: 'new' }));
    expect(after.version.dot).not.toBe(before.version.dot);
    world.heal();
    await world.run(3000);
    for (const node of [n1!, n2!, n3!]) {
      const { value } = await node.data!.list('space0', null, 0);
      expect(value.map((memory) => memory.shown.content)).toEqual(['new', 'old']);
    }
  });

  it('moves a long difference in pieces, while writes go on', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    n3!.kill(true);
    n3!.disk.wipe();
    const embedding = bytesOf(new Float32Array(8192));
    for (let i = 0; i < 60; i++) {
      await write(world, n1!, request(`value ${i}`, { id: `m${i}`, embedding }));
    }
    await world.run(500);
    n1!.kill(true);
    await within(world, n3!.start());
    let serial = 0;
    for (let i = 0; i < 60; i++) {
      await write(world, n2!, request(`later ${i}`, { id: `later${serial++}` }));
      await world.run(30);
    }
    await within(world, n1!.start());
    await world.run(2000);
    expect(world.calls.get('data.more')).toBeGreaterThanOrEqual(3);
    const roots = [n1!, n2!, n3!].map((node) => node.data!.summary('space0')!.merkleRoot);
    expect(new Set(roots).size).toBe(1);
    expect(n3!.data!.summary('space0')!.memories).toBe(120);
    n3!.kill(true);
    await within(world, n3!.start());
    expect(n3!.data!.summary('space0')!.merkleRoot).toBe(roots[0]);
  });

  it('tells everybody the names of all spaces', async () => {
    const world = await makeWorld();
    await within(world, world.nodes[0].data!.createSpace('quiet'));
    await write(world, world.nodes[0], request('a'));
    await world.run(15_000);
    for (const node of world.nodes) expect(node.data!.spaces()).toEqual(['quiet', 'space0']);
  });
});

async function problemsOf(
  seeds: number,
  options: Partial<ChaosOptions>,
): Promise<{ readonly seed: number; readonly problems: readonly string[] } | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems } = await runChaos(seed, options);
    if (problems.length > 0) return { seed, problems };
  }
  return null;
}

describe('random cuts, kills and losses of power', () => {
  it('shows exactly what it ought to, loses nothing and converges', async () => {
    const total = { writes: 0, reads: 0, stale: 0, deferred: 0 };
    for (let seed = 1; seed <= 25; seed++) {
      const { problems, writes, reads, stale, deferred } = await runChaos(seed);
      expect({ seed, problems }).toEqual({ seed, problems: [] });
      total.writes += writes;
      total.reads += reads;
      total.stale += stale;
      total.deferred += deferred;
    }
    // A test in which nothing happened would prove nothing.
    expect(total.writes).toBeGreaterThan(1500);
    expect(total.reads).toBeGreaterThan(3000);
    expect(total.stale).toBeGreaterThan(50);
    expect(total.deferred).toBeGreaterThan(50);
  });

  it('does so with logs that are cut again and again', async () => {
    let snapshots = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const logLimits = { segmentBytesMax: 1000, snapshotAfterBytes: 600 + 200 * seed };
      const { problems, world } = await runChaos(seed, { logLimits });
      expect({ seed, problems }).toEqual({ seed, problems: [] });
      for (const { data } of world.nodes) snapshots += data!.metrics().wal_snapshots_total!;
    }
    expect(snapshots).toBeGreaterThan(30);
  });

  it('does the same with the same seed', async () => {
    const [first, second] = [await runChaos(7), await runChaos(7)];
    expect(second.world.logged).toEqual(first.world.logged);
    expect([second.writes, second.reads, second.stale]).toEqual([
      first.writes,
      first.reads,
      first.stale,
    ]);
  });

  const found: readonly FaultName[] = [
    'ack-before-log',
    'ack-before-fsync',
    'restart-forgets-log-tail',
    'replicas-in-memory-only',
    'torn-tail-fatal',
    'first-write-wins',
    'last-arrival-wins',
    'drop-siblings',
    'no-anti-entropy',
    'no-causal-delivery',
    'ignore-context',
  ];
  for (const fault of found) {
    it(`finds ${fault}`, async () => {
      expect(await problemsOf(20, { faults: [fault] })).not.toBe(null);
    });
  }

  it('does not find ack-before-fsync as long as the power stays on', async () => {
    const options = { faults: ['ack-before-fsync'], events: ['cut', 'kill'] } as const;
    expect(await problemsOf(10, options)).toBe(null);
  });
});
