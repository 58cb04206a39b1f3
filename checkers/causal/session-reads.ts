/**
 * The reads of registers by one session, key by key, for the question of causal memory: which one is the first
 * at or after a deadline, and has another source?
 */
import { Op, type Trace } from './trace.ts';

const never = 0x7fffffff;
/** So far a read is looked for beside the last one before all of the key's reads are searched. */
const stepsMax = 8;

export class SessionReads {
  readonly #t: Trace;
  /** By key: where its reads begin, and one more, so that 0 means that there are none; where they end. */
  readonly #start: Int32Array;
  readonly #end: Int32Array;
  /**
   * By key, four numbers: the place of the read before the one that was looked up last, that one's place,
   * its source and its slot. Mostly the answer is there, beside each other in memory.
   */
  readonly #near: Int32Array;
  /** In the order of places: places, sources, and the next one with another source (-1: none). */
  #place = new Int32Array();
  #source = new Int32Array();
  #differs = new Int32Array();
  /** What `find` has found. A source of 0 is the initial value. */
  read = 0;
  source = 0;

  constructor(trace: Trace) {
    const keys = trace.lastInitial.length;
    this.#t = trace;
    this.#start = new Int32Array(keys);
    this.#end = new Int32Array(keys);
    this.#near = new Int32Array(4 * keys).fill(never);
  }

  /** Takes in the reads of a session, which are in order. Every key that it reads is to be cleared afterwards. */
  index(reads: Int32Array): void {
    const { op, key, value } = this.#t;
    const registers = reads.filter((at) => op[at] !== Op.ReadAll);
    const count = registers.length;
    if (this.#place.length < count) {
      this.#place = new Int32Array(count);
      this.#source = new Int32Array(count);
      this.#differs = new Int32Array(count);
    }
    for (const at of registers) this.#end[key[at]]++;
    let start = 0;
    for (const at of registers) {
      const x = key[at];
      if (this.#start[x] !== 0) continue;
      this.#start[x] = start + 1;
      this.#near[4 * x] = never;
      this.#near[4 * x + 3] = start;
      start += this.#end[x];
      this.#end[x] = this.#start[x] - 1;
    }
    for (const at of registers) {
      const slot = this.#end[key[at]]++;
      this.#place[slot] = at;
      this.#source[slot] = op[at] === Op.Read ? value[at] : 0;
    }
    for (let slot = count - 1; slot >= 0; slot--) {
      const last = slot + 1 === this.#end[key[this.#place[slot]]];
      if (last) this.#differs[slot] = -1;
      else if (this.#source[slot + 1] !== this.#source[slot]) this.#differs[slot] = slot + 1;
      else this.#differs[slot] = this.#differs[slot + 1];
    }
  }

  clear(key: number): void {
    this.#start[key] = this.#end[key] = 0;
  }

  /** The first read of a key at or after `deadline` whose source is not `id`; false where there is none. */
  find(key: number, deadline: number, id: number): boolean {
    if (this.#start[key] === 0) return false;
    const near = this.#near;
    const at = 4 * key;
    if (near[at] >= deadline || near[at + 1] < deadline) this.#look(key, deadline);
    this.read = near[at + 1];
    this.source = near[at + 2];
    if (this.read === never) return false;
    if (this.source !== id) return true;
    const slot = this.#differs[near[at + 3]];
    if (slot < 0) return false;
    this.read = this.#place[slot];
    this.source = this.#source[slot];
    return true;
  }

  /** Looks up the first read of a key at or after `deadline`; mostly it is beside the one before. */
  #look(key: number, deadline: number): void {
    const place = this.#place;
    const start = this.#start[key] - 1;
    const end = this.#end[key];
    const at = 4 * key;
    let slot = this.#near[at + 3];
    let steps = stepsMax;
    while (slot < end && place[slot] < deadline && steps > 0) {
      slot++;
      steps--;
    }
    while (slot > start && place[slot - 1] >= deadline && steps > 0) {
      slot--;
      steps--;
    }
    if (steps === 0) {
      let high = end;
      slot = start;
      while (slot < high) {
        const middle = (slot + high) >>> 1;
        if (place[middle] < deadline) slot = middle + 1;
        else high = middle;
      }
    }
    this.#near[at] = slot > start ? place[slot - 1] : -1;
    this.#near[at + 1] = slot < end ? place[slot] : never;
    this.#near[at + 2] = slot < end ? this.#source[slot] : 0;
    this.#near[at + 3] = slot;
  }
}
