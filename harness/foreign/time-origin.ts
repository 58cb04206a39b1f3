/**
 * Times of histories in ns. Some tools count from 1970, which is beyond 2^53, where numbers would be
 * rounded: such a history is counted from its first event on, in the digits as they stand there.
 */
import { tagged } from './edn.ts';

export class TimeOrigin {
  #origin: bigint | null = null;

  /** What a time counts from, where that is not zero. */
  get away(): bigint | null {
    return this.#origin === 0n ? null : this.#origin;
  }

  /** ns since the origin, from a number or from digits `{"$num": "..."}`; null for what is neither. */
  since(time: unknown): number | null {
    const exact = exactly(time);
    if (exact === null) return null;
    this.#origin ??= typeof exact === 'number' ? 0n : exact;
    if (this.#origin === 0n && typeof exact === 'number') return exact;
    const away = Number(BigInt(exact) - this.#origin);
    return Number.isSafeInteger(away) ? away : null;
  }
}

/** A number where it is exact, a bigint beyond that. */
function exactly(time: unknown): number | bigint | null {
  if (Number.isSafeInteger(time)) return time as number;
  const digits = tagged(time, '$num');
  if (typeof digits !== 'string' || !/^[+-]?\d+N?$/.test(digits)) return null;
  const exact = BigInt(digits.replace(/^\+|N$/g, ''));
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

/** An event of JSON whose time was rounded gets the digits of its text instead. */
export function withExactTime(parsed: unknown, text: string): unknown {
  const time = (parsed as { readonly time?: unknown } | null)?.time;
  if (typeof time !== 'number' || Number.isSafeInteger(time)) return parsed;
  for (const [, digits] of text.matchAll(/"time"\s*:\s*(-?\d+)\s*[,}]/g)) {
    if (Number(digits) === time) return { ...(parsed as object), time: { $num: digits } };
  }
  return parsed;
}
