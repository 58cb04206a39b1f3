/**
 * From a campaign to its runs: pure, so that any engine can carry a part of it, and so that a campaign
 * that was interrupted knows what is left without having kept it. Run i of a campaign is always the same
 * run: cell i of the matrix (workloads, then nemeses, then topologies), round after round, each with a
 * seed of its own.
 */
import { createHash } from 'node:crypto';
import { type OptionName, optionTable, parseOptions, type RawOptions } from '../run/options.ts';
import { makeRng } from '../world/rng.ts';

/** A campaign, JSON in and out. */
export interface CampaignSpec {
  /** Folder below the results; also the name of each run. */
  readonly name: string;
  readonly runs: number;
  /** Seed of run 0; run i has seed + i. */
  readonly seed: number;
  /** Each entry is a value of `--workload`: what runs at once. */
  readonly workloads: readonly string[];
  /** Each entry is a value of `--nemesis`, or `swarm`: for each run some of `swarm` at random. */
  readonly nemeses: readonly string[];
  /** Kinds of faults for `swarm`. */
  readonly swarm: readonly string[];
  /** Numbers of nodes. */
  readonly topologies: readonly number[];
  /** Every other option of `amnesia test` that is not its default. */
  readonly options: Readonly<Record<string, string>>;
}

/** One run: exactly the options of `amnesia test`, as text. */
export interface RunSpec {
  /** Number in the campaign, 0 .. runs - 1. */
  readonly index: number;
  /** The entry of the matrix that its faults are from. */
  readonly nemesis: string;
  readonly options: Readonly<Record<string, string>>;
}

/** This part of the campaign's runs: those with index % of === part - 1. */
export interface Shard {
  /** 1 .. of. */
  readonly part: number;
  readonly of: number;
}

const wholeCampaign: Shard = { part: 1, of: 1 };

/** Options of `amnesia test` that a campaign decides by itself. */
export const OWN_OPTIONS: ReadonlySet<OptionName> = new Set<OptionName>([
  'name',
  'seed',
  'workload',
  'nemesis',
  'nodes',
  'results',
  'keep',
  'json',
]);

const SEED_MAX = 2 ** 31;

/** Name of the entry that takes other faults for each run. */
export const SWARM = 'swarm';

/**
 * Each kind with even odds, at least one. A fault that is always there hides what only happens without
 * it: Groce et al., "Swarm testing", ISSTA 2012.
 */
function swarmOf(kinds: readonly string[], seed: number): string {
  const rng = makeRng(seed).split('swarm');
  const chosen = kinds.filter(() => rng.float() < 0.5);
  return (chosen.length > 0 ? chosen : [rng.pick(kinds)]).join(',');
}

/** Cells of the matrix. */
export function cellCount(spec: CampaignSpec): number {
  return spec.workloads.length * spec.nemeses.length * spec.topologies.length;
}

/** Run `index` of a campaign. Throws RangeError beyond its runs. */
export function runSpec(spec: CampaignSpec, index: number): RunSpec {
  if (!(Number.isInteger(index) && index >= 0 && index < spec.runs)) {
    throw new RangeError(`there is no run ${index} in a campaign of ${spec.runs}`);
  }
  const { workloads, nemeses, topologies } = spec;
  const cell = index % cellCount(spec);
  const nodes = topologies[cell % topologies.length];
  const nemesis = nemeses[Math.floor(cell / topologies.length) % nemeses.length];
  const workload = workloads[Math.floor(cell / (topologies.length * nemeses.length))];
  const seed = (spec.seed + index) % SEED_MAX;
  return {
    index,
    nemesis,
    options: {
      name: spec.name,
      workload,
      nemesis: nemesis === SWARM ? swarmOf(spec.swarm, seed) : nemesis,
      nodes: String(nodes),
      ...spec.options,
      seed: String(seed),
    },
  };
}

/** All runs of a shard, in order; one at a time, so that a million of them need no memory. */
export function* expand(spec: CampaignSpec, shard: Shard = wholeCampaign): Generator<RunSpec> {
  for (let index = shard.part - 1; index < spec.runs; index += shard.of) {
    yield runSpec(spec, index);
  }
}

/** Number of runs in a shard. */
export function shardSize(spec: CampaignSpec, { part, of }: Shard): number {
  return Math.max(0, Math.ceil((spec.runs - (part - 1)) / of));
}

/**
 * Whatever is wrong with any cell of the matrix, before anything starts. Throws OptionsError of the
 * first cell that cannot be run.
 */
export function validateCells(spec: CampaignSpec): void {
  for (let index = 0; index < Math.min(spec.runs, cellCount(spec)); index++) {
    const { nemesis, options } = runSpec(spec, index);
    parseOptions(rawOf(options), 0);
    // Whatever a swarm may pick, it picks from these.
    if (nemesis === SWARM) parseOptions(rawOf({ ...options, nemesis: spec.swarm.join(',') }), 0);
  }
}

/**
 * Arguments of `amnesia test` for a run. What is the default is left out, so that a replay line is one
 * that a person would write.
 */
export function argumentsOf(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const fallback: string | boolean | undefined = optionTable[name as OptionName]?.fallback;
    if (typeof fallback === 'boolean') return value === 'true' ? [`--${name}`] : [];
    return value === fallback ? [] : [`--${name}`, value];
  });
}

/** Options for `parseOptions`: flags are booleans there. */
export function rawOf(options: Readonly<Record<string, string>>): RawOptions {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const isFlag = typeof optionTable[name as OptionName]?.fallback === 'boolean';
      return [name, isFlag ? value === 'true' : value];
    }),
  );
}

/**
 * Name of a run across campaigns and shards: two that are to run the same have the same. `results` and
 * the campaign's name are only about where it is written.
 */
export function specKey(options: Readonly<Record<string, string>>): string {
  const told = Object.entries(options)
    .filter(([name]) => name !== 'results' && name !== 'name')
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 24);
}
