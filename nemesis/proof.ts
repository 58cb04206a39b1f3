/** From single trials to a proof. Pure. */
import type { Proof } from './fault.ts';

/** One thing that was tried: what was seen, and whether it was as it should be. */
export interface Trial {
  readonly good: boolean;
  readonly text: string;
}

export function line({ good, text }: Trial): string {
  return `${text} (${good ? 'expected' : 'NOT EXPECTED'})`;
}

/**
 * For faults that hit each target for itself. `present`: effective when all were hit, partial when some were.
 * `!present`: none when all are well again, else partial. Nothing tried proves nothing.
 */
export function proofOf(trials: readonly Trial[], present: boolean): Proof {
  const evidence = trials.map(line);
  const right = trials.filter((trial) => trial.good).length;
  const all = right === trials.length && right > 0;
  if (present) return { effective: all ? 'effective' : right > 0 ? 'partial' : 'none', evidence };
  return { effective: all ? 'none' : 'partial', evidence };
}
