/**
 * Embeddings without a model: token features hashed into 768 signed buckets (Weinberger et al. 2009), unit
 * length. Equal text gives equal vectors. Pure.
 */
import { hashText } from '../gossip/merkle.ts';

export const embeddingLength = 768;

export function embedText(text: string): Float32Array {
  const vector = new Float32Array(embeddingLength);
  for (const token of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    if (token === '') continue;
    const hash = hashText(token);
    vector[hash % embeddingLength]! += Math.floor(hash / embeddingLength) % 2 === 0 ? 1 : -1;
  }
  const norm = Math.hypot(...vector);
  if (norm === 0) vector[0] = 1;
  else for (let i = 0; i < embeddingLength; i++) vector[i]! /= norm;
  return vector;
}

/** Cosine of the angle between two vectors, in -1..1; 0 where one of them is zero. */
export function cosine(left: Float32Array, right: Float32Array): number {
  let dot = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let i = 0; i < embeddingLength; i++) {
    const x = left[i]!;
    const y = right[i]!;
    dot += x * y;
    leftSquare += x * x;
    rightSquare += y * y;
  }
  return leftSquare === 0 || rightSquare === 0 ? 0 : dot / Math.sqrt(leftSquare * rightSquare);
}
