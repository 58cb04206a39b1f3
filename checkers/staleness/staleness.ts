/**
 * Bounded staleness: how old answers are, as distributions and as the curve of probabilistically bounded
 * staleness (the share of reads that saw every write older than Δ).
 *
 * The bound is a Δ with a share, and holds for the time without faults: reads that began outside of every fault
 * window and of the time in which the cluster still heals. Definitions in `staleness-scan.ts`. Answers
 * that the server itself marked stale are left out.
 */

import { Flag, type History } from '../history/history.ts';
import {
  type Budget,
  type Checker,
  type CheckOptions,
  STEP_MASK,
  unlimited,
} from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { milliseconds, Numbers, share } from '../verdict/quantiles.ts';
import type { Anomaly, Figure, Verdict } from '../verdict/verdict.ts';
import { describe, indices, keyName, lanes, shrink, valueName } from '../verdict/witness.ts';
import { measureStaleness, type Staleness } from './scan.ts';

/** Points of the curve, ms. */
const curveMs = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];
/** So long after a fault replicas may still catch up. */
const healingNs = 10e9;

/** Staleness of many reads. Most are fresh: only those that are not are kept, sorted. */
interface Distribution {
  readonly count: number;
  readonly timesNs: Float64Array;
  readonly versions: Float64Array;
}

interface Distributions {
  readonly all: Distribution;
  /** Of reads that began outside of every fault and of the time in which the cluster still heals. */
  readonly calm: Distribution;
  /** Calm reads beyond the bound, in log order. */
  readonly late: readonly number[];
}

function distributionsOf(
  { n, flags, invoke, faults }: History,
  { timeNs, versions }: Staleness,
  deltaNs: number,
  budget: Budget,
): Distributions {
  const all = { timesNs: new Numbers(), versions: new Numbers() };
  const calm = { timesNs: new Numbers(), versions: new Numbers() };
  const late: number[] = [];
  const isAlwaysCalm = faults.length === 0;
  let count = 0;
  let calmCount = 0;
  for (let row = 0; row < n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    const staleNs = timeNs[row];
    // NaN: no judged read.
    if (!(staleNs >= 0) || (flags[row] & Flag.Final) !== 0) continue;
    const isCalm = isAlwaysCalm || isOutside(faults, invoke[row]);
    count++;
    if (isCalm) calmCount++;
    if (staleNs === 0) continue;
    all.timesNs.push(staleNs);
    all.versions.push(versions[row]);
    if (!isCalm) continue;
    calm.timesNs.push(staleNs);
    calm.versions.push(versions[row]);
    if (staleNs > deltaNs) late.push(row);
  }
  const sorted = (reads: typeof all, of: number): Distribution => ({
    count: of,
    timesNs: reads.timesNs.toArray().sort(),
    versions: reads.versions.toArray().sort(),
  });
  const allSorted = sorted(all, count);
  return { all: allSorted, calm: isAlwaysCalm ? allSorted : sorted(calm, calmCount), late };
}

function isOutside(faults: History['faults'], at: number): boolean {
  for (const fault of faults) {
    if (at >= fault.start && at <= fault.end + healingNs) return false;
  }
  return true;
}

/** Quantile of all reads, by nearest rank; null for none. */
function quantileOf({ count }: Distribution, stale: Float64Array, part: number): number | null {
  if (count === 0) return null;
  const rank = Math.ceil(part * count) - 1 - (count - stale.length);
  return rank < 0 ? 0 : stale[Math.min(stale.length - 1, rank)];
}

/** Share of reads that are stale by no more than `ns`. */
function within({ count, timesNs }: Distribution, ns: number): number | null {
  let from = 0;
  let to = timesNs.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (timesNs[middle] <= ns) from = middle + 1;
    else to = middle;
  }
  return share(count - timesNs.length + from, count);
}

function figuresOf(reads: Distribution, prefix: string): Record<string, Figure> {
  const time = (part: number): number | null => {
    const ns = quantileOf(reads, reads.timesNs, part);
    return ns === null ? null : milliseconds(ns);
  };
  const versions = (part: number): number | null => quantileOf(reads, reads.versions, part);
  return {
    [`${prefix}read-count`]: reads.count,
    [`${prefix}stale-read-count`]: reads.timesNs.length,
    [`${prefix}staleness-p50-ms`]: time(0.5),
    [`${prefix}staleness-p99-ms`]: time(0.99),
    [`${prefix}staleness-max-ms`]: time(1),
    [`${prefix}staleness-p99-versions`]: versions(0.99),
    [`${prefix}staleness-max-versions`]: versions(1),
  };
}

/** The read that first returned a value, if it was what made the write effective. */
function revealer(history: History, measured: Staleness, id: number): number[] {
  const write = history.writeOp[id];
  const at = measured.effective[id];
  if (history.complete[write] === at) return [];
  for (let row = 0; row < history.n; row++) {
    if (history.complete[row] === at && history.kind[row] !== history.kind[write]) return [row];
  }
  return [];
}

function explain(
  history: History,
  options: CheckOptions,
  measured: Staleness,
  row: number,
  count: number,
): Anomaly {
  const id = measured.missed[row];
  const source = history.value[row] > 0 ? history.writeOp[history.value[row]] : -1;
  const rows = [row, history.writeOp[id], ...revealer(history, measured, id)];
  if (source >= 0) rows.push(source);
  const deltaNs = options.staleness.deltaMs * 1e6;
  const witness = shrink(history, rows, (reduced) => {
    return measureStaleness(reduced, unlimited).timeNs.some((each) => each > deltaNs);
  });
  const about = new Set([id]);
  return {
    pattern: 'stale-read',
    violates: ['bounded staleness'],
    key: keyName(history, row),
    ops: indices(history, witness.rows),
    summary:
      `${describe(history, row, about)}: without ${valueName(history, id)}, which had been there for ` +
      `${milliseconds(measured.timeNs[row])} ms, and ${measured.versions[row]} versions behind`,
    steps: witness.rows.map((each) => describe(history, each, about)),
    lanes: lanes(history, witness.rows),
    count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const measured = measureStaleness(history, budget);
  const { deltaMs, share: wanted } = options.staleness;
  const { all, calm, late } = distributionsOf(history, measured, deltaMs * 1e6, budget);
  const reached = within(calm, deltaMs * 1e6);
  // By count, not by the rounded share.
  const isViolated = late.length > (1 - wanted) * calm.count;
  const groups = new Groups<number>();
  if (isViolated) {
    for (const row of late) {
      groups.add('stale-read', `${history.key[row]} ${measured.missed[row]}`, row);
    }
  }
  const isUnknown = calm.count === 0;
  const bound = `${wanted * 100} % of the reads without a fault must see every write older than ${deltaMs} ms`;
  return {
    checker: staleness.name,
    version: staleness.version,
    valid: isUnknown ? 'unknown' : !isViolated,
    ...(isUnknown ? { reason: 'too-few-ok' as const } : {}),
    message: isUnknown
      ? 'no read succeeded in a time without faults'
      : `${bound}; ${late.length} of ${calm.count} did not`,
    figures: {
      'within-bound-share': reached,
      'bound-ms': deltaMs,
      ...figuresOf(all, ''),
      ...figuresOf(calm, 'calm-'),
    },
    details: {
      curve: curveMs.map((ms) => ({
        'delta-ms': ms,
        share: within(all, ms * 1e6),
        'calm-share': within(calm, ms * 1e6),
      })),
    },
    anomalies: groups.show(options.maxAnomalies, (row, count) =>
      explain(history, options, measured, row, count),
    ),
    counts: groups.counts(),
  };
}

export const staleness: Checker = {
  name: 'staleness',
  version: '1',
  scope: 'key',
  types: ['register', 'cas-register', 'set', 'list'],
  foreign: 'judged',
  property: 'staleness',
  decides:
    'How old answers are: time staleness t and version staleness k of each read, and the share of ' +
    'reads that saw every write older than Δ. Violated if, without a fault, fewer than the promised ' +
    'share did. Sound in every order that explains the history.',
  source:
    'Golab, Li, Shah: Analyzing consistency properties for fun and profit, PODC 2011 (Δ and k); ' +
    'Bailis et al.: Probabilistically bounded staleness, VLDB 2012 (the curve)',
  examples: {
    passes: 'A w x 1 t[0,10]; B w x 2 t[20,30]; C r x 1 t[100,110]',
    fails: 'A w x 1 t[0,10]; B w x 2 t[20,30]; C r x 1 t[2000,2010]',
  },
  check,
};
