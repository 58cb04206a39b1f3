/**
 * Staleness of register reads. Nearly every read returns what was written last before it: one look at the last
 * write of its key, in log order, says so. Only the others are compared with the writes that are definitely
 * newer than their value, one by one while these are few, with a tree where they are many.
 */
import { Below } from './below.ts';
import type { Budget } from './checker.ts';
import { isJudgedRead } from './final-reads.ts';
import { type History, Kind } from './history.ts';
import type { Staleness } from './staleness-scan.ts';

/** Beyond so many newer writes a read is counted with a tree. */
const scanMax = 64;

const isRegisterWrite = (kind: number): boolean => kind === Kind.Write || kind === Kind.Cas;

export function measureRegisters(history: History, result: Staleness, budget: Budget): void {
  const suspects = findSuspects(history, result.timeNs, budget);
  if (suspects.count === 0) return;
  const writes = new Writes(history, suspects.keys, result.effective);
  budget.step();
  const laggards = new Map<number, number[]>();
  for (let row = 0; row < history.n; row++) {
    if ((row & 65_535) === 0) budget.step();
    if (suspects.rows[row] === 0) continue;
    const from = writes.newerThanShown(row);
    if (scan(history, writes, from, row, result)) continue;
    const key = history.key[row]!;
    const reads = laggards.get(key);
    if (reads) reads.push(row);
    else laggards.set(key, [row]);
  }
  for (const [key, reads] of laggards) {
    budget.step();
    count(history, writes, key, reads, result);
  }
}

interface Suspects {
  readonly count: number;
  /** By row, 1 for reads that may be stale. */
  readonly rows: Uint8Array;
  /** By key, 1 where there is one. */
  readonly keys: Uint8Array;
}

/**
 * Reads that show something else than what was written last. A write that took effect before a read began
 * was invoked before it ended, and so comes before it in log order; only a compare-and-set stands there where it
 * ended, and with these every read is a suspect.
 */
function findSuspects(history: History, timeNs: Float64Array, budget: Budget): Suspects {
  const { n, kind, key, value, siblings } = history;
  const hasCas = kind.includes(Kind.Cas);
  const last = new Int32Array(history.keys.length);
  const rows = new Uint8Array(n);
  const keys = new Uint8Array(history.keys.length);
  let count = 0;
  for (let row = 0; row < n; row++) {
    if ((row & 65_535) === 0) budget.step();
    const k = key[row]!;
    if (k < 0) continue;
    if (kind[row] === Kind.Write) {
      last[k] = value[row]!;
      continue;
    }
    if (kind[row] !== Kind.Read || !isJudgedRead(history, row)) continue;
    timeNs[row] = 0;
    // With siblings too: what was written last has nothing newer.
    const isFresh = value[row] === last[k] || (siblings !== null && shows(history, row, last[k]!));
    if (isFresh && !hasCas) continue;
    rows[row] = 1;
    keys[k] = 1;
    count++;
  }
  return { count, rows, keys };
}

function shows({ siblings }: History, row: number, id: number): boolean {
  for (let i = siblings!.off[row]!; i < siblings!.off[row + 1]!; i++) {
    if (siblings!.data[i] === id) return true;
  }
  return false;
}

/** Effective writes of some keys, in order of invocation, and where those newer than a value begin. */
class Writes {
  readonly off: Int32Array;
  readonly rows: Int32Array;
  readonly #history: History;
  readonly #effective: Float64Array;
  /** By value id: its place in `rows`, and the place of the first that is newer; -1 for not known. */
  readonly #place: Int32Array;
  readonly #newer: Int32Array;

  constructor(history: History, keys: Uint8Array, effective: Float64Array) {
    const { n, key, kind, value, invoke } = history;
    this.#history = history;
    this.#effective = effective;
    const isWanted = (row: number): boolean =>
      isRegisterWrite(kind[row]!) &&
      key[row]! >= 0 &&
      keys[key[row]!] === 1 &&
      effective[value[row]!] !== Number.POSITIVE_INFINITY;
    this.off = new Int32Array(keys.length + 1);
    for (let row = 0; row < n; row++) if (isWanted(row)) this.off[key[row]! + 1]!++;
    for (let k = 0; k < keys.length; k++) this.off[k + 1]! += this.off[k]!;
    this.rows = new Int32Array(this.off[keys.length]!);
    const fill = this.off.slice();
    for (let row = 0; row < n; row++) {
      if (isWanted(row)) this.rows[fill[key[row]!]!++] = row;
    }
    if (kind.includes(Kind.Cas)) {
      for (let k = 0; k < keys.length; k++) {
        this.of(k).sort((a, b) => invoke[a]! - invoke[b]! || a - b);
      }
    }
    this.#place = new Int32Array(history.values + 1).fill(-1);
    this.#newer = new Int32Array(history.values + 1).fill(-1);
    for (let at = 0; at < this.rows.length; at++) this.#place[value[this.rows[at]!]!] = at;
  }

  of(key: number): Int32Array {
    return this.rows.subarray(this.off[key], this.off[key + 1]);
  }

  /** Where the writes begin that are definitely newer than all that a read shows. */
  newerThanShown(read: number): number {
    const { siblings, value, key } = this.#history;
    let from = this.#newerThan(key[read]!, value[read]!);
    for (let i = siblings?.off[read] ?? 0; siblings && i < siblings.off[read + 1]!; i++) {
      from = Math.max(from, this.#newerThan(key[read]!, siblings.data[i]!));
    }
    return from;
  }

  #newerThan(key: number, id: number): number {
    if (id === 0) return this.off[key]!;
    if (this.#newer[id]! >= 0) return this.#newer[id]!;
    const { invoke } = this.#history;
    // A value takes effect after it was begun, and mostly before many others are.
    let from = this.#place[id]! >= 0 ? this.#place[id]! + 1 : this.off[key]!;
    let to = this.off[key + 1]!;
    for (let step = 1; from + step < to; step *= 2) {
      if (invoke[this.rows[from + step]!]! > this.#effective[id]!) to = from + step;
    }
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (invoke[this.rows[middle]!]! <= this.#effective[id]!) from = middle + 1;
      else to = middle;
    }
    this.#newer[id] = from;
    return from;
  }
}

/**
 * Looks at each write that is newer and was invoked before the read. False, and nothing measured, where these
 * are too many.
 */
function scan(
  { invoke, value, key }: History,
  { rows, off }: Writes,
  from: number,
  read: number,
  { timeNs, versions, missed, effective }: Staleness,
): boolean {
  const to = off[key[read]! + 1]!;
  const began = invoke[read]!;
  let since = began;
  let oldest = 0;
  let newer = 0;
  for (let at = from; at < to && invoke[rows[at]!]! < began; at++) {
    if (at - from > scanMax) return false;
    const id = value[rows[at]!]!;
    if (effective[id]! >= began) continue;
    newer++;
    if (effective[id]! >= since) continue;
    since = effective[id]!;
    oldest = id;
  }
  timeNs[read] = began - since;
  versions[read] = newer;
  missed[read] = oldest;
  return true;
}

/** The same for reads of one key that are many writes behind. */
function count(
  { invoke, value }: History,
  writes: Writes,
  key: number,
  reads: number[],
  { timeNs, versions, missed, effective }: Staleness,
): void {
  const rows = writes.of(key);
  const first = writes.off[key]!;
  const at = (place: number): number => effective[value[rows[place]!]!]!;
  // From each place on: the write that took effect first.
  const earliest = new Int32Array(rows.length);
  for (let place = rows.length - 1; place >= 0; place--) {
    const next = place + 1 < rows.length ? earliest[place + 1]! : place;
    earliest[place] = at(place) <= at(next) ? place : next;
  }
  const order = Int32Array.from(rows.keys()).sort((a, b) => at(a) - at(b));
  reads.sort((a, b) => invoke[a]! - invoke[b]!);
  const done = new Below(rows.length);
  let next = 0;
  for (const read of reads) {
    const began = invoke[read]!;
    while (next < order.length && at(order[next]!) < began) done.add(order[next++]!, 1);
    const from = writes.newerThanShown(read) - first;
    versions[read] = done.size - done.count(from);
    if (from >= rows.length || at(earliest[from]!) >= began) continue;
    timeNs[read] = began - at(earliest[from]!);
    missed[read] = value[rows[earliest[from]!]!]!;
  }
}
