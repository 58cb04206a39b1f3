/**
 * Randomness as an argument. One stream is split for each client, each fault, each node, so that
 * taking a number in one place never changes the numbers of another.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

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

export function makeRng(seed: number): Rng {
  const generator = xoroshiro128plus(scramble(seed));
  for (let i = 0; i < warmUpDraws; i++) generator.next();
  const next = (): number => generator.next() >>> 0;
  const float = (): number => (next() >>> 5) * 2 ** -27 + (next() >>> 6) * 2 ** -53;
  const int = (below: number): number => Math.floor(float() * below);
  return {
    float,
    int,
    pick: (from) => from[int(from.length)]!,
    shuffle: (of) => {
      const copy = [...of];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [copy[i], copy[j]] = [copy[j]!, copy[i]!];
      }
      return copy;
    },
    split: (name) => makeRng(scramble(seed) ^ hashName(name)),
  };
}
