/**
 * What the tester must find: for each fault switch of the node the load and the faults under which it shows,
 * and who has to say so. The same loads and faults on healthy nodes are the controls, which must stay valid.
 */
import { checkers } from '../../checkers/index.ts';
import { faults } from '../../nemesis/index.ts';

/** Raw options of `amnesia test`, by name. */
export type CaseOptions = Readonly<Record<string, string>>;

export interface Expectation {
  readonly checker: string;
  /** Patterns of which one must be counted; any where left out. */
  readonly patterns?: readonly string[];
}

export interface Case {
  readonly name: string;
  /** Names of fault switches, separated by commas; none for a control. */
  readonly nodeFaults: string;
  readonly options: CaseOptions;
  /** One of these must be met; none for a control, of which all runs must be valid. */
  readonly expected: readonly Expectation[];
  /** Runs within which it must be met; for a control how many are made. */
  readonly runsMax: number;
}

/** Short runs with many faults. Times in seconds. */
const common: CaseOptions = {
  rate: '200',
  'warm-up': '1',
  'time-limit': '16',
  'fault-time': '3',
  'calm-time': '2',
  settle: '1',
  'final-deadline': '20',
};

/** Linearizability is no promise of Engram, and costs more than all the others together. */
const judging = Object.keys(checkers)
  .filter((name) => name !== 'linearizable')
  .join(',');

const lost = { checker: 'lost-writes', patterns: ['lost'] };
const resurrected = { checker: 'lost-writes', patterns: ['resurrected'] };
const duplicated = { checker: 'lost-writes', patterns: ['duplicated'] };
const convergence = { checker: 'convergence' };
const causal = { checker: 'causal' };
const session = { checker: 'session' };
const membership = { checker: 'membership' };

interface Row {
  readonly workload: string;
  readonly nemesis: string;
  readonly more?: CaseOptions;
  readonly expected: readonly Expectation[];
  readonly runsMax?: number;
}

const runsMaxDefault = 5;
/** Longer than it takes to be declared dead (4 s), so that what follows from that is seen. */
const long = { 'fault-time': '8', 'time-limit': '24' };
/** Time for half as many faults again: not each of them meets what it is to show. */
const longer = { 'time-limit': '26' };

/**
 * By switch. Not here: what breaks systems that the node does not have yet.
 */
const rows: Readonly<Record<string, Row>> = {
  'ack-before-log': { workload: 'set', nemesis: 'kill', expected: [lost] },
  'ack-before-fsync': { workload: 'set', nemesis: 'power', more: longer, expected: [lost] },
  'restart-forgets-log-tail': { workload: 'set', nemesis: 'kill', expected: [lost] },
  'replicas-in-memory-only': {
    workload: 'set,register',
    nemesis: 'kill',
    // Only what no other node has sent again is lost.
    more: { ...longer, rate: '600' },
    expected: [lost, convergence],
  },
  'torn-tail-fatal': {
    workload: 'set',
    nemesis: 'power',
    // A record is torn only where one was just being written.
    more: { rate: '600', 'calm-time': '1', 'time-limit': '34' },
    expected: [{ checker: 'logs', patterns: ['gave-up'] }],
  },
  'first-write-wins': {
    workload: 'register',
    nemesis: 'partition',
    expected: [causal, convergence],
  },
  'last-arrival-wins': {
    workload: 'register',
    nemesis: 'partition',
    // The more is written on both sides of a cut, the more crosses when it heals.
    more: { rate: '600' },
    expected: [causal, convergence],
  },
  'drop-siblings': { workload: 'register', nemesis: 'partition', expected: [lost] },
  'no-anti-entropy': { workload: 'set', nemesis: 'partition', expected: [convergence] },
  'forget-tombstones': {
    workload: 'delete',
    nemesis: 'kill',
    expected: [resurrected, convergence],
  },
  'no-causal-delivery': { workload: 'register', nemesis: 'none', expected: [causal, session] },
  'ignore-context': {
    workload: 'set,register',
    // A node that was paused is behind, and asked by sessions that are not.
    nemesis: 'pause',
    more: { rate: '600' },
    expected: [session],
  },
  'apply-failed-write': {
    workload: 'set',
    nemesis: 'partition',
    expected: [resurrected, { checker: 'outcomes' }],
  },
  'duplicate-apply': { workload: 'set', nemesis: 'pause', expected: [duplicated] },
  'dedup-distinct-ids': { workload: 'set', nemesis: 'none', expected: [lost] },
  'promote-without-generation': {
    workload: 'set',
    nemesis: 'partition',
    more: long,
    expected: [{ checker: 'split-brain' }],
  },
  'stuck-breaker': {
    workload: 'set',
    nemesis: 'partition',
    more: longer,
    expected: [{ checker: 'availability', patterns: ['refused-after-heal'] }],
  },
  'no-penalty': {
    workload: 'set',
    nemesis: 'partition',
    more: long,
    expected: [{ checker: 'confidence' }],
  },
  'no-refutation': { workload: 'set', nemesis: 'pause', expected: [membership] },
  'never-probe-dead': {
    workload: 'set',
    nemesis: 'partition',
    more: long,
    expected: [membership, convergence],
  },
};

/**
 * Switches that no workload of ours can show yet, and why. Scenarios of the node catch them
 * (docker/engram/src/scenarios), each with the healthy node as its control.
 */
export const elsewhere: Readonly<Record<string, string>> = {
  'reuse-dots': 'no fault puts an older copy of a data folder in the place of a newer one',
  'serve-while-joining': 'no fault empties a disk',
  'mark-everything-stale': 'what is marked is counted, not judged',
  'sigterm-skips-drain': 'no fault stops a node as an operator does',
  'void-too-early': 'a life must be over behind a cut, which no plan makes on purpose',
  'token-too-wide': 'a checker believes what a token says its session was shown',
  'tombstone-hides': 'no workload deletes what others write at the same time',
};

function optionsOf({ workload, nemesis, more }: Row): CaseOptions {
  return { ...common, ...more, workload, nemesis, checkers: judging };
}

/** All switches, or those that are named. */
export function switchCases(only: readonly string[] | null = null): Case[] {
  return Object.entries(rows)
    .filter(([name]) => only === null || only.includes(name))
    .map(([name, row]) => ({
      name,
      nodeFaults: name,
      options: optionsOf(row),
      expected: row.expected,
      runsMax: row.runsMax ?? runsMaxDefault,
    }));
}

/** One for each load and kind of faults of `cases`, and what a switch must not show. */
export function controlCases(cases: readonly Case[], runs: number): Case[] {
  const controls = new Map<string, Case>();
  const add = (name: string, nodeFaults: string, options: CaseOptions): void => {
    controls.set(name, { name, nodeFaults, options, expected: [], runsMax: runs });
  };
  for (const { options } of cases) {
    const special = Object.entries(options)
      .filter(([name, value]) => name in common && value !== common[name])
      .map(([name, value]) => `, ${name} ${value}`);
    add(`healthy: ${options.workload} with ${options.nemesis}${special.join('')}`, '', options);
  }
  const unsynced = cases.find(({ name }) => name === 'ack-before-fsync');
  if (unsynced) {
    // The kernel keeps what it was given when only the process dies.
    add('ack-before-fsync: set with kill', unsynced.name, { ...unsynced.options, nemesis: 'kill' });
  }
  return [...controls.values()];
}

/** Why a case cannot be run by this tester; null where it can. A runtime may refuse more. */
export function whyImpossible({ options }: Case): string | null {
  const missing = options.nemesis!.split(',').find((name) => name !== 'none' && !(name in faults));
  return missing === undefined ? null : `there is no fault "${missing}" to show it`;
}
