import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRng } from '../harness/world/rng.ts';
import {
  affected,
  betweenComponents,
  ledShapes,
  makeGrudge,
  PlanError,
  passes,
  shapes,
} from './grudges.ts';

const clusters = fc.record({ count: fc.integer({ min: 1, max: 13 }), seed: fc.integer() });

function forAll(
  variant: string,
  check: (nodes: string[], grudge: ReturnType<typeof makeGrudge>) => void,
) {
  fc.assert(
    fc.property(clusters, ({ count, seed }) => {
      fc.pre(count >= shapes[variant].nodesMin);
      const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
      check(nodes, makeGrudge(variant, nodes, makeRng(seed)));
    }),
  );
}

/** Nodes that `node` can talk with, both ways, itself included. */
const sees = (nodes: string[], grudge: ReturnType<typeof makeGrudge>, node: string): string[] =>
  nodes.filter((to) => to === node || (passes(grudge, node, to) && passes(grudge, to, node)));

const majorityOf = (nodes: readonly string[]): number => Math.floor(nodes.length / 2) + 1;

describe('every partition', () => {
  for (const variant of Object.keys(shapes).filter((name) => !(name in ledShapes))) {
    it(`${variant} concerns known nodes, never one with itself, and cuts something`, () => {
      forAll(variant, (nodes, grudge) => {
        for (const [node, dropped] of Object.entries(grudge)) {
          expect(nodes).toContain(node);
          expect(dropped).not.toContain(node);
          for (const other of dropped) expect(nodes).toContain(other);
          expect(new Set(dropped).size).toBe(dropped.length);
        }
        expect(affected(grudge).length).toBeGreaterThan(1);
      });
    });

    it(`${variant} is refused with too few nodes, and the message says how many it takes`, () => {
      const { nodesMin } = shapes[variant];
      const nodes = Array.from({ length: nodesMin - 1 }, (_, i) => `n${i + 1}`);
      expect(() => makeGrudge(variant, nodes, makeRng(1))).toThrow(PlanError);
      expect(() => makeGrudge(variant, nodes, makeRng(1))).toThrow(`at least ${nodesMin} nodes`);
    });

    it(`${variant} is the same for the same seed`, () => {
      const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];
      expect(makeGrudge(variant, nodes, makeRng(7))).toEqual(
        makeGrudge(variant, nodes, makeRng(7)),
      );
    });
  }

  it('that does not exist is refused with those that do', () => {
    expect(() => makeGrudge('thirds', ['n1', 'n2'], makeRng(1))).toThrow(/halves, random-halves/);
  });
});

describe('shapes', () => {
  for (const variant of ['halves', 'random-halves']) {
    it(`${variant}: two sides as equal as can be, each whole and blind to the other`, () => {
      forAll(variant, (nodes, grudge) => {
        const sides = new Set(nodes.map((node) => sees(nodes, grudge, node).sort().join()));
        expect(sides.size).toBe(2);
        const sizes = [...sides].map((side) => side.split(',').length).sort((a, b) => a - b);
        expect(sizes).toEqual([Math.floor(nodes.length / 2), Math.ceil(nodes.length / 2)]);
      });
    });
  }

  it('halves: always the first nodes against the rest', () => {
    expect(makeGrudge('halves', ['n1', 'n2', 'n3'], makeRng(1))).toEqual({
      n1: ['n2', 'n3'],
      n2: ['n1'],
      n3: ['n1'],
    });
  });

  it('isolate-one: one node sees itself only, all others see each other', () => {
    forAll('isolate-one', (nodes, grudge) => {
      const views = nodes.map((node) => sees(nodes, grudge, node).length);
      if (nodes.length === 2) expect(views).toEqual([1, 1]);
      else expect(views.filter((view) => view === 1)).toHaveLength(1);
      expect(Math.max(...views)).toBe(nodes.length - 1);
    });
  });

  it('majorities-ring: every node sees a majority, not all, and no two the same one', () => {
    forAll('majorities-ring', (nodes, grudge) => {
      const views = nodes.map((node) => sees(nodes, grudge, node));
      for (const view of views) {
        expect(view.length).toBeGreaterThanOrEqual(majorityOf(nodes));
        expect(view.length).toBeLessThan(nodes.length);
      }
      expect(new Set(views.map((view) => view.sort().join())).size).toBe(nodes.length);
    });
  });

  it('bridge: two sides that do not see each other, and one node that sees everybody', () => {
    forAll('bridge', (nodes, grudge) => {
      const [middle, ...rest] = nodes
        .map((node) => ({ node, view: sees(nodes, grudge, node) }))
        .sort((a, b) => b.view.length - a.view.length);
      expect(middle!.view).toHaveLength(nodes.length);
      const sides = new Set(
        rest.map(({ view }) =>
          view
            .filter((node) => node !== middle!.node)
            .sort()
            .join(),
        ),
      );
      expect(sides.size).toBe(2);
      expect([...sides].join().split(',')).toHaveLength(nodes.length - 1);
    });
  });

  it('minority-third: fewer than a third against the rest', () => {
    forAll('minority-third', (nodes, grudge) => {
      const smallest = Math.min(...nodes.map((node) => sees(nodes, grudge, node).length));
      expect(smallest).toBeLessThan(nodes.length / 3);
      expect(smallest).toBeGreaterThan(0);
    });
  });

  it('one-way: packets between one node and the others pass in one direction only', () => {
    forAll('one-way', (nodes, grudge) => {
      const oneWay = nodes.flatMap((from) =>
        nodes.filter((to) => from !== to && !passes(grudge, from, to)).map((to) => [from, to]),
      );
      expect(oneWay).toHaveLength(nodes.length - 1);
      for (const [from, to] of oneWay) expect(passes(grudge, to!, from!)).toBe(true);
    });
  });

  it('one-way: both directions occur', () => {
    const nodes = ['n1', 'n2', 'n3'];
    const seen = Array.from({ length: 20 }, (_, seed) =>
      Object.keys(makeGrudge('one-way', nodes, makeRng(seed))).length.toString(),
    );
    expect(new Set(seen)).toEqual(new Set(['1', '2']));
  });

  it('three-way: three parts that do not see each other, none larger than a third, rounded up', () => {
    forAll('three-way', (nodes, grudge) => {
      const parts = new Set(nodes.map((node) => sees(nodes, grudge, node).sort().join()));
      for (const part of parts) {
        expect(part.split(',').length).toBeLessThanOrEqual(Math.ceil(nodes.length / 3));
      }
      expect([...parts].join().split(',').length).toBe(nodes.length);
      expect(parts.size).toBe(3);
    });
  });

  it('the node that leads is alone, with a minority, or with a majority', () => {
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];
    const views = ['isolate-primary', 'primary-in-minority', 'primary-in-majority'].map((variant) =>
      sees(nodes, ledShapes[variant]('n5', nodes), 'n5').sort(),
    );
    expect(views).toEqual([['n5'], ['n1', 'n5'], ['n1', 'n2', 'n5']]);
  });

  it('nodes that are in no component are left alone', () => {
    const grudge = betweenComponents([['n1'], ['n2', 'n3']]);
    expect(passes(grudge, 'n4', 'n1')).toBe(true);
    expect(affected(grudge)).toEqual(['n1', 'n2', 'n3']);
  });
});
