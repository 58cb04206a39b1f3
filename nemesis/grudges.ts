/**
 * Grudges: for each node the peers whose packets it drops. Pure. Shapes after Jepsen's nemesis
 * namespace: halves, bridge, majorities ring.
 */

import type { Grudge } from '../harness/generator/fault-plan.ts';
import { AmnesiaError } from '../harness/world/exit-codes.ts';
import type { Rng } from '../harness/world/rng.ts';

/** A plan that cannot be made; the message says why and what would do. */
export class PlanError extends AmnesiaError {
  readonly code = 'impossible-plan';
  constructor(message: string) {
    super(message);
    this.name = 'PlanError';
  }
}

interface Shape {
  readonly nodesMin: number;
  readonly describe: string;
  /** Not drawn unless it was asked for by name: what a seed draws by default stays what it was. */
  readonly onRequest?: true;
  make(nodes: readonly string[], rng: Rng): Grudge;
}

/** Nodes of different components drop each other; nodes that are in none are left alone. */
export function betweenComponents(components: readonly (readonly string[])[]): Grudge {
  const grudge: Record<string, string[]> = {};
  for (const component of components) {
    const others = components.filter((each) => each !== component).flat();
    for (const node of component) grudge[node] = others;
  }
  return grudge;
}

function halves(nodes: readonly string[]): Grudge {
  const middle = Math.floor(nodes.length / 2);
  return betweenComponents([nodes.slice(0, middle), nodes.slice(middle)]);
}

function isolate(node: string, nodes: readonly string[]): Grudge {
  return betweenComponents([[node], nodes.filter((each) => each !== node)]);
}

/**
 * Every node sees a majority, and no two of them the same one. With three nodes each would have to see exactly
 * one other, and three cannot be paired: there it is impossible.
 */
function majoritiesRing(nodes: readonly string[]): Grudge {
  const count = nodes.length;
  const majority = Math.floor(count / 2) + 1;
  const neighbours = Math.ceil((majority - 1) / 2);
  const grudge: Record<string, string[]> = {};
  nodes.forEach((node, i) => {
    grudge[node] = nodes.filter((_, j) => {
      const distance = Math.min((j - i + count) % count, (i - j + count) % count);
      return distance > neighbours;
    });
  });
  return grudge;
}

/** Two halves that do not see each other, and one node in between that sees both. */
function bridge(nodes: readonly string[]): Grudge {
  const [, ...rest] = nodes;
  return halves(rest);
}

/** Fewer than a third of the nodes alone: as many as a Byzantine cluster could bear. */
function minorityThird(nodes: readonly string[]): Grudge {
  const few = Math.floor((nodes.length - 1) / 3);
  return betweenComponents([nodes.slice(0, few), nodes.slice(few)]);
}

/** Others no longer hear one node; it still hears them. Or the other way round. */
function oneWay(nodes: readonly string[], rng: Rng): Grudge {
  const [node, ...others] = nodes;
  if (rng.float() < 0.5) return { [node!]: others };
  return Object.fromEntries(others.map((other) => [other, [node!]]));
}

/** Three parts as equal as can be: with more than four nodes none of them has a majority. */
function threeWay(nodes: readonly string[]): Grudge {
  return betweenComponents([0, 1, 2].map((part) => nodes.filter((_, i) => i % 3 === part)));
}

/** The node that leads and those that follow it by number, `count` in all, against the rest. */
function withPrimary(primary: string, nodes: readonly string[], count: number): Grudge {
  const at = nodes.indexOf(primary);
  const order = [...nodes.slice(at), ...nodes.slice(0, at)];
  return betweenComponents([order.slice(0, count), order.slice(count)]);
}

/** Shapes about the node that leads when the fault begins; planned without a grudge. */
export const ledShapes: Readonly<
  Record<string, (primary: string, nodes: readonly string[]) => Grudge>
> = {
  'isolate-primary': isolate,
  'primary-in-minority': (primary, nodes) =>
    withPrimary(primary, nodes, Math.max(1, Math.ceil(nodes.length / 2) - 1)),
  'primary-in-majority': (primary, nodes) =>
    withPrimary(primary, nodes, Math.floor(nodes.length / 2) + 1),
};

export const shapes: Readonly<Record<string, Shape>> = {
  halves: {
    nodesMin: 2,
    describe: 'the first half of the nodes against the rest',
    make: (nodes) => halves(nodes),
  },
  'random-halves': {
    nodesMin: 2,
    describe: 'a random half of the nodes against the rest',
    make: (nodes, rng) => halves(rng.shuffle(nodes)),
  },
  'isolate-one': {
    nodesMin: 2,
    describe: 'one random node alone',
    make: (nodes, rng) => isolate(rng.pick(nodes), nodes),
  },
  'isolate-primary': {
    nodesMin: 2,
    describe: 'the node that is primary of most spaces alone, as seen when the fault begins',
    make: () => ({}),
  },
  'majorities-ring': {
    nodesMin: 4,
    describe: 'every node sees a majority, no two of them the same one',
    make: (nodes, rng) => majoritiesRing(rng.shuffle(nodes)),
  },
  bridge: {
    nodesMin: 3,
    describe: 'two halves, and one node that sees both',
    make: (nodes, rng) => bridge(rng.shuffle(nodes)),
  },
  'minority-third': {
    nodesMin: 4,
    describe: 'fewer than a third of the nodes against the rest',
    make: (nodes, rng) => minorityThird(rng.shuffle(nodes)),
  },
  'one-way': {
    nodesMin: 2,
    describe: 'one node is not heard by the others, or does not hear them',
    make: (nodes, rng) => oneWay(rng.shuffle(nodes), rng),
  },
  'three-way': {
    nodesMin: 3,
    describe: 'three parts of about the same size',
    onRequest: true,
    make: (nodes, rng) => threeWay(rng.shuffle(nodes)),
  },
  'primary-in-minority': {
    nodesMin: 3,
    describe: 'the node that leads with fewer than half of the nodes, against a majority',
    onRequest: true,
    make: () => ({}),
  },
  'primary-in-majority': {
    nodesMin: 3,
    describe: 'the node that leads with a majority, against fewer than half of the nodes',
    onRequest: true,
    make: () => ({}),
  },
};

/** Those that are drawn where nobody named any. */
export const usualShapes: readonly string[] = Object.keys(shapes).filter(
  (name) => shapes[name].onRequest !== true,
);

/** Throws PlanError. */
export function makeGrudge(variant: string, nodes: readonly string[], rng: Rng): Grudge {
  const shape = shapes[variant];
  if (!shape) {
    const accepted = Object.keys(shapes).join(', ');
    throw new PlanError(`there is no partition ${variant}; accepted are ${accepted}`);
  }
  if (nodes.length < shape.nodesMin) {
    throw new PlanError(
      `${variant} needs at least ${shape.nodesMin} nodes and there are ${nodes.length}; ` +
        'take more nodes or another partition',
    );
  }
  return shape.make(nodes, rng);
}

/** Nodes that lose sight of somebody, or are lost sight of. Sorted. */
export function affected(grudge: Grudge): string[] {
  const found = new Set<string>();
  for (const [node, dropped] of Object.entries(grudge)) {
    if (dropped.length > 0) found.add(node);
    for (const other of dropped) found.add(other);
  }
  return [...found].sort();
}

/** Do packets get from `from` to `to`? */
export function passes(grudge: Grudge, from: string, to: string): boolean {
  return !(grudge[to] ?? []).includes(from);
}
