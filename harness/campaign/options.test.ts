import { describe, expect, test } from 'vitest';
import { OptionsError, optionTable, type RawOptions } from '../run/options.ts';
import { campaignOptions, handedOn, kindsFor, onceEach, parseCampaign } from './options.ts';
import { OWN_OPTIONS } from './spec.ts';

const defaults = { name: 'soak-1', seed: 9 };
const parse = (raw: RawOptions) => parseCampaign({ runtime: 'docker', ...raw }, defaults);

function problemsOf(raw: RawOptions): string {
  try {
    parse(raw);
    return '';
  } catch (error) {
    if (error instanceof OptionsError) return error.message;
    throw error;
  }
}

test('without options: a hundred runs, each fault alone and in swarms, on five nodes', () => {
  const { spec, shard, limits } = parse({});
  expect(spec).toMatchObject({ name: 'soak-1', seed: 9, runs: 100, topologies: [5] });
  expect(spec.workloads).toEqual(['set,register']);
  expect(spec.nemeses).toEqual([...kindsFor('docker'), 'swarm']);
  expect(shard).toEqual({ part: 1, of: 1 });
  expect(limits).toEqual({ hours: null, untilFailures: null, keepBytes: null, parallel: 1 });
});

test('containers are asked for what containers can do', () => {
  expect(kindsFor('docker')).toEqual(expect.arrayContaining(['partition', 'kill', 'pause']));
  expect(kindsFor('docker')).not.toContain('power');
  expect(kindsFor('sim')).toContain('power');
});

test('a comma varies, a plus joins', () => {
  const { spec } = parse({ workload: 'set+register,set', nemesis: 'kill+pause,none,swarm' });
  expect(spec.workloads).toEqual(['set,register', 'set']);
  expect(spec.nemeses).toEqual(['kill,pause', 'none', 'swarm']);
  expect(onceEach(parse({ nodes: '3,5', nemesis: 'kill,none' })).spec.runs).toBe(4);
});

test('what is bounded in time or by failures needs no number of runs', () => {
  expect(parse({ hours: '3' }).spec.runs).toBe(1_000_000);
  expect(parse({ hours: '3', runs: '7' }).spec.runs).toBe(7);
  expect(parse({ 'keep-bytes': '1.5G' }).limits.keepBytes).toBe(1.5 * 2 ** 30);
});

test('every option of a run is either handed on or decided by the campaign', () => {
  expect(new Set([...handedOn, ...OWN_OPTIONS])).toEqual(new Set(Object.keys(optionTable)));
  for (const name of handedOn) expect(campaignOptions).not.toHaveProperty(name);
  expect(parse({ rate: '50' }).spec.options.rate).toBe('50');
});

describe('what cannot be met is refused in words that say what is accepted', () => {
  test.each<[RawOptions, RegExp]>([
    [{ runs: '0' }, /--runs is "0"; accepted is a whole number from 1 to/],
    [{ hours: 'long' }, /--hours is "long"; accepted is a number from/],
    [{ parallel: '1.5' }, /--parallel is "1\.5"; accepted is a whole number from 1 to 64/],
    [{ 'until-failures': '-1' }, /--until-failures/],
    [{ 'keep-bytes': '5X' }, /--keep-bytes is "5X"; accepted is a number of bytes, with K, M, G/],
    [{ shard: '3/2', seed: '1' }, /--shard is "3\/2"; accepted is i\/n/],
    [{ shard: '1/2' }, /--shard needs --seed/],
    [{ nodes: '3,99' }, /--nodes is "99"/],
    [{ nemesis: 'kill,flood' }, /--nemesis has "flood"; accepted are faults: partition/],
    [{ workload: 'bank' }, /--workload has "bank"; accepted are workloads: set/],
    [{ rate: 'x' }, /--rate is "x"/],
    [{ name: '../up' }, /--name takes/],
    [{ nemesis: 'swarm', nodes: '1' }, /with --nodes 1/],
  ])('%j', (raw, message) => {
    expect(problemsOf(raw)).toMatch(message);
  });

  test('all problems of the campaign at once', () => {
    expect(problemsOf({ runs: 'x', parallel: 'y', 'keep-bytes': 'z' }).split('\n')).toHaveLength(3);
  });
});
