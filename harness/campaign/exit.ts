/** The exit code over many runs: nothing hides a failure. Pure. */

export interface Outcomes {
  readonly invalid: number;
  readonly crashed: number;
  readonly unknown: number;
  /** Runs that were planned and are not done. */
  readonly left: number;
}

/** In this order: 1 invalid, 255 a crash of ours, 2 unknown or not finished, 0. */
export function exitCodeOfMany({ invalid, crashed, unknown, left }: Outcomes): 0 | 1 | 2 | 255 {
  if (invalid > 0) return 1;
  if (crashed > 0) return 255;
  return unknown > 0 || left > 0 ? 2 : 0;
}
