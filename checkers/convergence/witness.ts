/** Who differs from whom and in what: the explanations of `convergence`. */

import { type FinalReads, readerOf } from '../history/final-reads.ts';
import { type History, Kind } from '../history/history.ts';
import { isWholeRead } from '../history/kinds.ts';
import { type Budget, type CheckOptions, unlimited } from '../verdict/checker.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { describe, elementsAt, indices, lanes, shrink, valueName } from '../verdict/witness.ts';
import type { StateHashes } from './state-hashes.ts';

const elementsShown = 5;
const listShown = 10;

type Check = (history: History, options: CheckOptions, budget: Budget) => Verdict;

/** Readers with the same answer. */
export interface StateGroup {
  readonly rows: readonly number[];
  /** Names of the readers, in order. */
  readonly readers: string;
  readonly state: string;
}

/** Groups of equal answers, the largest first. */
export function groupsOf(
  history: History,
  finals: FinalReads,
  { high, low }: StateHashes,
  rows: readonly number[],
): StateGroup[] {
  const byState = new Map<string, number[]>();
  for (const row of rows) {
    const name = `${high[row]} ${low[row]}`;
    const group = byState.get(name);
    if (group) group.push(row);
    else byState.set(name, [row]);
  }
  const all = [...byState.values()].sort((a, b) => b.length - a.length);
  const everything = new Set(all.flatMap((group) => [...contentOf(history, group[0])]));
  return all.map((group) => ({
    rows: group,
    readers: group
      .map((row) => readerOf(history, row))
      .sort((a, b) => a - b)
      .map((reader) => finals.readerName(reader))
      .join(', '),
    state: stateText(history, group[0], everything),
  }));
}

function siblingsOf({ siblings }: History, row: number): Int32Array {
  return siblings === null
    ? new Int32Array()
    : siblings.data.subarray(siblings.off[row], siblings.off[row + 1]);
}

/** Value ids that an answer shows. */
function contentOf(history: History, row: number): Set<number> {
  if (isWholeRead(history.kind[row])) return elementsAt(history, row);
  return new Set([history.value[row], ...siblingsOf(history, row)]);
}

function stateText(history: History, row: number, everything: ReadonlySet<number>): string {
  const content = contentOf(history, row);
  if (!isWholeRead(history.kind[row])) {
    const others = [...content].filter((id) => id !== history.value[row]);
    const siblings = others.map((id) => valueName(history, id)).sort();
    const beside = siblings.length === 0 ? '' : ` beside ${siblings.join(', ')}`;
    return `${valueName(history, history.value[row])}${beside}`;
  }
  if (history.kind[row] === Kind.ReadList) {
    const names = [...content].slice(0, listShown).map((id) => valueName(history, id));
    return `[${names.join(', ')}${content.size > listShown ? ', ...' : ''}]`;
  }
  const absent = [...everything].filter((id) => !content.has(id));
  if (absent.length === 0) return `all ${content.size} elements`;
  const names = absent.slice(0, elementsShown).map((id) => valueName(history, id));
  const more = absent.length > elementsShown ? ` and ${absent.length - elementsShown} more` : '';
  return `${content.size} elements, without ${names.join(', ')}${more}`;
}

/** One value that one of the two answers has and the other has not, or that it shows first. */
function difference(history: History, left: number, right: number): number[] {
  const a = contentOf(history, left);
  const b = contentOf(history, right);
  if (history.kind[left] === Kind.ReadList) {
    const [first, second] = [[...a], [...b]];
    const at = first.findIndex((id, i) => id !== second[i]);
    const ids = at < 0 ? [second[first.length]] : [first[at], second[at]];
    return ids.filter((id) => id !== undefined);
  }
  const id = [...a].find((each) => !b.has(each)) ?? [...b].find((each) => !a.has(each));
  const ids = isWholeRead(history.kind[left])
    ? [id ?? 0]
    : [history.value[left], history.value[right], id ?? 0];
  return ids.filter((each) => each > 0);
}

export function explainDivergence(
  history: History,
  finals: FinalReads,
  hashes: StateHashes,
  key: number,
  rows: readonly number[],
  count: number,
  isDiverged: (reduced: History) => boolean,
): Anomaly {
  const groups = groupsOf(history, finals, hashes, rows);
  const [left, right] = [groups[0].rows[0], groups[1].rows[0]];
  const about = new Set(difference(history, left, right));
  const writes = [...about].map((id) => history.writeOp[id]).filter((row) => row >= 0);
  const witness = shrink(history, [left, right, ...writes], isDiverged);
  const name = history.keys[key];
  const told = groups.map(({ readers, state }) => `${readers}: ${state}`);
  return {
    pattern: 'diverged',
    violates: ['convergence'],
    key: name,
    ops: indices(history, witness.rows),
    summary: `${name} is not the same on all nodes in the end: ${told.join('; ')}`,
    steps: witness.rows.map((row) => describe(history, row, about)),
    lanes: lanes(history, witness.rows),
    count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}

export function explainSource(
  history: History,
  options: CheckOptions,
  pattern: 'phantom' | 'resurrected',
  row: number,
  id: number,
  count: number,
  check: Check,
): Anomaly {
  const write = history.writeOp[id];
  const rows = write < 0 ? [row] : [write, row];
  const witness = shrink(history, rows, fails(check, options, pattern));
  const name = history.keys[history.key[row]];
  const why = pattern === 'phantom' ? 'which nobody wrote' : 'whose write had failed';
  return {
    pattern,
    violates: ['convergence'],
    key: name,
    ops: indices(history, witness.rows),
    summary: `${name} ends as ${valueName(history, id)}, ${why}`,
    steps: witness.rows.map((each) => describe(history, each)),
    lanes: lanes(history, witness.rows),
    count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}

function fails(check: Check, options: CheckOptions, pattern: string) {
  const quiet = { ...options, maxAnomalies: 0 };
  return (reduced: History): boolean => (check(reduced, quiet, unlimited).counts[pattern] ?? 0) > 0;
}
