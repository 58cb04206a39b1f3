/**
 * Randomness as an argument. One stream is split for each client, each fault, each node, so that
 * taking a number in one place never changes the numbers of another.
 */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

export interface Rng {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform whole number in [0, below). */
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(of: readonly T[]): T[];
  /** An independent stream for `name`; does not advance this one. */
  split(name: string): Rng;
}

/** FNV-1a, 32 bit: turns a name into a number that is the same on every machine. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the bits of the output. */
function scramble(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}

/** The generator spreads 32 bits of seed over 128 bits of state; by then they are mixed. */
const warmUpDraws = 4;

/** A class: a stream is split off for every draw of a source, and seven closures for each would show. */
class Stream implements Rng {
  readonly #seed: number;
  readonly #generator: RandomGenerator;

  constructor(seed: number) {
    this.#seed = scramble(seed);
    this.#generator = xoroshiro128plus(this.#seed);
    for (let i = 0; i < warmUpDraws; i++) this.#generator.next();
  }

  float(): number {
    const high = this.#generator.next() >>> 5;
    const low = this.#generator.next() >>> 6;
    return high * 2 ** -27 + low * 2 ** -53;
  }

  int(below: number): number {
    return Math.floor(this.float() * below);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)];
  }

  shuffle<T>(of: readonly T[]): T[] {
    const copy = [...of];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [copy[i], copy[j]] = [copy[j], copy[i]];
    }
    return copy;
  }

  split(name: string): Rng {
    return new Stream(this.#seed ^ hashName(name));
  }
}

export function makeRng(seed: number): Rng {
  return new Stream(seed);
}
