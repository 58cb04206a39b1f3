import { describe, expect, it } from 'vitest';
import { Ring, type RingMember, RingPlacement, virtualNodes } from './ring.ts';

function members(count: number, racks = 0): RingMember[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `n${i + 1}`,
    rack: racks === 0 ? '' : `r${i % racks}`,
  }));
}

/** Number of keys per node, as deviation from the mean in parts of the mean. */
function deviation(counts: ReadonlyMap<string, number>, nodes: readonly RingMember[]): number {
  const values = nodes.map((node) => counts.get(node.id) ?? 0);
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const square = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length;
  return Math.sqrt(square) / mean;
}

const keys = Array.from({ length: 100_000 }, (_, i) => `space-${i}`);

describe('the ring', () => {
  it('has at least 150 virtual nodes per member', () => {
    expect(virtualNodes).toBeGreaterThanOrEqual(150);
  });

  for (const count of [3, 5, 10, 30, 100]) {
    it(`spreads primaries over ${count} nodes with a deviation below 5 % of the mean`, () => {
      const nodes = members(count);
      const ring = new Ring(nodes);
      const counts = new Map<string, number>();
      for (const key of keys) {
        const first = ring.preference(key, 1)[0];
        counts.set(first, (counts.get(first) ?? 0) + 1);
      }
      expect(deviation(counts, nodes)).toBeLessThan(0.05);
    });

    it(`moves about 1/${count + 1} of the spaces to a node that joins ${count}, and no other`, () => {
      const before = new Ring(members(count));
      const after = new Ring([...members(count), { id: 'joining', rack: '' }]);
      let moved = 0;
      for (const key of keys) {
        const [now] = after.preference(key, 1);
        if (now === before.preference(key, 1)[0]) continue;
        moved++;
        expect(now).toBe('joining');
      }
      const ideal = 1 / (count + 1);
      expect(moved / keys.length).toBeGreaterThan(0.8 * ideal);
      expect(moved / keys.length).toBeLessThan(1.2 * ideal);
    });
  }

  it('puts no two copies in one rack while racks suffice', () => {
    const nodes = members(12, 4);
    const rackOf = new Map(nodes.map((node) => [node.id, node.rack]));
    const ring = new Ring(nodes);
    for (const key of keys.slice(0, 5000)) {
      const racks = ring.preference(key, 3).map((id) => rackOf.get(id));
      expect(new Set(racks).size).toBe(3);
    }
  });

  it('still makes all copies where racks do not suffice', () => {
    const ring = new Ring(members(6, 2));
    for (const key of keys.slice(0, 1000)) {
      expect(new Set(ring.preference(key, 3)).size).toBe(3);
    }
  });

  it('gives as many owners as there are nodes, if there are fewer than copies', () => {
    expect(new Ring(members(2)).preference('kitchen', 3).sort()).toEqual(['n1', 'n2']);
    expect(new Ring([]).preference('kitchen', 3)).toEqual([]);
  });

  it('does not depend on the order in which members became known', () => {
    const forth = new Ring(members(7));
    const back = new Ring(members(7).reverse());
    for (const key of keys.slice(0, 1000)) {
      expect(back.preference(key, 3)).toEqual(forth.preference(key, 3));
    }
  });
});

describe('placement', () => {
  it('keeps owners when members only change their state', () => {
    let known: readonly (RingMember & { state: string })[] = members(5).map((member) => ({
      ...member,
      state: 'alive',
    }));
    const placement = new RingPlacement(() => known, 3);
    const before = keys.slice(0, 100).map((key) => placement.owners(key));
    known = known.map((member) => ({ ...member, state: 'dead' }));
    expect(keys.slice(0, 100).map((key) => placement.owners(key))).toEqual(before);
  });

  it('follows members that come and go', () => {
    let known: readonly RingMember[] = members(1);
    const placement = new RingPlacement(() => known, 3);
    expect(placement.owners('kitchen')).toEqual(['n1']);
    known = members(3);
    expect([...placement.owners('kitchen')].sort()).toEqual(['n1', 'n2', 'n3']);
  });
});
