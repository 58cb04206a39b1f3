/** From single trials to a proof. Pure. */
import type { Proof, ProofOfAbsence } from './fault.ts';

/** One thing that was tried: what was seen, and whether it was as it should be. */
export interface Trial {
  readonly good: boolean;
  readonly text: string;
}

export function line({ good, text }: Trial): string {
  return `${text} (${good ? 'expected' : 'NOT EXPECTED'})`;
}

/** For faults that hit each target for itself: effective when all were hit, partial when some were. */
export function proofActive(trials: readonly Trial[]): Proof {
  const evidence = trials.map(line);
  const hit = trials.filter((trial) => trial.good).length;
  if (hit === 0) return { effective: 'none', evidence };
  return { effective: hit === trials.length ? 'effective' : 'partial', evidence };
}

/** The fault is gone when all targets are well again. Where nothing was tried nothing is proved. */
export function proofGone(trials: readonly Trial[]): ProofOfAbsence {
  const proved = trials.length > 0 && trials.every((trial) => trial.good);
  return { proved, evidence: trials.map(line) };
}
