/**
 * What became of each element of sets and lists, in time proportional to the changes between reads.
 *
 * Jepsen's set-full updates every element at every read, which costs reads times elements. Here a chain of
 * reads (one session, one key) is walked by its changes. For the last read in which an element was
 * absent, one more idea is needed: of the chains in which it is present at the end, only how many of
 * the latest ones it fills without a gap counts; the first chain after those is the last that lacks it.
 */

import type { FinalReads } from '../history/final-reads.ts';
import { type History, Kind, Status } from '../history/history.ts';
import { isWholeRead } from '../history/kinds.ts';
import { type Chains, SparseSet } from '../history/set-reads.ts';
import type { Budget } from '../verdict/checker.ts';

/** By value id; rows are -1 where there is none. */
export interface ElementFates {
  /** First read (by completion) that returned the element, stale answers included. */
  readonly firstSeen: Int32Array;
  /** The latest invoked judged read that returned it, and the latest that did not. */
  readonly lastPresent: Int32Array;
  readonly lastAbsent: Int32Array;
  /** Number of readers whose last final answer has it. */
  readonly finalCount: Int32Array;
  /** 1: one session saw it, then not, then again. */
  readonly flickered: Uint8Array;
}

/** The later invoked of two rows. */
function later(history: History, left: number, right: number): number {
  if (left < 0) return right;
  return history.invoke[left] >= history.invoke[right] ? left : right;
}

export function followElements(
  history: History,
  chains: Chains,
  finals: FinalReads,
  budget: Budget,
): ElementFates {
  const ids = history.values + 1;
  const fates: ElementFates = {
    firstSeen: firstSeen(history),
    lastPresent: new Int32Array(ids).fill(-1),
    lastAbsent: new Int32Array(ids).fill(-1),
    finalCount: new Int32Array(ids),
    flickered: new Uint8Array(ids),
  };
  const isFinal = new Uint8Array(history.n);
  for (const key of finals.byKey) for (const row of key?.last ?? []) isFinal[row] = 1;

  const order = chainsByKey(history, chains);
  const content = new SparseSet(history.values);
  // By element: how many chains of its key, from the latest on, have it at their end, without a gap.
  const run = new Int32Array(ids);
  const goneFrom = new Int32Array(ids).fill(-1);
  for (let i = 0, place = 0; i < order.length; i++) {
    const chain = order[i];
    place = i > 0 && chains.key[order[i - 1]] === chains.key[chain] ? place + 1 : 0;
    walk(history, chains, chain, content, fates, isFinal, goneFrom, budget);
    const lastRow = chains.rows[chains.off[chain + 1] - 1];
    for (let m = 0; m < content.size; m++) {
      const id = content.members[m];
      fates.lastPresent[id] = later(history, fates.lastPresent[id], lastRow);
      if (run[id] === place) run[id] = place + 1;
    }
    content.clear();
  }
  settleAbsences(history, chains, order, run, fates);
  return fates;
}

/** Chains of one key together, the one that ends last first. Chains without judged reads are left out. */
function chainsByKey(history: History, chains: Chains): number[] {
  const ends = (chain: number): number => history.invoke[chains.rows[chains.off[chain + 1] - 1]];
  const order: number[] = [];
  for (let chain = 0; chain < chains.count; chain++) {
    if (chains.off[chain + 1] > chains.off[chain]) order.push(chain);
  }
  return order.sort((a, b) => chains.key[a] - chains.key[b] || ends(b) - ends(a) || a - b);
}

/** Replays one chain; `content` holds what it read last. */
function walk(
  history: History,
  { off, rows, delta }: Chains,
  chain: number,
  content: SparseSet,
  fates: ElementFates,
  isFinal: Uint8Array,
  goneFrom: Int32Array,
  budget: Budget,
): void {
  for (let at = off[chain]; at < off[chain + 1]; at++) {
    if ((at & 1023) === 0) budget.step();
    const row = rows[at];
    const before = at > off[chain] ? rows[at - 1] : -1;
    for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
      const change = delta.data[d];
      const id = Math.abs(change);
      if (change > 0) {
        content.add(id);
        if (before >= 0) fates.lastAbsent[id] = later(history, fates.lastAbsent[id], before);
        if (goneFrom[id] === chain) fates.flickered[id] = 1;
      } else {
        content.delete(id);
        fates.lastPresent[id] = later(history, fates.lastPresent[id], before);
        goneFrom[id] = chain;
      }
    }
    if (isFinal[row] === 1) {
      for (let m = 0; m < content.size; m++) fates.finalCount[content.members[m]]++;
    }
  }
}

/** Joins in the chains at whose end an element is missing: the latest of them has the last word. */
function settleAbsences(
  history: History,
  chains: Chains,
  order: readonly number[],
  run: Int32Array,
  { lastAbsent }: ElementFates,
): void {
  const first = new Int32Array(history.keys.length).fill(-1);
  const count = new Int32Array(history.keys.length);
  for (let i = 0; i < order.length; i++) {
    const key = chains.key[order[i]];
    if (first[key] === -1) first[key] = i;
    count[key]++;
  }
  for (let id = 1; id <= history.writes; id++) {
    const write = history.writeOp[id];
    const key = history.key[write];
    if (!isElement(history.kind[write]) || key < 0 || run[id] >= count[key]) continue;
    const chain = order[first[key] + run[id]];
    const row = chains.rows[chains.off[chain + 1] - 1];
    lastAbsent[id] = later(history, lastAbsent[id], row);
  }
}

export function isElement(kind: number): boolean {
  return kind === Kind.Add || kind === Kind.Append;
}

function firstSeen(history: History): Int32Array {
  const first = new Int32Array(history.values + 1).fill(-1);
  const { n, kind, status, delta } = history;
  for (let row = 0; delta !== null && row < n; row++) {
    if (status[row] !== Status.Ok || !isWholeRead(kind[row])) continue;
    for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
      const id = delta.data[d];
      if (id > 0 && first[id] === -1) first[id] = row;
    }
  }
  return first;
}
