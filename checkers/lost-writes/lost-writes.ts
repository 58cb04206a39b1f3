/**
 * No acknowledged write is lost, and nothing is there that should not be.
 *
 * The terms are those of Jepsen's set-full; its defects are not: duplicates, phantoms and resurrected
 * elements are found, and the work is proportional to the changes between reads. What becomes of
 * elements of sets is followed in `lost-writes-elements.ts`, of deletes in `lost-writes-deletes.ts`, of
 * registers in `lost-writes-registers.ts`; here their fates are judged.
 *
 * An element is *lost* if it was acknowledged (or read by somebody), is absent from the last final answer of
 * every reader, and nobody deleted it. Absent from some only, it is not lost: the readers *diverged*,
 * which is the business of `convergence`. Where real time is promised, one final answer without it is enough.
 * This checker does not judge order: a stale answer is counted and left to others.
 */

import { collectFinalReads, type FinalReads, missingText } from '../history/final-reads.ts';
import { type History, Kind, Status } from '../history/history.ts';
import { collectChains } from '../history/set-reads.ts';
import { survey } from '../history/survey.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { milliseconds, Numbers, quantile } from '../verdict/quantiles.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { brokenDeletes } from './deletes.ts';
import { type ElementFates, followElements, isElement } from './elements.ts';
import { followRegisters, type RegisterFates } from './registers.ts';
import { explainFinding, type Finding } from './witness.ts';

/** Number of elements in the table `worst-stale`, as in set-full. */
const worstStaleShown = 8;
/** Violations of each pattern that are named by the number of their operation. */
const listedMax = 10_000;

/** Everything that is counted. Names as in set-full. */
interface Tally {
  attempts: number;
  acknowledged: number;
  stable: number;
  stale: number;
  neverRead: number;
  recovered: number;
  diverged: number;
  flickering: number;
  deleted: number;
  unresolved: number;
  readonly latencies: Numbers;
  readonly worst: { readonly id: number; readonly latencyNs: number }[];
}

function newTally(): Tally {
  return {
    attempts: 0,
    acknowledged: 0,
    stable: 0,
    stale: 0,
    neverRead: 0,
    recovered: 0,
    diverged: 0,
    flickering: 0,
    deleted: 0,
    unresolved: 0,
    latencies: new Numbers(),
    worst: [],
  };
}

/** What deletes excuse: an element by its value id, a whole key where they name no value. */
function deletions(history: History): (write: number) => boolean {
  const values = new Uint8Array(history.values + 1);
  const keyUntil = new Float64Array(history.keys.length).fill(-1);
  let any = false;
  for (let row = 0; row < history.n; row++) {
    if (history.kind[row] !== Kind.Delete || history.status[row] === Status.Fail) continue;
    any = true;
    if (history.value[row] !== 0) values[history.value[row]] = 1;
    else if (history.key[row] >= 0) {
      const ends = history.status[row] === Status.Ok ? history.complete[row] : Infinity;
      keyUntil[history.key[row]] = Math.max(keyUntil[history.key[row]], ends);
    }
  }
  return (write) =>
    any &&
    (values[history.value[write]] === 1 || keyUntil[history.key[write]] > history.invoke[write]);
}

/** When an element was known to be there: acknowledged, or first read. Infinity for never. */
function knownAt(history: History, write: number, seen: number): number {
  const acknowledged =
    history.status[write] === Status.Ok ? history.complete[write] : Number.POSITIVE_INFINITY;
  return seen < 0 ? acknowledged : Math.min(acknowledged, history.complete[seen]);
}

function noteLatency(history: History, tally: Tally, id: number, known: number, absent: number) {
  const stableAt = absent < 0 ? 0 : history.invoke[absent] + 1;
  const latencyNs = Math.max(0, stableAt - known);
  tally.stable++;
  tally.latencies.push(latencyNs);
  if (latencyNs === 0) return;
  tally.stale++;
  const { worst } = tally;
  if (worst.length === worstStaleShown && latencyNs <= worst.at(-1)!.latencyNs) return;
  worst.push({ id, latencyNs });
  worst.sort((a, b) => b.latencyNs - a.latencyNs);
  if (worst.length > worstStaleShown) worst.pop();
}

function judgeElements(
  history: History,
  fates: ElementFates,
  finals: FinalReads,
  realTime: boolean,
  tally: Tally,
  found: (finding: Finding) => void,
): void {
  const isDeleted = deletions(history);
  for (let id = 1; id <= history.writes; id++) {
    const write = history.writeOp[id];
    if (!isElement(history.kind[write])) continue;
    const seen = fates.firstSeen[id];
    const inFinals = fates.finalCount[id];
    if (history.status[write] === Status.Fail) continue;
    const known = knownAt(history, write, seen);
    if (known === Number.POSITIVE_INFINITY) continue;
    const present = fates.lastPresent[id];
    const absent = fates.lastAbsent[id];
    if (history.status[write] === Status.Info && inFinals > 0) tally.recovered++;
    if (isDeleted(write)) {
      tally.deleted++;
      continue;
    }
    const key = finals.byKey[history.key[write]] ?? null;
    const answers = key?.last ?? [];
    const late = answers.filter((row) => history.invoke[row] >= known);
    if (inFinals > 0 && fates.flickered[id] === 1) tally.flickering++;
    const isAbsent = realTime ? inFinals < late.length : inFinals === 0;
    if (answers.length > 0 && late.length === answers.length && isAbsent) {
      if (realTime || key!.missing.length === 0) {
        const isAcknowledged = history.status[write] === Status.Ok;
        const sighting = isAcknowledged && known === history.complete[write] ? [] : [seen];
        const rows = [write, ...sighting, ...late];
        found({ pattern: 'lost', id, rows, reason: 'absent-at-end', answers: late.length });
        continue;
      }
    }
    if (inFinals === 0) tally.unresolved++;
    else if (inFinals < answers.length) tally.diverged++;
    const isStable =
      present >= 0 && (absent < 0 || history.invoke[present] > history.invoke[absent]);
    if (isStable) noteLatency(history, tally, id, known, absent);
    else if (present < 0 && seen < 0) tally.neverRead++;
  }
}

/** Values that were seen and should not have been, and elements that are there twice. */
function judgeSightings(
  { values, writeOp, status, duplicates }: History,
  shown: Int32Array,
  elements: Int32Array | null,
  found: (finding: Finding) => void,
): void {
  for (let id = 1; id <= values; id++) {
    const element = elements === null ? -1 : elements[id];
    const row = element >= 0 ? element : shown[id];
    if (row < 0) continue;
    const write = writeOp[id];
    if (write < 0) found({ pattern: 'phantom', id, rows: [row], reason: 'never-attempted' });
    else if (status[write] === Status.Fail) {
      found({ pattern: 'resurrected', id, rows: [write, row], reason: 'failed' });
    }
  }
  for (let i = 0; duplicates !== null && i < duplicates.length; i += 2) {
    const row = duplicates[i];
    const id = duplicates[i + 1];
    const write = writeOp[id];
    found({
      pattern: 'duplicated',
      id,
      rows: write < 0 ? [row] : [write, row],
      reason: 'more-than-once',
    });
  }
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const { attempts, acknowledged, firstShown } = survey(history);
  const tally = { ...newTally(), attempts, acknowledged };
  const groups = new Groups<Finding>();
  const found = (finding: Finding): void =>
    groups.add(finding.pattern, String(finding.id), finding);
  // Cut short, a run may not have come to ask some of its nodes.
  const finals = collectFinalReads(history, options.aborted ? 'all' : 'asked');
  const chains = collectChains(history);
  const fates = chains === null ? null : followElements(history, chains, finals, budget);
  judgeSightings(history, firstShown, fates?.firstSeen ?? null, found);
  const hasElements = history.kind.includes(Kind.Add) || history.kind.includes(Kind.Append);
  if (fates !== null) {
    judgeElements(history, fates, finals, options.realTime, tally, found);
    for (const { id, reason, rows } of brokenDeletes(history, chains!, fates, finals, budget)) {
      found({ pattern: 'resurrected', id, rows, reason });
    }
  } else if (hasElements) {
    tally.neverRead = tally.acknowledged;
  }
  const registers = followRegisters(history, finals, firstShown, options.realTime, budget);
  for (const { id, reason, reads, survivor } of registers.losses) {
    const other = survivor > 0 ? history.writeOp[survivor] : -1;
    const rows = [history.writeOp[id], ...(other >= 0 ? [other] : []), ...reads];
    const isOfAll = reason === 'unread-at-end' || reason === 'older-survived';
    const answers = isOfAll ? reads.length : 0;
    found({ pattern: 'lost', id, rows, reason, answers });
  }
  return verdictOf(history, options, groups, tally, registers, finals);
}

function verdictOf(
  history: History,
  options: CheckOptions,
  groups: Groups<Finding>,
  tally: Tally,
  registers: RegisterFates,
  finals: FinalReads,
): Verdict {
  const counts = groups.counts();
  const missing = finals.any ? missingText(history, finals) : null;
  const isUnknown =
    groups.size === 0 && tally.acknowledged > 0 && (!finals.any || missing !== null);
  const unresolved = tally.unresolved + registers.unresolved;
  const latencies = tally.latencies.toArray().sort();
  const latencyMs = (share: number): number | null => milliseconds(quantile(latencies, share));
  return {
    checker: lostWrites.name,
    version: lostWrites.version,
    valid: groups.size > 0 ? false : isUnknown ? 'unknown' : true,
    ...(isUnknown ? { reason: 'no-final-read' as const } : {}),
    message: messageOf(counts, tally, finals, missing, isUnknown),
    figures: {
      'attempt-count': tally.attempts,
      'acknowledged-count': tally.acknowledged,
      'lost-count': counts.lost ?? 0,
      'resurrected-count': counts.resurrected ?? 0,
      'phantom-count': counts.phantom ?? 0,
      'duplicated-count': counts.duplicated ?? 0,
      'recovered-count': tally.recovered,
      'stable-count': tally.stable,
      'stale-count': tally.stale,
      'never-read-count': tally.neverRead,
      'diverged-count': tally.diverged,
      'flickering-count': tally.flickering,
      'superseded-count': registers.superseded,
      'deleted-count': tally.deleted,
      'unresolved-count': unresolved,
      'stable-latency-p50-ms': latencyMs(0.5),
      'stable-latency-p99-ms': latencyMs(0.99),
      'stable-latency-max-ms': latencyMs(1),
    },
    details: {
      violations: groups.list(listedMax, ({ rows }) => history.index[rows[0]]),
      'stable-latencies': {
        0: latencyMs(0),
        0.5: latencyMs(0.5),
        0.95: latencyMs(0.95),
        0.99: latencyMs(0.99),
        1: latencyMs(1),
      },
      'worst-stale': tally.worst.map(({ id, latencyNs }) => ({
        element: history.valueText(id),
        key: history.keys[history.key[history.writeOp[id]]] ?? null,
        op: history.index[history.writeOp[id]],
        'stable-latency-ms': milliseconds(latencyNs),
      })),
    },
    anomalies: groups.show(options.maxAnomalies, (finding, count) =>
      explainFinding(history, options, finding, count, check),
    ),
    counts,
  };
}

function messageOf(
  counts: Readonly<Record<string, number>>,
  tally: Tally,
  finals: FinalReads,
  missing: string | null,
  isUnknown: boolean,
): string {
  const found = Object.entries(counts).map(([pattern, count]) => `${count} ${pattern}`);
  if (found.length > 0) return `${found.join(', ')}, of ${tally.acknowledged} acknowledged writes`;
  if (!isUnknown) {
    return tally.acknowledged === 0
      ? 'no write was acknowledged, so none could be lost'
      : `all ${tally.acknowledged} acknowledged writes are accounted for`;
  }
  if (!finals.any) return 'there is no final read, so nothing can be said about what survived';
  return `no final answer from ${missing}: what is only there may or may not be lost`;
}

export const lostWrites: Checker = {
  name: 'lost-writes',
  version: '3',
  scope: 'causal',
  types: ['register', 'cas-register', 'set', 'list'],
  foreign: 'judged with final reads',
  property: 'no-lost-writes',
  decides:
    'No acknowledged write is lost. Sets and lists: an element is lost if no final read of any node ' +
    'has it. Registers: a write is lost if nothing shows it and nobody who could see it replaced it. ' +
    'A write that failed and is seen is resurrected, and so is an element that is seen after a delete ' +
    'which knew it; a value that nobody attempted is a phantom, an element that is there twice is ' +
    'duplicated.',
  source:
    "set-full in Jepsen's checker library, for the terms; causal memory (Ahamad et al., 1995) for " +
    'registers without versions; dotted version vectors (Preguiça et al., 2012) for those with them',
  examples: {
    passes: 'A add s 1; B add s 2 info; A readall s {1} final; B readall s {1} final',
    fails: 'A add s 1; B add s 2; A readall s {2} final; B readall s {2} final',
  },
  check,
};
