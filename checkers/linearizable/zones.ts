/**
 * Linearizability of registers whose written values are unique, key by key (it is local), by zones:
 * Gibbons and Korach, Testing Shared Memories, SIAM J. Comput. 1997, section 4. No search.
 *
 * The operations of a value (its write and its reads) must stand together in every linearization. Let f be the
 * earliest completion among them and s the latest invocation. Value a cannot stand before b if some
 * operation of b has completed before one of a is invoked: f(b) < s(a). Two values exclude each other when
 * neither can stand first; a history is linearizable iff no two do and no read completes before the write of
 * its value is invoked. A *forward* zone [f, s] pins its value at all times in between, a *backward* zone
 * [s, f] needs just one moment of it: so two forward zones that overlap exclude each other, and a
 * backward zone inside a forward one. Intervals are closed: what touches overlaps.
 */

import { Flag, type History, Kind, Status } from '../history/history.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';

export interface ZoneViolation {
  readonly pattern: 'ForwardZonesOverlap' | 'BackwardZoneInside';
  readonly key: number;
  /** Value ids that exclude each other; 0: the initial value. */
  readonly outer: number;
  readonly inner: number;
}

export interface Zones {
  readonly violations: readonly ZoneViolation[];
  readonly count: Readonly<Record<ZoneViolation['pattern'], number>>;
  /** Rows of reads whose value nobody wrote, whose write failed, or was invoked later. */
  readonly thinAir: readonly number[];
  readonly aborted: readonly number[];
  readonly future: readonly number[];
  readonly reads: number;
}

/** Violations that are kept; all are counted. */
const keptMax = 4096;

/** Keys marked in `skipped` are left to the search. */
export function findZoneViolations(
  history: History,
  skipped: Uint8Array | null,
  budget: Budget,
): Zones {
  const { first, last, initial, perKey, ...reading } = zonesOf(history, skipped, budget);
  const zones = byKey(history, skipped, { first, last, perKey });
  const violations: ZoneViolation[] = [];
  const count = { ForwardZonesOverlap: 0, BackwardZoneInside: 0 };
  for (let k = 0; k < history.keys.length; k++) {
    if ((k & STEP_MASK) === 0) budget.step();
    sweep(zones, k, initial[k], violations, count);
  }
  return { violations, count, ...reading };
}

interface Bounds {
  /** By value id: when it had been written or read first, and when it was written or read last, ns. */
  readonly first: Float64Array;
  readonly last: Float64Array;
  /** By key: the latest invocation of a read of the initial value. */
  readonly initial: Float64Array;
  /** By key: writes that may have happened. */
  readonly perKey: Int32Array;
}

function zonesOf(
  history: History,
  skipped: Uint8Array | null,
  budget: Budget,
): Bounds & Pick<Zones, 'thinAir' | 'aborted' | 'future' | 'reads'> {
  const { n, kind, status, flags, key, value, invoke, complete, values, writes } = history;
  const first = new Float64Array(values + 1).fill(Number.POSITIVE_INFINITY);
  const last = new Float64Array(values + 1).fill(Number.NEGATIVE_INFINITY);
  const initial = new Float64Array(history.keys.length).fill(Number.NEGATIVE_INFINITY);
  const perKey = new Int32Array(history.keys.length);
  const thinAir: number[] = [];
  const aborted: number[] = [];
  const future: number[] = [];
  let reads = 0;
  for (let row = 0; row < n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    const k = kind[row];
    if (k === Kind.Write) {
      if (status[row] === Status.Fail || key[row] < 0) continue;
      if (skipped !== null && skipped[key[row]] === 1) continue;
      const id = value[row];
      perKey[key[row]]++;
      if (status[row] === Status.Ok && complete[row] < first[id]) first[id] = complete[row];
      if (invoke[row] > last[id]) last[id] = invoke[row];
    } else if (k === Kind.Read) {
      if (status[row] !== Status.Ok || (flags[row] & Flag.Stale) !== 0) continue;
      if (skipped !== null && skipped[key[row]] === 1) continue;
      reads++;
      const id = value[row];
      if (id === 0) {
        if (invoke[row] > initial[key[row]]) initial[key[row]] = invoke[row];
        continue;
      }
      // A value that the log has not shown as written yet.
      if (last[id] === Number.NEGATIVE_INFINITY) {
        if (id > writes) {
          thinAir.push(row);
          continue;
        }
        const write = history.writeOp[id];
        if (status[write] === Status.Fail) {
          aborted.push(row);
          continue;
        }
        if (complete[row] < invoke[write]) future.push(row);
      }
      if (complete[row] < first[id]) first[id] = complete[row];
      if (invoke[row] > last[id]) last[id] = invoke[row];
    }
  }
  return { first, last, initial, perKey, thinAir, aborted, future, reads };
}

/** The zones of key k stand from `off[k]` to `off[k + 1]`, so that a sweep finds its next one beside the last. */
interface ZonesByKey {
  readonly off: Int32Array;
  /** Value ids of writes that may have happened. */
  readonly ids: Int32Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
}

function byKey(
  { key, kind, status, keys, writes, writeOp }: History,
  skipped: Uint8Array | null,
  { first, last, perKey }: Pick<Bounds, 'first' | 'last' | 'perKey'>,
): ZonesByKey {
  const off = new Int32Array(keys.length + 1);
  for (let k = 0; k < keys.length; k++) off[k + 1] = off[k] + perKey[k];
  const all = off[keys.length];
  const zones = {
    ids: new Int32Array(all),
    first: new Float64Array(all),
    last: new Float64Array(all),
  };
  const fill = off.slice(0, keys.length);
  for (let id = 1; id <= writes; id++) {
    const write = writeOp[id];
    if (kind[write] !== Kind.Write || status[write] === Status.Fail) continue;
    const k = key[write];
    if (skipped !== null && skipped[k] === 1) continue;
    const at = fill[k]++;
    zones.ids[at] = id;
    zones.first[at] = first[id];
    zones.last[at] = last[id];
  }
  return { off, ...zones };
}

function sweep(
  zones: ZonesByKey,
  key: number,
  initial: number,
  violations: ZoneViolation[],
  count: Record<ZoneViolation['pattern'], number>,
): void {
  const { ids, first, last, off } = zones;
  const from = off[key];
  const to = off[key + 1];
  sortByStart(zones, from, to);
  // The forward zone that reaches furthest so far; at first that of the initial value.
  let end = initial;
  let pinned = 0;
  for (let i = from; i < to; i++) {
    const f = first[i];
    const s = last[i];
    if (f < end) {
      const pattern = f < s ? 'ForwardZonesOverlap' : 'BackwardZoneInside';
      count[pattern]++;
      if (violations.length < keptMax) {
        violations.push({ pattern, key, outer: pinned, inner: ids[i] });
      }
    }
    if (f < s && s > end) {
      end = s;
      pinned = ids[i];
    }
  }
}

/** Moves for each zone after which insertion is given up. */
const movesMax = 64;

/** Does zone [f, s] stand before [g, t]: by lower bound; at the same moment backward zones first? */
function isBefore(f: number, s: number, g: number, t: number): boolean {
  const start = Math.min(f, s);
  const other = Math.min(g, t);
  return start < other || (start === other && f >= s && g < t);
}

/** Zones come nearly sorted. */
function sortByStart(zones: ZonesByKey, from: number, to: number): void {
  const { ids, first, last } = zones;
  let moves = movesMax * (to - from);
  for (let i = from + 1; i < to; i++) {
    const f = first[i];
    const s = last[i];
    let j = i - 1;
    if (!isBefore(f, s, first[j], last[j])) continue;
    const id = ids[i];
    while (j >= from && isBefore(f, s, first[j], last[j])) {
      ids[j + 1] = ids[j];
      first[j + 1] = first[j];
      last[j + 1] = last[j];
      j--;
    }
    ids[j + 1] = id;
    first[j + 1] = f;
    last[j + 1] = s;
    moves -= i - 1 - j;
    if (moves <= 0) {
      sortFully(zones, from, to);
      return;
    }
  }
}

function sortFully({ ids, first, last }: ZonesByKey, from: number, to: number): void {
  const order = Int32Array.from({ length: to - from }, (_, i) => from + i);
  const before = (a: number, b: number): boolean => isBefore(first[a], last[a], first[b], last[b]);
  order.sort((a, b) => (before(a, b) ? -1 : before(b, a) ? 1 : 0));
  ids.set(
    order.map((at) => ids[at]),
    from,
  );
  const firsts = Float64Array.from(order, (at) => first[at]);
  const lasts = Float64Array.from(order, (at) => last[at]);
  first.set(firsts, from);
  last.set(lasts, from);
}

/** Two values of one key whose zones exclude each other. */
export interface ZonePair {
  readonly key: number;
  readonly outer: number;
  readonly inner: number;
}

/** A bit of each value that is looked for, so that most rows are passed over at one look. */
const maskBits = 0xffff;

/**
 * For each pair the operations that define its zones: first completions, last invocations, writes. One scan for
 * all of them.
 */
export function zoneRows(history: History, pairs: readonly ZonePair[]): number[][] {
  const { n, value, writeOp } = history;
  const wanted = new Uint8Array(maskBits + 1);
  for (const { outer, inner } of pairs) wanted[outer & maskBits] = wanted[inner & maskBits] = 1;
  const found = pairs.map(() => ({ first: [-1, -1], last: [-1, -1] }));
  for (let row = 0; row < n; row++) {
    const id = value[row];
    if (wanted[id & maskBits] === 0) continue;
    for (let i = 0; i < pairs.length; i++) {
      const { key, outer, inner } = pairs[i];
      if ((id !== outer && id !== inner) || history.key[row] !== key) continue;
      takeIn(history, row, id === outer ? 0 : 1, found[i]);
    }
  }
  return found.map(({ first, last }, i) => {
    const ids = [pairs[i].outer, pairs[i].inner];
    const writes = ids.filter((id) => id > 0).map((id) => writeOp[id]);
    return [...new Set([...first, ...last, ...writes])].filter((row) => row >= 0);
  });
}

function takeIn(
  { kind, status, flags, invoke, complete }: History,
  row: number,
  zone: 0 | 1,
  { first, last }: { readonly first: number[]; readonly last: number[] },
): void {
  if (status[row] === Status.Fail) return;
  const isOk = status[row] === Status.Ok;
  if (kind[row] === Kind.Read) {
    if (!isOk || (flags[row] & Flag.Stale) !== 0) return;
  } else if (kind[row] !== Kind.Write) {
    return;
  }
  if (isOk && (first[zone] < 0 || complete[row] < complete[first[zone]])) first[zone] = row;
  if (last[zone] < 0 || invoke[row] > invoke[last[zone]]) last[zone] = row;
}
