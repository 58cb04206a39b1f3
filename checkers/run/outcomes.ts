/**
 * A lint of the outcome table: wrong mapping of endings to ok, fail and info is the first source of wrong
 * verdicts. The evidence is in the history: a fail that took effect and an ok that did not contradict
 * their row, and so does a request whose connection was refused and is called indeterminate, or one class of
 * error that has two outcomes.
 *
 * The first two may be the server's lie as well as the client's mistake: they are violations. The others can
 * only be ours: unknown, `harness-error`.
 */

import { collectFinalReads } from '../history/final-reads.ts';
import { type History, isWrite, Kind, Status } from '../history/history.ts';
import { survey } from '../history/survey.ts';
import { isElement } from '../lost-writes/elements.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import { Groups } from '../verdict/grouping.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { describe, indices, keyName, lanes, steps } from '../verdict/witness.ts';

type Pattern =
  | 'fail-took-effect'
  | 'ok-without-effect'
  | 'info-on-refused-connection'
  | 'error-with-two-outcomes';

/** Patterns that accuse the tester rather than the server. */
const ours: readonly string[] = ['info-on-refused-connection', 'error-with-two-outcomes'];

interface Contradiction {
  readonly pattern: Pattern;
  readonly rows: readonly number[];
  /** Row of the outcome table. */
  readonly row: string;
}

/** Classes of error that say that no connection came about. */
const refused = /refused|ECONNREFUSED/i;

function errorOf(history: History, row: number): string | null {
  const error = history.error?.[row] ?? -1;
  return error < 0 ? null : history.errors[error];
}

/** By value id: first read that showed it, elements of sets too. */
function firstSightings(history: History): Int32Array {
  const { firstShown } = survey(history);
  const { delta } = history;
  if (delta === null) return firstShown;
  const first = firstShown.slice();
  for (let row = 0; row < history.n; row++) {
    if (history.status[row] !== Status.Ok) continue;
    for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
      const id = delta.data[d];
      if (id > 0 && first[id] === -1) first[id] = row;
    }
  }
  return first;
}

function* againstEvidence(history: History, aborted: boolean): Generator<Contradiction> {
  const seen = firstSightings(history);
  const finals = collectFinalReads(history, aborted ? 'all' : 'asked');
  const { status, writeOp, writes } = history;
  const deletes = history.kind.includes(Kind.Delete);
  for (let id = 1; id <= writes; id++) {
    const write = writeOp[id];
    const read = seen[id];
    if (status[write] === Status.Fail && read >= 0) {
      const row = errorOf(history, write) ?? 'fail';
      yield { pattern: 'fail-took-effect', rows: [write, read], row };
    }
    if (read >= 0 || deletes || status[write] !== Status.Ok) continue;
    const key = finals.byKey[history.key[write]] ?? null;
    if (!isElement(history.kind[write]) || key === null || key.last.length === 0) continue;
    const isLate = key.last.every((each) => history.invoke[each] >= history.complete[write]);
    if (isLate && key.missing.length === 0) {
      yield { pattern: 'ok-without-effect', rows: [write, ...key.last], row: 'success' };
    }
  }
}

function* againstItself(history: History): Generator<Contradiction> {
  const first = new Map<string, number>();
  const { n, error: errors, status } = history;
  for (let row = 0; errors !== null && row < n; row++) {
    if (errors[row] < 0 || status[row] === Status.Ok) continue;
    const error = history.errors[errors[row]];
    if (history.status[row] === Status.Info && refused.test(error)) {
      yield { pattern: 'info-on-refused-connection', rows: [row], row: error };
    }
    const kind = history.kind[row];
    const effect = isWrite(kind) || kind === Kind.Delete ? 'write' : 'read';
    const other = first.get(`${effect} ${error}`);
    if (other === undefined) first.set(`${effect} ${error}`, row);
    else if (history.status[other] !== history.status[row]) {
      yield { pattern: 'error-with-two-outcomes', rows: [other, row], row: error };
    }
  }
}

const told: Readonly<Record<Pattern, string>> = {
  'fail-took-effect': 'ended as a definite failure, and yet took effect',
  'ok-without-effect': 'was acknowledged, and nobody ever saw it',
  'info-on-refused-connection': 'is called indeterminate though it never got a connection',
  'error-with-two-outcomes': 'ended otherwise than another operation with the same error',
};

function explain(history: History, { pattern, rows, row }: Contradiction, count: number): Anomaly {
  const sorted = [...rows].sort((a, b) => a - b);
  return {
    pattern,
    violates: [`outcome table, row ${row}`],
    key: keyName(history, rows[0]),
    ops: indices(history, sorted),
    summary: `row "${row}" of the outcome table: ${describe(history, rows.at(-1)!)}; operation ${history.index[rows[0]]} ${told[pattern]}`,
    steps: steps(history, sorted),
    lanes: lanes(history, sorted),
    count,
    // The operations contradict each other as they stand; each is needed for it.
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const groups = new Groups<Contradiction>();
  const found = [...againstEvidence(history, options.aborted), ...againstItself(history)];
  budget.step();
  for (const each of found) groups.add(each.pattern, each.row, each);
  const counts = groups.counts();
  const isViolated = Object.keys(counts).some((pattern) => !ours.includes(pattern));
  const isUnknown = !isViolated && groups.size > 0;
  const rows = [...new Set(found.map((each) => each.row))].sort();
  return {
    checker: outcomes.name,
    version: outcomes.version,
    valid: isViolated ? false : isUnknown ? 'unknown' : true,
    ...(isUnknown ? { reason: 'harness-error' as const } : {}),
    message:
      groups.size === 0
        ? 'no operation contradicts its outcome'
        : `rows of the outcome table that the history contradicts: ${rows.join(', ')}`,
    figures: {
      'fail-took-effect-count': counts['fail-took-effect'] ?? 0,
      'ok-without-effect-count': counts['ok-without-effect'] ?? 0,
      'info-on-refused-connection-count': counts['info-on-refused-connection'] ?? 0,
      'error-with-two-outcomes-count': counts['error-with-two-outcomes'] ?? 0,
    },
    anomalies: groups.show(options.maxAnomalies, (each, count) => explain(history, each, count)),
    counts,
  };
}

export const outcomes: Checker = {
  name: 'outcomes',
  version: '1',
  scope: 'cluster',
  types: ['register', 'cas-register', 'set', 'list'],
  takesRepeated: true,
  foreign: 'not judged',
  decides:
    'Whether the history contradicts the outcome table: a fail that took effect, an ok that did not, ' +
    'an info on a refused connection, one class of error with two outcomes. Names the row.',
  source: "the error table of Maelstrom, with its column 'definite?'",
  examples: {
    passes: 'A add 1 fail; B readall {} final',
    fails: 'A add 1 fail; B readall {1} final',
  },
  check,
};
