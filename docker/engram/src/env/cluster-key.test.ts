import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ClusterKey, isOneOf } from './cluster-key.ts';

const one = 'a key of the cluster';
const two = 'the next key of it';
const bytes = Buffer.from('hello');

describe('the key of a cluster', () => {
  it('opens what any node with the key has sealed, once', () => {
    const [left, right] = [new ClusterKey([one]), new ClusterKey([one])];
    const sealed = left.seal(bytes);
    expect(Buffer.from(right.open(sealed)!).toString()).toBe('hello');
    expect(right.open(sealed)).toBeNull();
  });

  it('takes datagrams out of order, and none that is too old to be known', () => {
    const [left, right] = [new ClusterKey([one]), new ClusterKey([one])];
    const sealed = Array.from({ length: 5000 }, () => left.seal(bytes));
    for (const each of sealed.slice(4000).reverse()) expect(right.open(each)).not.toBeNull();
    expect(right.open(sealed[4500])).toBeNull();
    expect(right.open(sealed[10])).toBeNull();
  });

  it('can be changed while nodes with the old and the new one talk', () => {
    const [old, both, fresh] = [
      new ClusterKey([one]),
      new ClusterKey([two, one]),
      new ClusterKey([two]),
    ];
    expect(both.open(old.seal(bytes))).not.toBeNull();
    expect(fresh.open(both.seal(bytes))).not.toBeNull();
    expect(fresh.open(old.seal(bytes))).toBeNull();
  });

  test.prop([fc.uint8Array({ maxLength: 60 })])('opens nothing that was not sealed', (any) => {
    expect(new ClusterKey([one]).open(any)).toBeNull();
  });

  test.prop([fc.nat(27 + bytes.length), fc.integer({ min: 1, max: 255 })])(
    'opens nothing of which a byte was changed',
    (at, by) => {
      const sealed = Buffer.from(new ClusterKey([one]).seal(bytes));
      sealed[at] ^= by;
      expect(new ClusterKey([one]).open(sealed)).toBeNull();
    },
  );

  it('signs parts and not their concatenation', () => {
    const key = new ClusterKey([one]);
    expect(key.isMac(key.mac('ab', 'c'), 'ab', 'c')).toBe(true);
    expect(key.isMac(key.mac('ab', 'c'), 'a', 'bc')).toBe(false);
    expect(key.isMac('', 'ab')).toBe(false);
  });
});

it('one of several secrets is found, and nothing else', () => {
  expect(isOneOf('second', ['first', 'second'])).toBe(true);
  expect(isOneOf('secon', ['first', 'second'])).toBe(false);
  expect(isOneOf('', [])).toBe(false);
});
