/**
 * A distinct random unit vector of 768 values of mixed sign for every write, as JSON text. A server may
 * skip a write that resembles another one and still say 201; these resemble nothing. Made of 96
 * precomputed pieces of eight signs each: a vector costs microseconds, not a formatting of 768 numbers.
 */
import type { Rng } from '../../world/rng.ts';

/** 1 / sqrt(768) in as few digits as make the length 1.000: each is sent 768 times with every write. */
const value = '0.0361';

const pieces: readonly string[] = Array.from({ length: 256 }, (_, bits) =>
  Array.from({ length: 8 }, (__, bit) => ((bits >> bit) & 1 ? `-${value}` : value)).join(','),
);

/** The numbers of all pieces, two in each place: so half as many are moved. */
const pairs = new Float64Array(
  Float32Array.from(pieces.flatMap((piece) => piece.split(',').map(Number))).buffer,
);

/** As JSON, and as the numbers that it stands for. */
export interface Embedding {
  text(): string;
  numbers(): Float32Array;
}

/** Bits are drawn by three pieces at a time: such a number is a small one for the engine. */
const piecesPerDraw = 3;
const draws = 96 / piecesPerDraw;

export function randomEmbedding(rng: Rng): Embedding {
  const drawn: number[] = [];
  for (let i = 0; i < draws; i++) drawn.push(rng.int(256 ** piecesPerDraw));
  return {
    text: () => {
      const chosen: string[] = [];
      for (const bits of drawn) {
        chosen.push(pieces[bits & 255], pieces[(bits >> 8) & 255], pieces[bits >> 16]);
      }
      return `[${chosen.join(',')}]`;
    },
    numbers: () => {
      const numbers = new Float64Array(384);
      let at = 0;
      for (let i = 0; i < draws; i++) {
        let bits = drawn[i];
        for (let piece = 0; piece < piecesPerDraw; piece++) {
          const from = 4 * (bits & 255);
          numbers[at++] = pairs[from];
          numbers[at++] = pairs[from + 1];
          numbers[at++] = pairs[from + 2];
          numbers[at++] = pairs[from + 3];
          bits >>= 8;
        }
      }
      return new Float32Array(numbers.buffer);
    },
  };
}
