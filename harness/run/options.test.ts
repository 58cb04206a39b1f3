import { describe, expect, test } from 'vitest';
import {
  OptionsError,
  optionsMarkdown,
  optionTable,
  parseOptions,
  type RawOptions,
  replayLine,
} from './options.ts';
import { planFaults } from './run.ts';

function problemsOf(raw: RawOptions): readonly string[] {
  try {
    parseOptions(raw, 1);
    return [];
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
}

test('without options: five nodes, thirty seconds, set and register, partitions', () => {
  expect(parseOptions({}, 7)).toMatchObject({
    nodes: 5,
    'time-limit': 30,
    workload: ['set', 'register'],
    nemesis: ['partition'],
    seed: 7,
  });
});

test('a small cluster is cut in the ways that it can be, unless others were asked for', () => {
  const { partitions } = parseOptions({ nodes: '3' }, 1);
  expect(partitions).toContain('halves');
  expect(partitions).not.toContain('majorities-ring');
  expect(problemsOf({ nodes: '3', partitions: 'halves,majorities-ring' })).toHaveLength(1);
});

describe('what cannot be met is refused in words that say what is accepted', () => {
  test.each<[RawOptions, RegExp]>([
    [{ workload: 'bank' }, /--workload has "bank"; accepted are workloads: set, register/],
    [{ nemesis: 'partition,flood' }, /"flood"; accepted are faults: .*kill/],
    [{ nemesis: '' }, /--nemesis has ""/],
    [{ nodes: '0' }, /--nodes is "0"; accepted is a whole number from 1 to/],
    [{ nodes: '2.5' }, /whole number/],
    [{ nodes: 'five' }, /--nodes is "five"/],
    [{ rate: '-1' }, /--rate is "-1"/],
    [{ rate: 'Infinity' }, /--rate/],
    [{ seed: '-4' }, /--seed/],
    [{ 'time-limit': '' }, /--time-limit/],
    [{ name: '../up' }, /--name/],
    [{ runtime: 'moon' }, /--runtime takes auto, docker, netns, local, ssh, external, sim/],
    [{ runtime: 'sim', keep: true }, /--keep needs containers/],
    [{ 'node-faults': 'a;rm -rf' }, /--node-faults/],
    [{ checkers: 'all-of-them' }, /--checkers .* accepted are checkers: lost-writes/],
    [{ model: 'sc' }, /--model .* accepted are causal models: cc, ccv, cm/],
    [{ nemesis: 'none,kill' }, /none stands alone/],
    [{ concurrency: '1' }, /at least 2/],
    [{ nodes: '2', partitions: 'majorities-ring' }, /majorities-ring with --nodes 2/],
    [{ nodes: '1' }, /--partitions .* with --nodes 1/],
    [{ 'time-limit': '3' }, /no room for a fault; take at least/],
  ])('%j', (raw, message) => {
    expect(problemsOf(raw).join('\n')).toMatch(message);
  });

  test('all problems at once', () => {
    expect(problemsOf({ nodes: '0', rate: 'x', workload: 'y' })).toHaveLength(3);
  });
});

test('whatever is accepted can be planned', () => {
  for (const nodes of ['2', '3', '5', '9', '13']) {
    for (let seed = 0; seed < 20; seed++) {
      const raw = { nodes, nemesis: 'kill,pause', 'time-limit': '11.2' };
      expect(planFaults(parseOptions(raw, seed)).length).toBeGreaterThan(0);
    }
  }
});

test('one seed plans the same faults, another seed others', () => {
  const plan = (seed: string) =>
    planFaults(parseOptions({ seed, nemesis: 'partition,kill,pause', 'time-limit': '60' }, 1));
  expect(plan('3')).toEqual(plan('3'));
  expect(plan('4')).not.toEqual(plan('3'));
});

test('the replay line has the seed and what is not default, and gives the same options back', () => {
  const raw = { nodes: '3', nemesis: 'kill,pause', rate: '50', results: "it's here", json: true };
  const options = parseOptions(raw, 99);
  const line = replayLine(options);
  expect(line).toBe(
    "amnesia test --nodes 3 --rate 50 --nemesis kill,pause --seed 99 --results 'it'\\''s here'",
  );
  const again = { nodes: '3', rate: '50', nemesis: 'kill,pause', seed: '99', results: "it's here" };
  expect(parseOptions(again, 1)).toEqual({ ...options, json: false });
  expect(replayLine(parseOptions({}, 5))).toBe('amnesia test --seed 5');
});

test('the printed table has a line for each option', () => {
  const lines = optionsMarkdown().trim().split('\n');
  expect(lines).toHaveLength(Object.keys(optionTable).length + 2);
});
