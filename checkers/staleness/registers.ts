/**
 * When writes took effect, and the staleness of register reads, in one scan in log order. The writes that are
 * definitely newer than what a read shows and that it could have seen are the last ones before it, from its
 * key's last write back to the first that was invoked before the shown value took effect. For nearly all reads
 * that is none or a few. Keys with reads that are many writes behind are gone through again with a tree.
 *
 * Reads stand where they end. So all that took effect before a read began is known when the scan reaches it.
 */

import { Flag, type History, isWrite, Kind, Status } from '../history/history.ts';
import { isWholeRead } from '../history/kinds.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { Below } from './below.ts';

/** By row; `timeNs` is NaN for rows that are no judged reads. */
export interface Staleness {
  readonly timeNs: Float64Array;
  readonly versions: Int32Array;
  /** By row: value id of the write that the answer missed for longest, 0 for none. */
  readonly missed: Int32Array;
  /** By value id, ns; Infinity for writes that nobody knows to have happened. */
  readonly effective: Float64Array;
}

/** Beyond so many newer writes reads are counted with a tree. */
const walkMax = 64;

/** Fills in `effective`, and all there is to say of register reads. */
export function measureRegisters(history: History, result: Staleness, budget: Budget): void {
  const { n, kind, status, flags, key, value, invoke, complete, siblings } = history;
  const { effective, timeNs } = result;
  // Nothing is older than the initial value.
  effective[0] = Number.NEGATIVE_INFINITY;
  // A compare-and-set stands in log order where it ended; the walk needs the order of invocation.
  const hasCas = kind.includes(Kind.Cas);
  const last = new Int32Array(history.keys.length);
  /** By value id: the one before it of the same key. */
  const previous = new Int32Array(history.writes + 1);
  const laggards = new Map<number, number[]>();
  for (let row = 0; row < n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    const what = kind[row];
    const k = key[row];
    const id = value[row];
    if (what !== Kind.Read) {
      if (isWrite(what)) {
        if (status[row] === Status.Ok && complete[row] < effective[id]) {
          effective[id] = complete[row];
        }
        // It may have been read before, by a clock that is wrong.
        if (effective[id] < invoke[row]) effective[id] = invoke[row];
        if (what === Kind.Write && k >= 0) {
          previous[id] = last[k];
          last[k] = id;
        }
      } else if (isWholeRead(what) && status[row] === Status.Ok) {
        noteElements(history, row, effective);
      }
      continue;
    }
    if (status[row] !== Status.Ok) continue;
    if (complete[row] < effective[id]) effective[id] = complete[row];
    if (siblings !== null) noteSiblings(history, row, effective);
    if (k < 0 || (flags[row] & Flag.Stale) !== 0) continue;
    timeNs[row] = 0;
    if (id === last[k] && !hasCas) continue;
    if (!hasCas && walk(history, row, last[k], previous, result)) continue;
    const reads = laggards.get(k);
    if (reads) reads.push(row);
    else laggards.set(k, [row]);
  }
  if (laggards.size === 0) return;
  const writes = writesOf(history, laggards, effective);
  for (const [k, reads] of laggards) {
    budget.step();
    count(history, writes.get(k)!, reads, result);
  }
}

function noteElements({ delta, complete }: History, row: number, effective: Float64Array): void {
  if (delta === null) return;
  for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
    const id = delta.data[d];
    if (id > 0 && complete[row] < effective[id]) effective[id] = complete[row];
  }
}

function noteSiblings({ siblings, complete }: History, row: number, effective: Float64Array): void {
  for (let i = siblings!.off[row]; i < siblings!.off[row + 1]; i++) {
    const id = siblings!.data[i];
    if (complete[row] < effective[id]) effective[id] = complete[row];
  }
}

/** When the newest of what a read shows took effect; only later writes are definitely newer. */
function shownSince(history: History, read: number, effective: Float64Array): number {
  const { siblings, value } = history;
  let since = sinceOf(history, value[read], effective);
  for (let i = siblings?.off[read] ?? 0; siblings && i < siblings.off[read + 1]; i++) {
    since = Math.max(since, sinceOf(history, siblings.data[i], effective));
  }
  return since;
}

/** The scan may not have come to the write itself, where the clock is wrong. */
function sinceOf({ writeOp, invoke }: History, id: number, effective: Float64Array): number {
  const write = writeOp[id];
  return write < 0 ? effective[id] : Math.max(effective[id], invoke[write]);
}

/** False, and nothing measured, where too many writes are newer. */
function walk(
  history: History,
  read: number,
  last: number,
  previous: Int32Array,
  { timeNs, versions, missed, effective }: Staleness,
): boolean {
  const { invoke, writeOp } = history;
  const since = shownSince(history, read, effective);
  const began = invoke[read];
  let earliest = began;
  let oldest = 0;
  let newer = 0;
  let steps = 0;
  for (let id = last; id !== 0; id = previous[id]) {
    if (invoke[writeOp[id]] <= since) break;
    if (steps++ === walkMax) return false;
    if (effective[id] >= began) continue;
    newer++;
    // The walk goes back in time: of two that took effect at once the earlier one counts.
    if (effective[id] > earliest) continue;
    earliest = effective[id];
    oldest = id;
  }
  timeNs[read] = began - earliest;
  versions[read] = newer;
  missed[read] = oldest;
  return true;
}

/** Rows of the effective writes of some keys, in order of invocation. */
function writesOf(
  { n, key, kind, value, invoke }: History,
  keys: ReadonlyMap<number, unknown>,
  effective: Float64Array,
): Map<number, Int32Array> {
  const lists = new Map([...keys.keys()].map((k) => [k, [] as number[]]));
  for (let row = 0; row < n; row++) {
    if (kind[row] !== Kind.Write && kind[row] !== Kind.Cas) continue;
    if (effective[value[row]] !== Number.POSITIVE_INFINITY) lists.get(key[row])?.push(row);
  }
  return new Map(
    [...lists].map(([k, rows]) => [
      k,
      Int32Array.from(rows).sort((a, b) => invoke[a] - invoke[b] || a - b),
    ]),
  );
}

/** The same for reads of one key that are many writes behind. */
function count(
  history: History,
  writes: Int32Array,
  reads: number[],
  { timeNs, versions, missed, effective }: Staleness,
): void {
  const { invoke, value } = history;
  const at = (place: number): number => effective[value[writes[place]]];
  // From each place on: the write that took effect first.
  const earliest = new Int32Array(writes.length);
  for (let place = writes.length - 1; place >= 0; place--) {
    const next = place + 1 < writes.length ? earliest[place + 1] : place;
    earliest[place] = at(place) <= at(next) ? place : next;
  }
  const order = Int32Array.from(writes.keys()).sort((a, b) => at(a) - at(b));
  reads.sort((a, b) => invoke[a] - invoke[b]);
  const done = new Below(writes.length);
  let next = 0;
  let from = 0;
  for (const read of reads) {
    const began = invoke[read];
    while (next < order.length && at(order[next]) < began) done.add(order[next++], 1);
    from = firstAfter(invoke, writes, shownSince(history, read, effective), from);
    versions[read] = done.size - done.count(from);
    if (from >= writes.length || at(earliest[from]) >= began) continue;
    timeNs[read] = began - at(earliest[from]);
    missed[read] = value[writes[earliest[from]]];
  }
}

/** The first write that was invoked after `time`; looked for around `near`, from there ever farther away. */
function firstAfter(invoke: Float64Array, writes: Int32Array, time: number, near: number): number {
  let from = near;
  let to = near;
  for (let step = 16; from > 0 && invoke[writes[from - 1]] > time; step *= 2) {
    from = Math.max(0, from - step);
  }
  for (let step = 16; to < writes.length && invoke[writes[to]] <= time; step *= 2) {
    to = Math.min(writes.length, to + step);
  }
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (invoke[writes[middle]] <= time) from = middle + 1;
    else to = middle;
  }
  return from;
}
