/**
 * How old each answer was, in time and in versions.
 *
 * The *effective time* f(w) of a write is the earlier of its acknowledgement and the end of the first read
 * that returned it, but never before it was invoked. w is *definitely newer* than v if it was invoked
 * after f(v); every write is newer than the initial value. A read r of v is stale by
 * t(r) = max(0, invoke(r) - min f(w)) over the definitely newer w, and by k(r) = the number of those
 * with f(w) < invoke(r). Both are true in every valid order, and for one read tight. A register read
 * with siblings is as fresh as its freshest sibling. For a set every effective element that is missing
 * counts, since elements do not replace each other.
 */

import { type History, isWrite, Kind, Status } from '../history/history.ts';
import { type Chains, collectChains, SparseSet } from '../history/set-reads.ts';
import { isElement } from '../lost-writes/elements.ts';
import type { Budget } from '../verdict/checker.ts';
import { Below } from './below.ts';
import { measureRegisters, type Staleness } from './registers.ts';

export type { Staleness };

/** Writes of each key: rows[off[key]..off[key+1]). */
interface Buckets {
  readonly off: Int32Array;
  readonly rows: Int32Array;
}

export function measureStaleness(history: History, budget: Budget): Staleness {
  const { n } = history;
  const result: Staleness = {
    timeNs: new Float64Array(n).fill(Number.NaN),
    versions: new Int32Array(n),
    missed: new Int32Array(n),
    effective: new Float64Array(history.values + 1).fill(Number.POSITIVE_INFINITY),
  };
  measureRegisters(history, result, budget);
  const chains = collectChains(history);
  if (chains !== null) {
    measureSets(history, chains, effectiveElements(history, result.effective), result, budget);
  }
  return result;
}

function deletedValues(history: History): Uint8Array {
  const deleted = new Uint8Array(history.values + 1);
  for (let row = 0; row < history.n; row++) {
    if (history.kind[row] === Kind.Delete && history.status[row] !== Status.Fail) {
      deleted[history.value[row]] = 1;
    }
  }
  return deleted;
}

/** Elements that took effect and that nobody deleted, by key, in log order. */
function effectiveElements(history: History, effective: Float64Array): Buckets {
  const { n, key, keys, kind, value } = history;
  const deleted = deletedValues(history);
  const chosen = new Uint8Array(n);
  const off = new Int32Array(keys.length + 1);
  for (let row = 0; row < n; row++) {
    if (!isElement(kind[row]) || !isWrite(kind[row]) || key[row] < 0) continue;
    if (effective[value[row]] === Number.POSITIVE_INFINITY || deleted[value[row]] === 1) continue;
    chosen[row] = 1;
    off[key[row] + 1]++;
  }
  for (let k = 0; k < keys.length; k++) off[k + 1] += off[k];
  const fill = off.slice();
  const rows = new Int32Array(off[keys.length]);
  for (let row = 0; row < n; row++) if (chosen[row] === 1) rows[fill[key[row]]++] = row;
  return { off, rows };
}

function measureSets(
  history: History,
  chains: Chains,
  elements: Buckets,
  { timeNs, versions, missed, effective }: Staleness,
  budget: Budget,
): void {
  const rank = new Int32Array(history.values + 1).fill(-1);
  const orders = new Map<number, { readonly order: Int32Array; readonly present: Below }>();
  const content = new SparseSet(history.values);
  for (let chain = 0; chain < chains.count; chain++) {
    budget.step();
    const key = chains.key[chain];
    let known = orders.get(key);
    if (!known) {
      const order = elements.rows
        .slice(elements.off[key], elements.off[key + 1])
        .map((row) => history.value[row])
        .sort((a, b) => effective[a] - effective[b]);
      order.forEach((id, i) => {
        rank[id] = i;
      });
      known = { order, present: new Below(order.length) };
      orders.set(key, known);
    }
    // By rank in the order of effect: what is there; and the first that is not.
    const { order, present } = known;
    let gap = 0;
    for (let at = chains.off[chain]; at < chains.off[chain + 1]; at++) {
      const row = chains.rows[at];
      for (let d = chains.delta.off[row]; d < chains.delta.off[row + 1]; d++) {
        const change = chains.delta.data[d];
        const id = Math.abs(change);
        if (change > 0) content.add(id);
        else content.delete(id);
        if (rank[id] < 0) continue;
        present.add(rank[id], change > 0 ? 1 : -1);
        if (change < 0) gap = Math.min(gap, rank[id]);
      }
      while (gap < order.length && content.has(order[gap])) gap++;
      timeNs[row] = 0;
      if (gap >= order.length) continue;
      const age = history.invoke[row] - effective[order[gap]];
      if (age <= 0) continue;
      timeNs[row] = age;
      missed[row] = order[gap];
      const older = olderThan(order, effective, history.invoke[row]);
      versions[row] = older - present.count(older);
    }
    for (let m = 0; m < content.size; m++) {
      const at = rank[content.members[m]];
      if (at >= 0) present.add(at, -1);
    }
    content.clear();
  }
}

/** Number of elements that had taken effect before `time`. */
function olderThan(order: Int32Array, effective: Float64Array, time: number): number {
  let from = 0;
  let to = order.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (effective[order[middle]] < time) from = middle + 1;
    else to = middle;
  }
  return from;
}
