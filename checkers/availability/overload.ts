/**
 * Times at which the load could not keep its schedule. A machine that is overloaded keeps nodes from asking each
 * other as a fault does; no checker can tell that from the answers alone.
 */
import type { History } from '../history/history.ts';

const lateNs = 1e9;
const momentNs = 1e8;

/** Moments of 0.1 s in which an operation was started a second or more after its time. */
class LateStarts {
  readonly #moments = new Set<number>();
  #sorted: Float64Array | null = null;

  /** Of an operation, ns: when it was started, and how late that was. */
  add(invoke: number, late: number): void {
    if (late >= lateNs) this.#moments.add(Math.floor(invoke / momentNs));
  }

  /** Whether there is one from one time to another, ns. */
  within(fromNs: number, toNs: number): boolean {
    const sorted = (this.#sorted ??= Float64Array.from(this.#moments).sort());
    const from = Math.floor(fromNs / momentNs);
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < from) low = middle + 1;
      else high = middle;
    }
    return low < sorted.length && sorted[low] <= Math.floor(toNs / momentNs);
  }
}

const known = new WeakMap<History, LateStarts>();

export function lateStarts(history: History): LateStarts {
  let found = known.get(history);
  if (found === undefined) {
    found = new LateStarts();
    const { n, invoke, late } = history;
    if (late !== null) for (let row = 0; row < n; row++) found.add(invoke[row], late[row]);
    known.set(history, found);
  }
  return found;
}
