/**
 * Sets of configurations of the search. A configuration is a row of whole numbers: first what must be
 * equal (the state, which open calls have taken effect, which are hidden), then how many
 * indeterminate calls of each action have been used up. Of two that are equal in the first part the one that
 * has used up no more of anything can do whatever the other can; so the other is not kept.
 *
 * Open addressing over one flat array: a search holds millions of them.
 */

export class Configurations {
  readonly width: number;
  readonly #keyWidth: number;
  rows: Int32Array;
  size = 0;
  #table: Int32Array;
  #mask: number;

  constructor(width: number, keyWidth: number) {
    this.width = width;
    this.#keyWidth = keyWidth;
    this.rows = new Int32Array(64 * width);
    this.#table = new Int32Array(128).fill(-1);
    this.#mask = 127;
  }

  clear(): void {
    // A table that was large once is not swept again for each small set.
    if (this.#mask > 1023 && this.size * 16 < this.#mask) {
      for (let i = 0; i < this.size; i++) this.#forget(i);
    } else {
      this.#table.fill(-1);
    }
    this.size = 0;
  }

  /** Takes in a row. Its index where it is new or better than one that was there; -1 where it adds nothing. */
  add(row: Int32Array): number {
    const { width } = this;
    let at = this.#hash(row, 0) & this.#mask;
    for (;;) {
      const index = this.#table[at];
      if (index === -1) break;
      const from = index * width;
      if (this.#sameKey(row, from)) {
        if (this.#coveredBy(row, from)) return -1;
        if (this.#covers(row, from)) {
          this.rows.set(row, from);
          return index;
        }
      }
      at = (at + 1) & this.#mask;
    }
    if ((this.size + 1) * width > this.rows.length) this.#growRows();
    const index = this.size++;
    this.rows.set(row, index * width);
    this.#table[at] = index;
    if (this.size * 2 > this.#mask) this.#growTable();
    return index;
  }

  read(index: number, into: Int32Array): void {
    const from = index * this.width;
    for (let i = 0; i < this.width; i++) into[i] = this.rows[from + i];
  }

  /** Leaves those that used up the fewest calls; their sum stands for it. */
  keepCheapest(count: number, from: number): void {
    const { width } = this;
    const cost = new Int32Array(this.size);
    for (let i = 0; i < this.size; i++) {
      for (let j = from; j < width; j++) cost[i] += this.rows[i * width + j];
    }
    const order = Int32Array.from(cost, (_, i) => i).sort((a, b) => cost[a] - cost[b] || a - b);
    const kept = Array.from(order.subarray(0, count), (i) =>
      this.rows.slice(i * width, (i + 1) * width),
    );
    this.clear();
    for (const row of kept) this.add(row);
  }

  #sameKey(row: Int32Array, from: number): boolean {
    for (let i = 0; i < this.#keyWidth; i++) if (this.rows[from + i] !== row[i]) return false;
    return true;
  }

  /** Has the one that is there used up no more than this one? */
  #coveredBy(row: Int32Array, from: number): boolean {
    for (let i = this.#keyWidth; i < this.width; i++) {
      if (this.rows[from + i] > row[i]) return false;
    }
    return true;
  }

  #covers(row: Int32Array, from: number): boolean {
    for (let i = this.#keyWidth; i < this.width; i++) {
      if (row[i] > this.rows[from + i]) return false;
    }
    return true;
  }

  #hash(rows: Int32Array, from: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < from + this.#keyWidth; i++) {
      hash = Math.imul(hash ^ rows[i], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  #forget(index: number): void {
    let at = this.#hash(this.rows, index * this.width) & this.#mask;
    while (this.#table[at] !== -1) {
      this.#table[at] = -1;
      at = (at + 1) & this.#mask;
    }
  }

  #growRows(): void {
    const larger = new Int32Array(this.rows.length * 2);
    larger.set(this.rows);
    this.rows = larger;
  }

  #growTable(): void {
    this.#mask = this.#mask * 2 + 1;
    this.#table = new Int32Array(this.#mask + 1).fill(-1);
    for (let index = 0; index < this.size; index++) {
      let at = this.#hash(this.rows, index * this.width) & this.#mask;
      while (this.#table[at] !== -1) at = (at + 1) & this.#mask;
      this.#table[at] = index;
    }
  }
}
