/**
 * Whole-object reads (sets, lists), session by session, as changes.
 *
 * A *chain* is the sequence of reads of one key by one session; a history stores each of them as the
 * change against the one before. Walking a chain with a sparse set (Briggs and Torczon 1993) gives the
 * content at each read in time proportional to the changes. Reads that the server marked stale are
 * taken out: their changes move into the next read of the chain, where opposite ones cancel. So do those
 * of a list's element that only moved: here a list is a set, its order is somebody else's business.
 */
import { Flag, type History, Kind, type Ragged, Status } from './history.ts';
import { PairIndex } from './int-list.ts';
import { isWholeRead } from './kinds.ts';

/** Reads of one key by one session, in order. Parallel to `rows`: rows[off[c]..off[c+1]). */
export interface Chains {
  readonly count: number;
  readonly key: Int32Array;
  readonly off: Int32Array;
  readonly rows: Int32Array;
  readonly delta: Ragged;
}

/** Null where the history has no whole-object reads. */
export function collectChains(history: History): Chains | null {
  const { n, kind, status, flags, session, key, delta } = history;
  if (delta === null) return null;
  const isAnswer = (row: number): boolean =>
    status[row] === Status.Ok && isWholeRead(kind[row]) && key[row] >= 0;
  let reads = 0;
  let stale = 0;
  let isSets = true;
  for (let row = 0; row < n; row++) {
    if (!isAnswer(row)) continue;
    reads++;
    if ((flags[row] & Flag.Stale) !== 0) stale++;
    if (kind[row] === Kind.ReadList) isSets = false;
  }
  const pairs = new PairIndex();
  const chainOf = new Int32Array(n).fill(-1);
  for (let row = 0; row < n; row++) {
    if (isAnswer(row)) chainOf[row] = pairs.add(session[row], key[row]);
  }
  const count = pairs.size;
  const judged = stale === 0 && isSets ? delta : netChanges(history, delta, chainOf);
  const off = new Int32Array(count + 1);
  for (let row = 0; row < n; row++) {
    if (chainOf[row] >= 0 && (flags[row] & Flag.Stale) === 0) off[chainOf[row] + 1]++;
  }
  for (let chain = 0; chain < count; chain++) off[chain + 1] += off[chain];
  const fill = off.slice(0, count);
  const rows = new Int32Array(reads - stale);
  for (let row = 0; row < n; row++) {
    const chain = chainOf[row];
    if (chain >= 0 && (flags[row] & Flag.Stale) === 0) rows[fill[chain]++] = row;
  }
  return { count, key: pairs.seconds(), off, rows, delta: judged };
}

/** What remains of the changes from one read that is not stale to the next. */
function netChanges(history: History, delta: Ragged, chainOf: Int32Array): Ragged {
  const pending = new Map<number, Map<number, number>>();
  const changes: (ArrayLike<number> | null)[] = new Array(history.n).fill(null);
  for (let row = 0; row < history.n; row++) {
    const chain = chainOf[row];
    if (chain < 0) continue;
    const own = delta.data.subarray(delta.off[row], delta.off[row + 1]);
    const waiting = pending.get(chain);
    const isStale = (history.flags[row] & Flag.Stale) !== 0;
    if (!waiting && !isStale && history.kind[row] === Kind.ReadAll) {
      changes[row] = own;
      continue;
    }
    const net = waiting ?? new Map<number, number>();
    for (let i = 0; i < own.length; i++) {
      const change = own[i];
      const id = Math.abs(change);
      // An element that came and went, or went and came, did not change.
      if (net.has(id)) net.delete(id);
      else net.set(id, change);
    }
    if (isStale) {
      pending.set(chain, net);
    } else {
      changes[row] = [...net.values()];
      pending.delete(chain);
    }
  }
  const off = new Int32Array(history.n + 1);
  for (let row = 0; row < history.n; row++) off[row + 1] = off[row] + (changes[row]?.length ?? 0);
  const data = new Int32Array(off[history.n]);
  for (let row = 0; row < history.n; row++) {
    const list = changes[row];
    if (list) data.set(list, off[row]);
  }
  return { off, data };
}

/** A set of small whole numbers: everything in O(1), emptying too. */
export class SparseSet {
  readonly members: Int32Array;
  readonly #at: Int32Array;
  size = 0;

  /** Members are 0..max. */
  constructor(max: number) {
    this.members = new Int32Array(max + 1);
    this.#at = new Int32Array(max + 1);
  }

  has(id: number): boolean {
    const at = this.#at[id];
    return at < this.size && this.members[at] === id;
  }

  add(id: number): void {
    if (this.has(id)) return;
    this.#at[id] = this.size;
    this.members[this.size++] = id;
  }

  delete(id: number): void {
    if (!this.has(id)) return;
    const last = this.members[--this.size];
    this.members[this.#at[id]] = last;
    this.#at[last] = this.#at[id];
  }

  clear(): void {
    this.size = 0;
  }
}
