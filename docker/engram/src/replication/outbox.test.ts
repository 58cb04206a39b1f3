import { describe, expect, it } from 'vitest';
import type { MemoryVersion } from '../data.ts';
import { Outbox } from './outbox.ts';

const version = (content = ''): MemoryVersion =>
  ({ content, tags: [], embedding: null }) as unknown as MemoryVersion;

const all = (): boolean => true;
const megabyte = 1024 * 1024;

function makeOutbox(count: number, entriesMax = 100_000): Outbox {
  const outbox = new Outbox(entriesMax);
  for (let i = 0; i < count; i++) outbox.push(i % 2 === 0 ? 'even' : 'odd', version());
  return outbox;
}

const sequences = (outbox: Outbox, peer: string, wanted = all, bytesMax = megabyte): number[] =>
  outbox.next(peer, wanted, bytesMax).shipments.map(({ sequence }) => sequence);

describe('the outbox', () => {
  it('offers a peer what it has not acknowledged, in order', () => {
    const outbox = makeOutbox(4);
    outbox.acknowledge('n2', 2);
    expect(sequences(outbox, 'n2')).toEqual([3, 4]);
    expect(sequences(outbox, 'n3')).toEqual([1, 2, 3, 4]);
  });

  it('passes over spaces that the peer does not own, and the acknowledgement covers them', () => {
    const outbox = makeOutbox(5);
    const { shipments, upTo } = outbox.next('n2', (space) => space === 'odd', megabyte);
    expect([shipments.map(({ sequence }) => sequence), upTo]).toEqual([[2, 4], 5]);
  });

  it('keeps a batch below its limit, and sends at least one', () => {
    const outbox = new Outbox(100);
    for (let i = 0; i < 3; i++) outbox.push('s', version('x'.repeat(1000)));
    expect(outbox.next('n2', all, 7000)).toMatchObject({ upTo: 2 });
    expect(outbox.next('n2', all, 1)).toMatchObject({ upTo: 1 });
  });

  it('never goes back', () => {
    const outbox = makeOutbox(3);
    outbox.acknowledge('n2', 3);
    outbox.acknowledge('n2', 1);
    expect(outbox.cursor('n2')).toBe(3);
  });

  it('counts what a peer lacks of a space', () => {
    const outbox = makeOutbox(5);
    outbox.acknowledge('n2', 2);
    expect([outbox.lag('n2', 'even'), outbox.lag('n2', 'odd')]).toEqual([2, 1]);
  });

  it('forgets what everybody has, and nothing else', () => {
    const outbox = makeOutbox(3000);
    outbox.acknowledge('n2', 3000);
    outbox.acknowledge('n3', 2000);
    outbox.trim(['n2', 'n3']);
    expect(sequences(outbox, 'n3', all, 1e9)[0]).toBe(2001);
    expect(sequences(outbox, 'n4', all, 1e9)[0]).toBe(2001);
    outbox.acknowledge('n3', 3000);
    outbox.trim(['n2', 'n3']);
    expect(sequences(outbox, 'n4', all, 1e9)).toEqual([]);
    outbox.push('even', version());
    expect(sequences(outbox, 'n2')).toEqual([3001]);
  });

  it('knows what somebody still lacks', () => {
    const outbox = makeOutbox(5);
    outbox.acknowledge('n2', 5);
    outbox.acknowledge('n3', 3);
    const lacked = outbox.unshipped(['n2', 'n3']).map(({ sequence }) => sequence);
    expect(lacked).toEqual([4, 5]);
    expect(outbox.unshipped([])).toEqual([]);
  });

  it('counts on from where it is told to', () => {
    const outbox = new Outbox(100);
    outbox.startAfter(7);
    expect(outbox.push('even', version())).toBe(8);
    outbox.acknowledge('n2', 7);
    expect(sequences(outbox, 'n2')).toEqual([8]);
  });

  it('stays within its limit while a peer is away', () => {
    const outbox = makeOutbox(10_000, 2000);
    const kept = sequences(outbox, 'gone', all, 1e9);
    expect(kept.at(-1)).toBe(10_000);
    expect(kept.length).toBeGreaterThanOrEqual(2000);
    expect(kept.length).toBeLessThan(3100);
  });

  it('goes on from stored cursors', () => {
    const outbox = makeOutbox(3);
    outbox.restore({ n2: 2 });
    expect(sequences(outbox, 'n2')).toEqual([3]);
    expect(outbox.cursors()).toEqual({ n2: 2 });
  });

  it('does not believe a stored cursor that is ahead of the log', () => {
    const outbox = makeOutbox(3);
    outbox.restore({ n2: 7 });
    outbox.push('even', version());
    expect(sequences(outbox, 'n2')).toEqual([4]);
  });
});
