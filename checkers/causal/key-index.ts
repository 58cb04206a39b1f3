/**
 * The writes of each key, by column of the clocks and in order within it: what of a key is in a past is then
 * found by binary search, however far behind a read is.
 */
import type { History } from '../history/history.ts';
import { Op, type Trace } from './trace.ts';

export interface KeyWrites {
  /** Columns that write the key; writes of column i are ids[off[i]..off[i+1]), in order. */
  readonly columns: Int32Array;
  readonly off: Int32Array;
  readonly ids: Int32Array;
}

export class KeyIndex {
  readonly #trace: Trace;
  readonly #off: Int32Array;
  readonly #ids: Int32Array;
  readonly #keys: (KeyWrites | undefined)[];

  constructor(trace: Trace, history: History) {
    this.#trace = trace;
    const { n, op, key, value } = trace;
    const keys = history.keys.length;
    const off = new Int32Array(keys + 1);
    for (let at = 0; at < n; at++) {
      if (op[at] === Op.Write || op[at] === Op.InfoWrite) off[key[at] + 1]++;
    }
    for (let k = 0; k < keys; k++) off[k + 1] += off[k];
    const fill = off.slice(0, keys);
    const ids = new Int32Array(off[keys]);
    for (let at = 0; at < n; at++) {
      if (op[at] === Op.Write || op[at] === Op.InfoWrite) ids[fill[key[at]]++] = value[at];
    }
    this.#off = off;
    this.#ids = ids;
    this.#keys = new Array(keys);
  }

  of(key: number): KeyWrites {
    return (this.#keys[key] ??= this.#build(key));
  }

  #build(key: number): KeyWrites {
    const { column, count } = this.#trace;
    const ids = this.#ids.slice(this.#off[key], this.#off[key + 1]);
    ids.sort((left, right) => column[left] - column[right] || count[left] - count[right]);
    const columns: number[] = [];
    const off: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      if (i > 0 && column[ids[i]] === column[ids[i - 1]]) continue;
      columns.push(column[ids[i]]);
      off.push(i);
    }
    off.push(ids.length);
    return { columns: Int32Array.from(columns), off: Int32Array.from(off), ids };
  }
}

/** The end of the writes in ids[from..to) whose number in their column is at most `limit`. */
export function endWithin(
  ids: Int32Array,
  count: Int32Array,
  from: number,
  to: number,
  limit: number,
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (count[ids[middle]] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
