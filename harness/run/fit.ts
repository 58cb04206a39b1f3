/** How the options of a run and its system fit together: what is usual for it, and what it does not offer. */
import { checkers } from '../../checkers/index.ts';
import { ledShapes, usualShapes } from '../../nemesis/grudges.ts';
import { workloads } from '../../workloads/index.ts';
import { type AnySystem, systems } from '../systems/index.ts';
import { whyNotJudged, whyNotRun } from '../systems/offers.ts';
import { parseSystemOptions, SystemOptionsError } from '../systems/options.ts';

/** Variants of a partition for which somebody must say who leads. */
const needLeader: readonly string[] = Object.keys(ledShapes);
/** Run at once where nobody chose and the system can do both. */
const usualWorkloads: readonly string[] = ['set', 'register'];

/** Values of options that nobody gave, where the system has its own; as text. */
export function usualFor(name: string): Readonly<Record<string, string>> {
  const system = Object.hasOwn(systems, name) ? systems[name] : undefined;
  if (system === undefined) return {};
  const possible = Object.keys(workloads).filter(
    (each) => whyNotRun(system, workloads[each]) === null,
  );
  const usual = usualWorkloads.filter((each) => possible.includes(each));
  const leads = system.inquiries.primaries !== undefined;
  return {
    name: system.name,
    nodes: String(system.nodes.fallback),
    workload: (usual.length > 0 ? usual : possible.slice(0, 1)).join(','),
    checkers: Object.keys(checkers)
      .filter((each) => whyNotJudged(system, each) === null)
      .join(','),
    partitions: usualShapes.filter((each) => leads || !needLeader.includes(each)).join(','),
  };
}

/** The checkers that somebody named; undefined where they are those that suit the system anyway. */
export function namedCheckers(
  system: string,
  names: readonly string[],
): readonly string[] | undefined {
  return names.join(',') === usualFor(system).checkers ? undefined : names;
}

/** Of the options of a run, those that must suit its system. */
export interface Asked {
  readonly system: string;
  readonly 'system-options': string;
  readonly nodes: number;
  readonly runtime: string;
  readonly 'node-faults': string;
  readonly workload: readonly string[];
  readonly checkers: readonly string[];
  readonly nemesis: readonly string[];
  readonly partitions: readonly string[];
}

/** What was asked for and the system does not offer; a sentence each. */
export function beyondSystem(asked: Asked): string[] {
  const system = systems[asked.system];
  const problems = [...unsuitable(system, asked)];
  for (const name of asked.workload) {
    const why = whyNotRun(system, workloads[name]);
    if (why !== null) problems.push(`--workload ${name}: ${why}`);
  }
  for (const name of asked.checkers) {
    const why = whyNotJudged(system, name);
    if (why !== null) problems.push(`--checkers ${name}: ${why}`);
  }
  try {
    parseSystemOptions(system, asked['system-options']);
  } catch (error) {
    if (!(error instanceof SystemOptionsError)) throw error;
    problems.push(...error.problems);
  }
  return problems;
}

function* unsuitable(system: AnySystem, asked: Asked): Generator<string> {
  const { least, most } = system.nodes;
  if (asked.nodes < least || asked.nodes > most) {
    yield `--nodes ${asked.nodes}: ${system.name} takes ${least} to ${most}`;
  }
  if (asked.runtime !== 'auto' && !system.runtimes.includes(asked.runtime)) {
    yield `--runtime ${asked.runtime}: ${system.name} lives in ${system.runtimes.join(', ')} only`;
  }
  if (asked['node-faults'] !== '' && !system.takesNodeFaults) {
    yield `--node-faults: ${system.name} cannot be broken on purpose; leave them out`;
  }
  const cuts = asked.nemesis.some((kind) => kind === 'partition' || kind === 'all');
  if (system.inquiries.primaries !== undefined || !cuts) return;
  for (const variant of asked.partitions.filter((each) => needLeader.includes(each))) {
    yield `--partitions ${variant}: ${system.name} does not say who leads`;
  }
}
