/**
 * Calibration of the confidence factor: does it match how often and how far an answer was incomplete or stale?
 *
 * Ground truth comes from the history, not from the server: an answer is *complete* if no write that had
 * taken effect before it began is definitely newer than what it shows (`staleness-scan.ts`). Answers fall
 * into buckets of 0.1 of the reported factor; for each the share of complete answers stands beside the
 * mean factor, and the expected calibration error is the mean distance of the two.
 *
 * Two things are violations. *Over-confident*: a factor above what Engram allows for what the asked node and
 * the serving one must have seen of the cluster (`visibility.ts`). *Unwarned*: a factor below 1 without a
 * warning.
 */

import { isJudgedRead } from '../history/final-reads.ts';
import { Flag, type History } from '../history/history.ts';
import { seconds } from '../history/samples.ts';
import { measureStaleness } from '../staleness/scan.ts';
import { type Budget, type Checker, type CheckOptions, STEP_MASK } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { milliseconds, share } from '../verdict/quantiles.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { describe, indices, keyName, lanes } from '../verdict/witness.ts';
import { type Sight, sightsOf } from './visibility.ts';

const buckets = 10;
/** Factors are sent with few digits. */
const roundingMax = 0.005;

/** The one that allows more; null where one of the two is not known. */
function wider(left: Sight | null, right: Sight | null): Sight | null {
  if (left === null || right === null) return null;
  return left.allowed >= right.allowed ? left : right;
}

interface Bucket {
  count: number;
  complete: number;
  factors: number;
  missedNs: number;
}

interface Overreach {
  readonly pattern: 'over-confident' | 'unwarned';
  readonly row: number;
  readonly sight: Sight | null;
}

function explain(history: History, { pattern, row, sight }: Overreach, count: number): Anomaly {
  const factor = history.confidence![row].toFixed(2);
  const what = describe(history, row);
  const steps = [`${what}; the factor of its confidence was ${factor}`];
  if (sight !== null) {
    const { node, state, time, reachable, total } = sight.look;
    steps.push(
      `${history.nodes[node]} was ${state} from ${seconds(time)} on and reached ${reachable} of ` +
        `${total} members, which allows ${sight.allowed.toFixed(2)} at most`,
    );
  } else {
    steps.push('a factor below 1 says that something may be missing, and no warning says what');
  }
  return {
    pattern,
    violates: ['confidence matches visibility'],
    key: keyName(history, row),
    ops: indices(history, [row]),
    summary:
      pattern === 'over-confident'
        ? `${what}, with confidence ${factor}, more than its view of the cluster allows`
        : `${what}, with confidence ${factor} and without a warning`,
    steps,
    lanes: lanes(history, [row]),
    count,
    // One answer and what its node said of itself at the time.
    confirmed: true,
    minimal: true,
  };
}

interface Calibration {
  readonly table: readonly Bucket[];
  readonly groups: Groups<Overreach>;
  total: number;
  /** Answers for whose time it is known what their node could see. */
  vouched: number;
  missing: number;
  missingUnwarned: number;
}

function calibrate(history: History, budget: Budget): Calibration {
  const { flags, server, node, invoke, complete } = history;
  const factors = history.confidence;
  const sightOf = sightsOf(history);
  const measured = factors?.some((each) => !Number.isNaN(each))
    ? measureStaleness(history, budget)
    : null;
  const table = Array.from({ length: buckets }, () => ({
    count: 0,
    complete: 0,
    factors: 0,
    missedNs: 0,
  }));
  const groups = new Groups<Overreach>();
  const result = { table, groups, total: 0, vouched: 0, missing: 0, missingUnwarned: 0 };
  for (let row = 0; factors !== null && measured !== null && row < history.n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    const factor = factors[row];
    if (Number.isNaN(factor) || !isJudgedRead(history, row)) continue;
    result.total++;
    const missedNs = measured.timeNs[row];
    const bucket = table[Math.min(buckets - 1, Math.max(0, Math.floor(factor * buckets)))];
    bucket.count++;
    bucket.factors += factor;
    bucket.missedNs += missedNs;
    if (missedNs === 0) bucket.complete++;
    else result.missing++;
    const isWarned = (flags[row] & Flag.Warned) !== 0;
    if (missedNs > 0 && !isWarned) result.missingUnwarned++;
    const who = node[row];
    if (factor < 1 - roundingMax && !isWarned) {
      groups.add('unwarned', String(who), { pattern: 'unwarned', row, sight: null });
    }
    const served = server && server[row] >= 0 ? server[row] : who;
    const sight = wider(
      sightOf(who, invoke[row], complete[row]),
      sightOf(served, invoke[row], complete[row]),
    );
    if (sight === null) continue;
    result.vouched++;
    if (factor > sight.allowed + roundingMax) {
      groups.add('over-confident', String(who), { pattern: 'over-confident', row, sight });
    }
  }
  return result;
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const { table, groups, total, vouched, missing, missingUnwarned } = calibrate(history, budget);
  const filled = table
    .map((each, i) => ({ ...each, from: i / buckets }))
    .filter((each) => each.count > 0);
  const error = filled.reduce(
    (sum, { complete: good, factors }) => sum + Math.abs(good - factors),
    0,
  );
  const isUnknown = total === 0;
  return {
    checker: confidence.name,
    version: confidence.version,
    valid: isUnknown ? 'unknown' : groups.size === 0,
    ...(isUnknown ? { reason: 'not-judged' as const } : {}),
    message: isUnknown
      ? 'no answer reports a confidence'
      : groups.size > 0
        ? Object.entries(groups.counts())
            .map(([pattern, count]) => `${count} answers ${pattern}`)
            .join(', ')
        : `${total} answers, none more confident than its view of the cluster allows`,
    figures: {
      'answer-count': total,
      'vouched-count': vouched,
      'calibration-error': total === 0 ? null : Math.round((error / total) * 1e4) / 1e4,
      'missing-share': share(missing, total),
      'missing-unwarned-share': share(missingUnwarned, total),
    },
    details: {
      buckets: filled.map(({ from, count, complete: good, factors, missedNs }) => ({
        from,
        count,
        'mean-factor': share(factors, count),
        'complete-share': share(good, count),
        'mean-staleness-ms': milliseconds(missedNs / count),
      })),
    },
    anomalies: groups.show(options.maxAnomalies, (each, count) => explain(history, each, count)),
    counts: groups.counts(),
  };
}

export const confidence: Checker = {
  name: 'confidence',
  version: '2',
  scope: 'cluster',
  types: ['register', 'cas-register', 'set', 'list'],
  takesRepeated: true,
  foreign: 'not judged',
  property: 'confidence',
  decides:
    'Whether the reported confidence factor matches how often answers were incomplete, by buckets of ' +
    '0.1. Violated by a factor above what the view of the serving node allows, or below 1 without a ' +
    'warning.',
  source:
    'reliability diagrams and calibration: Murphy and Winkler, 1977; Guo et al., ICML 2017; the ' +
    'factor itself: partition handling of Engram',
  examples: {
    passes: `A w x 1 t[0,10]; B r x 1 t[1500,1510] confidence 0.7 warned on n2
sample 1 n2 /cluster/health {"partition":{"state":"partitioned","reachable_nodes":2,"total_nodes":5}}
sample 2 n2 /cluster/health {"partition":{"state":"partitioned","reachable_nodes":2,"total_nodes":5}}`,
    fails: `A w x 1 t[0,10]; B r x 1 t[1500,1510] confidence 1 on n2
sample 1 n2 /cluster/health {"partition":{"state":"partitioned","reachable_nodes":2,"total_nodes":5}}
sample 2 n2 /cluster/health {"partition":{"state":"partitioned","reachable_nodes":2,"total_nodes":5}}`,
  },
  check,
};
