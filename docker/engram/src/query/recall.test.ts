import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { MemoryState, MemoryVersion } from '../data.ts';
import { bytesOf, cosine, embeddingLength, embedText, ownBytes, vectorOf } from './embedding.ts';
import { recall, shareOut } from './recall.ts';

describe('embeddings of text', () => {
  test.prop([fc.string()])('are 768 finite numbers of unit length', (text) => {
    const vector = embedText(text);
    expect(vector).toHaveLength(embeddingLength);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  it('are the same for the same words, whatever their case and order', () => {
    expect(embedText('The red Kettle')).toEqual(embedText('kettle, the red'));
    expect(cosine(embedText('red kettle'), embedText('red kettle'))).toBeCloseTo(1, 6);
  });

  it('are nearer for texts that share more words', () => {
    const cue = embedText('the red kettle is in the cupboard');
    const near = cosine(cue, embedText('the blue kettle is in the cupboard'));
    const far = cosine(cue, embedText('the garden is green'));
    expect(near).toBeGreaterThan(far);
    expect(cosine(cue, embedText('submarine'))).toBeLessThan(0.3);
  });
});

describe('cosine', () => {
  const vectors = fc
    .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 768, maxLength: 768 })
    .map((values) => Float32Array.from(values));
  test.prop([vectors, vectors])('is symmetric and within -1..1', (left, right) => {
    const value = cosine(left, right);
    expect(value).toBe(cosine(right, left));
    expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-9);
  });

  it('is 0 where a vector is zero', () => {
    expect(cosine(new Float32Array(768), embedText('x'))).toBe(0);
  });
});

function memory(id: string, content: string): MemoryState {
  const shown = { content, embedding: bytesOf(embedText(content)) } as MemoryVersion;
  return { id, shown, siblings: [shown] };
}

describe('the bytes of an embedding', () => {
  const vector = embedText('the red kettle');
  const bytes = bytesOf(vector);

  it('are its numbers, wherever they stand', () => {
    for (const place of [0, 1, 2, 3]) {
      const message = new Uint8Array(place + bytes.length + 5);
      message.set(bytes, place);
      expect(vectorOf(message.subarray(place, place + bytes.length))).toEqual(vector);
    }
  });

  it('keep nothing else in memory where they are to be kept', () => {
    const message = Buffer.concat([Buffer.from('head'), bytes, Buffer.alloc(1000)]);
    const own = ownBytes(message.subarray(4, 4 + bytes.length));
    expect(own.buffer.byteLength).toBe(bytes.length);
    message.fill(0);
    expect(vectorOf(own)).toEqual(vector);
    expect(ownBytes(own)).toBe(own);
  });
});

describe('recall', () => {
  const memories = [
    memory('a', 'green garden'),
    memory('b', 'red kettle'),
    memory('c', 'red kettle cupboard'),
  ];

  it('gives what is similar enough, best first', () => {
    const found = recall(memories, embedText('red kettle'), 0.5, 10);
    expect(found.map((each) => each.memory.id)).toEqual(['b', 'c']);
  });

  it('gives no more than asked for, and the best of all', () => {
    const found = recall(memories, embedText('red kettle'), -1, 1);
    expect(found.map((each) => each.memory.id)).toEqual(['b']);
  });

  it('leaves out what has no embedding', () => {
    const gone = { ...memories[1], shown: { ...memories[1].shown, embedding: null } };
    expect(recall([gone], embedText('red kettle'), -1, 10)).toEqual([]);
  });

  it('is shared out by similarity, each memory once', () => {
    const found = [1, 0.85, 0.849, 0.65, 0.649, -1].map((similarity) => ({ similarity }));
    const { vivid, associated, reconstructed } = shareOut(found);
    expect([vivid.length, associated.length, reconstructed.length]).toEqual([2, 2, 2]);
  });
});
