/**
 * The options of a run: one table with name, default, accepted values and meaning. The command line, the
 * validation, the replay line and the printed reference all come from it.
 */
import { z } from 'zod';
import { checkers } from '../../checkers/index.ts';
import type { DefinitionKind } from '../../checkers/verdict/definition.ts';
import { makeGrudge, PlanError, shapes, usualShapes } from '../../nemesis/grudges.ts';
import { faults } from '../../nemesis/index.ts';
import { workloads } from '../../workloads/index.ts';
import { runtimeNames } from '../cluster/cluster.ts';
import { systems } from '../systems/index.ts';
import { makeRng } from '../world/rng.ts';
import { nameOf, wordFor } from './extensions/origins.ts';
import { beyondSystem, usualFor } from './fit.ts';
import { OptionsError } from './options-error.ts';
import { placeOptions, usualPlaces } from './place-options.ts';

export { OptionsError };

/** Names of a list; those of a kind that can be loaded may be given by their paths. */
const names = <Name extends string>(
  known: readonly Name[] | (() => readonly Name[]),
  what: string,
  kind?: DefinitionKind,
) =>
  z.string().transform((text, context) => {
    const accepted = typeof known === 'function' ? known() : known;
    const list = new Set<Name>();
    for (const word of text.split(',').map((each) => each.trim())) {
      const name = kind === undefined ? word : nameOf(kind, word);
      const found = accepted.find((each) => each === name);
      if (found !== undefined) list.add(found);
      else {
        const message = `has ${JSON.stringify(name)}; accepted are ${what}: ${accepted.join(', ')}`;
        context.addIssue({ code: 'custom', message });
      }
    }
    return [...list];
  });

const number = (least: number, most: number, whole: boolean) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (
      text.trim() === '' ||
      !(value >= least && value <= most) ||
      (whole && !Number.isInteger(value))
    ) {
      const kind = whole ? 'a whole number' : 'a number';
      const message = `is ${JSON.stringify(text)}; accepted is ${kind} from ${least} to ${most}`;
      context.addIssue({ code: 'custom', message });
    }
    return value;
  });

const flag = z.boolean();
const nodeFaultNames = /^[a-z-]+(,[a-z-]+)*$/;

export const optionTable = {
  system: {
    schema: z.string().transform((text, context) => {
      const name = nameOf('system', text);
      if (Object.hasOwn(systems, name)) return name;
      const message = `is ${JSON.stringify(text)}; accepted are ${Object.keys(systems).join(', ')}`;
      context.addIssue({ code: 'custom', message: `${message}, or a file (./mine.mjs)` });
      return text;
    }),
    fallback: 'engram',
    meaning: 'what is tested: a system in the box (see amnesia list-systems), a file or a package',
  },
  'system-options': {
    schema: z.string(),
    fallback: '',
    meaning: "the system's own options: name=value,name=value",
  },
  name: {
    schema: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'takes 1 to 64 of A-Z a-z 0-9 . _ -'),
    fallback: 'engram',
    meaning: 'name of the test, the folder under the results; that of the system where left out',
  },
  runtime: {
    schema: z.enum(runtimeNames, `takes ${runtimeNames.join(', ')}`),
    fallback: 'auto',
    meaning:
      'where nodes live: docker, netns (processes in network namespaces, as root), local (processes ' +
      'on loopback), ssh, external, or sim (this process, virtual time); auto takes docker when an engine answers, else netns where it may, ' +
      'else sim where somebody sees it at a terminal',
  },
  ...placeOptions,
  latency: {
    schema: number(0.01, 20, false),
    fallback: '0.5',
    meaning: 'sim only: mean ms that a packet takes, one way; each takes 0.2 to 1.8 of that',
  },
  nodes: {
    schema: number(1, 13, true),
    fallback: '5',
    meaning: 'number of nodes; where left out as many as is usual for the system',
  },
  'time-limit': {
    schema: number(1, 86_400, false),
    fallback: '30',
    meaning: 'seconds of the chaos phase',
  },
  'warm-up': {
    schema: number(0, 3600, false),
    fallback: '2',
    meaning: 'seconds of load before the first fault may come',
  },
  rate: {
    schema: number(1, 100_000, false),
    fallback: '300',
    meaning: 'operations started per second, all workloads together (open loop)',
  },
  concurrency: {
    schema: number(1, 1000, true),
    fallback: '20',
    meaning: 'number of client threads, shared out among the workloads',
  },
  workload: {
    schema: names(() => Object.keys(workloads), 'workloads', 'workload'),
    fallback: 'set,register',
    meaning: `workloads that run at once: ${Object.keys(workloads).join(', ')}`,
  },
  nemesis: {
    schema: names(() => [...Object.keys(faults), 'all', 'none'], 'faults', 'fault'),
    fallback: 'partition',
    meaning: `kinds of faults: ${Object.keys(faults).join(', ')}; all that the runtime has, or none`,
  },
  overlap: {
    schema: z.enum(['no', 'yes'], { error: 'must be yes or no' }),
    fallback: 'no',
    meaning: 'yes: faults of cuts, links, machines and clocks may be in force at the same time',
  },
  partitions: {
    schema: names(Object.keys(shapes), 'partitions'),
    fallback: usualShapes.join(','),
    meaning: `kinds of partitions: ${Object.keys(shapes).join(', ')}`,
  },
  schedule: {
    schema: z.string(),
    fallback: '',
    meaning:
      'file with what is to be done, of `amnesia shrink` or your own; its faults replace those of --nemesis',
  },
  'fault-time': {
    schema: number(0.5, 3600, false),
    fallback: '5',
    meaning: 'mean seconds of a fault',
  },
  'calm-time': {
    schema: number(0, 3600, false),
    fallback: '3',
    meaning: 'mean seconds between faults',
  },
  'node-faults': {
    schema: z.string().refine((text) => text === '' || nodeFaultNames.test(text), {
      message: 'takes names of fault switches of the node, separated by commas',
    }),
    fallback: '',
    meaning: "ways in which the nodes are broken on purpose, in the system's own names",
  },
  seed: {
    schema: number(0, 2 ** 31 - 1, true),
    fallback: '',
    meaning: 'seed of schedule, load and values; random where left out',
  },
  'op-timeout': {
    schema: number(0.05, 600, false),
    fallback: '5',
    meaning: 'seconds after which an operation counts as timed out',
  },
  settle: {
    schema: number(0, 600, false),
    fallback: '2',
    meaning: 'seconds without load after the heal, before the final reads',
  },
  'final-deadline': {
    schema: number(1, 3600, false),
    fallback: '25',
    meaning: 'seconds within which the final reads of all nodes must agree',
  },
  'wall-clock': {
    schema: number(0, 172_800, false),
    fallback: '0',
    meaning:
      'seconds after which the run is stopped and judged as it is; 0: from the other options',
  },
  checkers: {
    schema: names(() => Object.keys(checkers), 'checkers', 'checker'),
    fallback: Object.keys(checkers).join(','),
    meaning: 'checkers that judge the history',
  },
  model: {
    schema: names(['cc', 'ccv', 'cm'] as const, 'causal models'),
    fallback: 'cc,ccv',
    meaning: 'causal models that are decided: cc, ccv, cm',
  },
  results: { schema: z.string().min(1), fallback: 'results', meaning: 'folder for run files' },
  keep: { schema: flag, fallback: false, meaning: 'leave the cluster running for a look' },
  json: { schema: flag, fallback: false, meaning: 'one JSON document instead of text' },
} as const;

export type OptionName = keyof typeof optionTable;
export type RawOptions = Readonly<Record<string, string | boolean | undefined>>;

/** Options as validated. Times are seconds, as given. */
export type RunOptions = {
  readonly [Name in OptionName]: z.output<(typeof optionTable)[Name]['schema']>;
};

/** Throws OptionsError with every problem. `randomSeed` is used where no seed is given. */
export function parseOptions(raw: RawOptions, randomSeed: number): RunOptions {
  const system = nameOf('system', String(raw.system ?? optionTable.system.fallback));
  const usual = { ...usualFor(system), ...usualPlaces(raw) };
  const problems: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of Object.entries(optionTable)) {
    const value = raw[name] ?? usual[name] ?? (name === 'seed' ? String(randomSeed) : fallback);
    const result = schema.safeParse(value);
    if (result.success) parsed[name] = result.data;
    else for (const issue of result.error.issues) problems.push(`--${name} ${issue.message}`);
  }
  if (problems.length > 0) throw new OptionsError(problems);
  const cuts = ['partition', 'all'] as const;
  if (
    raw.partitions === undefined &&
    cuts.some((kind) => (parsed as RunOptions).nemesis.includes(kind))
  ) {
    // What nobody asked for is no reason to refuse a small cluster.
    const possible = (parsed as RunOptions).partitions.filter(
      (variant) => partitionProblem(variant, parsed as RunOptions) === null,
    );
    if (possible.length > 0) parsed.partitions = possible;
  }
  const options = parsed as RunOptions;
  const impossible = [...combinations(options), ...beyondSystem(options)];
  if (impossible.length > 0) throw new OptionsError(impossible);
  return options;
}

/** What each option allows by itself and not together. */
function combinations(options: RunOptions): string[] {
  const problems: string[] = [];
  if (options.nemesis.includes('none') && options.nemesis.length > 1) {
    problems.push('--nemesis none stands alone; leave the other faults out, or none');
  }
  if (options.nemesis.includes('all') && options.nemesis.length > 1) {
    problems.push('--nemesis all stands alone: the other faults are part of it');
  }
  if (options.keep && options.runtime === 'sim') {
    problems.push('--keep needs containers: a simulated cluster ends with its process');
  }
  if (options.concurrency < options.workload.length) {
    problems.push(
      `--concurrency ${options.concurrency} leaves a workload without a thread; ` +
        `take at least ${options.workload.length}`,
    );
  }
  // The faults of a schedule file are not planned from these options.
  if (options.schedule !== '') return problems;
  if (options.nemesis.some((kind) => kind === 'partition' || kind === 'all')) {
    for (const variant of options.partitions) {
      const problem = partitionProblem(variant, options);
      if (problem === null) continue;
      problems.push(`--partitions ${variant} with --nodes ${options.nodes}: ${problem}`);
    }
  }
  if (options.nemesis.some((name) => name !== 'none')) {
    const least = (4 / 3) * (options['fault-time'] + options['calm-time']) + 0.5;
    if (options['time-limit'] < least) {
      problems.push(
        `--time-limit ${options['time-limit']} has no room for a fault; take at least ` +
          `${Math.ceil(least)}, a shorter --fault-time, or --nemesis none`,
      );
    }
  }
  return problems;
}

/** Why these nodes cannot be cut in this way; null where they can. */
function partitionProblem(variant: string, options: Pick<RunOptions, 'nodes'>): string | null {
  try {
    makeGrudge(variant, nodeNames(options), makeRng(1));
    return null;
  } catch (error) {
    if (error instanceof PlanError) return error.message;
    throw error;
  }
}

export function nodeNames(options: Pick<RunOptions, 'nodes'>): string[] {
  return Array.from({ length: options.nodes }, (_, i) => `n${i + 1}`);
}

/** The command that runs this again: the seed, and every option that is not what is usual for its system. */
export function replayLine(options: RunOptions): string {
  const words = ['amnesia', 'test'];
  const usual = usualFor(options.system);
  for (const [name, { fallback }] of Object.entries(optionTable)) {
    const value = options[name as OptionName];
    if (name === 'keep' || name === 'json') continue;
    const text = Array.isArray(value) ? value.join(',') : String(value);
    if (name !== 'seed' && text === (usual[name] ?? String(fallback))) continue;
    const kind = kindOfOption[name];
    words.push(`--${name}`, quoted(kind === undefined ? text : wordsFor(kind, text)));
  }
  return words.join(' ');
}

/** Options whose words may come from outside, and of which kind they are. */
export const kindOfOption: Readonly<Record<string, DefinitionKind>> = {
  system: 'system',
  workload: 'workload',
  checkers: 'checker',
  nemesis: 'fault',
};

function wordsFor(kind: DefinitionKind, text: string): string {
  return text
    .split(',')
    .map((each) => wordFor(kind, each))
    .join(',');
}

/** Ready to paste: plain words stand as they are. */
function quoted(text: string): string {
  return /^[A-Za-z0-9._,/:=@#-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The table as Markdown, for the reference. */
export function optionsMarkdown(): string {
  const lines = ['| option | default | meaning |', '|---|---|---|'];
  for (const [name, { fallback, meaning }] of Object.entries(optionTable)) {
    const shown = fallback === '' || fallback === false ? '' : `\`${fallback}\``;
    lines.push(`| \`--${name}\` | ${shown} | ${meaning} |`);
  }
  return `${lines.join('\n')}\n`;
}
