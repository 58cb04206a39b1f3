/**
 * Whole-object reads in the causal pass. Each element is a register of its own that is absent until its one
 * write: a read of the whole must show every element whose addition is in its causal past, unless the
 * element may have been deleted. An element that is missing is a `WriteCOInitRead` of that element.
 *
 * Reads come as changes against the session's previous one, and each session looks at each addition once:
 * the work is that of the changes plus, for each session, the additions to what it reads.
 */

import { PairIndex } from '../history/int-list.ts';
import { BudgetExceeded } from '../verdict/checker.ts';
import type { Clocks } from './clocks.ts';
import type { Findings } from './findings.ts';
import { endWithin, type KeyIndex, type KeyWrites } from './key-index.ts';
import { join } from './replay.ts';
import type { Trace } from './trace.ts';

const Past = 1;
const Present = 2;
const statesMax = 1 << 30;
/** Missing elements that are named for each read; the read counts once. */
const namedMax = 64;

/** What one session knows of one object. */
interface View {
  readonly writes: KeyWrites;
  /** By number of the element within `writes.ids`. */
  readonly state: Uint8Array;
  /** By column of `writes`: how far its additions are known to be in the past. */
  readonly reached: Int32Array;
  /** Elements that are in the past and not present. */
  readonly missing: Set<number>;
}

export class ElementReads {
  readonly #trace: Trace;
  readonly #clocks: Clocks;
  readonly #index: KeyIndex;
  readonly #findings: Findings;
  readonly #pairs = new PairIndex();
  readonly #views: View[] = [];
  /** By value id: its number within its key. */
  readonly #number: Int32Array;
  readonly #numbered: Uint8Array;
  #states = 0;

  constructor(trace: Trace, clocks: Clocks, index: KeyIndex, findings: Findings) {
    this.#trace = trace;
    this.#clocks = clocks;
    this.#index = index;
    this.#findings = findings;
    this.#number = new Int32Array(trace.column.length);
    this.#numbered = new Uint8Array(trace.lastInitial.length);
  }

  /** Judges the read at a place. True if its session's past grew. */
  read(at: number): boolean {
    const { session, key, changes, row, place, deletedKey, deletedValue } = this.#trace;
    const s = session[at];
    const view = this.#view(s, key[at]);
    const from = row ? row[at] : at;
    let grew = false;
    for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
      const change = changes!.data[i];
      const id = Math.abs(change);
      const number = this.#number[id];
      if (change > 0) {
        view.state[number] |= Present;
        view.missing.delete(id);
        // A source behind the read in the trace is a cycle, which has been reported.
        if (place[id] < at && join(this.#trace, this.#clocks, s, id)) grew = true;
      } else {
        view.state[number] &= ~Present;
        if ((view.state[number] & Past) !== 0) view.missing.add(id);
      }
    }
    this.#reach(view, s);
    let named = 0;
    for (const id of view.missing) {
      const excused = deletedKey !== null && (deletedKey[key[at]] < at || deletedValue![id] < at);
      if (excused) continue;
      this.#findings.overwritten(at, 0, id);
      if (++named === namedMax) break;
    }
    return grew;
  }

  /** Notes the additions that came into the session's past since its last read of the object. */
  #reach(view: View, session: number): void {
    const { width, start, clock, low } = this.#clocks;
    const { columns, off, ids } = view.writes;
    for (let i = 0; i < columns.length; i++) {
      const c = columns[i] - low;
      if (c < 0 || c >= width[session]) continue;
      const seen = clock[start[session] + c];
      const end = endWithin(ids, this.#trace.count, view.reached[i], off[i + 1], seen);
      for (let number = view.reached[i]; number < end; number++) {
        view.state[number] |= Past;
        if ((view.state[number] & Present) === 0) view.missing.add(ids[number]);
      }
      view.reached[i] = end;
    }
  }

  #view(session: number, key: number): View {
    const known = this.#pairs.size;
    const pair = this.#pairs.add(session, key);
    if (pair < known) return this.#views[pair];
    const writes = this.#index.of(key);
    if (this.#numbered[key] === 0) {
      this.#numbered[key] = 1;
      for (let i = 0; i < writes.ids.length; i++) this.#number[writes.ids[i]] = i;
    }
    this.#states += writes.ids.length;
    if (this.#states > statesMax) {
      throw new BudgetExceeded(
        'checker-memory',
        'the sets of this history are read by too many sessions; check its spaces one by one',
      );
    }
    const view: View = {
      writes,
      state: new Uint8Array(writes.ids.length),
      reached: writes.off.slice(0, writes.columns.length),
      missing: new Set(),
    };
    this.#views.push(view);
    return view;
  }
}
