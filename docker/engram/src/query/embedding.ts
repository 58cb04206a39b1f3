/**
 * Embeddings without a model: token features hashed into 768 signed buckets (Weinberger et al. 2009), unit
 * length. Equal text gives equal vectors. Pure.
 *
 * Where an embedding is kept, logged and sent it is its bytes, float32 in little-endian order, at any place of
 * a buffer; it becomes numbers where somebody calculates with it.
 */
import { hashText } from '../gossip/merkle.ts';

export const embeddingLength = 768;

export function embedText(text: string): Float32Array {
  const vector = new Float32Array(embeddingLength);
  for (const token of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    if (token === '') continue;
    const hash = hashText(token);
    vector[hash % embeddingLength] += Math.floor(hash / embeddingLength) % 2 === 0 ? 1 : -1;
  }
  const norm = Math.hypot(...vector);
  if (norm === 0) vector[0] = 1;
  else for (let i = 0; i < embeddingLength; i++) vector[i] /= norm;
  return vector;
}

/** The bytes of a vector, in the same memory. */
export function bytesOf(vector: Float32Array): Uint8Array {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The vector that the bytes stand for. A copy: they may begin at an odd place. */
export function vectorOf(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(bytes.length / 4);
  new Uint8Array(vector.buffer).set(bytes);
  return vector;
}

/**
 * The same bytes in memory of their own: those of a message would keep all of it, and what else shares its
 * buffer, for as long as one version that came in it is there.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}

/** Cosine of the angle between two vectors, in -1..1; 0 where one of them is zero. */
export function cosine(left: Float32Array, right: Float32Array): number {
  let dot = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let i = 0; i < embeddingLength; i++) {
    const x = left[i];
    const y = right[i];
    dot += x * y;
    leftSquare += x * x;
    rightSquare += y * y;
  }
  return leftSquare === 0 || rightSquare === 0 ? 0 : dot / Math.sqrt(leftSquare * rightSquare);
}
