/**
 * Hybrid logical clock (Kulkarni, Demirbas et al. 2014): close to physical time, and later than
 * everything that was seen. Pure: physical time is an argument.
 */
import type { Hlc } from '../data.ts';

export const zeroClock: Hlc = { ms: 0, counter: 0 };

export function compareClocks(left: Hlc, right: Hlc): number {
  return left.ms - right.ms || left.counter - right.counter;
}

export function laterClock(left: Hlc, right: Hlc): Hlc {
  return compareClocks(left, right) >= 0 ? left : right;
}

/** The next clock of a node that has seen `latest`, at physical time `nowMs`. */
export function tick(latest: Hlc, nowMs: number): Hlc {
  return nowMs > latest.ms
    ? { ms: nowMs, counter: 0 }
    : { ms: latest.ms, counter: latest.counter + 1 };
}
