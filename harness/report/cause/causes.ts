/**
 * From violations to their cause. A checker says what is wrong; the run file also knows who acknowledged
 * it, which fault was there, which node was down, what the logs say and when a value was last seen. Here
 * violations are joined with that, grouped by it, and each group is given as a share of all operations that
 * stood at the same place. What other checkers tell of the same operations is folded.
 *
 * Pure: a history and its verdicts in, plain values out. A correlation is said as such: the groups say where
 * violations stand, never that something must have made them.
 */
import { type History, isWrite, Status } from '../../../checkers/history/history.ts';
import type { Anomaly, Verdict } from '../../../checkers/verdict/verdict.ts';
import type { Cause, CauseGroup } from './cause.ts';
import { consequencesOf } from './consequences.ts';
import { momentOf, type Place, placeAt, RELATIONS, serverOf } from './place.ts';
import { rowsOf } from './rows.ts';
import { sightings } from './seen.ts';
import { causeSentence, groupSentence } from './sentences.ts';
import { typicalOf } from './typical.ts';

const OPS_MAX = 200;
const GROUPS_MAX = 24;

/** Violating operations by pattern, as a checker lists them all in its details. */
export function listedViolations(verdict: Verdict): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  const stored = verdict.details?.violations;
  if (typeof stored === 'object' && stored !== null) {
    for (const [pattern, ops] of Object.entries(stored)) {
      if (!Array.isArray(ops)) continue;
      found.set(
        pattern,
        ops.filter((op) => Number.isSafeInteger(op)),
      );
    }
  }
  for (const anomaly of verdict.anomalies) {
    if (found.has(anomaly.pattern) && !fromAnomalies.has(anomaly.pattern, verdict)) continue;
    const subject = subjectOf(anomaly);
    if (subject === null) continue;
    found.set(anomaly.pattern, [...(found.get(anomaly.pattern) ?? []), subject]);
  }
  return found;
}

const fromAnomalies = {
  /** Whether the operations of a pattern are known from the shown violations only. */
  has(pattern: string, verdict: Verdict): boolean {
    const stored = verdict.details?.violations;
    return typeof stored !== 'object' || stored === null || !(pattern in stored);
  },
};

/** The operation that a violation is about: for a lost write the write, else what came last. */
function subjectOf({ pattern, ops }: Anomaly): number | null {
  return (pattern === 'lost' || pattern === 'resurrected' ? ops[0] : ops.at(-1)) ?? null;
}

/** Causes of all violations that make the run invalid; none for a run without. */
export function findCauses(history: History, verdicts: readonly Verdict[]): Cause[] {
  const red = verdicts.filter((each) => each.valid === false && each.informational !== true);
  const found = red.flatMap((verdict) =>
    [...listedViolations(verdict)].map(([pattern, ops]) => ({ verdict, pattern, ops })),
  );
  if (found.length === 0) return [];
  const rows = rowsOf(history, new Set(found.flatMap(({ ops }) => ops)));
  const acknowledged = acknowledgedByPlace(history);
  const folded = new Set<string>();
  const causes: Cause[] = [];
  for (const { verdict, pattern, ops } of found.sort(byWeight)) {
    if (folded.has(verdict.checker)) continue;
    const violating = ops.flatMap((op) => rows.get(op) ?? []);
    const consequences = consequencesOf(history, verdict, violating, red).filter(
      ({ checker }) => !folded.has(checker),
    );
    for (const { checker } of consequences) folded.add(checker);
    const total = Math.max(verdict.counts[pattern] ?? 0, violating.length);
    const groups = groupsOf(history, verdict, pattern, violating, acknowledged);
    const shown = { checker: verdict.checker, pattern, total, placed: violating.length };
    const sentence = causeSentence(history, shown, groups, acknowledgedIn(history));
    causes.push({ ...shown, sentence, groups, consequences });
  }
  return causes;
}

const FIRST = ['lost-writes', 'session', 'causal', 'convergence'];

interface Found {
  readonly verdict: Verdict;
  readonly ops: readonly number[];
}

/** What says most about the data comes first, and of one checker what is more frequent. */
function byWeight(left: Found, right: Found): number {
  const rank = ({ verdict }: Found): number => {
    const at = FIRST.indexOf(verdict.checker);
    return at < 0 ? FIRST.length : at;
  };
  return rank(left) - rank(right) || right.ops.length - left.ops.length;
}

/** One number for a place, so that a million operations make no million texts. */
function placeKey({ relation, fault, server }: Place): number {
  return ((fault + 1) * 4096 + (server + 1)) * RELATIONS.length + RELATIONS.indexOf(relation);
}

function isAcknowledged({ kind, status }: History, row: number): boolean {
  return isWrite(kind[row]) && status[row] === Status.Ok;
}

function acknowledgedIn(history: History): number {
  let count = 0;
  for (let row = 0; row < history.n; row++) if (isAcknowledged(history, row)) count++;
  return count;
}

/** Moments of acknowledged writes, by place. */
function acknowledgedByPlace(history: History): Map<number, number[]> {
  const moments = new Map<number, number[]>();
  for (let row = 0; row < history.n; row++) {
    if (!isAcknowledged(history, row)) continue;
    const key = placeKey(placeOf(history, row));
    const at = moments.get(key);
    if (at) at.push(momentOf(history, row));
    else moments.set(key, [momentOf(history, row)]);
  }
  return moments;
}

/** Shortest and longest time from the operations to the fault that followed. */
function gapOf(
  history: History,
  place: Place,
  rows: readonly number[],
): readonly [number, number] | null {
  if (place.relation !== 'before') return null;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    const gap = history.faults[place.fault].start - momentOf(history, row);
    least = Math.min(least, gap);
    most = Math.max(most, gap);
  }
  return [least, most];
}

function placeOf(history: History, row: number): Place {
  return placeAt(history.faults, serverOf(history, row), momentOf(history, row));
}

function groupsOf(
  history: History,
  verdict: Verdict,
  pattern: string,
  violating: readonly number[],
  acknowledged: ReadonlyMap<number, readonly number[]>,
): CauseGroup[] {
  const byPlace = new Map<number, { readonly place: Place; readonly rows: number[] }>();
  for (const row of violating) {
    const place = placeOf(history, row);
    const key = placeKey(place);
    const group = byPlace.get(key);
    if (group) group.rows.push(row);
    else byPlace.set(key, { place, rows: [row] });
  }
  const witnessed = new Set(verdict.anomalies.flatMap(({ ops }) => ops));
  const largest = [...byPlace.entries()]
    .sort(([, a], [, b]) => b.rows.length - a.rows.length || a.rows[0] - b.rows[0])
    .slice(0, GROUPS_MAX)
    .map(([key, { place, rows }]) => ({
      key,
      place,
      rows,
      chosen: choose(history, rows, witnessed),
    }));
  const values = new Set(largest.map(({ chosen }) => history.value[chosen]));
  values.delete(0);
  const seen = sightings(history, values);
  return largest.map(({ key, place, rows, chosen }) => {
    const writes = rows.every((row) => isAcknowledged(history, row));
    const gap = gapOf(history, place, rows);
    // Before a stop only those count that lie as near to it as the violations do.
    const since =
      gap === null ? Number.NEGATIVE_INFINITY : history.faults[place.fault].start - gap[1];
    const alike = acknowledged.get(key)?.filter((moment) => moment >= since).length ?? null;
    const facts = {
      relation: place.relation,
      fault: place.fault < 0 ? null : history.faults[place.fault].id,
      server: history.nodes[place.server] ?? null,
      count: rows.length,
      of: writes ? alike : null,
      gap,
      seen: rows.filter((row) => seen.ever[history.value[row]] === 1).length,
      ops: rows.slice(0, OPS_MAX).map((row) => history.index[row]),
    };
    const sentence = groupSentence(history, pattern, facts);
    const typical = typicalOf(history, verdict, pattern, chosen, place, seen);
    return { ...facts, sentence, typical };
  });
}

/** One with a witness where there is one, else the one in the middle. */
function choose(history: History, rows: readonly number[], witnessed: ReadonlySet<number>): number {
  const shown = rows.find((row) => witnessed.has(history.index[row]));
  return shown ?? rows[rows.length >> 1];
}
