/** Counts for each number how many of a growing set of positions are below it (Fenwick 1994). */
export class Below {
  readonly #tree: Int32Array;
  size = 0;

  constructor(positions: number) {
    this.#tree = new Int32Array(positions + 1);
  }

  add(position: number, by: 1 | -1): void {
    this.size += by;
    for (let i = position + 1; i < this.#tree.length; i += i & -i) this.#tree[i] += by;
  }

  count(position: number): number {
    let sum = 0;
    for (let i = position; i > 0; i -= i & -i) sum += this.#tree[i];
    return sum;
  }
}
