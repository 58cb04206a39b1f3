import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { equals, knowledgeOf } from '../conflict/knowledge.ts';
import { formatDot } from '../conflict/vector.ts';
import type { MemoryVersion, VersionVector } from '../data.ts';
import { bytesOf } from '../query/embedding.ts';
import {
  pack,
  packInPieces,
  packVersion,
  unpack,
  unpackVersion,
  unpackVersionInPlace,
} from './codec.ts';
import { healthy, SpaceState } from './space.ts';

function version(
  dot: string,
  deps: VersionVector = {},
  more: Partial<MemoryVersion> = {},
): MemoryVersion {
  const [actor, count] = dot.split(':');
  return {
    id: 'm',
    dot: formatDot(actor!, Number(count)),
    actor: actor!,
    counter: Number(count),
    deps: knowledgeOf(deps),
    rank: 0.5,
    inherited: 0,
    hlc: { ms: Number(count), counter: 0 },
    node: actor!,
    deleted: false,
    content: dot,
    confidence: 0.5,
    tags: [],
    memoryType: 'semantic',
    observedAtMs: 0,
    storedAtMs: 0,
    embedding: null,
    ...more,
  };
}

const makeSpace = (): SpaceState => new SpaceState('s', healthy);
const dots = (space: SpaceState, id = 'm'): string[] => space.versions(id).map(({ dot }) => dot);

describe('causal delivery', () => {
  it('holds a write back until what it depends on is there', () => {
    const space = makeSpace();
    expect(space.deliver(version('b:1', { a: 1 }), false)).toBe(0);
    expect([dots(space), space.deferredCount]).toEqual([[], 1]);
    expect(space.deliver(version('a:1'), false)).toBe(2);
    expect([dots(space), space.deferredCount]).toEqual([['b:1'], 0]);
  });

  it('shows the writes of one actor in their order', () => {
    const space = makeSpace();
    expect(space.deliver(version('a:2'), false)).toBe(0);
    expect(space.deliver(version('a:1'), false)).toBe(2);
    expect(space.known.v).toEqual({ a: 2 });
  });

  it('takes nothing twice', () => {
    const space = makeSpace();
    space.deliver(version('a:1'), false);
    space.deliver(version('b:2'), false);
    expect(space.deliver(version('a:1'), false)).toBe(0);
    expect(space.deliver(version('b:2'), false)).toBe(0);
    expect([dots(space), space.deferredCount]).toEqual([['a:1'], 1]);
  });

  it('drops from what waits whatever a merge has covered', () => {
    const space = makeSpace();
    space.deliver(version('a:2', { b: 1 }), false);
    space.deliver(version('a:4'), false);
    space.merge([version('a:3', { a: 2, b: 1 })], knowledgeOf({ a: 3, b: 1 }));
    expect(space.known.v).toEqual({ a: 4, b: 1 });
    expect([dots(space), space.deferredCount]).toEqual([['a:4', 'a:3'], 0]);
  });

  it('lists memories by id, without deleted ones', () => {
    const space = makeSpace();
    space.deliver(version('a:1', {}, { id: 'z' }), false);
    space.deliver(version('a:2', {}, { id: 'b' }), false);
    space.deliver(version('a:3', {}, { id: 'c' }), false);
    space.deliver(version('a:4', { a: 3 }, { id: 'c', deleted: true }), false);
    expect(space.list().map(({ id }) => id)).toEqual(['b', 'z']);
  });

  it('keeps its clock ahead of all that it holds, also of what waits', () => {
    const space = makeSpace();
    space.deliver(version('a:7', {}, { hlc: { ms: 99, counter: 3 } }), false);
    expect(space.clock).toEqual({ ms: 99, counter: 3 });
  });
});

/** Writes of three actors over four memories; each has seen a random prefix of the others. */
const history = fc
  .array(
    fc.record({
      actor: fc.constantFrom('a', 'b', 'c'),
      id: fc.constantFrom('w', 'x', 'y', 'z'),
      catchesUpWith: fc.option(fc.constantFrom('a', 'b', 'c')),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((steps) => {
    const seen: Record<string, Record<string, number>> = { a: {}, b: {}, c: {} };
    return steps.map(({ actor, id, catchesUpWith }) => {
      const mine = seen[actor];
      if (catchesUpWith !== null) {
        for (const [other, count] of Object.entries(seen[catchesUpWith])) {
          mine[other] = Math.max(mine[other] ?? 0, count);
        }
      }
      const made = version(`${actor}:${(mine[actor] ?? 0) + 1}`, { ...mine }, { id });
      mine[actor] = made.counter;
      return made;
    });
  });

function shuffled<T>(items: readonly T[], keys: readonly number[]): T[] {
  return items
    .map((item, i) => ({ item, key: keys[i % keys.length] * (i + 1) }))
    .sort((left, right) => (left.key % 1) - (right.key % 1))
    .map(({ item }) => item);
}

const keys = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), {
  minLength: 7,
  maxLength: 7,
});

describe('the state of a space', () => {
  test.prop([history, keys])('does not depend on the order of arrival', (versions, order) => {
    const [straight, mixed] = [makeSpace(), makeSpace()];
    for (const each of versions) straight.deliver(each, false);
    for (const each of shuffled(versions, order)) mixed.deliver(each, false);
    expect(mixed.known).toEqual(straight.known);
    expect(mixed.merkle.root()).toBe(straight.merkle.root());
  });

  test.prop([history, keys, fc.nat(30)])(
    'is the same by delivery and by merging what a peer shows',
    (versions, order, count) => {
      const [peer, asker] = [makeSpace(), makeSpace()];
      for (const each of versions) peer.deliver(each, false);
      for (const each of shuffled(versions, order).slice(0, count)) asker.deliver(each, false);
      asker.merge(
        peer.difference(asker.known, () => false),
        peer.known,
      );
      expect(equals(asker.known, peer.known)).toBe(true);
      expect(asker.merkle.root()).toBe(peer.merkle.root());
      expect(asker.deferredCount).toBe(0);
    },
  );
});

describe('versions as bytes', () => {
  it('come back as they were', () => {
    const embedding = bytesOf(Float32Array.from({ length: 768 }, (_, i) => Math.sin(i)));
    const original = version(
      'n1.aaaaa+:7',
      { 'n2.bbbbb': 3 },
      {
        content: 'Grüße 🐙',
        tags: ['x', 'y'],
        inherited: 0.25,
        embedding,
      },
    );
    const bytes = pack(packVersion(original));
    expect(bytes.length).toBeLessThan(768 * 4 + 200);
    expect(unpackVersion(unpack(bytes) as unknown[])).toEqual(original);
    expect(unpackVersionInPlace(unpack(bytes) as unknown[])).toEqual(original);
    const tombstone = version('n1.aaaaa:1', {}, { deleted: true });
    expect(unpackVersion(unpack(pack(packVersion(tombstone))) as unknown[])).toEqual(tombstone);
  });

  it('are the same in pieces, of which the embedding is the last', () => {
    for (const places of [0, 2, 63, 64, 768, 16_383, 16_384, 20_000]) {
      const embedding = bytesOf(Float32Array.from({ length: places }, (_, i) => Math.cos(i)));
      const each = version('n1.aaaaa:7', { 'n2.bbbbb': 3 }, { content: 'x', embedding });
      const pieces = packInPieces(each);
      expect(pieces.at(-1)).toBe(embedding);
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(pack(packVersion(each))));
    }
    const tombstone = version('a:1', {}, { deleted: true, embedding: null });
    expect(Buffer.concat(packInPieces(tombstone))).toEqual(pack(packVersion(tombstone)));
  });

  it('point into a log that was read, and have memory of their own where they came in a message', () => {
    const embedding = bytesOf(Float32Array.from([1, 2, 3]));
    const bytes = pack(packVersion(version('n1.aaaaa:1', {}, { embedding })));
    const kept = unpackVersionInPlace(unpack(bytes) as unknown[]).embedding!;
    const own = unpackVersion(unpack(bytes) as unknown[]).embedding!;
    bytes.fill(0);
    expect(kept).toEqual(Buffer.alloc(12));
    expect(own).toEqual(embedding);
  });
});
