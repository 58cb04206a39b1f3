/**
 * Causal memory (CM) and PRAM. For each session p there must be one sequence that explains all reads of p at
 * once: of its causal past for CM, of all sessions' orders alone for PRAM. With unique values that
 * fails iff HB, the smallest order with CO (PRAM: session order, and reads-from into p) and "a write that
 * precedes a read of p, whose source is another, precedes that source", has a cycle (CyclicHB) or puts a write
 * before a read of the initial value (WriteHBInitRead; Bouajjani et al., POPL 2017, section 4).
 *
 * HB is computed as *deadlines*: the first operation of p that each operation must precede. Deadlines only
 * fall, and each fall is passed on to what comes before. For a write it is enough to look at the first
 * differing read at or after its deadline: later ones follow through that read's own source.
 */

import { IntList } from '../history/int-list.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { cycleOf } from './hb-cycle.ts';
import { SessionReads } from './session-reads.ts';
import { Op, type Trace } from './trace.ts';

export type SessionModel = 'CM' | 'PRAM';

export interface HbViolation {
  readonly pattern: 'WriteHBInitRead' | 'CyclicHB';
  readonly session: number;
  /** Places of the proof: the cycle, or the write and what leads from it to the read. */
  readonly places: readonly number[];
  /** The read of the initial value; the last read of the session for cycles. */
  readonly read: number;
  /** No later operation of the session was looked at. */
  readonly upTo: number;
}

const never = 0x7fffffff;

/**
 * What is known of a write: the source that it must precede (0: none yet); who must precede it, as a linked list,
 * and the latest deadline that any of them came with; its own deadline as far as it is settled, plus one (0: never).
 */
const Of = { Before: 0, Waiting: 1, Latest: 2, Deadline: 3 } as const;

/** At most one violation for each session. */
export function deadlines(trace: Trace, model: SessionModel, budget: Budget): HbViolation[] {
  const sessions = trace.width.length;
  const reads = new Int32Array(sessions + 1);
  const { n, op, session } = trace;
  const isRead = (o: number): boolean => o === Op.Read || o === Op.ReadInitial || o === Op.ReadAll;
  for (let at = 0; at < n; at++) if (isRead(op[at])) reads[session[at] + 1]++;
  for (let s = 0; s < sessions; s++) reads[s + 1] += reads[s];
  const fill = reads.slice(0, sessions);
  const readAt = new Int32Array(reads[sessions]);
  for (let at = 0; at < n; at++) if (isRead(op[at])) readAt[fill[session[at]]++] = at;
  const found: HbViolation[] = [];
  const fixpoint = new Fixpoint(trace, model, budget);
  for (let s = 0; s < sessions; s++) {
    const own = readAt.subarray(reads[s], reads[s + 1]);
    if (own.length === 0) continue;
    const violation = fixpoint.run(s, own);
    if (violation) found.push(violation);
  }
  return found;
}

class Fixpoint {
  readonly #t: Trace;
  readonly #model: SessionModel;
  readonly #budget: Budget;
  /** By place: the operation before it in its session; -1 for none. */
  readonly #previous: Int32Array;
  readonly #deadline: Int32Array;
  /** By place: what it must precede, for the proof. */
  readonly #why: Int32Array;
  /**
   * By value id, four numbers (`Of`). Beside each other, since the source of a read to come is far from what else is
   * looked at.
   */
  readonly #writes: Int32Array;
  /** Three numbers for each who waits: its place, its deadline when it came (it only falls), and the next one. */
  readonly #waiter = new IntList(1024);
  readonly #touched: Int32Array;
  #touchedCount = 0;
  /** Places of writes that must precede a source with a lower value id; of any, if ids are not in order. */
  readonly #backward = new IntList();
  readonly #areIdsInOrder: boolean;
  readonly #stack = new IntList(1024);
  readonly #reads: SessionReads;
  /** By value id and by key: the last read of a whole in which an element is absent; -1 for none. */
  readonly #absent: Int32Array | null;
  readonly #lastWhole: Int32Array | null;
  #session = 0;
  /** The session's read that is being settled, and its reads of wholes. */
  #current = 0;
  #wholes = new Int32Array();
  /** The latest read that has forced an order. */
  #furthest = 0;
  #violation: HbViolation | null = null;
  #steps = 0;

  constructor(trace: Trace, model: SessionModel, budget: Budget) {
    const { n, op, session } = trace;
    this.#t = trace;
    this.#model = model;
    this.#budget = budget;
    this.#previous = new Int32Array(n).fill(-1);
    const last = new Int32Array(trace.width.length).fill(-1);
    for (let at = 0; at < n; at++) {
      if (op[at] === Op.Skip) continue;
      this.#previous[at] = last[session[at]];
      if (op[at] !== Op.InfoWrite) last[session[at]] = at;
    }
    this.#deadline = new Int32Array(n).fill(never);
    this.#why = new Int32Array(n);
    this.#touched = new Int32Array(n);
    this.#writes = new Int32Array(4 * trace.column.length);
    this.#areIdsInOrder = areInOrder(trace.place);
    this.#reads = new SessionReads(trace);
    this.#absent = trace.changes ? new Int32Array(trace.column.length).fill(-2) : null;
    this.#lastWhole = trace.changes ? new Int32Array(trace.lastInitial.length).fill(-1) : null;
  }

  run(session: number, reads: Int32Array): HbViolation | null {
    const { op, key } = this.#t;
    this.#session = session;
    this.#violation = null;
    this.#furthest = 0;
    this.#reads.index(reads);
    if (this.#absent) this.#indexWholes(reads);
    for (let i = 0; i < reads.length && !this.#violation; i++) {
      this.#current = reads[i];
      this.#lower(this.#current, this.#current, -1);
      this.#settle();
    }
    const violation = this.#violation ?? this.#cycle(reads.at(-1)!);
    for (const at of reads) {
      this.#reads.clear(key[at]);
      if (this.#lastWhole && op[at] === Op.ReadAll) this.#lastWhole[key[at]] = -1;
    }
    this.#reset(reads);
    return violation;
  }

  #reset(reads: Int32Array): void {
    const { n, op, value } = this.#t;
    if (this.#touchedCount > n / 8) {
      this.#deadline.fill(never);
      this.#writes.fill(0);
    } else {
      for (let i = 0; i < this.#touchedCount; i++) {
        const at = this.#touched[i];
        this.#deadline[at] = never;
        if (op[at] === Op.Write || op[at] === Op.InfoWrite) this.#forget(value[at]);
      }
      // Writes may wait for a source that a violation kept from being touched.
      for (const at of reads) if (op[at] === Op.Read) this.#forget(value[at]);
    }
    this.#touchedCount = 0;
    this.#waiter.length = 0;
    this.#stack.length = 0;
    this.#backward.length = 0;
  }

  #forget(id: number): void {
    this.#writes.fill(0, 4 * id, 4 * id + 4);
  }

  /** The last read in which each element is absent; -2: as the key's last read says. */
  #indexWholes(reads: Int32Array): void {
    const { op, key, changes, row } = this.#t;
    const absent = this.#absent!;
    this.#wholes = reads.filter((at) => op[at] === Op.ReadAll);
    absent.fill(-2);
    for (const at of this.#wholes) {
      const before = this.#lastWhole![key[at]];
      const from = row ? row[at] : at;
      // An element of a list that only moved is taken out and put back.
      const takenOut = new Map<number, number>();
      for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
        const id = Math.abs(changes!.data[i]);
        if (changes!.data[i] < 0) {
          takenOut.set(id, absent[id]);
          absent[id] = -2;
        } else {
          absent[id] = takenOut.get(id) ?? before;
        }
      }
      this.#lastWhole![key[at]] = at;
    }
  }

  #lower(at: number, deadline: number, why: number): void {
    const now = this.#deadline[at];
    if (deadline >= now) return;
    if (now === never) this.#touched[this.#touchedCount++] = at;
    this.#deadline[at] = deadline;
    this.#why[at] = why;
    this.#stack.push(at);
  }

  #settle(): void {
    const { op, value, session, place, changes, row } = this.#t;
    const stack = this.#stack;
    while (stack.length > 0) {
      const at = stack.data[--stack.length];
      if ((++this.#steps & STEP_MASK) === 0) this.#budget.step();
      const deadline = this.#deadline[at];
      const previous = this.#previous[at];
      if (previous >= 0) this.#lower(previous, deadline, at);
      const o = op[at];
      const follows = this.#model === 'CM' || session[at] === this.#session;
      if (o === Op.Write || o === Op.InfoWrite) {
        this.#precede(at, value[at], deadline);
        if (this.#violation) return;
      } else if (o === Op.Read) {
        if (follows) this.#lower(place[value[at]], deadline, at);
      } else if (o === Op.ReadAll && follows) {
        const from = row ? row[at] : at;
        for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
          const id = changes!.data[i];
          if (id > 0 && place[id] < at) this.#lower(place[id], deadline, at);
        }
      }
    }
  }

  /** A write must come before the operation `deadline` of the session: what follows for reads of its key? */
  #precede(at: number, id: number, deadline: number): void {
    const x = this.#t.key[at];
    if (this.#lastWhole && this.#lastWhole[x] >= deadline) this.#elementAbsent(at, id, deadline);
    const writes = this.#writes;
    const own = 4 * id;
    writes[own + Of.Deadline] = deadline + 1;
    if (writes[own + Of.Latest] > deadline) this.#passOn(at, writes[own + Of.Waiting], deadline);
    const reads = this.#reads;
    if (!reads.find(x, deadline, id)) return;
    const { read, source } = reads;
    if (source === 0) {
      this.#initialRead(at, read);
      return;
    }
    if (read > this.#furthest) this.#furthest = read;
    const its = 4 * source;
    if (writes[own + Of.Before] !== source) {
      writes[own + Of.Before] = source;
      this.#waiter.push(at);
      this.#waiter.push(deadline);
      this.#waiter.push(writes[its + Of.Waiting]);
      writes[its + Of.Waiting] = this.#waiter.length;
      if (writes[its + Of.Latest] < deadline) writes[its + Of.Latest] = deadline;
      if (source < id || !this.#areIdsInOrder) this.#backward.push(at);
    }
    // If it is still to be settled with an earlier one, it will pass that on.
    const limit = writes[its + Of.Deadline] - 1;
    if (limit >= 0 && limit < deadline) this.#lower(at, limit, this.#t.place[source]);
  }

  /** Who waits for the write at `at` must come before `deadline` too. */
  #passOn(at: number, first: number, deadline: number): void {
    const { data } = this.#waiter;
    for (let waiter = first; waiter !== 0; waiter = data[waiter - 1]) {
      if (data[waiter - 2] > deadline) this.#lower(data[waiter - 3], deadline, at);
    }
  }

  #elementAbsent(at: number, id: number, deadline: number): void {
    const { key, deletedKey, deletedValue } = this.#t;
    const x = key[at];
    const absent = this.#absent![id];
    let last = absent === -2 ? this.#lastWhole![x] : absent;
    if (deletedKey !== null) {
      const deleted = Math.min(deletedKey[x], deletedValue![id]);
      if (last > deleted) last = this.#absentBefore(x, id, deleted);
    }
    if (last >= deadline) this.#initialRead(at, last);
  }

  /** The last read of the key before `limit` in which an element is absent; -1 for none. */
  #absentBefore(x: number, id: number, limit: number): number {
    const { key, changes, row } = this.#t;
    let present = false;
    let last = -1;
    for (const at of this.#wholes) {
      if (key[at] !== x || at >= limit) continue;
      const from = row ? row[at] : at;
      for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
        if (Math.abs(changes!.data[i]) === id) present = changes!.data[i] > 0;
      }
      if (!present) last = at;
    }
    return last;
  }

  #initialRead(at: number, read: number): void {
    const places = [at];
    for (let next = this.#why[at]; next >= 0 && places.length < 10_000; next = this.#why[next]) {
      places.push(next);
    }
    places.push(read);
    const session = this.#session;
    const upTo = Math.max(read, this.#current, this.#furthest);
    this.#violation = { pattern: 'WriteHBInitRead', session, places, read, upTo };
  }

  #cycle(lastRead: number): HbViolation | null {
    const { value, session } = this.#t;
    const places = cycleOf(
      {
        trace: this.#t,
        previous: this.#previous,
        isKnown: (at) => this.#deadline[at] !== never,
        sourceAfter: (at) => this.#writes[4 * value[at] + Of.Before],
        followsSource: (at) => this.#model === 'CM' || session[at] === this.#session,
      },
      this.#backward.items,
    );
    if (places === null) return null;
    return { pattern: 'CyclicHB', session: this.#session, places, read: lastRead, upTo: lastRead };
  }
}

/** Whether the places of the writes grow with their value ids. */
function areInOrder(place: Int32Array): boolean {
  let last = -1;
  for (const at of place) {
    if (at < 0) continue;
    if (at < last) return false;
    last = at;
  }
  return true;
}
