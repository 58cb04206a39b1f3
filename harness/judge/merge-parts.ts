/** One verdict of those that a checker gave about the parts of a history. */

import { judgeNumbers } from '../../checkers/run/vacuity.ts';
import type { CheckOptions } from '../../checkers/verdict/checker.ts';
import { share } from '../../checkers/verdict/quantiles.ts';
import {
  type Figure,
  mergeValid,
  type Valid,
  type Verdict,
} from '../../checkers/verdict/verdict.ts';
import type { Plan, Whole } from './in-parts.ts';

/** A part in which this is 0 had nothing to look at: it says nothing while another part does. */
const LOOKED_AT: Readonly<Record<string, string>> = {
  convergence: 'key-count',
  routing: 'answer-count',
  confidence: 'answer-count',
};

/** Counts of what all parts have in common. */
const SHARED_FIGURES: ReadonlySet<string> = new Set(['reader-count', 'round-count']);

export function mergeParts(
  all: readonly Verdict[],
  whole: Whole,
  plan: Plan,
  options: CheckOptions,
): Verdict {
  const parts = telling(all);
  const ofParts = mergeValid(parts.map((each) => each.valid));
  const merged = withSums(sum(all, ofParts, options), all, whole, options);
  const { counts } = merged;
  // Keys that sessions join lie in several parts, so a loss that only shows along a causal path through
  // another part is not seen: what is found is true, that nothing is found is not an answer.
  const isBlind = merged.checker === 'lost-writes' && !plan.closed && !options.realTime;
  const valid = isBlind && merged.valid === true ? 'unknown' : merged.valid;
  // One that came to no end weighs more than one that saw too little.
  const doubtful =
    parts.find((each) => Object.keys(each.figures).length === 0) ??
    parts.find((each) => each.valid === 'unknown');
  const found = Object.entries(counts).map(([pattern, count]) => `${count} ${pattern}`);
  const judged = `judged in ${plan.parts.length} parts`;
  const otherwise =
    valid === false
      ? found.join(', ')
      : valid === 'unknown'
        ? (doubtful?.message ?? 'nothing is missing in any of them')
        : 'nothing is wrong in any of them';
  const text = (valid === merged.valid && merged.message) || otherwise;
  const hint = isBlind
    ? '; what one write knew of another through keys of other parts was not followed: allow more memory'
    : '';
  const { reason: _, informational: __, ...rest } = merged;
  const reason = merged.reason ?? doubtful?.reason;
  return {
    ...rest,
    valid,
    ...(valid === 'unknown'
      ? { reason: reason ?? (isBlind ? 'checker-memory' : 'too-few-ok') }
      : {}),
    ...(parts.every((each) => each.informational === true) ? { informational: true } : {}),
    message: `${text}; ${judged}${hint}`,
  };
}

/** Without the parts that had nothing to look at, unless none had. */
function telling(all: readonly Verdict[]): readonly Verdict[] {
  const { checker } = all[0];
  const some = all.filter((each) =>
    checker === 'availability'
      ? each.valid !== 'unknown' || each.reason !== 'too-few-ok'
      : LOOKED_AT[checker] === undefined || each.figures[LOOKED_AT[checker]] !== 0,
  );
  return some.length > 0 ? some : all;
}

/** As it is for everything that is decided key by key, or operation by operation. */
function sum(parts: readonly Verdict[], valid: Valid, { maxAnomalies }: CheckOptions): Verdict {
  const counts: Record<string, number> = {};
  for (const part of parts) {
    for (const [pattern, count] of Object.entries(part.counts)) {
      counts[pattern] = (counts[pattern] ?? 0) + count;
    }
  }
  return {
    checker: parts[0].checker,
    version: parts[0].version,
    valid,
    message: '',
    figures: sumFigures(parts),
    anomalies: parts
      .flatMap((each) => each.anomalies)
      .sort((a, b) => Math.min(...a.ops) - Math.min(...b.ops))
      .slice(0, maxAnomalies),
    counts,
  };
}

function sumFigures(parts: readonly Verdict[]): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  for (const name of new Set(parts.flatMap((each) => Object.keys(each.figures)))) {
    const values = parts.map((each) => each.figures[name] ?? null);
    const numbers = values.filter((each) => typeof each === 'number');
    if (values.some((each) => typeof each === 'boolean')) {
      figures[name] = values.includes(false) ? false : values.includes(null) ? null : true;
    } else if (/-max(-ms|-versions)?$/.test(name) || SHARED_FIGURES.has(name)) {
      figures[name] = numbers.length === 0 ? null : Math.max(...numbers);
    } else if (/-min(-ms|-versions)?$/.test(name)) {
      figures[name] = numbers.length === 0 ? null : Math.min(...numbers);
    } else if (name.endsWith('-count')) {
      figures[name] = numbers.reduce((total, each) => total + each, 0);
    }
  }
  return figures;
}

function withSums(
  merged: Verdict,
  parts: readonly Verdict[],
  whole: Whole,
  options: CheckOptions,
): Verdict {
  // A checker that came to no end in some part has not counted there.
  const isComplete = parts.every((each) => Object.keys(each.figures).length > 0);
  switch (merged.checker) {
    case 'staleness':
      return staleness(merged, options, isComplete);
    case 'outcomes':
      return outcomes(merged, parts, whole, isComplete);
    case 'lost-writes': {
      // Where nothing at all was acknowledged nothing is owed.
      const isOwed = !isComplete || merged.figures['acknowledged-count'] !== 0;
      return merged.valid === 'unknown' && !isOwed ? { ...merged, valid: true } : merged;
    }
    case 'vacuity':
      return isComplete ? vacuity(parts, whole, options) : merged;
    case 'stats':
      return isComplete ? stats(merged, parts) : merged;
    case 'availability': {
      // A part in which nothing was answered may have seen what is wrong; it counts where something was.
      const isAnswered = parts.some((each) => each.valid !== 'unknown');
      const isViolated = isAnswered && Object.keys(merged.counts).length > 0;
      return isViolated ? { ...merged, valid: false } : merged;
    }
    default:
      return merged;
  }
}

/** The share of late reads is one of all reads. Parts have counted all that are late. */
function staleness(merged: Verdict, { staleness: bound }: CheckOptions, isComplete: boolean) {
  const late = merged.counts['stale-read'] ?? 0;
  const calm = merged.figures['calm-read-count'] as number;
  const isViolated = isComplete && late > (1 - bound.share) * calm;
  const text =
    `${bound.share * 100} % of the reads without a fault must see every write older than ` +
    `${bound.deltaMs} ms; ${late} of ${calm} did not`;
  const valid: Valid = !isComplete || calm === 0 ? 'unknown' : !isViolated;
  return {
    ...merged,
    valid,
    message: isComplete && calm > 0 ? text : '',
    figures: {
      ...(isComplete ? { 'within-bound-share': share(calm - late, calm) } : {}),
      'bound-ms': bound.deltaMs,
      ...merged.figures,
    },
    ...(isViolated ? {} : { anomalies: [], counts: {} }),
  };
}

/** What the tester itself is accused of. */
const OURS: ReadonlySet<string> = new Set([
  'info-on-refused-connection',
  'error-with-two-outcomes',
]);

/**
 * Two of its rules look at all keys: where anything is deleted no unseen element is accused, and an
 * error is to have one outcome everywhere.
 */
function outcomes(
  merged: Verdict,
  parts: readonly Verdict[],
  { hasDeletes, otherOutcomes }: Whole,
  isComplete: boolean,
): Verdict {
  const { 'ok-without-effect': unseen, 'error-with-two-outcomes': _, ...rest } = merged.counts;
  const counts: Record<string, number> = {
    ...rest,
    ...(unseen === undefined || hasDeletes ? {} : { 'ok-without-effect': unseen }),
    ...(otherOutcomes === 0 ? {} : { 'error-with-two-outcomes': otherOutcomes }),
  };
  const patterns = Object.keys(counts);
  const isViolated = patterns.some((pattern) => !OURS.has(pattern));
  const isDoubtful = patterns.length > 0 || !isComplete;
  const ended = parts.find((each) => Object.keys(each.figures).length === 0);
  const texts = patterns.map((pattern) => `${counts[pattern]} ${pattern}`);
  return {
    ...merged,
    valid: isViolated ? false : isDoubtful ? 'unknown' : true,
    ...(isDoubtful ? { reason: patterns.length > 0 ? 'harness-error' : ended?.reason } : {}),
    message: patterns.length > 0 ? texts.join(', ') : (ended?.message ?? ''),
    figures: {
      ...merged.figures,
      'ok-without-effect-count': counts['ok-without-effect'] ?? 0,
      'error-with-two-outcomes-count': otherOutcomes,
    },
    anomalies: merged.anomalies.filter(({ pattern }) => counts[pattern] !== undefined),
    counts,
  };
}

function vacuity(parts: readonly Verdict[], whole: Whole, options: CheckOptions): Verdict {
  const { nodes, surroundings } = whole;
  const ok = parts.reduce((total, each) => total + (each.figures['ok-count'] as number), 0);
  const within = surroundings.faults.map((_, i) =>
    parts.reduce((total, { details }) => {
      const rows = details?.faults as readonly { readonly ok: number }[];
      return total + rows[i].ok;
    }, 0),
  );
  return judgeNumbers({ nodes, faults: surroundings.faults }, options, ok, within);
}

type ByName = Record<string, { ok: number; fail: number; info: number }>;

function stats(merged: Verdict, parts: readonly Verdict[]): Verdict {
  const byName: ByName = {};
  const byError: Record<string, number> = {};
  for (const { details } of parts) {
    for (const [name, { ok, fail, info }] of Object.entries(details?.byName as ByName)) {
      const known = (byName[name] ??= { ok: 0, fail: 0, info: 0 });
      known.ok += ok;
      known.fail += fail;
      known.info += info;
    }
    for (const [name, n] of Object.entries(details?.byError as Record<string, number>)) {
      byError[name] = (byError[name] ?? 0) + n;
    }
  }
  const figures: Record<string, Figure> = { ...merged.figures };
  for (const [name, { ok, fail, info }] of Object.entries(byName)) {
    figures[name] = `${ok} ok, ${fail} fail, ${info} info`;
  }
  for (const [name, n] of Object.entries(byError)) figures[`error ${name}`] = n;
  const barren = Object.keys(byName).filter((name) => byName[name].ok === 0);
  // An empty history has one empty part, which says so.
  if (figures['operation-count'] === 0) return { ...merged, figures };
  return {
    ...merged,
    valid: barren.length > 0 ? 'unknown' : true,
    ...(barren.length > 0 ? { reason: 'too-few-ok' as const } : {}),
    message:
      barren.length > 0
        ? `no ${barren.join(' and no ')} ever succeeded`
        : `${figures['ok-count']} of ${figures['operation-count']} operations succeeded`,
    figures,
    details: { byName, byError },
  };
}
