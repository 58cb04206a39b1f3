/** The shown stretch of time in equal parts, and what fell into each: counted anew for each stretch. */
import { DURATION_CODES } from '../../bytes.ts';
import { firstRowAt, usOf, type World } from '../world.ts';

export interface Buckets {
  readonly count: number;
  /** us of one, and where the first begins. */
  readonly width: number;
  readonly from: number;
  readonly of: (us: number) => number;
}

/** About one for every `pixels`, with a width that people would choose. */
export function bucketsOf({ viewport }: World, widthPixels: number, pixels: number): Buckets {
  const span = viewport.to - viewport.from;
  const width = span / Math.max(4, Math.floor(widthPixels / pixels));
  const from = viewport.from;
  const count = Math.ceil(span / width - 1e-9);
  return {
    count,
    width,
    from,
    of: (us) => Math.max(0, Math.min(count - 1, Math.floor((us - from) / width))),
  };
}

/** Calls `each` with every row that was invoked in the shown stretch. */
export function eachShown(world: World, each: (row: number) => void): void {
  const { columns, viewport } = world;
  const end = firstRowAt(columns, viewport.to);
  for (let row = firstRowAt(columns, viewport.from); row < end; row++) each(row);
}

/** For each bucket the codes of durations, counted. */
export class Durations {
  readonly #counts: Uint32Array;
  readonly #totals: Uint32Array;

  constructor(buckets: number) {
    this.#counts = new Uint32Array(buckets * DURATION_CODES);
    this.#totals = new Uint32Array(buckets);
  }

  add(bucket: number, code: number): void {
    this.#counts[bucket * DURATION_CODES + code]++;
    this.#totals[bucket]++;
  }

  /** us; NaN for an empty bucket. */
  quantile(bucket: number, share: number): number {
    const wanted = Math.ceil(this.#totals[bucket] * share);
    if (wanted === 0) return Number.NaN;
    let seen = 0;
    for (let code = 0; code < DURATION_CODES; code++) {
      seen += this.#counts[bucket * DURATION_CODES + code];
      if (seen >= wanted) return usOf(code);
    }
    return Number.NaN;
  }

  total(bucket: number): number {
    return this.#totals[bucket];
  }
}
