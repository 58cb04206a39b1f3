/**
 * Tries to arbitrate: puts the writes of the windows into one order that extends CO and every conflict edge, by
 * Kahn's algorithm over the writes alone. What CO wants of a write is its clock, so a write is free when the
 * columns have come as far as that; one unmet want at a time is watched. Conflict edges that point
 * forwards matter only while their older end waits: then the readers of the newer one are asked.
 *
 * Says which windows have no such order. Does not say why; `convergent.ts` looks for the cycle there.
 */

import { IntList } from '../history/int-list.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { type Clocks, isBefore } from './clocks.ts';
import type { Findings } from './findings.ts';
import { Op, type Trace } from './trace.ts';
import type { Windows } from './windows.ts';

/** Numbers of the windows without an order; null where that would take too long to find out like this. */
export function windowsWithoutOrder(
  trace: Trace,
  findings: Findings,
  clocks: Clocks,
  windows: Windows,
  budget: Budget,
): number[] | null {
  return new Arbitration(trace, findings, clocks).run(windows, budget);
}

/** More than any number of a write in its column. */
const none = 0x7fffffff;

class Arbitration {
  readonly #t: Trace;
  readonly #clocks: Clocks;
  /** By session: where the columns of its component begin in what follows. */
  readonly #base: Int32Array;
  /** By column: writes that wait, in order, from `head` on; and the number of the first of them. */
  readonly #blocked: IntList[];
  readonly #head: Int32Array;
  readonly #firstBlocked: Int32Array;
  /** By value id: conflict edges from the trace's future, as a list of edge numbers + 1. */
  readonly #edgeOf: Int32Array;
  readonly #nextEdge: Int32Array;
  readonly #from: Int32Array;
  /** By value id: does it have its place in the order? Before the first window everything has. */
  readonly #placed: Uint8Array;
  /** By value id: who waits for it, and the next one of that list. */
  readonly #waiter: Int32Array;
  readonly #nextWaiter: Int32Array;
  /** By key: writes that wait; by value id: the next one. */
  readonly #waiting: Int32Array;
  readonly #nextWaiting: Int32Array;
  #reader: Int32Array | null = null;
  #nextReader = new Int32Array();
  #previous = new Int32Array();
  #steps: number;

  constructor(trace: Trace, findings: Findings, clocks: Clocks) {
    this.#t = trace;
    this.#clocks = clocks;
    const values = trace.column.length;
    const { base, columns } = columnBases(trace);
    this.#base = base;
    this.#blocked = new Array(columns);
    this.#head = new Int32Array(columns);
    this.#firstBlocked = new Int32Array(columns).fill(none);
    this.#placed = new Uint8Array(values);
    this.#waiter = new Int32Array(values);
    this.#nextWaiter = new Int32Array(values);
    this.#waiting = new Int32Array(trace.lastInitial.length);
    this.#nextWaiting = new Int32Array(values);
    this.#edgeOf = new Int32Array(values);
    this.#nextEdge = new Int32Array(findings.to.length + 1);
    this.#from = findings.from.items;
    for (let i = 0; i < findings.to.length; i++) {
      this.#nextEdge[i + 1] = this.#edgeOf[findings.to.data[i]];
      this.#edgeOf[findings.to.data[i]] = i + 1;
    }
    this.#steps = 16 * trace.n + 1000;
  }

  run(windows: Windows, budget: Budget): number[] | null {
    const { op, value } = this.#t;
    const without: number[] = [];
    for (let w = 0; w < windows.first.length; w++) {
      if ((w & 255) === 0) budget.step();
      const first = windows.first[w];
      const last = windows.last[w];
      let waiting = 0;
      for (let at = first; at <= last; at++) {
        if ((at & STEP_MASK) === 0) budget.step();
        if (!isWriteOp(op[at])) continue;
        const id = value[at];
        const want = this.#want(id);
        if (want === 0) {
          waiting -= this.#emit(id);
        } else {
          waiting++;
          this.#watch(id, want);
          this.#block(id, at);
        }
        if (this.#steps < 0) return null;
      }
      if (waiting === 0) continue;
      without.push(w);
      this.#forget(first, last);
    }
    return without;
  }

  /** What follows a window without an order is judged as if it had one. */
  #forget(first: number, last: number): void {
    const { op, value, key } = this.#t;
    for (let at = first; at <= last; at++) {
      if (!isWriteOp(op[at])) continue;
      const id = value[at];
      const column = this.#columnOf(id);
      this.#placed[id] = 1;
      this.#waiter[id] = 0;
      this.#waiting[key[at]] = 0;
      this.#firstBlocked[column] = none;
      this.#head[column] = 0;
      if (this.#blocked[column]) this.#blocked[column].length = 0;
    }
  }

  #columnOf(id: number): number {
    return this.#base[this.#t.session[this.#t.place[id]]] + this.#t.column[id];
  }

  /** The write waits: with it the rest of its column, and it is asked for by those of its key. */
  #block(id: number, at: number): void {
    const column = this.#columnOf(id);
    this.#blocked[column] ??= new IntList(64);
    this.#blocked[column].push(id);
    if (this.#firstBlocked[column] === none) this.#firstBlocked[column] = this.#t.count[id];
    const key = this.#t.key[at];
    this.#nextWaiting[id] = this.#waiting[key];
    this.#waiting[key] = id;
  }

  /** It waits no longer. It was the first of its column that did. */
  #unblock(id: number): void {
    const column = this.#columnOf(id);
    const queue = this.#blocked[column];
    const head = ++this.#head[column];
    if (head < queue.length) {
      this.#firstBlocked[column] = this.#t.count[queue.data[head]];
    } else {
      this.#firstBlocked[column] = none;
      this.#head[column] = 0;
      queue.length = 0;
    }
    const key = this.#t.key[this.#t.place[id]];
    if (this.#waiting[key] === id) {
      this.#waiting[key] = this.#nextWaiting[id];
      return;
    }
    let at = this.#waiting[key];
    while (this.#nextWaiting[at] !== id) at = this.#nextWaiting[at];
    this.#nextWaiting[at] = this.#nextWaiting[id];
  }

  #watch(id: number, want: number): void {
    this.#nextWaiter[id] = this.#waiter[want];
    this.#waiter[want] = id;
  }

  /** Gives a write its place, and those that it frees. Returns how many had been waiting. */
  #emit(first: number): number {
    const free = [first];
    let freed = 0;
    this.#placed[first] = 1;
    while (free.length > 0) {
      const id = free.pop()!;
      let waiter = this.#waiter[id];
      this.#waiter[id] = 0;
      while (waiter !== 0) {
        const next = this.#nextWaiter[waiter];
        const want = this.#want(waiter);
        if (want !== 0) {
          this.#watch(waiter, want);
        } else {
          freed++;
          this.#placed[waiter] = 1;
          this.#unblock(waiter);
          free.push(waiter);
        }
        waiter = next;
      }
    }
    return freed;
  }

  /** A write that must have its place before this one and has none; 0 where there is none. */
  #want(id: number): number {
    const { place, session, column, count, key } = this.#t;
    const at = place[id];
    const s = session[at];
    const base = this.#base[s];
    const width = this.#clocks.width[s];
    const from = this.#clocks.snapshot[id];
    const { pool } = this.#clocks;
    const own = column[id];
    const firstBlocked = this.#firstBlocked;
    this.#steps--;
    for (let c = 0; c < width; c++) {
      const needed = c === own ? count[id] - 1 : pool[from + c];
      const first = firstBlocked[base + c];
      // Behind the first of a column that waits the whole column waits.
      if (needed < first) continue;
      return this.#blocked[base + c].data[this.#head[base + c] + needed - first];
    }
    for (let edge = this.#edgeOf[id]; edge !== 0; edge = this.#nextEdge[edge]) {
      if (this.#placed[this.#from[edge - 1]] === 0) return this.#from[edge - 1];
    }
    for (let w = this.#waiting[key[at]]; w !== 0; w = this.#nextWaiting[w]) {
      this.#steps--;
      if (w !== id && place[w] < at && this.#seenByReader(w, id)) return w;
    }
    return 0;
  }

  /** Has some reader of `id` the older write `w` in its past? */
  #seenByReader(w: number, id: number): boolean {
    this.#reader ??= this.#indexReaders();
    for (let read = this.#reader[id]; read >= 0; read = this.#nextReader[read]) {
      if (this.#inPast(w, read)) return true;
    }
    return false;
  }

  #indexReaders(): Int32Array {
    const { n, op, value, session } = this.#t;
    const reader = new Int32Array(this.#t.column.length).fill(-1);
    this.#nextReader = new Int32Array(n);
    this.#previous = new Int32Array(n);
    const last = new Int32Array(this.#t.width.length).fill(-1);
    for (let at = 0; at < n; at++) {
      if (op[at] === Op.Skip) continue;
      this.#previous[at] = last[session[at]];
      if (op[at] !== Op.InfoWrite) last[session[at]] = at;
      if (op[at] !== Op.Read) continue;
      this.#nextReader[at] = reader[value[at]];
      reader[value[at]] = at;
    }
    return reader;
  }

  /** By the clock of the session's last write, and what it has read since. */
  #inPast(w: number, read: number): boolean {
    const { op, value, changes, row, place } = this.#t;
    for (let at = read; at >= 0; at = this.#previous[at]) {
      this.#steps--;
      const o = op[at];
      if (o === Op.ReadAll) {
        const from = row ? row[at] : at;
        for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
          const id = changes!.data[i];
          this.#steps--;
          if (id > 0 && place[id] < at && this.#isOrBefore(w, id)) return true;
        }
      } else if (o !== Op.ReadInitial) {
        if (this.#isOrBefore(w, value[at])) return true;
        if (o === Op.Write) return false;
      }
    }
    return false;
  }

  #isOrBefore(w: number, id: number): boolean {
    return w === id || isBefore(this.#t, this.#clocks, w, id);
  }
}

const isWriteOp = (op: number): boolean => op === Op.Write || op === Op.InfoWrite;

/** Columns of all components side by side. Sessions of one component share theirs. */
function columnBases({ width, root }: Trace): { base: Int32Array; columns: number } {
  const ofRoot = new Int32Array(width.length).fill(-1);
  const base = new Int32Array(width.length);
  let columns = 0;
  for (let s = 0; s < width.length; s++) {
    const r = root[s];
    if (ofRoot[r] === -1) {
      ofRoot[r] = columns;
      columns += width[s];
    }
    base[s] = ofRoot[r];
  }
  return { base, columns };
}
