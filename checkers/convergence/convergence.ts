/**
 * Eventual convergence: after everything was healed and load had stopped, every node gives the same answer
 * for every key, siblings included; and when that came about.
 *
 * Answers are compared by a commutative 64-bit hash of what they show, kept up along each chain of set
 * reads, so that a whole space costs no more than its changes. The run repeats rounds of final reads
 * until they agree; the last complete round is judged. `converged-at` of a key is the first moment of
 * the final phase from which the latest answers of all nodes agree, and stay so. A key for which a node
 * gave no answer, or that still changed while it was read, is not judged: unknown.
 */

import {
  collectFinalReads,
  type FinalReads,
  isJudgedRead,
  type KeyFinals,
  listed,
  missingText,
  readerOf,
} from '../history/final-reads.ts';
import { type History, Kind, Status } from '../history/history.ts';
import { survey } from '../history/survey.ts';
import { type Budget, type Checker, type CheckOptions, unlimited } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import { milliseconds, Numbers, quantilesOf } from '../verdict/quantiles.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { agree, hashStates, type StateHashes } from './state-hashes.ts';
import { explainDivergence, explainSource, groupsOf } from './witness.ts';

/** Keys in the tables of the details. */
const keysShown = 20;

/** Rows of the last round that every reader answered; of the last answers, if no round is complete. */
function lastRound(history: History, key: KeyFinals): readonly number[] {
  const attempts = [...key.attempts.values()];
  let rounds = Number.POSITIVE_INFINITY;
  for (const rows of attempts) rounds = Math.min(rounds, rows.length);
  for (let round = rounds - 1; round >= 0 && attempts.length > 0; round--) {
    const rows = attempts.map((each) => each[round]);
    if (rows.every((row) => isJudgedRead(history, row))) return rows;
  }
  return key.last;
}

/** When the latest answers of all readers agree and stay so, ns; Infinity for never. */
function convergedAt(history: History, { attempts }: KeyFinals, hashes: StateHashes): number {
  const answers: number[] = [];
  // When each reader had answered.
  let allSince = 0;
  for (const rows of attempts.values()) {
    const before = answers.length;
    for (const row of rows) if (isJudgedRead(history, row)) answers.push(row);
    allSince = Math.max(allSince, answers[before] ?? Number.POSITIVE_INFINITY);
  }
  if (!agree(hashes, answers)) return agreeing(history, answers, attempts.size, hashes);
  let since = Number.POSITIVE_INFINITY;
  for (const row of answers) {
    if (row >= allSince) since = Math.min(since, history.complete[row]);
  }
  return since;
}

/** The same where not all answers ever given agree. */
function agreeing(
  history: History,
  answers: number[],
  readers: number,
  hashes: StateHashes,
): number {
  const latest = new Map<number, number>();
  let since = Number.POSITIVE_INFINITY;
  for (const row of answers.sort((a, b) => a - b)) {
    latest.set(readerOf(history, row), row);
    const isEqual = latest.size === readers && agree(hashes, [...latest.values()]);
    if (!isEqual) since = Number.POSITIVE_INFINITY;
    else since = Math.min(since, history.complete[row]);
  }
  return since;
}

/** When the last fault was over, else when the phase after the load began; null where neither is known. */
function healedAt(history: History): number | null {
  const ends = history.faults.map((fault) => fault.end).filter(Number.isFinite);
  if (ends.length > 0) return Math.max(...ends);
  const { loadOverNs } = survey(history);
  return Number.isFinite(loadOverNs) ? loadOverNs : null;
}

interface Judged {
  readonly diverged: readonly { readonly key: KeyFinals; readonly rows: readonly number[] }[];
  /** Keys that all agree on, and since when. */
  readonly converged: readonly { readonly key: number; readonly at: number }[];
  /** Keys that were still changing when they were read finally. */
  readonly unsettled: readonly string[];
  readonly rounds: number;
  /** When the last acknowledged write was over; -1 for none. */
  readonly lastWriteNs: number;
}

function judgeKeys(
  history: History,
  finals: FinalReads,
  hashes: StateHashes,
  budget: Budget,
): Judged {
  const { writtenUntil } = survey(history);
  const lastWriteNs = writtenUntil.reduce((max, each) => Math.max(max, each), -1);
  const diverged: { key: KeyFinals; rows: readonly number[] }[] = [];
  const converged: { key: number; at: number }[] = [];
  const unsettled: string[] = [];
  let rounds = 0;
  for (const [k, key] of finals.byKey.entries()) {
    if ((k & 63) === 0) budget.step();
    if (key === null || key.missing.length > 0 || key.last.length === 0) continue;
    for (const rows of key.attempts.values()) rounds = Math.max(rounds, rows.length);
    const rows = lastRound(history, key);
    const at = convergedAt(history, key, hashes);
    if (rows.some((row) => history.invoke[row] < writtenUntil[key.key])) {
      unsettled.push(history.keys[key.key]);
    } else if (!agree(hashes, rows)) {
      diverged.push({ key, rows });
    } else if (at === Number.POSITIVE_INFINITY) {
      // They agreed in the last round that all answered, and changed in one that not all did.
      unsettled.push(history.keys[key.key]);
    } else {
      converged.push({ key: key.key, at });
    }
  }
  return { diverged, converged, unsettled, rounds, lastWriteNs };
}

/** What all agree on must have been written by somebody, and not have failed. */
function judgeSources(
  history: History,
  finals: FinalReads,
  found: (pattern: 'phantom' | 'resurrected', row: number, id: number) => void,
): void {
  for (const key of finals.byKey) {
    const row = key?.last[0];
    if (row === undefined || history.kind[row] !== Kind.Read) continue;
    const id = history.value[row];
    const write = id === 0 ? -1 : history.writeOp[id];
    if (id !== 0 && write < 0) found('phantom', row, id);
    else if (write >= 0 && history.status[write] === Status.Fail) found('resurrected', row, id);
  }
}

/** Two final answers are enough to differ, whoever else there is. */
function isDiverged(reduced: History): boolean {
  const finals = collectFinalReads(reduced, 'asked');
  const hashes = hashStates(reduced, unlimited);
  return judgeKeys(reduced, finals, hashes, unlimited).diverged.length > 0;
}

type Show = (count: number) => Anomaly;

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const finals = collectFinalReads(history, 'all');
  const hashes = hashStates(history, budget);
  const judged = judgeKeys(history, finals, hashes, budget);
  const groups = new Groups<Show>();
  for (const { key, rows } of judged.diverged) {
    groups.add('diverged', String(key.key), (count) =>
      explainDivergence(history, finals, hashes, key.key, rows, count, isDiverged),
    );
  }
  judgeSources(history, finals, (pattern, row, id) =>
    groups.add(pattern, String(id), (count) =>
      explainSource(history, options, pattern, row, id, count, check),
    ),
  );
  return verdictOf(history, options, finals, hashes, judged, groups);
}

function verdictOf(
  history: History,
  options: CheckOptions,
  finals: FinalReads,
  hashes: StateHashes,
  judged: Judged,
  groups: Groups<Show>,
): Verdict {
  const { diverged, converged, unsettled, lastWriteNs } = judged;
  let keys = 0;
  const answering = new Set<number>();
  for (const key of finals.byKey) {
    if (key === null) continue;
    keys++;
    for (const reader of key.attempts.keys()) answering.add(reader);
  }
  const readers = answering.size;
  const isLone = readers === 1 && history.nodes.length !== 1;
  const missing = missingText(history, finals);
  const isUnknown =
    groups.size === 0 &&
    (!finals.any || keys === 0 || missing !== null || unsettled.length > 0 || isLone);
  const healNs = healedAt(history);
  const isAll = diverged.length === 0 && converged.length === keys && keys > 0;
  const atNs = isAll ? converged.reduce((max, each) => Math.max(max, each.at), 0) : Number.NaN;
  const afterHeal = new Numbers();
  if (healNs !== null) for (const { at } of converged) afterHeal.push(Math.max(0, at - healNs));
  const after = quantilesOf(afterHeal.toArray());
  const why = !finals.any
    ? 'there is no final read, so nothing can be said about the state of any node'
    : missing !== null
      ? `no final answer from ${missing}`
      : unsettled.length > 0
        ? `${listed(unsettled, 'key')} still changed during the final reads`
        : 'only one reader answered, so there is nothing to compare';
  const worst = [...converged].sort((a, b) => b.at - a.at).slice(0, keysShown);
  return {
    checker: convergence.name,
    version: convergence.version,
    valid: groups.size > 0 ? false : isUnknown ? 'unknown' : true,
    ...(isUnknown ? { reason: 'no-final-read' as const } : {}),
    message:
      diverged.length > 0
        ? `${diverged.length} of ${keys} keys differ between nodes to the end`
        : groups.size > 0
          ? 'all nodes agree on values that nobody wrote'
          : isUnknown
            ? why
            : `all ${readers} nodes agree on all ${keys} keys`,
    figures: {
      'key-count': keys,
      'diverged-count': diverged.length,
      'unread-count': keys - converged.length - diverged.length,
      'reader-count': readers,
      'round-count': judged.rounds,
      'converged-at-ms': milliseconds(atNs),
      'converged-after-heal-ms': healNs === null ? null : milliseconds(Math.max(0, atNs - healNs)),
      'converged-after-last-write-ms': milliseconds(Math.max(0, atNs - lastWriteNs)),
      'key-converged-after-heal-p99-ms': after === null ? null : milliseconds(after.p99),
    },
    details: {
      'slowest-keys': worst.map(({ key, at }) => ({
        key: history.keys[key],
        'converged-at-ms': milliseconds(at),
      })),
      'diverged-keys': diverged.slice(0, keysShown).map(({ key, rows }) => ({
        key: history.keys[key.key],
        groups: groupsOf(history, finals, hashes, rows).map(({ readers: who, state }) => ({
          nodes: who,
          state,
        })),
      })),
    },
    anomalies: groups.show(options.maxAnomalies, (show, count) => show(count)),
    counts: groups.counts(),
  };
}

export const convergence: Checker = {
  name: 'convergence',
  version: '1',
  scope: 'key',
  types: ['register', 'cas-register', 'set', 'list'],
  foreign: 'not judged',
  property: 'convergence',
  decides:
    'After the heal all nodes give the same answer for every key, siblings included, and when that ' +
    'came about. Needs a final read of every written key through every node, after its last write.',
  source:
    'eventual consistency: Terry et al., SOSP 1995; strong eventual consistency: Shapiro et al., SSS 2011',
  examples: {
    passes: 'A w x 1 || B w x 2; A r x 2 final; B r x 2 final',
    fails: 'A w x 1 || B w x 2; A r x 1 final; B r x 2 final',
  },
  check,
};
