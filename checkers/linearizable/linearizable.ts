/**
 * Linearizability (Herlihy and Wing 1990), key by key: it is local, so that decides the whole. Registers with unique
 * values by zones, without search; sets by the order of their contents; keys with compare-and-set or
 * deletes by a bounded search. Real time is the invocations and completions as the clients saw them;
 *what touches overlaps. Answers that the server marked stale are left out.
 *
 * An eventually consistent store is not expected to pass: without a promise this is information.
 */

import { type History, Kind } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { describe, indices, lanes, shrink, steps, valueName } from '../verdict/witness.ts';
import { type SearchResult, searchKey } from './search.ts';
import { checkSet, type SetViolation } from './sets.ts';
import { findZoneViolations, type ZonePair, zoneRows } from './zones.ts';

type Pattern =
  | 'ThinAirRead'
  | 'AbortedRead'
  | 'FutureRead'
  | 'ForwardZonesOverlap'
  | 'BackwardZoneInside'
  | 'IncomparableReads'
  | 'IncompatibleOrder'
  | 'OutOfOrder'
  | 'NoLinearization';

interface Finding {
  readonly pattern: Pattern;
  readonly key: number;
  /** Rows that prove it, or among which the proof is; or the zones that do, whose rows are looked up together. */
  readonly rows: (() => number[]) | ZonePair;
  summary(): string;
}

/** A key whose search was given up, or that nothing here can judge. */
interface Undecided {
  readonly key: number;
  readonly limit: SearchResult['limit'];
  /** Operations that were put in order before that, of all that are to be. */
  readonly ended: number;
  readonly calls: number;
}

export interface LinearizableResult {
  readonly findings: readonly Finding[];
  readonly counts: Record<string, number>;
  readonly undecided: readonly Undecided[];
  readonly reads: number;
  readonly searchedKeys: number;
}

/** How a key is decided: 0 by zones, 1 by search, 2 as a set or list, 3 not at all. */
function methods(history: History): Uint8Array | null {
  const { n, kind, key } = history;
  // Where a value comes again there are no zones.
  const repeated = history.objects?.repeated ?? null;
  let found: Uint8Array | null = repeated?.slice() ?? null;
  for (let row = 0; row < n; row++) {
    const k = kind[row];
    if (k === Kind.Read || k === Kind.Write || k === Kind.Other || key[row] < 0) continue;
    found ??= new Uint8Array(history.keys.length);
    const whole = k === Kind.Add || k === Kind.ReadAll || k === Kind.Append || k === Kind.ReadList;
    if (whole) found[key[row]] = Math.max(found[key[row]], 2);
    else if (found[key[row]] === 0) found[key[row]] = 1;
    // A set from which something may be deleted is decided neither way.
    if (k === Kind.Delete) found[key[row]] = found[key[row]] === 2 ? 3 : found[key[row]];
  }
  if (found === null) return null;
  for (let row = 0; row < n; row++) {
    const k = key[row];
    if (k < 0 || found[k] !== 2) continue;
    if (kind[row] === Kind.Delete || (repeated !== null && repeated[k] === 1)) found[k] = 3;
  }
  return found;
}

export function decideLinearizable(history: History, budget: Budget): LinearizableResult {
  const method = methods(history);
  const skipped = method === null ? null : method.map((each) => (each === 0 ? 0 : 1));
  const zones = findZoneViolations(history, skipped, budget);
  const findings: Finding[] = [];
  const counts: Record<string, number> = {};
  const add = (
    pattern: Pattern,
    key: number,
    rows: Finding['rows'],
    summary: () => string,
  ): void => {
    counts[pattern] = (counts[pattern] ?? 0) + 1;
    findings.push({ pattern, key, rows, summary });
  };
  const sourceless = [
    ['ThinAirRead', zones.thinAir, 'which nobody had written'],
    ['AbortedRead', zones.aborted, 'whose write had failed'],
    ['FutureRead', zones.future, 'which was written only after the read had ended'],
  ] as const;
  for (const [pattern, rows, why] of sourceless) {
    for (const row of rows) {
      const own = (): number[] => [row, ...sourceOf(history, row)];
      add(pattern, history.key[row], own, () => `${describe(history, row)}, ${why}`);
    }
  }
  for (const { pattern, key, outer, inner } of zones.violations) {
    add(pattern, key, { key, outer, inner }, () => exclusion(history, key, outer, inner));
  }
  for (const pattern of ['ForwardZonesOverlap', 'BackwardZoneInside'] as const) {
    if (zones.count[pattern] > 0) counts[pattern] = zones.count[pattern];
  }
  const undecided: Undecided[] = [];
  let searchedKeys = 0;
  for (const [key, rows] of rowsOf(history, method)) {
    if (method![key] === 3) {
      undecided.push({ key, limit: null, ended: 0, calls: rows.length });
    } else if (method![key] === 2) {
      const violation = checkSet(history, rows);
      if (violation)
        add(
          violation.pattern,
          key,
          () => rows,
          () => setSentence(history, violation),
        );
    } else {
      searchedKeys++;
      const { linearizable, row, limit, ended, calls } = searchKey(history, rows, budget);
      if (linearizable === null) undecided.push({ key, limit, ended, calls });
      const upTo = (): number[] =>
        rows.filter((each) => history.invoke[each] <= history.complete[row]);
      const summary = (): string =>
        `when ${describe(history, row)}, no order of the operations on ${history.keys[key]} was possible any more`;
      if (linearizable === false) add('NoLinearization', key, upTo, summary);
    }
  }
  return { findings, counts, undecided, reads: zones.reads, searchedKeys };
}

function sourceOf(history: History, row: number): number[] {
  const id = history.value[row];
  return id > 0 && id <= history.writes ? [history.writeOp[id]] : [];
}

function rowsOf(history: History, method: Uint8Array | null): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  if (method === null) return rows;
  for (let row = 0; row < history.n; row++) {
    const key = history.key[row];
    if (key < 0 || method[key] === 0 || history.kind[row] === Kind.Other) continue;
    const list = rows.get(key);
    if (list) list.push(row);
    else rows.set(key, [row]);
  }
  return rows;
}

function exclusion(history: History, key: number, outer: number, inner: number): string {
  const name = history.keys[key];
  return (
    `${name} cannot have held ${valueName(history, outer)} and ${valueName(history, inner)} one after ` +
    'the other: each was in use after the other had begun'
  );
}

function setSentence(history: History, { rows, element, pattern }: SetViolation): string {
  const [first, second] = rows;
  if (element !== undefined) {
    const why = pattern === 'AbortedRead' ? 'whose addition had failed' : 'which nobody had added';
    return `${describe(history, first!)}, with ${valueName(history, element)}, ${why}`;
  }
  return second === undefined
    ? `${describe(history, first!)}: no order of the additions gives this content`
    : `no order of the additions explains both: ${describe(history, first!)}; ${describe(history, second)}`;
}

/** Operations of a key around a proof that are tried at most. */
const rowsMax = 2000;

function explain(history: History, groups: readonly Group[]): Anomaly[] {
  const pairs = groups.map(({ finding: { rows } }) => rows).filter((rows) => 'outer' in rows);
  const zones = zoneRows(history, pairs);
  return groups.map(({ finding, count }) => {
    const { rows } = finding;
    const proof = 'outer' in rows ? zones[pairs.indexOf(rows)] : rows();
    return explainFinding(history, finding, proof.slice(-rowsMax), count);
  });
}

function explainFinding(
  history: History,
  finding: Finding,
  rows: number[],
  count: number,
): Anomaly {
  for (const row of [...rows]) {
    if (history.kind[row] === Kind.Read || history.kind[row] === Kind.Cas) {
      rows.push(...sourceOf(history, row));
    }
  }
  const witness = shrink(history, rows, (reduced) => {
    const { findings } = decideLinearizable(reduced, { step() {} });
    // Fewer operations may be decided in another way, where no value comes again among them.
    if (finding.pattern === 'NoLinearization') return findings.length > 0;
    return findings.some((each) => each.pattern === finding.pattern);
  });
  return {
    pattern: finding.pattern,
    violates: ['linearizability'],
    key: history.keys[finding.key] ?? null,
    ops: indices(history, witness.rows),
    summary: finding.summary(),
    steps: steps(history, witness.rows),
    lanes: lanes(history, witness.rows),
    count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}

interface Group {
  readonly finding: Finding;
  count: number;
}

/** One finding for each pattern and key. */
function grouped(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const name = `${finding.pattern} ${finding.key}`;
    const known = groups.get(name);
    if (known) known.count++;
    else groups.set(name, { finding, count: 1 });
  }
  return [...groups.values()];
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const result = decideLinearizable(history, budget);
  const total = Object.values(result.counts).reduce((sum, each) => sum + each, 0);
  const verdict = {
    checker: 'linearizable',
    version: linearizable.version,
    figures: {
      linearizable: total > 0 ? false : result.undecided.length > 0 ? null : true,
      'registers-reads-judged-count': result.reads,
      'keys-searched-count': result.searchedKeys,
      'keys-undecided-count': result.undecided.length,
    },
    anomalies: explain(history, grouped(result.findings).slice(0, options.maxAnomalies)),
    counts: result.counts,
  };
  if (total === 0 && result.undecided.length > 0) {
    return {
      ...verdict,
      valid: 'unknown',
      reason: result.undecided.find(({ limit }) => limit !== null)?.limit ?? 'not-judged',
      message: result.undecided
        .slice(0, 3)
        .map((each) => howFar(history, each))
        .join('; '),
    };
  }
  return {
    ...verdict,
    valid: total === 0,
    message:
      total === 0
        ? 'every key is linearizable'
        : `${total} times no order in real time explains the operations on a key`,
  };
}

function howFar(history: History, { key, limit, ended, calls }: Undecided): string {
  const name = history.keys[key];
  if (limit === null) {
    return `${name} is a set or list from which elements were deleted, or to which one was added twice`;
  }
  const why =
    limit === 'checker-memory' ? 'more orders are possible than have room' : 'the time was up';
  return `${name}: ${ended} of ${calls} operations were put in order, then ${why}`;
}

export const linearizable: Checker = {
  name: 'linearizable',
  version: '3',
  scope: 'key',
  types: ['register', 'cas-register', 'set', 'list'],
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Linearizability of each key: registers with unique values by zones, sets and lists by the order of their ' +
    'contents; compare-and-set, deletes and values that come again by a complete and bounded search. ' +
    'Information unless promised.',
  source:
    'Gibbons, Korach: Testing Shared Memories, SIAM J. Comput. 26(4), 1997; Lowe: Testing for ' +
    'Linearizability, CCPE 2017',
  examples: {
    passes: 'A w x 1; B r x 1 || C w x 2; B r x 2',
    fails: 'A w x 1; B w x 2; C r x 1',
  },
  property: 'linearizable',
  check,
};
