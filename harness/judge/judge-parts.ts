/**
 * Judges the history of a sealed run in parts (`in-parts.ts`), and makes one verdict of those of the parts.
 *
 * Most properties are local: they hold iff they hold for each key. What a checker decides by a number of the whole
 * (the share of stale reads, how often something succeeded) is decided from the sums; what it would not
 * accuse of in the whole it does not here. Causal order crosses keys: what needs all of it is unknown.
 */

import { collectFinalReads, missingText } from '../../checkers/history/final-reads.ts';
import type { History } from '../../checkers/history/history.ts';
import { checkers } from '../../checkers/index.ts';
import type { CheckOptions } from '../../checkers/verdict/checker.ts';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import type { RunFile } from '../store/run-file.ts';
import { buildPart, type Plan, planParts, surveyChunks, type Whole } from './in-parts.ts';
import { mergeParts } from './merge-parts.ts';
import type { Assignment } from './second-thread.ts';
import { judge } from './two-threads.ts';

/** They follow causal order across keys. */
const NEEDS_ALL: ReadonlySet<string> = new Set(['causal', 'session']);
/** They look at what stands around the operations, which every part has. */
const NEEDS_NONE: ReadonlySet<string> = new Set(['split-brain', 'membership', 'logs']);
/** Every part is a pass over the file. */
const partsMax = 256;
/** Less than this is no room for anything, bytes. */
const roomMin = 2 ** 20;

export interface PartsOptions {
  /** What has to be judged; asked once the whole was looked through. */
  assign(whole: Whole): Assignment;
  /** Why nothing is judged that needs the whole, a sentence. */
  readonly message: string;
  /** Of one part, bytes. What is left of `memoryMaxBytes` where left out. */
  readonly partBytes?: number;
}

export interface JudgedParts {
  readonly whole: Whole;
  readonly parts: number;
  readonly verdicts: readonly Verdict[];
}

/** A string says why the history cannot be judged in parts either. */
export function judgeParts(file: RunFile, options: PartsOptions): JudgedParts | string {
  try {
    const whole = surveyChunks(file);
    if (whole === null) return 'a run is sealed when it is saved, and only then judged in parts';
    const assignment = options.assign(whole);
    const bytes = options.partBytes ?? roomFor(assignment);
    if (bytes < roomMin && options.partBytes === undefined) {
      return 'there is no room for a part of it either';
    }
    const plan = planParts(whole, bytes);
    if (plan.parts.length > partsMax) {
      return `it would take ${plan.parts.length} parts, at most ${partsMax} are judged`;
    }
    const verdicts = judgePlan(whole, plan, bytes, assignment, options.message);
    return { whole, parts: plan.parts.length, verdicts };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `the sealed columns cannot be used: ${error.message}`;
  }
}

/** Bytes that the process may still take. */
function roomFor({ memoryMaxBytes }: Assignment): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return memoryMaxBytes - heapUsed - arrayBuffers;
}

function judgePlan(
  whole: Whole,
  plan: Plan,
  bytesMax: number,
  assignment: Assignment,
  message: string,
): Verdict[] {
  const { names, options } = assignment;
  const inParts = names.filter((name) => !NEEDS_ALL.has(name) && !NEEDS_NONE.has(name));
  const around = names.filter((name) => NEEDS_NONE.has(name));
  const byName = new Map<string, Verdict[]>(names.map((name) => [name, []]));
  plan.parts.forEach(({ bytes }, part) => {
    const chosen = part === 0 ? [...inParts, ...around] : inParts;
    const found =
      bytes > bytesMax
        ? chosen.map((name) => noRoom(name, options, `one key alone is too large; ${message}`))
        : judgePart(buildPart(whole, plan, part), { ...assignment, names: chosen });
    for (const verdict of found) byName.get(verdict.checker)!.push(verdict);
  });
  return names.map((name) => {
    if (NEEDS_ALL.has(name)) return noRoom(name, options, message);
    const verdicts = byName.get(name)!;
    return NEEDS_NONE.has(name) ? verdicts[0] : mergeParts(verdicts, whole, plan, options);
  });
}

/** In a part of its own, so that no reference to the one before is left when the next is built. */
function judgePart(part: History, assignment: Assignment): Verdict[] {
  const { options } = assignment;
  // Every late read is to be counted: which share of them is too much is a matter of the sums.
  const counting = { ...options, staleness: { ...options.staleness, share: 1 } };
  const verdicts = judge(part, { ...assignment, options: counting });
  return verdicts.map((verdict) =>
    verdict.checker === 'lost-writes' ? withMissing(part, verdict, options) : verdict,
  );
}

/** Nothing acknowledged, so nothing owed by this part: but the whole would miss the answers. */
function withMissing(part: History, verdict: Verdict, options: CheckOptions): Verdict {
  if (verdict.valid !== true) return verdict;
  const missing = missingText(part, collectFinalReads(part, options.aborted ? 'all' : 'asked'));
  if (missing === null) return verdict;
  const message = `no final answer from ${missing}: what is only there may or may not be lost`;
  return { ...verdict, valid: 'unknown', reason: 'no-final-read', message };
}

function noRoom(name: string, options: CheckOptions, message: string): Verdict {
  const { version, property } = checkers[name];
  const isPromised = property === undefined || options.promises.includes(property);
  return {
    checker: name,
    version,
    valid: 'unknown',
    reason: 'checker-memory',
    message,
    figures: {},
    anomalies: [],
    counts: {},
    ...(isPromised ? {} : { informational: true }),
  };
}
