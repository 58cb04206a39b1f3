/**
 * A distinct random unit vector of 768 values of mixed sign for every write, as JSON text. A server may
 * skip a write that resembles another one and still say 201; these resemble nothing. Made of 96
 * precomputed pieces of eight signs each: a vector costs microseconds, not a formatting of 768 numbers.
 */
import type { Rng } from '../generator/rng.ts';

/** 1 / sqrt(768) in as few digits as make the length 1.000: each is sent 768 times with every write. */
const value = '0.0361';

const pieces: readonly string[] = Array.from({ length: 256 }, (_, bits) =>
  Array.from({ length: 8 }, (__, bit) => ((bits >> bit) & 1 ? `-${value}` : value)).join(','),
);

/** The pieces one after the other. */
const values = Float32Array.from(pieces.flatMap((piece) => piece.split(',').map(Number)));

/** As JSON, and as the numbers that it stands for. */
export interface Embedding {
  text(): string;
  numbers(): Float32Array;
}

export function randomEmbedding(rng: Rng): Embedding {
  const chosen = new Uint8Array(96);
  for (let i = 0; i < 96; i++) chosen[i] = rng.int(256);
  return {
    text: () => `[${Array.from(chosen, (piece) => pieces[piece]).join(',')}]`,
    numbers: () => {
      const numbers = new Float32Array(768);
      // `set` would cost more than eight numbers do.
      for (let i = 0; i < 768; i++) numbers[i] = values[8 * chosen[i >> 3]! + (i & 7)]!;
      return numbers;
    },
  };
}
