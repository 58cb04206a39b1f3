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
import type { Budget } from './checker.ts';
import { isJudgedRead, isWholeRead } from './final-reads.ts';
import { type History, isWrite, Kind, Status } from './history.ts';
import { isElement } from './lost-writes-elements.ts';
import { type Chains, collectChains, SparseSet } from './set-reads.ts';

/** Beyond so many newer writes a read is counted with a tree. */
const scanMax = 64;

/** By row; `timeNs` is NaN for rows that are no judged reads. */
export interface Staleness {
  readonly timeNs: Float64Array;
  readonly versions: Int32Array;
  /** By row: value id of the write that the answer missed for longest, 0 for none. */
  readonly missed: Int32Array;
  /** By value id, ns; Infinity for writes that nobody knows to have happened. */
  readonly effective: Float64Array;
}

/** Writes of each key in order of invocation: rows[off[key]..off[key+1]). */
interface Buckets {
  readonly off: Int32Array;
  readonly rows: Int32Array;
}

export function measureStaleness(history: History, budget: Budget): Staleness {
  const { n, values } = history;
  const result: Staleness = {
    timeNs: new Float64Array(n).fill(Number.NaN),
    versions: new Int32Array(n),
    missed: new Int32Array(n),
    effective: effectiveTimes(history),
  };
  budget.step();
  const { effective } = result;
  const registers = bucket(history, effectiveWrites(history, effective, false, null));
  const position = new Int32Array(values + 1).fill(-1);
  measureRegisters(history, registers, position, result, budget);
  const chains = collectChains(history);
  if (chains !== null) {
    const deleted = deletedValues(history);
    const elements = bucket(history, effectiveWrites(history, effective, true, deleted));
    measureSets(history, chains, elements, result, budget);
  }
  return result;
}

function effectiveTimes(history: History): Float64Array {
  const { n, kind, status, value, invoke, complete, delta, siblings, values } = history;
  const effective = new Float64Array(values + 1).fill(Number.POSITIVE_INFINITY);
  const note = (id: number, at: number): void => {
    if (at < effective[id]!) effective[id] = at;
  };
  for (let row = 0; row < n; row++) {
    if (status[row] !== Status.Ok) continue;
    const what = kind[row]!;
    if (isWrite(what)) note(value[row]!, complete[row]!);
    else if (what === Kind.Read) {
      note(value[row]!, complete[row]!);
      for (let i = siblings?.off[row] ?? 0; siblings && i < siblings.off[row + 1]!; i++) {
        note(siblings.data[i]!, complete[row]!);
      }
    } else if (delta !== null && isWholeRead(what)) {
      for (let d = delta.off[row]!; d < delta.off[row + 1]!; d++) {
        if (delta.data[d]! > 0) note(delta.data[d]!, complete[row]!);
      }
    }
  }
  for (let id = 1; id <= history.writes; id++) {
    effective[id] = Math.max(effective[id]!, invoke[history.writeOp[id]!]!);
  }
  effective[0] = Number.NEGATIVE_INFINITY;
  return effective;
}

function deletedValues(history: History): Uint8Array {
  const deleted = new Uint8Array(history.values + 1);
  for (let row = 0; row < history.n; row++) {
    if (history.kind[row] === Kind.Delete && history.status[row] !== Status.Fail) {
      deleted[history.value[row]!] = 1;
    }
  }
  return deleted;
}

/** `chosen`: by row, 1 for the writes that are wanted. */
function bucket({ n, key, keys }: History, chosen: Uint8Array): Buckets {
  const off = new Int32Array(keys.length + 1);
  for (let row = 0; row < n; row++) if (chosen[row] === 1) off[key[row]! + 1]!++;
  for (let k = 0; k < keys.length; k++) off[k + 1]! += off[k]!;
  const fill = off.slice();
  const rows = new Int32Array(off[keys.length]!);
  for (let row = 0; row < n; row++) if (chosen[row] === 1) rows[fill[key[row]!]!++] = row;
  return { off, rows };
}

/** Rows of writes that took effect: of elements of sets, or of registers. */
function effectiveWrites(
  history: History,
  effective: Float64Array,
  ofElements: boolean,
  except: Uint8Array | null,
): Uint8Array {
  const { n, key, kind, value } = history;
  const chosen = new Uint8Array(n);
  for (let row = 0; row < n; row++) {
    if (!isWrite(kind[row]!) || isElement(kind[row]!) !== ofElements || key[row]! < 0) continue;
    if (effective[value[row]!] === Number.POSITIVE_INFINITY) continue;
    if (except === null || except[value[row]!] === 0) chosen[row] = 1;
  }
  return chosen;
}

function measureRegisters(
  history: History,
  { off, rows }: Buckets,
  position: Int32Array,
  { timeNs, versions, missed, effective }: Staleness,
  budget: Budget,
): void {
  const { invoke, value, key } = history;
  // At `at`: the write from there to the end of its key that took effect first.
  const earliest = new Int32Array(rows.length);
  for (let k = 0; k < history.keys.length; k++) {
    for (let at = off[k + 1]! - 1; at >= off[k]!; at--) {
      const next = at + 1 < off[k + 1]! ? earliest[at + 1]! : rows[at]!;
      const isEarlier = effective[value[rows[at]!]!]! <= effective[value[next]!]!;
      earliest[at] = isEarlier ? rows[at]! : next;
    }
  }
  budget.step();
  const place = new Int32Array(history.values + 1).fill(-1);
  for (let at = 0; at < rows.length; at++) place[value[rows[at]!]!] = at;
  /** Where, in its key, the writes begin that are definitely newer than a value. */
  const newerFrom = (k: number, id: number): number => {
    if (id === 0) return off[k]!;
    if (position[id]! >= 0) return position[id]!;
    // A value takes effect after it was begun, and mostly before many others are.
    let from = place[id]! >= 0 ? place[id]! + 1 : off[k]!;
    let to = off[k + 1]!;
    for (let step = 1; from + step < to; step *= 2) {
      if (invoke[rows[from + step]!]! > effective[id]!) to = from + step;
    }
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (invoke[rows[middle]!]! <= effective[id]!) from = middle + 1;
      else to = middle;
    }
    position[id] = from;
    return from;
  };
  const staleByKey = new Map<number, number[]>();
  for (let row = 0; row < history.n; row++) {
    if ((row & 65_535) === 0) budget.step();
    if (history.kind[row] !== Kind.Read || key[row]! < 0 || !isJudgedRead(history, row)) continue;
    const k = key[row]!;
    const from = newestOf(history, row, k, newerFrom);
    timeNs[row] = 0;
    if (from >= off[k + 1]!) continue;
    const write = earliest[from]!;
    const age = invoke[row]! - effective[value[write]!]!;
    if (age <= 0) continue;
    timeNs[row] = age;
    missed[row] = value[write]!;
    if (scanVersions(history, rows, from, off[k + 1]!, row, effective, versions)) continue;
    const stale = staleByKey.get(k);
    if (stale) stale.push(row);
    else staleByKey.set(k, [row]);
  }
  for (const [k, reads] of staleByKey) {
    budget.step();
    const writes = rows.subarray(off[k], off[k + 1]);
    const from = (row: number): number => newestOf(history, row, k, newerFrom) - off[k]!;
    countVersions(history, writes, reads, from, effective, versions);
  }
}

function newestOf(
  history: History,
  row: number,
  key: number,
  newerFrom: (key: number, id: number) => number,
): number {
  const { siblings, value } = history;
  let from = newerFrom(key, value[row]!);
  for (let i = siblings?.off[row] ?? 0; siblings && i < siblings.off[row + 1]!; i++) {
    from = Math.max(from, newerFrom(key, siblings.data[i]!));
  }
  return from;
}

/**
 * k(r) by looking at each write that is newer and was invoked before the read. False, and nothing counted,
 * where these are too many.
 */
function scanVersions(
  { invoke, value }: History,
  rows: Int32Array,
  from: number,
  to: number,
  read: number,
  effective: Float64Array,
  versions: Int32Array,
): boolean {
  let count = 0;
  for (let at = from; at < to && invoke[rows[at]!]! < invoke[read]!; at++) {
    if (at - from > scanMax) return false;
    if (effective[value[rows[at]!]!]! < invoke[read]!) count++;
  }
  versions[read] = count;
  return true;
}

/** Counts for each number how many of a growing set of positions are below it (Fenwick 1994). */
class Below {
  readonly #tree: Int32Array;
  size = 0;

  constructor(positions: number) {
    this.#tree = new Int32Array(positions + 1);
  }

  add(position: number, by: 1 | -1): void {
    this.size += by;
    for (let i = position + 1; i < this.#tree.length; i += i & -i) this.#tree[i]! += by;
  }

  count(position: number): number {
    let sum = 0;
    for (let i = position; i > 0; i -= i & -i) sum += this.#tree[i]!;
    return sum;
  }
}

/** k(r) of the stale reads of one key. `from`: where the writes begin that are newer than its value. */
function countVersions(
  history: History,
  writes: Int32Array,
  reads: number[],
  from: (row: number) => number,
  effective: Float64Array,
  versions: Int32Array,
): void {
  const at = (position: number): number => effective[history.value[writes[position]!]!]!;
  const order = Int32Array.from(writes.keys()).sort((a, b) => at(a) - at(b));
  reads.sort((a, b) => history.invoke[a]! - history.invoke[b]!);
  const done = new Below(writes.length);
  let next = 0;
  for (const row of reads) {
    while (next < order.length && at(order[next]!) < history.invoke[row]!) {
      done.add(order[next++]!, 1);
    }
    versions[row] = done.size - done.count(from(row));
  }
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
    const key = chains.key[chain]!;
    let known = orders.get(key);
    if (!known) {
      const order = elements.rows
        .slice(elements.off[key], elements.off[key + 1])
        .map((row) => history.value[row]!)
        .sort((a, b) => effective[a]! - effective[b]!);
      order.forEach((id, i) => {
        rank[id] = i;
      });
      known = { order, present: new Below(order.length) };
      orders.set(key, known);
    }
    // By rank in the order of effect: what is there; and the first that is not.
    const { order, present } = known;
    let gap = 0;
    for (let at = chains.off[chain]!; at < chains.off[chain + 1]!; at++) {
      const row = chains.rows[at]!;
      for (let d = chains.delta.off[row]!; d < chains.delta.off[row + 1]!; d++) {
        const change = chains.delta.data[d]!;
        const id = Math.abs(change);
        if (change > 0) content.add(id);
        else content.delete(id);
        if (rank[id]! < 0) continue;
        present.add(rank[id]!, change > 0 ? 1 : -1);
        if (change < 0) gap = Math.min(gap, rank[id]!);
      }
      while (gap < order.length && content.has(order[gap]!)) gap++;
      timeNs[row] = 0;
      if (gap >= order.length) continue;
      const age = history.invoke[row]! - effective[order[gap]!]!;
      if (age <= 0) continue;
      timeNs[row] = age;
      missed[row] = order[gap]!;
      const older = olderThan(order, effective, history.invoke[row]!);
      versions[row] = older - present.count(older);
    }
    for (let m = 0; m < content.size; m++) {
      const at = rank[content.members[m]!]!;
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
    if (effective[order[middle]!]! < time) from = middle + 1;
    else to = middle;
  }
  return from;
}
