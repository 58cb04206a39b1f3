/**
 * A distinct random unit vector of 768 values of mixed sign for every write, as JSON text. A server may
 * skip a write that resembles another one and still say 201; these resemble nothing. Made of 96
 * precomputed pieces of eight signs each: a vector costs microseconds, not a formatting of 768 numbers.
 */
import type { Rng } from '../generator/rng.ts';

/** 1 / sqrt(768) in as few digits as make the length 1.000: each is sent 768 times with every write. */
const value = '0.0361';
const magnitude = Number(value);

const pieces: readonly string[] = Array.from({ length: 256 }, (_, bits) =>
  Array.from({ length: 8 }, (__, bit) => ((bits >> bit) & 1 ? `-${value}` : value)).join(','),
);

/** As JSON, and as the numbers that it stands for. */
export interface Embedding {
  text(): string;
  numbers(): Float32Array;
}

const bitsPerWord = 32;
const words = 768 / bitsPerWord;

export function randomEmbedding(rng: Rng): Embedding {
  // One bit for each sign, lowest first.
  const signs: number[] = [];
  for (let i = 0; i < words; i++) signs.push(rng.int(2 ** bitsPerWord));
  return {
    text: () => {
      const chosen: string[] = [];
      for (const word of signs) {
        for (let bit = 0; bit < bitsPerWord; bit += 8) chosen.push(pieces[(word >>> bit) & 255]!);
      }
      return `[${chosen.join(',')}]`;
    },
    numbers: () => {
      const numbers = new Float32Array(768);
      let at = 0;
      for (const word of signs) {
        for (let bit = 0; bit < bitsPerWord; bit++) {
          numbers[at++] = (word >>> bit) & 1 ? -magnitude : magnitude;
        }
      }
      return numbers;
    },
  };
}
