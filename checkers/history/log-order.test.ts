import { describe, expect, it } from 'vitest';
import { logOrder } from './log-order.ts';

describe('log order', () => {
  const order = (time: number[], writes: number[], process: number[]): number[] => [
    ...logOrder(Float64Array.from(time), Uint8Array.from(writes), process),
  ];

  it('is by time, and by row within an instant', () => {
    expect(order([3, 1, 2, 1], [0, 0, 0, 0], [1, 2, 3, 4])).toEqual([1, 3, 2, 0]);
  });

  it('puts a write before the reads of its instant, which may have seen it', () => {
    expect(order([5, 5], [0, 1], [1, 2])).toEqual([1, 0]);
  });

  it('leaves a write behind the read after which its own process began it', () => {
    expect(order([5, 5], [0, 1], [1, 1])).toEqual([0, 1]);
    // Another process's write still comes first.
    expect(order([5, 5, 5], [0, 1, 1], [1, 1, 2])).toEqual([2, 0, 1]);
  });

  it('is the same where everything is out of order', () => {
    const n = 400;
    const time = Array.from({ length: n }, (_, i) => (n - i) >> 1);
    const by = order(
      time,
      Array(n).fill(0),
      Array.from({ length: n }, (_, i) => i),
    );
    expect(by).toEqual(
      Array.from({ length: n }, (_, i) => i).sort((a, b) => time[a] - time[b] || a - b),
    );
  });
});
