/** Growing lists of whole numbers in typed arrays, for loops that must not allocate objects. */

export class IntList {
  data: Int32Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Int32Array(capacity);
  }

  push(item: number): void {
    if (this.length === this.data.length) {
      const larger = new Int32Array(this.data.length * 2);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = item;
  }

  /** A view, valid until the next push. */
  get items(): Int32Array {
    return this.data.subarray(0, this.length);
  }
}

/** Dense numbers 0, 1, 2 ... for pairs of whole numbers, by open addressing. */
export class PairIndex {
  #mask: number;
  #slot: Int32Array;
  readonly #first = new IntList(64);
  readonly #second = new IntList(64);

  constructor() {
    this.#mask = 127;
    this.#slot = new Int32Array(128);
  }

  get size(): number {
    return this.#first.length;
  }

  /** The number of a pair, or -1. */
  find(first: number, second: number): number {
    let at = hash(first, second) & this.#mask;
    for (;;) {
      const id = this.#slot[at] - 1;
      if (id < 0) return -1;
      if (this.#first.data[id] === first && this.#second.data[id] === second) return id;
      at = (at + 1) & this.#mask;
    }
  }

  /** The number of a pair; a new one where it has none. */
  add(first: number, second: number): number {
    const known = this.find(first, second);
    if (known >= 0) return known;
    const id = this.size;
    this.#first.push(first);
    this.#second.push(second);
    if (this.size * 2 > this.#mask) this.#grow();
    else this.#insert(id);
    return id;
  }

  /** The second number of each pair, in the order of their numbers. */
  seconds(): Int32Array {
    return this.#second.items.slice();
  }

  #insert(id: number): void {
    let at = hash(this.#first.data[id], this.#second.data[id]) & this.#mask;
    while (this.#slot[at] !== 0) at = (at + 1) & this.#mask;
    this.#slot[at] = id + 1;
  }

  #grow(): void {
    this.#mask = this.#mask * 4 + 3;
    this.#slot = new Int32Array(this.#mask + 1);
    for (let id = 0; id < this.size; id++) this.#insert(id);
  }
}

function hash(first: number, second: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
