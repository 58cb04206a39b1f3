/**
 * Versions and contexts as columns. A context comes as the text that the server gave out; what it means is said by
 * the function that is handed in. Equal texts are decoded once, and contexts that cover the same are one row.
 */
import type { Versions } from './history.ts';

/** What a context covers: `v`, of each actor all writes up to a counter; `d`, single ones beyond, a list for each. */
export interface DecodedContext {
  readonly v: Readonly<Record<string, unknown>>;
  readonly d?: Readonly<Record<string, unknown>> | null;
}

/** Null for a text that is no context. */
export type DecodeContext = (text: string) => DecodedContext | null;

/** The same with numbers for actors. Actor and counter, alternating. */
interface Pairs {
  readonly vector: readonly number[];
  readonly single: readonly number[];
}

export class ContextTable {
  readonly #actors = new Map<string, number>();
  readonly #byText = new Map<string, number>();
  readonly #byContent = new Map<string, number>();
  readonly #distinct: Pairs[] = [];
  readonly #dotActor: Int16Array;
  readonly #dotCounter: Int32Array;
  readonly #context: Int32Array;
  readonly #decode: DecodeContext;

  constructor(n: number, decode: DecodeContext) {
    this.#decode = decode;
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
  setContext(row: number, text: string): void {
    let id = this.#byText.get(text);
    if (id === undefined) {
      id = this.#intern(text);
      this.#byText.set(text, id);
    }
    this.#context[row] = id;
  }

  /** Null when no operation had a version or a context. */
  build(): Versions | null {
    const width = this.#actors.size;
    if (width === 0 && this.#distinct.length === 0) return null;
    const contexts = new Int32Array(this.#distinct.length * width);
    const dots: number[] = [];
    for (let id = 0; id < this.#distinct.length; id++) {
      const { vector, single } = this.#distinct[id];
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

  #intern(text: string): number {
    const decoded = this.#decode(text);
    if (decoded === null) return -1;
    const pairs = { vector: this.#vector(decoded.v), single: this.#single(decoded.d ?? {}) };
    const name = `${pairs.vector.join(' ')}+${pairs.single.join(' ')}`;
    let id = this.#byContent.get(name);
    if (id === undefined) {
      id = this.#distinct.length;
      this.#distinct.push(pairs);
      this.#byContent.set(name, id);
    }
    return id;
  }

  /** In order of the actor, without zeros, so that equal vectors look equal. */
  #vector(counters: DecodedContext['v']): number[] {
    const pairs: number[] = [];
    for (const [actor, counter] of Object.entries(counters)) {
      if (typeof counter === 'number' && counter > 0)
        insertPair(pairs, this.#actor(actor), counter);
    }
    return pairs;
  }

  #single(lists: Readonly<Record<string, unknown>>): number[] {
    const pairs: number[] = [];
    for (const [actor, counters] of Object.entries(lists)) {
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
