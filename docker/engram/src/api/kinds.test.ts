/** What is read comes through the wire as it was, with or without its embeddings. */
import { describe, expect, it } from 'vitest';
import type { DataPlane, MemoryVersion } from '../data.ts';
import { bytesOf } from '../query/embedding.ts';
import { pack, unpack } from '../store/codec.ts';
import { makeKinds, type ReadValue } from './kinds.ts';

const version: MemoryVersion = {
  id: 'kettle',
  dot: 'n1.aaaaa:3',
  actor: 'n1.aaaaa',
  counter: 3,
  deps: { v: { 'n2.bbbbb': 7 }, d: { 'n3.ccccc': [9] } },
  rank: 0.8,
  inherited: 0.7,
  hlc: { ms: 1_700_000_000_000, counter: 2 },
  node: 'n1',
  deleted: false,
  content: 'in the cupboard – “left”',
  confidence: 0.8,
  tags: ['kitchen'],
  memoryType: 'semantic',
  observedAtMs: 1_700_000_000_001,
  storedAtMs: 1_700_000_000_002,
  embedding: bytesOf(Float32Array.of(0.25, -0.5, 1)),
};

function reading(embeddings: boolean): ReadValue {
  return {
    memories: [{ id: version.id, shown: version, siblings: [version] }],
    embeddings,
    similarities: [],
    total: 1,
    context: { v: { 'n1.aaaaa': 3 }, d: {}, t: version.hlc, r: 0.8 },
    stale: false,
    standing: { partial: ['n2'], heard: 2, owners: 3 },
  };
}

describe('reads between nodes', () => {
  const { wire } = makeKinds({} as DataPlane).list!;
  const sent = (value: ReadValue): unknown => wire!.unpack(unpack(pack(wire!.pack(value))));

  it('bring every field of a memory', () => {
    expect(sent(reading(true))).toEqual(reading(true));
  });

  it('leave embeddings out where they are not asked for', () => {
    const bare = { ...version, embedding: null };
    const memories = [{ id: version.id, shown: bare, siblings: [bare] }];
    expect(sent(reading(false))).toEqual({ ...reading(false), memories });
  });
});
