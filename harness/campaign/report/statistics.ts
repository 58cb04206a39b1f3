/**
 * What may be said about a rate after some trials. Pure. Nothing here ever says "never": a violation
 * that was not seen in n runs has an upper bound, and that is what is reported.
 */

/** A share of 1 with the interval in which it lies with about 95 % confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % of the normal distribution. */
const Z_95 = 1.959963984540054;

/**
 * The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical
 * inference", JASA 22 (1927), 209-212; preferred for few trials and rare events by Brown, Cai and
 * DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16 (2001). Without
 * trials nothing is known: 0 to 1. Throws RangeError where there are more successes than trials.
 */
export function wilson(successes: number, trials: number, z: number = Z_95): Interval {
  if (!(successes >= 0 && successes <= trials)) {
    throw new RangeError(`${successes} of ${trials} is no share`);
  }
  if (trials === 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const z2 = z * z;
  const centre = share + z2 / (2 * trials);
  const reach = z * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  // At the ends the sum is exact; rounding must not leave a bound on the wrong side of it.
  const low = successes === 0 ? 0 : Math.max(0, (centre - reach) / scale);
  const high = successes === trials ? 1 : Math.min(1, (centre + reach) / scale);
  return { low, high };
}

/**
 * The upper bound of a rate that was never seen in `trials` independent trials, at 95 %: 3 / n. Hanley
 * and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983), 1743-1745.
 */
export function ruleOfThree(trials: number): number {
  return trials <= 3 ? 1 : 3 / trials;
}

/** Place of a quantile among `count` sorted values, from 0: nearest rank, so a value that was seen. */
export function nearestRank(part: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.ceil(part * count) - 1));
}
