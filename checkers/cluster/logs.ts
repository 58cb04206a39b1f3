/**
 * What the nodes wrote into their logs: panics, failed assertions, memory that ran out, starts and ends that no
 * fault explains. A consistency checker cannot see a node that crashes and comes back in time; its log can.
 */

import type { History, LogLine } from '../history/history.ts';
import { seconds } from '../history/samples.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';

/** In this order; the first that matches names the line. */
const patterns: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['out-of-memory', /out of memory|heap limit|allocation failed|oom.?kill|ENOMEM/i],
  [
    'assertion',
    /assert(ion)?[ _]?(failed|error|violat)|AssertionError|invariant (violated|broken)/i,
  ],
  [
    'panic',
    /\bpanic(ked)?\b|FATAL ERROR|fatal exception|uncaught ?exception|unhandled ?(promise ?)?rejection|segmentation fault|SIGSEGV|SIGABRT|core dumped|stack overflow/i,
  ],
];

/** The line with which a node says that it is up. */
const startPattern = /"event":\s*"node\.ready"/;
/** The line with which it says that its disk does not let it go on, or start. */
const ownExitPattern = /"event":\s*"node\.cannot-go-on"/;
/** A start, or an end, belongs to a fault that ended no longer before. */
const restartWithinNs = 30e9;
const textShown = 300;

interface Notable {
  readonly pattern: string;
  readonly line: LogLine;
}

/** Starts beyond the first of each node, less those that a fault which stops nodes explains. */
function unexplainedStarts(history: History): LogLine[] {
  const found: LogLine[] = [];
  history.nodes.forEach((_, node) => {
    const starts = history.logs
      .filter((line) => line.node === node && startPattern.test(line.text))
      .sort((a, b) => a.time - b.time)
      .slice(1);
    const stops = history.faults.filter(
      (fault) => fault.grudge === null && fault.kind !== 'pause' && fault.targets.includes(node),
    );
    const used = new Set<number>();
    for (const line of starts) {
      const cause = stops.find(
        (fault) =>
          !used.has(fault.id) &&
          line.time >= fault.start &&
          line.time <= fault.end + restartWithinNs,
      );
      if (cause) used.add(cause.id);
      else found.push(line);
    }
  });
  return found;
}

/** Ends that a disk fault explains are its effect; loss of power is what a log is for. */
function ownExits(history: History): LogLine[] {
  const disks = history.faults.filter((fault) => fault.kind.startsWith('disk'));
  return history.logs.filter(
    ({ node, time, text }) =>
      ownExitPattern.test(text) &&
      !disks.some(
        ({ targets, start, end }) =>
          targets.includes(node) && time >= start && time <= end + restartWithinNs,
      ),
  );
}

function summaryOf({ pattern, line }: Notable, who: string): string {
  const at = seconds(line.time);
  switch (pattern) {
    case 'unexplained-restart':
      return `${who} started again at ${at}, and no fault had stopped it`;
    case 'gave-up':
      return `${who} gave up at ${at}, and no fault of its disk explains it`;
    default:
      return `${who} logged a line that looks like ${pattern} at ${at}`;
  }
}

function explain(history: History, { pattern, line }: Notable, count: number): Anomaly {
  const who = history.nodes[line.node] ?? 'a node';
  const text = line.text.length > textShown ? `${line.text.slice(0, textShown)} ...` : line.text;
  return {
    pattern,
    violates: ['no crash that no fault explains'],
    key: null,
    ops: [],
    summary: summaryOf({ pattern, line }, who),
    steps: [`${who} at ${seconds(line.time)}: ${text}`],
    lanes: [],
    count,
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const groups = new Groups<Notable>();
  const levels = new Map<string, number>();
  history.logs.forEach((line, i) => {
    if ((i & 4095) === 0) budget.step();
    levels.set(line.level, (levels.get(line.level) ?? 0) + 1);
    const match = patterns.find(([, pattern]) => pattern.test(line.text));
    if (match) groups.add(match[0], String(line.node), { pattern: match[0], line });
  });
  for (const line of unexplainedStarts(history)) {
    groups.add('unexplained-restart', String(line.node), { pattern: 'unexplained-restart', line });
  }
  for (const line of ownExits(history)) {
    groups.add('gave-up', String(line.node), { pattern: 'gave-up', line });
  }
  const starts = history.logs.filter((line) => startPattern.test(line.text)).length;
  const found = Object.entries(groups.counts()).map(([pattern, count]) => `${count} ${pattern}`);
  return {
    checker: logs.name,
    version: logs.version,
    valid: groups.size === 0,
    message:
      groups.size > 0
        ? found.join(', ')
        : history.logs.length === 0
          ? 'there are no logs'
          : `${history.logs.length} lines, no crash`,
    figures: {
      'line-count': history.logs.length,
      'start-count': starts,
      'error-count': levels.get('error') ?? 0,
      'warn-count': levels.get('warn') ?? 0,
    },
    anomalies: groups.show(options.maxAnomalies, (each, count) => explain(history, each, count)),
    counts: groups.counts(),
  };
}

export const logs: Checker = {
  name: 'logs',
  version: '1',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'not judged',
  decides:
    "Panics, failed assertions and exhausted memory in the nodes' logs, starts of nodes that no " +
    'fault explains, and nodes that gave up on a disk to which nothing was done but a loss of power.',
  source: "log-file-pattern in Jepsen's checker library",
  examples: {
    passes: `A w x 1
log 1 n1 info {"event":"node.ready"}
fault kill 2-3 n1
log 3.5 n1 info {"event":"node.ready"}`,
    fails: `A w x 1
log 1 n1 info {"event":"node.ready"}
log 3.5 n1 info {"event":"node.ready"}`,
  },
  check,
};
