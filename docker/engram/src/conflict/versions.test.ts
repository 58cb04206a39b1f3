import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { MemoryVersion, VersionVector } from '../data.ts';
import { compareClocks, tick } from './clock.ts';
import { knowledgeOf } from './knowledge.ts';
import { covers, formatDot, join } from './vector.ts';
import {
  addVersion,
  compareVersions,
  inheritedRank,
  mergeVersions,
  supersedes,
} from './versions.ts';

function makeVersion(
  actor: string,
  counter: number,
  deps: VersionVector,
  more: Partial<MemoryVersion> = {},
): MemoryVersion {
  return {
    id: 'm',
    dot: formatDot(actor, counter),
    actor,
    counter,
    deps: knowledgeOf(deps),
    rank: 0.5,
    inherited: 0,
    hlc: { ms: counter, counter: 0 },
    node: actor,
    deleted: false,
    content: '',
    confidence: 0.5,
    tags: [],
    memoryType: 'semantic',
    observedAtMs: 0,
    storedAtMs: 0,
    embedding: null,
    ...more,
  };
}

/**
 * A random history of one memory: each write is made by one of four actors, who has seen what some
 * earlier writes' authors had seen, and those writes.
 */
const history = fc
  .array(
    fc.record({
      actor: fc.constantFrom('a', 'b', 'c', 'd'),
      seen: fc.array(fc.nat(), { maxLength: 3 }),
      confidence: fc.constantFrom(0.2, 0.5, 0.8),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    const counters: Record<string, number> = {};
    const contexts: VersionVector[] = [];
    const lanes: Record<string, VersionVector> = {};
    return steps.map(({ actor, seen, confidence }, i): MemoryVersion => {
      const deps = seen.reduce<VersionVector>(
        (all, n) => (i === 0 ? all : join(all, contexts[n % i])),
        {},
      );
      const counter = (counters[actor] = (counters[actor] ?? 0) + 1);
      // Who sees this write sees the earlier ones of its actor, and all that they had seen.
      const lane = join(join(lanes[actor] ?? {}, deps), { [actor]: counter });
      lanes[actor] = lane;
      contexts.push(lane);
      return makeVersion(actor, counter, deps, { confidence, rank: confidence });
    });
  });

const dots = (versions: readonly MemoryVersion[]): string[] => versions.map(({ dot }) => dot);

const split = history.chain((versions) =>
  fc.array(fc.nat(2), { minLength: versions.length, maxLength: versions.length }).map((sides) =>
    [0, 1, 2].map((side) =>
      mergeVersions(
        [],
        versions.filter((_, i) => sides[i] === side),
      ),
    ),
  ),
);

describe('merging versions', () => {
  test.prop([split])('commutes', ([left, right]) => {
    expect(dots(mergeVersions(left!, right!))).toEqual(dots(mergeVersions(right!, left!)));
  });

  test.prop([split])('is associative', ([a, b, c]) => {
    expect(dots(mergeVersions(mergeVersions(a!, b!), c!))).toEqual(
      dots(mergeVersions(a!, mergeVersions(b!, c!))),
    );
  });

  test.prop([split])('changes nothing the second time', ([a, b]) => {
    const merged = mergeVersions(a!, b!);
    expect(mergeVersions(merged, b!)).toBe(merged);
    expect(mergeVersions(merged, merged)).toBe(merged);
  });

  test.prop([split])('never loses a version that nothing supersedes', ([a, b]) => {
    const merged = dots(mergeVersions(a!, b!));
    for (const version of [...a!, ...b!]) {
      const superseded = [...a!, ...b!].some((other) => supersedes(other, version));
      expect(merged.includes(version.dot)).toBe(!superseded);
    }
  });

  test.prop([history, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))])(
    'gives the same whatever the order of arrival',
    (versions, chance) => {
      const inOrder = versions.reduce(addVersion, [] as readonly MemoryVersion[]);
      const shuffled = [...versions]
        .map((version) => ({ version, key: chance.next().value as number }))
        .sort((left, right) => left.key - right.key)
        .map(({ version }) => version);
      const merged = shuffled.reduce(addVersion, [] as readonly MemoryVersion[]);
      expect(dots(merged)).toEqual(dots(inOrder));
    },
  );

  it('keeps concurrent versions and drops superseded ones', () => {
    const a1 = makeVersion('a', 1, {});
    const b1 = makeVersion('b', 1, {});
    const c1 = makeVersion('c', 1, { a: 1 });
    expect(dots(mergeVersions([a1], [b1]))).toEqual(['b:1', 'a:1']);
    expect(dots(mergeVersions([a1, b1], [c1]))).toEqual(['c:1', 'b:1']);
    expect(dots(mergeVersions([c1], [a1]))).toEqual(['c:1']);
  });

  it('drops what is superseded also where both had been kept side by side', () => {
    const a1 = makeVersion('a', 1, {});
    const c1 = makeVersion('c', 1, { a: 1 });
    expect(dots(mergeVersions([a1, c1], [c1]))).toEqual(['c:1']);
  });

  it('never brings back what a tombstone covers', () => {
    const a1 = makeVersion('a', 1, {});
    const gone = makeVersion('b', 1, { a: 1 }, { deleted: true, rank: 0.1 });
    expect(dots(mergeVersions([gone], [a1]))).toEqual(['b:1']);
    expect(dots(addVersion([gone], a1))).toEqual(['b:1']);
  });
});

describe('the order of versions', () => {
  it('goes by rank, then clock, then node', () => {
    const low = makeVersion('a', 9, {}, { rank: 0.4 });
    const early = makeVersion('b', 1, {});
    const late = makeVersion('a', 2, {});
    const tied = makeVersion('b', 2, {});
    const sorted = [low, early, late, tied].sort((left, right) => compareVersions(right, left));
    expect(dots(sorted)).toEqual(['b:2', 'a:2', 'b:1', 'a:9']);
  });

  it('inherits the rank of what is superseded, also where that is gone already', () => {
    const a1 = makeVersion('a', 1, {}, { rank: 0.9 });
    expect(inheritedRank([a1], knowledgeOf({ a: 1 }))).toBe(0.9);
    expect(inheritedRank([a1], knowledgeOf({}))).toBe(0);
    // b:1 had replaced a:1; a writer that has seen a:1 but not b:1 replaces a:1 as well.
    const b1 = makeVersion('b', 1, { a: 1 }, { inherited: 0.9, rank: 0.95 });
    expect(inheritedRank([b1], knowledgeOf({ a: 1 }))).toBe(0.9);
  });
});

describe('clocks and vectors', () => {
  test.prop([fc.nat(100), fc.nat(100), fc.nat(100)])(
    'a tick is later than all that was seen',
    (ms, counter, nowMs) => {
      expect(compareClocks(tick({ ms, counter }, nowMs), { ms, counter })).toBeGreaterThan(0);
    },
  );

  const vector = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(5));
  test.prop([vector, vector])('a join covers both and nothing more', (left, right) => {
    const joined = join(left, right);
    expect(covers(joined, left) && covers(joined, right)).toBe(true);
    for (const actor in joined) {
      expect(joined[actor]).toBe(Math.max(left[actor] ?? 0, right[actor] ?? 0));
    }
  });
});
