import { describe, expect, test } from 'vitest';
import { limit } from '../harness/generator/combinators.ts';
import type { Generator } from '../harness/generator/generator.ts';
import type { Invocation } from '../harness/generator/operation.ts';
import { simulate } from '../harness/generator/simulate.ts';
import { makeRng } from '../harness/world/rng.ts';
import { readThroughAll } from './final-reads.ts';
import { workloads } from './index.ts';

const nodes = ['n1', 'n2', 'n3'];

function operations(generator: Generator, count: number): Invocation[] {
  const threads = [0, 1, 2, 3, 4, 5];
  const options = { threads, seed: 1, opsMax: count, latencyNs: () => 1e6 };
  return simulate(limit(count, generator), options).map((each) => each.invocation);
}

const isWrite = ({ f }: Invocation): boolean => f === 'add' || f === 'write';

describe.each(Object.values(workloads))('the workload $name', (workload) => {
  const options = { rate: 500, spacePrefix: workload.name, nodes };
  const ops = operations(workload.generator(options, makeRng(3)), 6000);

  test('does what its table says and nothing else', () => {
    const known = workload.operations.map((each) => each.f).sort();
    expect([...new Set(ops.map((each) => each.f))].sort()).toEqual(known);
  });

  test('writes unique values', () => {
    const values = ops.filter(isWrite).map((each) => each.value);
    expect(values.length).toBeGreaterThan(2000);
    expect(new Set(values).size).toBe(values.length);
  });

  test('keeps to spaces of its own with valid names', () => {
    for (const { key } of ops) {
      expect(key!.startsWith(`${workload.name}-`)).toBe(true);
      expect(key!.split('/')[0]).toMatch(/^[a-z0-9_-]{3,64}$/);
    }
  });

  test('starts as many operations a second as it was asked to', () => {
    const threads = [0, 1, 2, 3];
    const timed = simulate(limit(5000, workload.generator(options, makeRng(3))), {
      threads,
      seed: 1,
      opsMax: 5000,
      latencyNs: () => 1e6,
    });
    const perSecond = 5000 / (timed.at(-1)!.scheduledNs / 1e9);
    expect(perSecond).toBeGreaterThan(450);
    expect(perSecond).toBeLessThan(550);
  });

  test('does the same for the same seed', () => {
    const again = operations(workload.generator(options, makeRng(3)), 200);
    expect(again).toEqual(ops.slice(0, 200));
    expect(operations(workload.generator(options, makeRng(4)), 200)).not.toEqual(again);
  });

  test('reads every key through every node in a final round', () => {
    const keys = ['a-1/x', 'a-2/y'];
    const round = operations(workload.finalGenerator(options, keys), 100);
    const asked = round.map(({ key, node, final }) => `${key} ${node} ${final}`).sort();
    expect(asked).toEqual(keys.flatMap((key) => nodes.map((node) => `${key} ${node} true`)).sort());
    expect(operations(workload.finalGenerator(options, []), 100)).toEqual([]);
  });
});

test('a final round asks a node again that did not answer, and goes on without one that never does', () => {
  let refusals = 0;
  const history = simulate(readThroughAll('read', ['a', 'b'], ['n1', 'n2', 'n3']), {
    threads: [0, 1],
    seed: 1,
    opsMax: 100,
    latencyNs: () => 1e6,
    outcome: ({ node }) => (node === 'n3' || (node === 'n2' && refusals++ === 0) ? 'fail' : 'ok'),
  });
  const asked = history.map(({ invocation: { key, node } }) => `${key}@${node}`);
  expect(asked.sort().join(' ')).toBe('a@n1 a@n2 a@n2 a@n3 a@n3 a@n3 b@n1 b@n2 b@n3');
});

test.each(['set', 'delete'])(
  'a space of %s never outgrows one page of the list endpoint',
  (name) => {
    const workload = workloads[name];
    const options = { rate: 5000, spacePrefix: 'set', nodes };
    const adds = new Map<string, number>();
    for (const { f, key } of operations(workload.generator(options, makeRng(1)), 12_000)) {
      if (f === 'add') adds.set(key!, (adds.get(key!) ?? 0) + 1);
    }
    expect(adds.size).toBeGreaterThan(15);
    expect(Math.max(...adds.values())).toBeLessThan(500);
  },
);

test('a memory is deleted once at most, some time after it was begun', () => {
  const options = { rate: 500, spacePrefix: 'set', nodes };
  const addedAt = new Map<unknown, number>();
  let deletes = 0;
  operations(workloads.delete!.generator(options, makeRng(1)), 6000).forEach(({ f, value }, i) => {
    if (f === 'add') addedAt.set(value, i);
    if (f !== 'delete') return;
    deletes++;
    expect(i - addedAt.get(value)!).toBeGreaterThan(12);
    addedAt.delete(value);
  });
  expect(deletes).toBeGreaterThan(800);
});
