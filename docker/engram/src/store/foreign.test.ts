/** What peers may send, and what garbage does: it is refused by name, and nothing of it is stored. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { MemoryVersion } from '../data.ts';
import { pack, packVersion, unpack, unpackVersion } from './codec.ts';
import { ForeignError } from './foreign.ts';
import { makeWorld, request, shown, write } from './testing/small-world.ts';

const version: MemoryVersion = {
  id: 'kettle',
  dot: 'n1.aaaaa:3',
  actor: 'n1.aaaaa',
  counter: 3,
  deps: { v: { 'n2.bbbbb': 7 }, d: { 'n3.ccccc+': [9] } },
  rank: 0.8,
  inherited: 0.7,
  hlc: { ms: 1_700_000_000_000, counter: 2 },
  node: 'n1',
  deleted: false,
  content: 'in the cupboard',
  confidence: 0.8,
  tags: ['kitchen'],
  memoryType: 'semantic',
  observedAtMs: 1,
  storedAtMs: 2,
  embedding: new Uint8Array(8),
};

const received = (sent: unknown): MemoryVersion => unpackVersion(unpack(pack(sent)) as unknown[]);

describe('a version of a peer', () => {
  it('is taken as it was sent', () => {
    const { embedding, ...rest } = received(packVersion(version));
    expect(rest).toEqual({ ...version, embedding: undefined });
    expect(Buffer.from(embedding!)).toEqual(Buffer.alloc(8));
  });

  const bad: readonly (readonly [string, Partial<Record<keyof MemoryVersion, unknown>>])[] = [
    ['an embedding of five bytes', { embedding: new Uint8Array(5) }],
    ['an actor that every object has', { actor: 'constructor' }],
    ['a counter of zero', { counter: 0 }],
    ['dependencies of a strange actor', { deps: { v: { constructor: 1 }, d: {} } }],
    ['a rank above all', { rank: Number.POSITIVE_INFINITY }],
    ['a clock that is none', { hlc: { ms: Number.NaN, counter: 0 } }],
    ['an id that is a number', { id: 7 }],
    ['tags that are a text', { tags: 'kitchen' }],
  ];
  for (const [what, more] of bad) {
    it(`with ${what} is refused by name`, () => {
      const made = packVersion({ ...version, ...more } as MemoryVersion);
      expect(() => received(made)).toThrow(ForeignError);
    });
  }

  test.prop([fc.nat(17), fc.jsonValue()])(
    'is refused or harmless whatever a field is',
    (at, value) => {
      const made = [...packVersion(version)];
      made[at] = value;
      try {
        expect(received(made)).toBeTruthy();
      } catch (error) {
        expect(error).toBeInstanceOf(ForeignError);
      }
    },
  );
});

describe('calls of nobody', () => {
  const methods = [
    'data.ship',
    'data.sync',
    'data.digest',
    'data.tree',
    'data.pull',
    'data.more',
    'data.holds',
  ];
  test.prop([fc.constantFrom(...methods), fc.oneof(fc.uint8Array(), fc.jsonValue())], {
    numRuns: 60,
  })('fail, and the node goes on', async (method, garbage) => {
    const world = await makeWorld();
    const [n1] = world.nodes;
    const body = garbage instanceof Uint8Array ? garbage : pack(garbage);
    const answering = async (): Promise<unknown> => n1!.data!.handleRpc(method, body);
    await answering().catch(() => {});
    await write(world, n1!, request('after'));
    expect(await shown(n1!.data!)).toBe('after');
  });
});
