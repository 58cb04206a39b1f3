import { describe, expect, test } from 'vitest';
import { OptionsError, parseOptions } from '../run/options.ts';
import {
  argumentsOf,
  type CampaignSpec,
  cellCount,
  expand,
  rawOf,
  runSpec,
  shardSize,
  specKey,
  validateCells,
} from './spec.ts';

const spec: CampaignSpec = {
  name: 'soak',
  runs: 20,
  seed: 100,
  workloads: ['set,register', 'set'],
  nemeses: ['partition', 'kill', 'none'],
  swarm: [],
  topologies: [3, 5],
  options: { rate: '50' },
};

test('every cell of the matrix comes once before any comes again', () => {
  const cells = [...expand(spec)].map(
    ({ options }) => `${options.workload} ${options.nemesis} ${options.nodes}`,
  );
  expect(cellCount(spec)).toBe(12);
  expect(new Set(cells.slice(0, 12)).size).toBe(12);
  expect(cells.slice(12)).toEqual(cells.slice(0, 8));
});

test('every run has a seed of its own, within what a seed may be', () => {
  const seeds = [...expand({ ...spec, seed: 2 ** 31 - 3 })].map(({ options }) => options.seed);
  expect(new Set(seeds).size).toBe(20);
  for (const { options } of expand({ ...spec, seed: 2 ** 31 - 3 })) {
    expect(() => parseOptions(rawOf(options), 0)).not.toThrow();
  }
});

test('run i is the same run however it is come by', () => {
  const all = [...expand(spec)];
  expect(runSpec(spec, 7)).toEqual(all[7]);
  expect(JSON.stringify([...expand(JSON.parse(JSON.stringify(spec)))])).toBe(JSON.stringify(all));
  expect(() => runSpec(spec, 20)).toThrow(RangeError);
});

describe('shards', () => {
  test.each([1, 2, 3, 7, 25])('%i of them hold every run once', (of) => {
    const found: number[] = [];
    for (let part = 1; part <= of; part++) {
      const indices = [...expand(spec, { part, of })].map(({ index }) => index);
      expect(indices).toHaveLength(shardSize(spec, { part, of }));
      found.push(...indices);
    }
    expect(found.sort((a, b) => a - b)).toEqual([...expand(spec)].map(({ index }) => index));
  });
});

test('a cell that cannot be run is found before anything starts', () => {
  expect(() => validateCells(spec)).not.toThrow();
  expect(() => validateCells({ ...spec, nemeses: ['flood'] })).toThrow(OptionsError);
  const small = { ...spec, topologies: [1], nemeses: ['none', 'partition'] };
  expect(() => validateCells(small)).toThrow(/with --nodes 1/);
});

test('arguments give the same options back, without a shell and without what is default', () => {
  const given = { ...runSpec(spec, 3).options, 'time-limit': '30', results: "it's here" };
  const argv = argumentsOf(given);
  expect(argv).not.toContain('--time-limit');
  expect(argv).toContain("it's here");
  const again: Record<string, string> = {};
  for (let i = 0; i < argv.length; i += 2) again[argv[i].slice(2)] = argv[i + 1];
  expect(parseOptions(again, 0)).toEqual(parseOptions(rawOf(given), 0));
});

test('the key of a run depends on what is run, and not on where it is written', () => {
  const { options } = runSpec(spec, 0);
  const turned = Object.fromEntries(Object.entries(options).reverse());
  expect(specKey(turned)).toBe(specKey(options));
  expect(specKey({ ...options, name: 'other', results: '/elsewhere' })).toBe(specKey(options));
  expect(specKey({ ...options, seed: '5' })).not.toBe(specKey(options));
});

test('a swarm gives each run some of its faults, by its seed, never none and not always the same', () => {
  const kinds = ['partition', 'kill', 'pause'];
  const swarm = { ...spec, runs: 60, nemeses: ['swarm'], swarm: kinds };
  const runs = [...expand(swarm)];
  expect(runs.every((each) => each.nemesis === 'swarm')).toBe(true);
  const chosen = runs.map((each) => each.options.nemesis!);
  expect(new Set(chosen).size).toBe(7);
  expect(chosen.every((each) => each.split(',').every((kind) => kinds.includes(kind)))).toBe(true);
  expect([...expand(swarm)]).toEqual(runs);
});
