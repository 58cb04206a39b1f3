/**
 * Causal consistency. Decides CC and CCv (Bouajjani et al., POPL 2017) and monotonic reads; each is named on its
 * own. "Causal order" as users understand it is CCv together with monotonic reads, since plain CC
 * accepts a reader that flips back and forth between two concurrent writes.
 */

import { type CausalPattern, type CausalScan, scanCausal, type Violation } from './causal-scan.ts';
import { witnessOf, witnessOfCycle } from './causal-witness.ts';
import type { Budget, Checker, CheckOptions } from './checker.ts';
import { type Cycle, findCycles } from './convergent.ts';
import { Groups } from './grouping.ts';
import type { History } from './history.ts';
import type { Anomaly, Verdict } from './verdict.ts';
import { describe, indices, keyName, lanes, steps, valueName, type Witness } from './witness.ts';

type Found =
  | { readonly type: 'read'; readonly violation: Violation }
  | { readonly type: 'cycle'; readonly cycle: Cycle };

const violates: Readonly<Record<CausalPattern | 'CyclicCF', readonly string[]>> = {
  ThinAirRead: ['CC', 'CCv', 'CM'],
  AbortedRead: ['CC', 'CCv', 'CM'],
  CyclicCO: ['CC', 'CCv', 'CM'],
  WriteCOInitRead: ['CC', 'CCv', 'CM'],
  WriteCORead: ['CC', 'CCv', 'CM'],
  MonotonicReadFlip: ['monotonic-reads', 'CCv', 'CM'],
  CyclicCF: ['CCv'],
};

function sentence(history: History, { pattern, read, value, newer }: Violation): string {
  const what = describe(history, read);
  const key = keyName(history, read);
  switch (pattern) {
    case 'ThinAirRead':
      return `${what}, which nobody had written`;
    case 'AbortedRead':
      return `${what}, whose write had failed`;
    case 'CyclicCO':
      return `${what}, which was written only later`;
    case 'WriteCOInitRead':
      return `${what}, although ${valueName(history, newer)} was in its causal past`;
    case 'WriteCORead':
      return (
        `${what}, although ${valueName(history, newer)} had replaced it in ${key} in its ` +
        'causal past'
      );
    case 'MonotonicReadFlip':
      return `${what}, after it had already seen ${valueName(history, newer)} replace ${valueName(history, value)}`;
  }
}

function anomaly(history: History, scan: CausalScan, found: Found, count: number): Anomaly {
  let witness: Witness;
  let pattern: CausalPattern | 'CyclicCF';
  let summary: string;
  let key: string | null;
  if (found.type === 'read') {
    const { violation } = found;
    witness = witnessOf(history, scan.layout, violation);
    pattern = violation.pattern;
    summary = sentence(history, violation);
    key = keyName(history, violation.read);
  } else {
    witness = witnessOfCycle(history, scan.layout, found.cycle);
    pattern = 'CyclicCF';
    key = found.cycle.reads.length > 0 ? keyName(history, found.cycle.reads[0]!) : null;
    summary =
      'no single order of the writes explains these reads: each order contradicts one of them';
  }
  return {
    pattern,
    violates: violates[pattern],
    key,
    ops: indices(history, witness.rows),
    summary,
    steps: steps(history, witness.rows),
    lanes: lanes(history, witness.rows),
    count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const scan = scanCausal(history, budget);
  const groups = new Groups<Found>();
  const read: CausalPattern[] = [];
  for (const violation of scan.violations) {
    read.push(violation.pattern);
    const cause = `${history.key[violation.read]}|${violation.newer || violation.value}`;
    groups.add(violation.pattern, cause, { type: 'read', violation });
  }
  const cc = read.every((pattern) => pattern === 'MonotonicReadFlip');
  // With CC broken, a cycle is no news: the reads that broke it are on it.
  const wantsCcv = options.models.includes('ccv');
  const cycles = cc && wantsCcv ? findCycles(history, scan.layout, scan.backward, budget) : [];
  for (const cycle of cycles) {
    groups.add('CyclicCF', String(cycle.rows[0]), { type: 'cycle', cycle });
  }
  const flips = read.length > 0 && read.includes('MonotonicReadFlip');
  const ccv = cc && cycles.length === 0 && !flips;
  const valid = (options.models.includes('cc') ? cc : true) && (wantsCcv ? ccv : true) && !flips;
  const anomalies = groups.show(options.maxAnomalies, (found, count) =>
    anomaly(history, scan, found, count),
  );
  const total = scan.violations.length + cycles.length;
  return {
    checker: 'causal',
    version: causal.version,
    valid,
    message: valid
      ? `every one of ${scan.reads} reads is explained by one causal order (CCv, with monotonic reads)`
      : `${total} violations of ${[...new Set(anomalies.flatMap((each) => each.violates))].join(', ')}`,
    figures: {
      CC: cc,
      CCv: wantsCcv ? ccv : null,
      'monotonic-reads': !flips,
      'reads-judged-count': scan.reads,
      'writes-judged-count': scan.writes,
      'stale-reads-left-out-count': scan.staleReads,
      'backward-conflict-count': scan.backward.length,
    },
    anomalies,
    counts: groups.counts(),
  };
}

export const causal: Checker = {
  name: 'causal',
  version: '1',
  decides:
    'Causal consistency (CC) and causal convergence (CCv) with monotonic reads, for registers and ' +
    'sets, within each session and memory space. Reads that the server marked as stale are left out.',
  source:
    'Bouajjani, Enea, Guerraoui, Hamza: On Verifying Causal Consistency, POPL 2017, sections 3 to 5',
  examples: {
    passes: 'A w x 1; B r x 1; B w y 1; C r y 1; C r x 1',
    fails: 'A w x 1; B r x 1; B w y 1; C r y 1; C r x 0',
  },
  check,
};
