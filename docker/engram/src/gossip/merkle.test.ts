import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { bucketOf, buckets, depth, fanout, hashText, MerkleTree } from './merkle.ts';

const entries = fc.dictionary(fc.string({ maxLength: 6 }), fc.integer({ min: 1 }));

function makeTree(content: Readonly<Record<string, number>>): MerkleTree {
  const tree = new MerkleTree();
  for (const [id, hash] of Object.entries(content)) tree.update(id, 0, hash);
  return tree;
}

describe('the Merkle tree', () => {
  test.prop([entries])('does not depend on the order of updates', (content) => {
    const backwards = Object.fromEntries(Object.entries(content).reverse());
    expect(makeTree(backwards).root()).toBe(makeTree(content).root());
  });

  test.prop([entries, fc.string({ maxLength: 6 }), fc.integer({ min: 1 })])(
    'forgets an entry that is taken out again',
    (content, id, hash) => {
      const tree = makeTree(content);
      const before = tree.root();
      const old = content[id] ?? 0;
      tree.update(id, old, hash);
      if (old !== hash) expect(tree.root()).not.toBe(before);
      tree.update(id, hash, old);
      expect(tree.root()).toBe(before);
    },
  );

  it('leads from the root to the bucket that differs, level by level', () => {
    const left = makeTree({ a: 1, b: 2, c: 3 });
    const right = makeTree({ a: 1, b: 5, c: 3 });
    let differing = [0];
    for (let level = 0; level < depth; level++) {
      differing = differing.flatMap((node) => {
        const theirs = right.children(level, node);
        return left
          .children(level, node)
          .map((hash, child) => (hash === theirs[child] ? -1 : node * fanout + child))
          .filter((index) => index >= 0);
      });
    }
    expect(differing).toEqual([bucketOf('b')]);
  });

  it('spreads memories evenly over its buckets', () => {
    const counts = new Uint32Array(buckets);
    for (let i = 0; i < 40 * buckets; i++) counts[bucketOf(`memory-${i}`)]++;
    expect(Math.min(...counts)).toBeGreaterThan(10);
    expect(Math.max(...counts)).toBeLessThan(90);
  });

  it('hashes text to 53 bits that differ', () => {
    const seen = new Set(
      Array.from({ length: 100_000 }, (_, i) => hashText(`m${i}|n1.aaaaa:${i}`)),
    );
    expect(seen.size).toBe(100_000);
    for (const hash of seen) expect(Number.isSafeInteger(hash)).toBe(true);
  });
});
