/** Recall by similarity over the memories of one owner. Pure. */
import type { MemoryState } from '../data.ts';
import { cosine, vectorOf } from './embedding.ts';

export interface Recalled {
  readonly memory: MemoryState;
  readonly similarity: number;
}

/** The memories at least as similar as `threshold`, best first, at most `resultsMax`. */
export function recall(
  memories: readonly MemoryState[],
  cue: Float32Array,
  threshold: number,
  resultsMax: number,
): Recalled[] {
  const found: Recalled[] = [];
  for (const memory of memories) {
    const { embedding } = memory.shown;
    if (embedding === null) continue;
    const similarity = cosine(cue, vectorOf(embedding));
    if (similarity >= threshold) found.push({ memory, similarity });
  }
  return found.sort((left, right) => right.similarity - left.similarity).slice(0, resultsMax);
}

/** vivid, associated or reconstructed, by similarity. */
export function shareOut<T extends { readonly similarity: number }>(
  found: readonly T[],
): { vivid: T[]; associated: T[]; reconstructed: T[] } {
  return {
    vivid: found.filter((each) => each.similarity >= 0.85),
    associated: found.filter((each) => each.similarity >= 0.65 && each.similarity < 0.85),
    reconstructed: found.filter((each) => each.similarity < 0.65),
  };
}
