/** Exact quantiles over typed arrays, by nearest rank; found by selection, which is linear. */

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The smallest value that at least `share` of all values do not exceed. NaN for none. */
export function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank - 1))];
}

/**
 * Puts the value of rank `rank` (from 0) to its place, smaller ones before it, larger ones behind it
 * (Hoare's find, 1961). Only looks from `from` on. No NaN.
 */
function select(values: Float64Array, rank: number, from: number): number {
  let left = from;
  let right = values.length - 1;
  while (left < right) {
    const pivot = median(values[left], values[(left + right) >>> 1], values[right]);
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const swap = values[i];
      values[i++] = values[j];
      values[j--] = swap;
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else break;
  }
  return values[rank];
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** Reorders `values`. Null for none. */
export function quantilesOf(values: Float64Array): Quantiles | null {
  const count = values.length;
  if (count === 0) return null;
  let max = values[0];
  for (let i = 1; i < count; i++) if (values[i] > max) max = values[i];
  let from = 0;
  const at = (share: number): number => {
    const rank = Math.min(count - 1, Math.max(0, Math.ceil(share * count) - 1));
    const found = select(values, rank, from);
    from = rank;
    return found;
  };
  return { count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max };
}

/** ns to ms with three digits after the point; null for what is no number. */
export function milliseconds(ns: number): number | null {
  return Number.isFinite(ns) ? Math.round(ns / 1e3) / 1e3 : null;
}

/** A share as a number of four digits after the point; null for 0 of 0. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1e4) / 1e4;
}

/** A growing column of numbers, for distributions whose size is not known beforehand. */
export class Numbers {
  #data = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data[this.length++] = value;
  }

  /** The numbers themselves, for those who do not mind their order; valid until the next push. */
  inPlace(): Float64Array {
    return this.#data.subarray(0, this.length);
  }

  /** A copy. */
  toArray(): Float64Array {
    return this.#data.slice(0, this.length);
  }
}
