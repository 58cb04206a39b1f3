/**
 * The causal pass: one scan in log order that finds every bad pattern of causal consistency (CC) for
 * registers, sets and lists, the reads that flip back to a value that their session had left, and the
 * backward conflict edges from which causal convergence (CCv) is decided.
 *
 * Bouajjani, Enea, Guerraoui, Hamza (POPL 2017): with unique values a history is CC iff it has none of
 * CyclicCO, ThinAirRead, WriteCOInitRead, WriteCORead. A read that returns a value whose write was invoked
 * after the read had completed makes CO cyclic in real time; it is reported as CyclicCO.
 */
import type { Budget } from './checker.ts';
import { Clocks, type Layout, layOut, Role } from './clocks.ts';
import { type History, Kind, Status } from './history.ts';

export type CausalPattern =
  | 'ThinAirRead'
  | 'AbortedRead'
  | 'CyclicCO'
  | 'WriteCOInitRead'
  | 'WriteCORead'
  | 'MonotonicReadFlip';

export interface Violation {
  readonly pattern: CausalPattern;
  /** Row of the read. */
  readonly read: number;
  /** Value id that was read (or, for sets, is missing); 0 = initial. */
  readonly value: number;
  /** Value id of the write that should have been seen; 0 where there is none. */
  readonly newer: number;
}

/** In every arbitration `from` comes before `to`, though the log has them the other way round. */
export interface ConflictEdge {
  readonly from: number;
  readonly to: number;
  readonly read: number;
}

export interface CausalScan {
  readonly layout: Layout;
  readonly violations: readonly Violation[];
  readonly backward: readonly ConflictEdge[];
  readonly staleReads: number;
  readonly reads: number;
  readonly writes: number;
}

const stepEvery = 4096;

interface Writes {
  /** By key: newest write in log order; by value id: the one before of the same key. 0 = none. */
  readonly last: Int32Array;
  readonly previous: Int32Array;
}

/** By key: the columns that write it, and for each the value ids in order of position. */
type WritersOfKey = Map<number, number[]>;

export function scanCausal(history: History, budget: Budget): CausalScan {
  const layout = layOut(history);
  return new Scanner(history, layout, budget).run();
}

class Scanner {
  readonly #h: History;
  readonly #layout: Layout;
  readonly #budget: Budget;
  readonly #clocks: Clocks;
  readonly #writes: Writes;
  readonly #writers: (WritersOfKey | undefined)[];
  readonly #violations: Violation[] = [];
  readonly #backward: ConflictEdge[] = [];
  /** Sets: by `session * keys + key`, how many elements with a writer the session last saw. */
  readonly #present = new Map<number, Set<number>>();
  /** Sets: changes that were seen by reads that are not judged, in order. */
  readonly #skipped = new Map<number, number[]>();
  /** Registers: by `session * keys + key`, the value last read. */
  readonly #current = new Map<number, number>();
  /** `session * values + value`: was read, and then another value was. */
  readonly #left = new Set<number>();

  constructor(history: History, layout: Layout, budget: Budget) {
    this.#h = history;
    this.#layout = layout;
    this.#budget = budget;
    this.#clocks = new Clocks(history, layout);
    this.#writes = {
      last: new Int32Array(history.keys.length),
      previous: new Int32Array(history.values + 1),
    };
    this.#writers = new Array(history.keys.length);
  }

  run(): CausalScan {
    const { n, status, kind, flags } = this.#h;
    const { role } = this.#layout;
    let staleReads = 0;
    let reads = 0;
    let writes = 0;
    for (let row = 0; row < n; row++) {
      if (row % stepEvery === 0) this.#budget.step();
      switch (role[row]) {
        case Role.Write:
          writes++;
          this.#write(row);
          break;
        case Role.Read:
          reads++;
          this.#read(row);
          break;
        case Role.ReadAll:
          reads++;
          this.#readAll(row);
          break;
        default:
          if (status[row] === Status.Ok && (flags[row]! & 2) !== 0 && kind[row] !== Kind.Other) {
            staleReads++;
            if (kind[row] === Kind.ReadAll || kind[row] === Kind.ReadList) this.#skip(row);
          }
      }
    }
    return {
      layout: this.#layout,
      violations: this.#violations,
      backward: this.#backward,
      staleReads,
      reads,
      writes,
    };
  }

  #write(row: number): void {
    const { value, key, kind, status } = this.#h;
    const id = value[row]!;
    const k = key[row]!;
    // A cas reads before it writes.
    if (kind[row] === Kind.Cas && status[row] === Status.Ok && this.#h.expected) {
      this.#readValue(row, this.#h.expected[row]!);
    }
    this.#clocks.write(row, id, status[row] === Status.Info);
    this.#writes.previous[id] = this.#writes.last[k]!;
    this.#writes.last[k] = id;
    if (kind[row] === Kind.Add || kind[row] === Kind.Append) {
      let writers = this.#writers[k];
      if (!writers) this.#writers[k] = writers = new Map();
      const column = this.#layout.column[id]!;
      const ids = writers.get(column);
      if (ids) ids.push(id);
      else writers.set(column, [id]);
    }
  }

  #report(pattern: CausalPattern, read: number, value: number, newer: number): void {
    this.#violations.push({ pattern, read, value, newer });
  }

  /** False where the value cannot have been read; reports why. */
  #source(row: number, id: number): boolean {
    const { writes, writeOp, status } = this.#h;
    if (id > writes) {
      this.#report('ThinAirRead', row, id, 0);
      return false;
    }
    const write = writeOp[id]!;
    if (status[write] === Status.Fail) {
      this.#report('AbortedRead', row, id, 0);
      return false;
    }
    if (write > row) {
      this.#report('CyclicCO', row, id, 0);
      return false;
    }
    return true;
  }

  #read(row: number): void {
    const id = this.#h.value[row]!;
    this.#flip(row, id);
    this.#readValue(row, id);
  }

  #readValue(row: number, id: number): void {
    const { session, key } = this.#h;
    const s = session[row]!;
    if (id !== 0) {
      if (!this.#source(row, id)) return;
      this.#clocks.read(s, id);
    }
    // Only writes that are newer in the log can be newer in causal order.
    for (
      let w = this.#writes.last[key[row]!]!;
      w !== id && w !== 0;
      w = this.#writes.previous[w]!
    ) {
      if (!this.#clocks.inPast(w, s)) continue;
      if (id === 0) {
        this.#report('WriteCOInitRead', row, 0, w);
        return;
      }
      if (this.#clocks.before(id, w)) {
        this.#report('WriteCORead', row, id, w);
        return;
      }
      this.#backward.push({ from: w, to: id, read: row });
    }
  }

  #flip(row: number, id: number): void {
    const { session, key, keys, values } = this.#h;
    const cell = session[row]! * keys.length + key[row]!;
    const before = this.#current.get(cell);
    if (before === id) return;
    if (this.#left.has(session[row]! * (values + 1) + id) && id !== 0) {
      this.#report('MonotonicReadFlip', row, id, before ?? 0);
    }
    if (before !== undefined) this.#left.add(session[row]! * (values + 1) + before);
    this.#current.set(cell, id);
  }

  /** A read that is not judged: what it changed counts as changed by the session's next one. */
  #skip(row: number): void {
    const { session, key, keys, delta } = this.#h;
    const cell = session[row]! * keys.length + key[row]!;
    let skipped = this.#skipped.get(cell);
    if (!skipped) this.#skipped.set(cell, (skipped = []));
    for (let i = delta!.off[row]!; i < delta!.off[row + 1]!; i++) skipped.push(delta!.data[i]!);
  }

  #readAll(row: number): void {
    const { session, key, keys, delta } = this.#h;
    const s = session[row]!;
    const k = key[row]!;
    const cell = s * keys.length + k;
    let present = this.#present.get(cell);
    if (!present) this.#present.set(cell, (present = new Set()));
    const skipped = this.#skipped.get(cell);
    if (skipped) {
      this.#skipped.delete(cell);
      const net = new Set<number>();
      for (const id of [
        ...skipped,
        ...delta!.data.subarray(delta!.off[row], delta!.off[row + 1]),
      ]) {
        if (!net.delete(-id)) net.add(id);
      }
      for (const id of net) this.#change(row, s, id, present);
    } else {
      for (let i = delta!.off[row]!; i < delta!.off[row + 1]!; i++) {
        this.#change(row, s, delta!.data[i]!, present);
      }
    }
    const past = this.#pastOf(k, s);
    if (past > present.size) this.#missing(row, k, s, present);
  }

  /** An element appeared (id) or disappeared (-id) since the session's last judged read. */
  #change(row: number, s: number, id: number, present: Set<number>): void {
    if (id < 0) {
      present.delete(-id);
    } else if (this.#source(row, id)) {
      this.#clocks.read(s, id);
      present.add(id);
    }
  }

  /** Number of additions to the key in the session's past. */
  #pastOf(k: number, s: number): number {
    let past = 0;
    const clock = this.#clocks.of(s);
    for (const [column, ids] of this.#writers[k] ?? []) {
      past += upTo(ids, this.#layout.position, clock[column]!);
    }
    return past;
  }

  #missing(row: number, k: number, s: number, present: ReadonlySet<number>): void {
    const clock = this.#clocks.of(s);
    for (const [column, ids] of this.#writers[k] ?? []) {
      const past = upTo(ids, this.#layout.position, clock[column]!);
      for (let i = 0; i < past; i++) {
        if (!present.has(ids[i]!)) this.#report('WriteCOInitRead', row, 0, ids[i]!);
      }
    }
  }
}

/** How many of `ids` (by growing position) have a position of at most `limit`. */
function upTo(ids: readonly number[], position: Int32Array, limit: number): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (position[ids[middle]!]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
