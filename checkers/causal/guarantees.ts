/**
 * The session guarantees (Terry, Demers, Petersen, Spreitzer, Theimer, Welch: Session Guarantees for Weakly
 * Consistent Replicated Data, PDIS 1994), each by the smallest evidence that a history can show. Let b ⊏ a
 * on a key mean that b is the initial value and a is not, or that one session wrote b and then a:
 *
 *   read-your-writes     w(x,a) so r(x,b), b ⊏ a
 *   monotonic-reads      r(x,a) so r(x,b), b ⊏ a; or r(x,a) so r(x,b) so r(x,a), the flip-flop
 *   monotonic-writes     w(x,a) so w(y,b); elsewhere r(y,b) so r(x,c), c ⊏ a
 *   writes-follow-reads  r(x,a) so w(y,b); elsewhere r(y,b) so r(x,c), c ⊏ a or c = a with x = y
 *
 * An element of a set is a register that is absent until it is added, and one read of the whole is at once a read of
 * each. All but the flip-flop put a in the reader's causal past, so only reads that the causal pass
 * has found overwritten need to be named. A flip-flop leaves a backward conflict edge there, or such a read.
 */

import { IntList, PairIndex } from '../history/int-list.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import type { Breach, Findings, Guarantee } from './findings.ts';
import { flips } from './flips.ts';
import { Op, type Trace } from './trace.ts';

export { type Breach, GUARANTEES, type Guarantee } from './findings.ts';

export function breaches(trace: Trace, findings: Findings, budget: Budget): Breach[] {
  if (findings.read.length === 0 && findings.from.length === 0) return [];
  const named = findings.read.length > 0 ? new Naming(trace, findings).run(budget) : [];
  return [...named, ...flips(trace, findings, budget)].sort((a, b) => a.read - b.read);
}

/** Places at which something was first known, by pair, ascending. */
interface Sighting {
  /** Place of the read that saw it. */
  readonly at: number;
  readonly id: number;
}

class Naming {
  readonly #t: Trace;
  readonly #findings: Findings;
  /** Session and key: newest own acknowledged write; first acknowledged write. */
  readonly #own = new PairIndex();
  readonly #ownLast = new IntList();
  readonly #ownFirst = new IntList();
  /** Value id: the next acknowledged write of its session to its key. */
  readonly #next: Int32Array;
  /** Reader and writer: the latest write of the writer that the reader has read. */
  readonly #met = new PairIndex();
  readonly #metLast = new IntList();
  /** By reader: the writers that it has read from. */
  readonly #writersMet: (number[] | undefined)[];
  /** Reader and key; then that and writer: what was read, only ever later writes of the writer. */
  readonly #reads = new PairIndex();
  readonly #firstRead: Sighting[] = [];
  readonly #readsFrom = new PairIndex();
  readonly #seen: Sighting[][] = [];
  /** Values in question: who read them first in each session. */
  readonly #readers = new Map<number, Map<number, number>>();
  readonly #found: Breach[] = [];

  constructor(trace: Trace, findings: Findings) {
    this.#t = trace;
    this.#findings = findings;
    this.#next = new Int32Array(trace.column.length);
    this.#writersMet = new Array(trace.width.length);
    for (const id of findings.source.items) if (id !== 0) this.#readers.set(id, new Map());
    for (let i = 0; i < findings.read.length; i++) {
      if (trace.op[findings.read.data[i]] === Op.ReadAll) {
        this.#readers.set(findings.newer.data[i], new Map());
      }
    }
  }

  run(budget: Budget): Breach[] {
    const { n, op, value, changes, row, place } = this.#t;
    const { read } = this.#findings;
    let i = 0;
    for (let at = 0; at < n; at++) {
      if ((at & STEP_MASK) === 0) budget.step();
      const o = op[at];
      if (o === Op.Write) this.#write(at);
      // A read of a whole is evidence for itself; a register read only for later ones.
      if (o === Op.ReadAll) {
        const from = row ? row[at] : at;
        for (let j = changes!.off[from]; j < changes!.off[from + 1]; j++) {
          const id = changes!.data[j];
          if (id > 0 && place[id] < at) this.#read(at, id);
        }
      }
      for (; i < read.length && read.data[i] === at; i++) this.#judge(at, i);
      if (o === Op.Read) this.#read(at, value[at]);
    }
    return this.#found;
  }

  #write(at: number): void {
    const { session, key, value } = this.#t;
    const known = this.#own.size;
    const pair = this.#own.add(session[at], key[at]);
    if (pair === known) {
      this.#ownFirst.push(value[at]);
      this.#ownLast.push(value[at]);
      return;
    }
    this.#next[this.#ownLast.data[pair]] = value[at];
    this.#ownLast.data[pair] = value[at];
  }

  #read(at: number, id: number): void {
    const { session, key, place } = this.#t;
    const s = session[at];
    const writer = session[place[id]];
    const readers = this.#readers.get(id);
    if (readers && !readers.has(s)) readers.set(s, at);
    if (writer !== s) {
      const known = this.#met.size;
      const pair = this.#met.add(s, writer);
      if (pair === known) {
        this.#metLast.push(id);
        const met = this.#writersMet[s];
        if (met) met.push(writer);
        else this.#writersMet[s] = [writer];
      } else if (place[this.#metLast.data[pair]] < place[id]) {
        this.#metLast.data[pair] = id;
      }
    }
    const known = this.#reads.size;
    const pair = this.#reads.add(s, key[at]);
    if (pair === known) this.#firstRead.push({ at, id });
    const from = this.#readsFrom.add(pair, writer);
    if (from === this.#seen.length) this.#seen.push([{ at, id }]);
    else if (place[this.#seen[from].at(-1)!.id] < place[id]) this.#seen[from].push({ at, id });
  }

  #breach(guarantee: Guarantee, read: number, source: number, newer: number, through: number) {
    this.#found.push({ guarantee, read, source, newer, through, flip: false });
  }

  #judge(at: number, i: number): void {
    const source = this.#findings.source.data[i];
    const missing = this.#t.op[at] === Op.ReadAll ? this.#findings.newer.data[i] : 0;
    if (missing !== 0) this.#judgeMissing(at, missing);
    else this.#judgeRegister(at, source);
  }

  #judgeMissing(at: number, missing: number): void {
    const { session, place, op } = this.#t;
    const s = session[at];
    const writer = session[place[missing]];
    const acknowledged = op[place[missing]] === Op.Write;
    if (writer === s && acknowledged) this.#breach('read-your-writes', at, 0, missing, 0);
    const readers = this.#readers.get(missing)!;
    const seenAt = readers.get(s);
    if (seenAt !== undefined && seenAt < at) this.#breach('monotonic-reads', at, 0, missing, 0);
    if (writer !== s && acknowledged) {
      const through = this.#metOf(s, writer);
      if (through !== 0 && place[through] > place[missing]) {
        this.#breach('monotonic-writes', at, 0, missing, through);
      }
    }
    for (const [reader, readAt] of readers) {
      const through = reader === s ? 0 : this.#metOf(s, reader);
      if (through === 0 || place[through] < readAt) continue;
      this.#breach('writes-follow-reads', at, 0, missing, through);
      break;
    }
  }

  #judgeRegister(at: number, source: number): void {
    const { session, key, place, op } = this.#t;
    const s = session[at];
    const x = key[at];
    const writer = source === 0 ? -1 : session[place[source]];
    // Session order leads out of acknowledged writes only.
    const ordered = source === 0 || op[place[source]] === Op.Write;
    const own = this.#own.find(s, x);
    if (own >= 0 && ordered) {
      const newest = this.#ownLast.data[own];
      if (source === 0 || (writer === s && place[newest] > place[source])) {
        this.#breach('read-your-writes', at, source, newest, 0);
      }
    }
    if (ordered) {
      const before = this.#lastSeen(s, x, writer, source);
      if (before !== 0) this.#breach('monotonic-reads', at, source, before, 0);
      this.#monotonicWrites(at, s, x, source, writer);
    }
    this.#writesFollowReads(at, s, x, source, writer, ordered);
  }

  /** A value of x that the session read and that comes after `source` in ⊏; 0 for none. */
  #lastSeen(s: number, x: number, writer: number, source: number): number {
    const pair = this.#reads.find(s, x);
    if (pair < 0) return 0;
    if (source === 0) return this.#firstRead[pair].id;
    const from = this.#readsFrom.find(pair, writer);
    if (from < 0) return 0;
    const newest = this.#seen[from].at(-1)!.id;
    return this.#t.place[newest] > this.#t.place[source] ? newest : 0;
  }

  #monotonicWrites(at: number, s: number, x: number, source: number, writer: number): void {
    const { place } = this.#t;
    for (const q of source === 0 ? (this.#writersMet[s] ?? []) : [writer]) {
      const through = q === s ? 0 : this.#metOf(s, q);
      if (through === 0) continue;
      const pair = source === 0 ? this.#own.find(q, x) : -1;
      const next = source !== 0 ? this.#next[source] : pair < 0 ? 0 : this.#ownFirst.data[pair];
      if (next === 0 || place[next] >= place[through]) continue;
      this.#breach('monotonic-writes', at, source, next, through);
      return;
    }
  }

  #writesFollowReads(
    at: number,
    s: number,
    x: number,
    source: number,
    writer: number,
    ordered: boolean,
  ): void {
    const { place } = this.#t;
    for (const q of ordered ? (this.#writersMet[s] ?? []) : []) {
      const through = this.#metOf(s, q);
      const newer = this.#seenBefore(q, x, writer, source, place[through]);
      if (newer === 0) continue;
      this.#breach('writes-follow-reads', at, source, newer, through);
      return;
    }
    // The reply to the value that is read now was itself a write to the key.
    const readers = source === 0 ? undefined : this.#readers.get(source);
    const pair = this.#reads.find(s, x);
    if (!readers || pair < 0) return;
    for (const [q, readAt] of readers) {
      const from = q === s ? -1 : this.#readsFrom.find(pair, q);
      if (from < 0) continue;
      const reply = this.#seen[from].at(-1)!.id;
      if (place[reply] < readAt) continue;
      this.#breach('writes-follow-reads', at, source, source, reply);
      return;
    }
  }

  /** A value of x after `source` in ⊏ that q read before `limit`; 0 for none. */
  #seenBefore(q: number, x: number, writer: number, source: number, limit: number): number {
    const pair = this.#reads.find(q, x);
    if (pair < 0) return 0;
    if (source === 0) {
      const first = this.#firstRead[pair];
      return first.at < limit ? first.id : 0;
    }
    const from = this.#readsFrom.find(pair, writer);
    if (from < 0) return 0;
    const { place } = this.#t;
    const first = this.#seen[from].find(({ id }) => place[id] > place[source]);
    return first && first.at < limit ? first.id : 0;
  }

  #metOf(reader: number, writer: number): number {
    const pair = this.#met.find(reader, writer);
    return pair < 0 ? 0 : this.#metLast.data[pair];
  }
}
