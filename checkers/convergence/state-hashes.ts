/**
 * What answers show, as hashes that can be compared: commutative ones, kept up along each chain of set reads, so
 * that a whole space costs no more than its changes.
 */

import { Flag, type History, Kind, Status } from '../history/history.ts';
import { collectChains } from '../history/set-reads.ts';
import { survey } from '../history/survey.ts';
import type { Budget } from '../verdict/checker.ts';

/** A 64-bit hash of what each final read of a register and each read of a set shows, in two halves, by row. */
export interface StateHashes {
  readonly high: Int32Array;
  readonly low: Int32Array;
}

function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

const highOf = (id: number): number => mix(id + 0x3c6ef372);
const lowOf = (id: number): number => mix(id ^ 0x5bd1e995);

export function hashStates(history: History, budget: Budget): StateHashes {
  const high = new Int32Array(history.n);
  const low = new Int32Array(history.n);
  const { siblings, value, kind } = history;
  for (const row of survey(history).finals) {
    if (kind[row] !== Kind.Read) continue;
    // The shown value counts by itself: which sibling is shown is part of the answer.
    high[row] = highOf(-1 - value[row]);
    low[row] = lowOf(-1 - value[row]);
    for (let i = siblings?.off[row] ?? 0; siblings && i < siblings.off[row + 1]; i++) {
      if (siblings.data[i] === value[row]) continue;
      high[row] = (high[row] + highOf(siblings.data[i])) | 0;
      low[row] = (low[row] + lowOf(siblings.data[i])) | 0;
    }
  }
  hashLists(history, high, low);
  const chains = collectChains(history);
  for (let chain = 0; chains !== null && chain < chains.count; chain++) {
    if ((chain & 255) === 0) budget.step();
    let h = 0;
    let l = 0;
    for (let at = chains.off[chain]; at < chains.off[chain + 1]; at++) {
      const row = chains.rows[at];
      for (let d = chains.delta.off[row]; d < chains.delta.off[row + 1]; d++) {
        const change = chains.delta.data[d];
        const sign = change > 0 ? 1 : -1;
        h = (h + sign * highOf(Math.abs(change))) | 0;
        l = (l + sign * lowOf(Math.abs(change))) | 0;
      }
      if (kind[row] === Kind.ReadList) continue;
      high[row] = h;
      low[row] = l;
    }
  }
  return { high, low };
}

/** Of lists the order counts too: each element by its place. */
function hashLists(history: History, high: Int32Array, low: Int32Array): void {
  const { kind, status, session, key, delta } = history;
  const lists = new Map<string, number[]>();
  for (let row = 0; delta !== null && row < history.n; row++) {
    if (kind[row] !== Kind.ReadList || status[row] !== Status.Ok) continue;
    const name = `${session[row]} ${key[row]}`;
    let list = lists.get(name);
    if (!list) lists.set(name, (list = []));
    for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
      const change = delta.data[d];
      if (change > 0) list.push(change);
      // Nearly always the last one: lists are rewritten from where they differ.
      else list.splice(list.lastIndexOf(-change), 1);
    }
    if ((history.flags[row] & Flag.Final) === 0) continue;
    for (let place = 0; place < list.length; place++) {
      const placed = mix(list[place]) + place;
      high[row] = (high[row] + highOf(placed)) | 0;
      low[row] = (low[row] + lowOf(placed)) | 0;
    }
  }
}

/** Do all of these rows show the same? */
export function agree({ high, low }: StateHashes, rows: readonly number[]): boolean {
  const first = rows[0];
  for (const row of rows) if (high[row] !== high[first] || low[row] !== low[first]) return false;
  return true;
}
