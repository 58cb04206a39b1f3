/**
 * Versions and contexts as columns. A context is a token, base64url of JSON
 * `{"v":{actor:counter},"d":{actor:[counter]},"t":[ms,counter]}`; only its version vector `v` and its single
 * dots `d` are kept. Equal tokens are decoded once; equal vectors with equal dots are one row.
 */
import type { Versions } from '../../checkers/history/history.ts';

/** Actor and counter, alternating. */
interface Decoded {
  readonly vector: readonly number[];
  readonly single: readonly number[];
}

export class ContextTable {
  readonly #actors = new Map<string, number>();
  readonly #byToken = new Map<string, number>();
  readonly #byContent = new Map<string, number>();
  readonly #decoded: Decoded[] = [];
  readonly #dotActor: Int16Array;
  readonly #dotCounter: Int32Array;
  readonly #context: Int32Array;

  constructor(n: number) {
    this.#dotActor = new Int16Array(n).fill(-1);
    this.#dotCounter = new Int32Array(n);
    this.#context = new Int32Array(n).fill(-1);
  }

  /** The dot `actor:counter` that a write got. What is no dot is taken as unknown. */
  setDot(row: number, dot: string): void {
    const colon = dot.lastIndexOf(':');
    const counter = Number(dot.slice(colon + 1));
    if (colon < 1 || !Number.isInteger(counter)) return;
    this.#dotActor[row] = this.#actor(dot.slice(0, colon));
    this.#dotCounter[row] = counter;
  }

  /** The context that a request carried. What is no context is taken as none. */
  setContext(row: number, token: string): void {
    let id = this.#byToken.get(token);
    if (id === undefined) {
      id = this.#intern(token);
      this.#byToken.set(token, id);
    }
    this.#context[row] = id;
  }

  /** Null when no operation had a version or a context. */
  build(): Versions | null {
    const width = this.#actors.size;
    if (width === 0 && this.#decoded.length === 0) return null;
    const contexts = new Int32Array(this.#decoded.length * width);
    const dots: number[] = [];
    for (let id = 0; id < this.#decoded.length; id++) {
      const { vector, single } = this.#decoded[id];
      for (let i = 0; i < vector.length; i += 2) contexts[id * width + vector[i]] = vector[i + 1];
      for (let i = 0; i < single.length; i += 2) dots.push(id, single[i], single[i + 1]);
    }
    return {
      actors: [...this.#actors.keys()],
      dotActor: this.#dotActor,
      dotCounter: this.#dotCounter,
      context: this.#context,
      contexts,
      dots: Int32Array.from(dots),
    };
  }

  #actor(name: string): number {
    let id = this.#actors.get(name);
    if (id === undefined) {
      id = this.#actors.size;
      this.#actors.set(name, id);
    }
    return id;
  }

  #intern(token: string): number {
    const decoded = this.#decode(token);
    if (decoded === null) return -1;
    const name = `${decoded.vector.join(' ')}+${decoded.single.join(' ')}`;
    let id = this.#byContent.get(name);
    if (id === undefined) {
      id = this.#decoded.length;
      this.#decoded.push(decoded);
      this.#byContent.set(name, id);
    }
    return id;
  }

  /** Pairs in order of the actor, without zeros, so that equal vectors look equal. */
  #decode(token: string): Decoded | null {
    let parsed: unknown;
    try {
      parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    } catch {
      return null;
    }
    if (typeof parsed !== 'object' || parsed === null || !('v' in parsed)) return null;
    const { v, d } = parsed as { v: unknown; d?: unknown };
    if (typeof v !== 'object' || v === null) return null;
    const pairs: number[] = [];
    for (const [actor, counter] of Object.entries(v)) {
      if (typeof counter === 'number' && counter > 0)
        insertPair(pairs, this.#actor(actor), counter);
    }
    return { vector: pairs, single: this.#single(d) };
  }

  #single(d: unknown): number[] {
    const pairs: number[] = [];
    if (typeof d !== 'object' || d === null) return pairs;
    for (const [actor, counters] of Object.entries(d)) {
      for (const counter of Array.isArray(counters) ? counters : []) {
        if (typeof counter === 'number') pairs.push(this.#actor(actor), counter);
      }
    }
    return pairs;
  }
}

/** Actors come nearly in order: servers list them so, and were met so. */
function insertPair(pairs: number[], actor: number, counter: number): void {
  let at = pairs.length;
  pairs.push(actor, counter);
  for (; at > 0 && pairs[at - 2] > actor; at -= 2) {
    pairs[at] = pairs[at - 2];
    pairs[at + 1] = pairs[at - 1];
  }
  pairs[at] = actor;
  pairs[at + 1] = counter;
}
