/**
 * Staleness of register reads, in one scan in log order. The writes that are definitely newer than what a read
 * shows and that it could have seen are the last ones before it, from its key's last write back to the first
 * that was invoked before the shown value took effect. For nearly all reads that is none or a few. Keys with
 * reads that are many writes behind are gone through again with a tree.
 */
import { Below } from './below.ts';
import type { Budget } from './checker.ts';
import { isJudgedRead } from './final-reads.ts';
import { type History, Kind } from './history.ts';
import type { Staleness } from './staleness-scan.ts';

/** Beyond so many newer writes reads are counted with a tree. */
const walkMax = 64;

export function measureRegisters(history: History, result: Staleness, budget: Budget): void {
  const { n, kind, key, value } = history;
  // A compare-and-set stands in log order where it ended; the walk needs the order of invocation.
  const hasCas = kind.includes(Kind.Cas);
  const last = new Int32Array(history.keys.length);
  /** By value id: the one before it of the same key. */
  const previous = new Int32Array(history.writes + 1);
  const laggards = new Map<number, number[]>();
  for (let row = 0; row < n; row++) {
    if ((row & 65_535) === 0) budget.step();
    const k = key[row]!;
    if (k < 0) continue;
    if (kind[row] === Kind.Write) {
      previous[value[row]!] = last[k]!;
      last[k] = value[row]!;
      continue;
    }
    if (kind[row] !== Kind.Read || !isJudgedRead(history, row)) continue;
    result.timeNs[row] = 0;
    if (value[row] === last[k] && !hasCas) continue;
    if (!hasCas && walk(history, row, last[k]!, previous, result)) continue;
    const reads = laggards.get(k);
    if (reads) reads.push(row);
    else laggards.set(k, [row]);
  }
  if (laggards.size === 0) return;
  const writes = writesOf(history, laggards, result.effective);
  for (const [k, reads] of laggards) {
    budget.step();
    count(history, writes.get(k)!, reads, result);
  }
}

/** When the newest of what a read shows took effect; only later writes are definitely newer. */
function shownSince({ siblings, value }: History, read: number, effective: Float64Array): number {
  let since = effective[value[read]!]!;
  for (let i = siblings?.off[read] ?? 0; siblings && i < siblings.off[read + 1]!; i++) {
    since = Math.max(since, effective[siblings.data[i]!]!);
  }
  return since;
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
  const began = invoke[read]!;
  let earliest = began;
  let oldest = 0;
  let newer = 0;
  let steps = 0;
  for (let id = last; id !== 0; id = previous[id]!) {
    if (invoke[writeOp[id]!]! <= since) break;
    if (steps++ === walkMax) return false;
    if (effective[id]! >= began) continue;
    newer++;
    // The walk goes back in time: of two that took effect at once the earlier one counts.
    if (effective[id]! > earliest) continue;
    earliest = effective[id]!;
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
    if (effective[value[row]!] !== Number.POSITIVE_INFINITY) lists.get(key[row]!)?.push(row);
  }
  return new Map(
    [...lists].map(([k, rows]) => [
      k,
      Int32Array.from(rows).sort((a, b) => invoke[a]! - invoke[b]! || a - b),
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
  const at = (place: number): number => effective[value[writes[place]!]!]!;
  // From each place on: the write that took effect first.
  const earliest = new Int32Array(writes.length);
  for (let place = writes.length - 1; place >= 0; place--) {
    const next = place + 1 < writes.length ? earliest[place + 1]! : place;
    earliest[place] = at(place) <= at(next) ? place : next;
  }
  const order = Int32Array.from(writes.keys()).sort((a, b) => at(a) - at(b));
  reads.sort((a, b) => invoke[a]! - invoke[b]!);
  const done = new Below(writes.length);
  let next = 0;
  let from = 0;
  for (const read of reads) {
    const began = invoke[read]!;
    while (next < order.length && at(order[next]!) < began) done.add(order[next++]!, 1);
    from = firstAfter(invoke, writes, shownSince(history, read, effective), from);
    versions[read] = done.size - done.count(from);
    if (from >= writes.length || at(earliest[from]!) >= began) continue;
    timeNs[read] = began - at(earliest[from]!);
    missed[read] = value[writes[earliest[from]!]!]!;
  }
}

/** The first write that was invoked after `time`; looked for around `near`, from there ever farther away. */
function firstAfter(invoke: Float64Array, writes: Int32Array, time: number, near: number): number {
  let from = near;
  let to = near;
  for (let step = 16; from > 0 && invoke[writes[from - 1]!]! > time; step *= 2) {
    from = Math.max(0, from - step);
  }
  for (let step = 16; to < writes.length && invoke[writes[to]!]! <= time; step *= 2) {
    to = Math.min(writes.length, to + step);
  }
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (invoke[writes[middle]!]! <= time) from = middle + 1;
    else to = middle;
  }
  return from;
}
