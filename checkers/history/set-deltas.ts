/**
 * Whole-object reads as change against the same session's previous read of the same key. The cost
 * is the length of the two reads; marks in typed arrays stand for sets.
 */

/**
 * What each session saw last of each key, and what has changed since. Of lists the order counts: what follows the
 * common beginning is taken out from the end and put in again.
 */
export class PreviousReads {
  readonly #last = new Map<number, Int32Array>();
  /** Marks of value ids: row + 1 of the read that had it, in the earlier and in this read. */
  #before = new Int32Array(16);
  #now = new Int32Array(16);

  compare(
    row: number,
    session: number,
    key: number,
    now: Int32Array,
    ids: number,
    delta: { push(value: number): void },
    duplicates: number[],
    isList: boolean,
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
    if (last !== undefined) for (let j = 0; j < last.length; j++) this.#before[last[j]] = mark;
    const once = this.#onlyOnce(row, now, mark, duplicates);
    if (isList) rewrite(last ?? nothing, once, delta);
    else this.#difference(last ?? nothing, once, mark, delta);
    this.#last.set(name, once);
  }

  /** Without what is there a second time, which is noted. */
  #onlyOnce(row: number, now: Int32Array, mark: number, duplicates: number[]): Int32Array {
    let kept = 0;
    for (let j = 0; j < now.length; j++) {
      const id = now[j];
      if (this.#now[id] === mark) {
        duplicates.push(row, id);
        continue;
      }
      this.#now[id] = mark;
      now[kept++] = id;
    }
    return now.subarray(0, kept);
  }

  #difference(
    last: Int32Array,
    now: Int32Array,
    mark: number,
    delta: { push(value: number): void },
  ): void {
    for (let j = 0; j < now.length; j++) if (this.#before[now[j]] !== mark) delta.push(now[j]);
    for (let j = 0; j < last.length; j++) if (this.#now[last[j]] !== mark) delta.push(-last[j]);
  }
}

const nothing = new Int32Array();

function rewrite(last: Int32Array, now: Int32Array, delta: { push(value: number): void }): void {
  let same = 0;
  while (same < last.length && last[same] === now[same]) same++;
  for (let j = last.length - 1; j >= same; j--) delta.push(-last[j]);
  for (let j = same; j < now.length; j++) delta.push(now[j]);
}
