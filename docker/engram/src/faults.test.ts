import { describe, expect, it } from 'vitest';
import { Chance } from './env/virtual/chance.ts';
import type { FaultName } from './faults.ts';
import { type Answer, VirtualCluster } from './testing/cluster.ts';

const space = 'space=kitchen';
const remembering = `/api/v1/memories/remember?${space}`;
const listing = `/api/v1/memories?${space}&limit=1000`;
const cup = `/api/v1/memories/cup?${space}`;

const start = (faults: readonly FaultName[], nodes = 3): Promise<VirtualCluster> =>
  VirtualCluster.start(1, { nodes, faults });

const contentsOf = ({ body }: Answer): string[] =>
  body.memories.map((each: { content: string }) => each.content).sort();

/** Status of a read of the cup through each node. */
async function readsOf(cluster: VirtualCluster): Promise<number[]> {
  const reads: number[] = [];
  for (const id of cluster.ids) reads.push((await cluster.ask(id, 'GET', cup)).status);
  return reads;
}

/** Stores the cup everywhere and deletes it; returns the node that took the delete. */
async function storeAndDelete(cluster: VirtualCluster): Promise<string> {
  await cluster.ask('n1', 'POST', `${remembering}&ack=all`, { id: 'cup', content: 'x' });
  const deleted = await cluster.ask('n1', 'DELETE', cup);
  expect(deleted.status).toBe(200);
  await cluster.run(5000);
  return deleted.headers['x-engram-node'];
}

describe('forget-tombstones', () => {
  it('only the node that took a delete hides the memory', async () => {
    expect(await deletedReads([])).toEqual([404, 404, 404]);
    expect((await deletedReads(['forget-tombstones'])).sort()).toEqual([200, 200, 404]);
  });

  async function deletedReads(faults: readonly FaultName[]): Promise<number[]> {
    const cluster = await start(faults);
    await storeAndDelete(cluster);
    return readsOf(cluster);
  }

  it('after a restart of that node the memory is back everywhere', async () => {
    for (const faults of [[], ['forget-tombstones']] as const) {
      const cluster = await start(faults);
      const node = await storeAndDelete(cluster);
      cluster.world.crash(node, { power: false });
      await cluster.until(cluster.boot(node));
      await cluster.run(5000);
      const expected = faults.length === 0 ? 404 : 200;
      expect(await readsOf(cluster)).toEqual([expected, expected, expected]);
    }
  });
});

describe('duplicate-apply', () => {
  it('a write that is sent again, because a replica slept, is there twice', async () => {
    for (const faults of [[], ['duplicate-apply']] as const) {
      const cluster = await start(faults);
      const first = await cluster.ask('n1', 'POST', remembering, { id: 'cup', content: 'x' });
      const primary = first.headers['x-engram-node'];
      const replica = cluster.ids.find((id) => id !== primary)!;
      cluster.world.pause(replica);
      await cluster.ask(primary, 'POST', remembering, { id: 'pot', content: 'y' });
      await cluster.run(2500);
      cluster.world.resume(replica);
      await cluster.run(10_000);
      const expected = faults.length === 0 ? ['x', 'y'] : ['x', 'y', 'y'];
      for (const id of cluster.ids) {
        expect(contentsOf(await cluster.ask(id, 'GET', listing))).toEqual(expected);
      }
    }
  });
});

describe('dedup-distinct-ids', () => {
  it('of memories that do not resemble each other some are acknowledged and dropped', async () => {
    const chance = new Chance(1);
    const embedding = (): number[] => Array.from({ length: 768 }, () => chance.next() - 0.5);
    const count = 40;
    for (const faults of [[], ['dedup-distinct-ids']] as const) {
      const cluster = await start(faults, 1);
      for (let i = 0; i < count; i++) {
        const body = { id: `m${i}`, content: `${i}`, embedding: embedding() };
        expect((await cluster.ask('n1', 'POST', remembering, body)).status).toBe(201);
      }
      const kept = contentsOf(await cluster.ask('n1', 'GET', listing)).length;
      if (faults.length === 0) expect(kept).toBe(count);
      else expect(kept).toBeLessThan(count);
    }
  });
});

describe('no-refutation', () => {
  it('a node that slept for a moment is declared dead, though it answers again', async () => {
    for (const faults of [[], ['no-refutation']] as const) {
      const cluster = await start(faults, 5);
      const states = new Set<string>();
      cluster.world.pause('n3');
      await cluster.run(2000);
      cluster.world.resume('n3');
      for (let i = 0; i < 100; i++) {
        await cluster.run(100);
        if (!cluster.alive('n1').includes('n3')) {
          states.add(cluster.life('n1').agent.get('n3')?.state ?? 'gone');
        }
      }
      expect(states.has('dead')).toBe(faults.length > 0);
    }
  });
});

describe('never-probe-dead', () => {
  it('the sides of a long cut never find each other again', async () => {
    for (const faults of [[], ['never-probe-dead']] as const) {
      const cluster = await start(faults, 5);
      const sides = [
        ['n1', 'n2'],
        ['n3', 'n4', 'n5'],
      ];
      cluster.world.partition(...sides);
      await cluster.run(20_000);
      cluster.world.heal();
      await cluster.run(20_000);
      const seen = cluster.ids.map((id) => cluster.alive(id).length);
      expect(seen).toEqual(faults.length === 0 ? [5, 5, 5, 5, 5] : [2, 2, 3, 3, 3]);
    }
  });
});

describe('torn-tail-fatal', () => {
  it('a node that lost power within a write does not start again', async () => {
    for (const faults of [[], ['torn-tail-fatal']] as const) {
      expect(await startsAgain(faults)).toBe(faults.length === 0);
    }
  });

  /** Loses power at many moments; false where one of the starts failed. */
  async function startsAgain(faults: readonly FaultName[]): Promise<boolean> {
    const cluster = await start(faults, 1);
    for (let i = 0; i < 40; i++) {
      const body = { id: `m${i}`, content: 'x'.repeat(5000) };
      const write = cluster.send('n1', 'POST', remembering, body).catch(() => null);
      await cluster.run((i % 20) * 0.1);
      cluster.world.crash('n1', { power: true });
      await cluster.until(write);
      try {
        await cluster.until(cluster.boot('n1'));
      } catch {
        return false;
      }
    }
    return true;
  }
});
