import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { nextGeneration, type Route, RoutingTable } from './table.ts';

/** Nodes a, b, c, d own every space in this order; what each reaches is in the test's hands. */
class Group {
  readonly names = ['a', 'b', 'c', 'd'];
  owners: readonly string[] = ['a', 'b', 'c'];
  readonly #unreachable = new Set<string>();
  readonly tables: ReadonlyMap<string, RoutingTable>;

  constructor() {
    this.tables = new Map(this.names.map((name, i) => [name, this.#table(name, i + 1)]));
  }

  #table(self: string, index: number): RoutingTable {
    return new RoutingTable({
      self,
      index: () => index,
      owners: () => this.owners,
      reachable: (id) => id === self || !this.#unreachable.has(`${self}>${id}`),
    });
  }

  at(name: string): RoutingTable {
    return this.tables.get(name)!;
  }

  cut(left: string, right: string): void {
    for (const one of left) {
      for (const other of right) {
        this.#unreachable.add(`${one}>${other}`);
        this.#unreachable.add(`${other}>${one}`);
      }
    }
  }

  heal(): void {
    this.#unreachable.clear();
  }

  tell(from: string, to: string): void {
    for (const route of this.at(from).entries()) this.at(to).merge(route);
  }

  tellAll(): void {
    for (const from of this.names) for (const to of this.names) this.tell(from, to);
  }
}

describe('a routing table', () => {
  it('believes placement until somebody was promoted', () => {
    const group = new Group();
    const expected: Route = {
      space: 'kitchen',
      primary: 'a',
      replicas: ['b', 'c'],
      generation: 0,
      version: 0,
    };
    expect(group.at('d').route('kitchen')).toEqual(expected);
    for (const name of group.names) expect(group.at(name).promote('kitchen')).toBeNull();
  });

  it('promotes the next owner, and only that, when the primary is gone', () => {
    const group = new Group();
    group.cut('a', 'bcd');
    expect(group.at('c').promote('kitchen')).toBeNull();
    expect(group.at('d').promote('kitchen')).toBeNull();
    const route = group.at('b').promote('kitchen')!;
    expect(route).toMatchObject({ primary: 'b', replicas: ['a', 'c'], version: 1 });
    expect(route.generation).toBeGreaterThan(0);
    expect(group.at('b').promote('kitchen')).toBeNull();
  });

  it('lets an old primary step back when it returns', () => {
    const group = new Group();
    group.cut('a', 'bcd');
    group.at('b').promote('kitchen');
    group.heal();
    expect(group.at('a').route('kitchen').primary).toBe('a');
    group.tell('b', 'a');
    expect(group.at('a').route('kitchen').primary).toBe('b');
    expect(group.at('a').promote('kitchen')).toBeNull();
  });

  it('gives two sides that promote separately different generations, and merges them', () => {
    const group = new Group();
    group.cut('a', 'bcd');
    group.at('b').promote('kitchen');
    group.heal();
    group.tellAll();
    // The primary b is alone now: a and c find a new one; b, meanwhile, is one by itself.
    group.cut('b', 'acd');
    const there = group.at('a').promote('kitchen')!;
    const here = group.at('b').route('kitchen');
    expect(there.generation).toBeGreaterThan(here.generation);
    group.cut('a', 'c');
    const third = group.at('c').promote('kitchen')!;
    expect(third.generation).not.toBe(there.generation);
    group.heal();
    group.tellAll();
    group.tellAll();
    const views = group.names.map((name) => group.at(name).route('kitchen'));
    expect(new Set(views.map((view) => `${view.primary}/${view.generation}`)).size).toBe(1);
    group.cut(views[0].primary, group.names.filter((name) => name !== views[0].primary).join(''));
    const heir = group.owners.find((owner) => owner !== views[0].primary)!;
    const next = group.at(heir).promote('kitchen')!;
    expect(next.generation).toBeGreaterThan(Math.max(third.generation, there.generation));
  });

  it('promotes anew when the primary owns the space no longer', () => {
    const group = new Group();
    group.cut('a', 'bcd');
    group.at('b').promote('kitchen');
    group.heal();
    group.tellAll();
    group.owners = ['d', 'a', 'c'];
    const before = group.at('d').route('kitchen').generation;
    expect(group.at('a').promote('kitchen')).toBeNull();
    expect(group.at('d').promote('kitchen')).toMatchObject({ primary: 'd' });
    expect(group.at('d').route('kitchen').generation).toBeGreaterThan(before);
    expect(group.at('a').candidates('kitchen')).toEqual(['d', 'a', 'c']);
  });

  it('asks the primary first and nobody who cannot be reached', () => {
    const group = new Group();
    group.cut('a', 'bcd');
    group.at('b').promote('kitchen');
    group.tell('b', 'c');
    expect(group.at('c').candidates('kitchen')).toEqual(['b', 'c']);
    group.cut('b', 'cd');
    expect(group.at('c').candidates('kitchen')).toEqual(['c']);
    expect(group.at('d').candidates('kitchen')).toEqual(['c']);
  });

  it('never goes back to a lower generation', () => {
    const group = new Group();
    group.cut('a', 'bcd');
    const old = group.at('b').promote('kitchen')!;
    expect(group.at('c').merge({ ...old, primary: 'c', generation: old.generation + 1 })).toBe(
      true,
    );
    expect(group.at('c').merge(old)).toBe(false);
    expect(group.at('c').route('kitchen').primary).toBe('c');
  });
});

describe('generations', () => {
  test.prop([fc.nat({ max: 1e9 }), fc.integer({ min: 1, max: 127 })])(
    'grow, and tell which node made them',
    (current, index) => {
      const next = nextGeneration(current, index);
      expect(next).toBeGreaterThan(current);
      expect(next % 128).toBe(index);
    },
  );

  const node = fc.nat({ max: 3 });
  const step = fc.oneof(
    fc.record({ what: fc.constant('cut' as const), one: node, other: node }),
    fc.record({ what: fc.constant('promote' as const), one: node, other: node }),
    fc.record({ what: fc.constant('tell' as const), one: node, other: node }),
    fc.record({ what: fc.constant('heal' as const), one: node, other: node }),
  );

  test.prop([fc.array(step, { maxLength: 60, size: 'max' })], { numRuns: 500 })(
    'never have two primaries, whatever happens',
    (steps) => {
      const group = new Group();
      const primaries = new Map<number, string>();
      for (const { what, one, other } of steps) {
        const [first, second] = [group.names[one], group.names[other]];
        if (what === 'cut' && one !== other) group.cut(first, second);
        if (what === 'heal') group.heal();
        if (what === 'promote') group.at(first).promote('kitchen');
        if (what === 'tell') group.tell(first, second);
        for (const table of group.tables.values()) {
          const { generation, primary } = table.route('kitchen');
          expect(primaries.get(generation) ?? primary).toBe(primary);
          primaries.set(generation, primary);
        }
      }
      group.heal();
      group.tellAll();
      const views = group.names.map((name) => group.at(name).route('kitchen'));
      expect(new Set(views.map((view) => `${view.primary}/${view.generation}`)).size).toBe(1);
    },
  );
});
