/** Exact quantiles over typed arrays: sorted once, then looked up (nearest rank). */

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
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank - 1))]!;
}

/** Sorts `values` in place. Null for none. */
export function quantilesOf(values: Float64Array): Quantiles | null {
  if (values.length === 0) return null;
  values.sort();
  return {
    count: values.length,
    p50: quantile(values, 0.5),
    p95: quantile(values, 0.95),
    p99: quantile(values, 0.99),
    max: values[values.length - 1]!,
  };
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

  /** A copy. */
  toArray(): Float64Array {
    return this.#data.slice(0, this.length);
  }
}
