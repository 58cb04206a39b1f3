/**
 * Whole-object reads as change against the same session's previous read of the same key. The cost
 * is the length of the two reads; marks in typed arrays stand for sets.
 */

/** A list of whole numbers that grows. */
export class IntList {
  data = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.data.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }

  finish(): Int32Array {
    return this.data.slice(0, this.length);
  }
}

/** What each session saw last of each key, and what has changed since. */
export class PreviousReads {
  readonly #last = new Map<number, Int32Array>();
  /** Marks of value ids: row + 1 of the read that had it, in the earlier and in this read. */
  #before = new Int32Array(1024);
  #now = new Int32Array(1024);

  compare(
    row: number,
    session: number,
    key: number,
    now: Int32Array,
    ids: number,
    delta: { push(value: number): void },
    duplicates: number[],
  ): void {
    if (this.#now.length <= ids) {
      const room = 2 * (ids + 1);
      const larger = new Int32Array(room);
      larger.set(this.#now);
      this.#now = larger;
      const largerBefore = new Int32Array(room);
      largerBefore.set(this.#before);
      this.#before = largerBefore;
    }
    const mark = row + 1;
    // A session touches one space, so nearly always one key: the pair fits a safe whole number.
    const name = session * 0x1000000 + key;
    const last = this.#last.get(name);
    if (last !== undefined) for (let j = 0; j < last.length; j++) this.#before[last[j]!] = mark;
    for (let j = 0; j < now.length; j++) {
      const id = now[j]!;
      if (this.#now[id] === mark) {
        duplicates.push(row, id);
        continue;
      }
      this.#now[id] = mark;
      if (this.#before[id] !== mark) delta.push(id);
    }
    if (last !== undefined) {
      for (let j = 0; j < last.length; j++) {
        const id = last[j]!;
        if (this.#now[id] === mark || this.#before[id] !== mark) continue;
        // Once only, should the earlier read have had it twice.
        this.#before[id] = 0;
        delta.push(-id);
      }
    }
    this.#last.set(name, now);
  }
}
