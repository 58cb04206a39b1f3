/**
 * What a checker answers. A verdict is a value: JSON in and out, no methods, the same for the same
 * history. "Ran out of time" and "saw too little" are a third answer, never a boolean.
 */

export type Valid = true | false | 'unknown';

/** The closed list of reasons for `unknown`. */
export const UNKNOWN_REASONS = {
  'not-judged': 'nothing that it could judge is in the history, or nobody looked',
  'no-final-read': 'a node did not answer a final read, so nothing can be said about its state',
  'too-few-ok': 'fewer operations succeeded than the workload needs to mean anything',
  'fault-not-effective': 'a fault could not be proved to have had an effect',
  'not-healed': 'a fault could not be proved to be gone before the final reads',
  'checker-timeout': 'the checker reached its time limit',
  'checker-memory': 'the checker reached its memory limit',
  'harness-error': 'the tester itself failed',
  aborted: 'the run was stopped before its end',
} as const;
export type UnknownReason = keyof typeof UNKNOWN_REASONS;

/** A violation, proved by the smallest set of operations that still shows it. */
export interface Anomaly {
  /** Published name of the bad pattern: WriteCORead, CyclicCF, lost, diverged ... */
  readonly pattern: string;
  /** What it violates, by published name: CC, CCv, CM, PRAM, read-your-writes ... */
  readonly violates: readonly string[];
  readonly key: string | null;
  /** `index` of the operations of the witness, in log order. */
  readonly ops: readonly number[];
  /** One sentence that says what is wrong. */
  readonly summary: string;
  /** One sentence for each step of the proof, in order. */
  readonly steps: readonly string[];
  /** A picture of the witness: one line for each process, time to the right. */
  readonly lanes: readonly string[];
  /** How many violations with the same cause (pattern, key, write) this one stands for. */
  readonly count: number;
  /** The history reduced to `ops` was checked again and still fails. */
  readonly confirmed: boolean;
  /** Without any one operation of `ops` the reduced history passes. */
  readonly minimal: boolean;
}

/** A figure is shown in the terminal as `name value unit`; the unit is the end of its name. */
export type Figure = number | string | boolean | null;

export interface Verdict {
  readonly checker: string;
  /** Version of the checker's rules; kept with each stored verdict. */
  readonly version: string;
  readonly valid: Valid;
  /** Only with `unknown`. */
  readonly reason?: UnknownReason;
  /** One sentence: why unknown, or what the violation is, or what was shown. */
  readonly message: string;
  readonly figures: Readonly<Record<string, Figure>>;
  /** Larger tables, for reports; plain JSON. `violations`: by pattern the operations complained of, by index. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** At most `maxAnomalies`, earliest first; `counts` has them all. */
  readonly anomalies: readonly Anomaly[];
  /** Number of violations by pattern. */
  readonly counts: Readonly<Record<string, number>>;
  /** True where the property is reported and not promised: it never makes a run invalid. */
  readonly informational?: boolean;
}

/** false > unknown > true, as in Jepsen. */
export function mergeValid(all: Iterable<Valid>): Valid {
  let merged: Valid = true;
  for (const valid of all) {
    if (valid === false) return false;
    if (valid === 'unknown') merged = 'unknown';
  }
  return merged;
}

/** The verdict of all that count; where none does, nothing was judged. */
export function decide(verdicts: readonly Verdict[]): Valid {
  const counting = verdicts.filter((each) => each.informational !== true);
  return counting.length === 0 ? 'unknown' : mergeValid(counting.map((each) => each.valid));
}
