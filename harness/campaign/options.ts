/**
 * The options of `amnesia soak` and its kin: those of a campaign in one table, and every option of `amnesia
 * test` that a campaign does not decide by itself. All checked before anything starts. Pure.
 */
import { isAbsolute, resolve } from 'node:path';
import { faults } from '../../nemesis/index.ts';
import { type OptionName, OptionsError, optionTable, type RawOptions } from '../run/options.ts';
import {
  type CampaignSpec,
  cellCount,
  OWN_OPTIONS,
  type Shard,
  SWARM,
  validateCells,
} from './spec.ts';
import type { Limits } from './state/state.ts';

interface CampaignOption {
  /** As shown in the help: `--runs <n>`. */
  readonly form: string;
  readonly fallback: string;
  readonly meaning: string;
}

export const campaignOptions = {
  name: {
    form: '--name <name>',
    fallback: '',
    meaning: 'folder of the campaign below the results; the command and the time where left out',
  },
  runs: { form: '--runs <n>', fallback: '100', meaning: 'runs of the whole campaign' },
  hours: { form: '--hours <h>', fallback: '', meaning: 'begin no run after so many hours of work' },
  'until-failures': {
    form: '--until-failures <n>',
    fallback: '',
    meaning: 'begin no run after so many invalid ones',
  },
  parallel: { form: '--parallel <n>', fallback: '1', meaning: 'runs at once' },
  shard: {
    form: '--shard <i/n>',
    fallback: '1/1',
    meaning: 'only the i-th of n parts, so that n machines carry one campaign',
  },
  'keep-bytes': {
    form: '--keep-bytes <bytes>',
    fallback: '',
    meaning: 'bound for kept runs; takes K, M, G, T. What is missed least goes first',
  },
  workload: {
    form: '--workload <names>',
    fallback: optionTable.workload.fallback.replaceAll(',', '+'),
    meaning: 'what the runs vary; + joins workloads that run at once',
  },
  nemesis: {
    form: '--nemesis <names>',
    fallback: '',
    meaning: `what the runs vary; + joins faults, ${SWARM} takes some at random; each alone and ${SWARM} where left out`,
  },
  nodes: {
    form: '--nodes <numbers>',
    fallback: optionTable.nodes.fallback,
    meaning: 'what the runs vary: numbers of nodes',
  },
  seed: { form: '--seed <n>', fallback: '', meaning: 'seed of the first run; run i has seed + i' },
  results: {
    form: '--results <dir>',
    fallback: optionTable.results.fallback,
    meaning: optionTable.results.meaning,
  },
} as const satisfies Readonly<Record<string, CampaignOption>>;

/** Options of `amnesia test` that a campaign hands on to its runs. */
export const handedOn: readonly OptionName[] = (Object.keys(optionTable) as OptionName[]).filter(
  (name) => !OWN_OPTIONS.has(name),
);

const RUNS_MAX = 1_000_000;
const PARALLEL_MAX = 64;

export interface CampaignPlan {
  readonly spec: CampaignSpec;
  readonly shard: Shard;
  readonly limits: Limits;
}

/** Used where nothing is given. */
export interface Defaults {
  readonly name: string;
  readonly seed: number;
}

/** Needs that a container meets; faults with others are for the simulator. */
const containerNeeds: ReadonlySet<string> = new Set(['exec', 'kill', 'pause', 'iptables', 'cut']);

/** Kinds of faults that a runtime can make. */
export function kindsFor(runtime: string): string[] {
  return Object.values(faults)
    .filter(({ needs }) => runtime === 'sim' || needs.every((need) => containerNeeds.has(need)))
    .map(({ kind }) => kind);
}

/** Throws OptionsError with every problem of the campaign, or of the first cell that cannot be run. */
export function parseCampaign(raw: RawOptions, defaults: Defaults): CampaignPlan {
  const problems: string[] = [];
  const text = (name: keyof typeof campaignOptions): string =>
    typeof raw[name] === 'string' ? raw[name] : campaignOptions[name].fallback;
  const name = text('name') || defaults.name;
  const results = text('results');
  const runtime = typeof raw.runtime === 'string' ? raw.runtime : optionTable.runtime.fallback;
  const swarm = kindsFor(runtime);
  const nemeses = text('nemesis') || [...swarm, SWARM].join(',');
  const limits = parseLimits(raw, problems);
  const isOpen = raw.runs === undefined && (limits.hours ?? limits.untilFailures) !== null;
  const runs = isOpen ? RUNS_MAX : number('--runs', text('runs'), 1, RUNS_MAX, true, problems);
  const seedText = text('seed') || String(defaults.seed);
  const spec: CampaignSpec = {
    name,
    runs,
    seed: number('--seed', seedText, 0, 2 ** 31 - 1, true, problems),
    workloads: entries(text('workload')),
    nemeses: entries(nemeses),
    swarm,
    topologies: entries(text('nodes')).map((each) =>
      number('--nodes', each, 1, 13, true, problems),
    ),
    options: {
      ...handOn(raw),
      results: isAbsolute(results) ? results : resolve(results),
    },
  };
  const shard = parseShard(text('shard'), problems);
  if (shard.of > 1 && raw.seed === undefined) {
    problems.push('--shard needs --seed, so that all parts are parts of one campaign');
  }
  if (problems.length > 0) throw new OptionsError(problems);
  validateCells(spec);
  return { spec, shard, limits };
}

/** The matrix once: as many runs as it has cells. */
export function onceEach({ spec, ...plan }: CampaignPlan): CampaignPlan {
  return { ...plan, spec: { ...spec, runs: cellCount(spec) } };
}

/** How the work is bounded; may be given anew when a campaign is taken up again. */
export function parseLimits(raw: RawOptions, problems: string[]): Limits {
  const given = (name: keyof typeof campaignOptions): string | null => {
    const value = raw[name];
    return typeof value === 'string' ? value : null;
  };
  const hours = given('hours');
  const failures = given('until-failures');
  const bytes = given('keep-bytes');
  const parallel = given('parallel') ?? campaignOptions.parallel.fallback;
  return {
    hours: hours === null ? null : number('--hours', hours, 0.001, 10_000, false, problems),
    untilFailures:
      failures === null ? null : number('--until-failures', failures, 1, RUNS_MAX, true, problems),
    keepBytes: bytes === null ? null : parseBytes(bytes, problems),
    parallel: number('--parallel', parallel, 1, PARALLEL_MAX, true, problems),
  };
}

function handOn(raw: RawOptions): Record<string, string> {
  const options: Record<string, string> = {};
  for (const name of handedOn) {
    const value = raw[name];
    if (value !== undefined) options[name] = String(value);
  }
  return options;
}

/** Entries of a list; + joins what belongs together. */
function entries(text: string): string[] {
  return [...new Set(text.split(',').map((each) => each.trim().replaceAll('+', ',')))];
}

function parseShard(text: string, problems: string[]): Shard {
  const found = /^(\d+)\/(\d+)$/.exec(text);
  const part = Number(found?.[1]);
  const of = Number(found?.[2]);
  if (found !== null && part >= 1 && part <= of && of <= 10_000) return { part, of };
  problems.push(
    `--shard is ${JSON.stringify(text)}; accepted is i/n with i from 1 to n, as in 2/4`,
  );
  return { part: 1, of: 1 };
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

function parseBytes(text: string, problems: string[]): number {
  const found = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  const bytes = found === null ? 0 : Math.floor(Number(found[1]) * units[found[2]]);
  if (bytes >= 1) return bytes;
  problems.push(
    `--keep-bytes is ${JSON.stringify(text)}; accepted is a number of bytes, with K, M, G or T: 500M`,
  );
  return 1;
}

function number(
  name: string,
  text: string,
  least: number,
  most: number,
  whole: boolean,
  problems: string[],
): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= least && value <= most;
  if (fits && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  problems.push(`${name} is ${JSON.stringify(text)}; accepted is ${kind} from ${least} to ${most}`);
  return least;
}
