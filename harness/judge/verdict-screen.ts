/** What is shown of a judged run, as one value: the terminal, the page and `--json` are made of it. */
import type { FaultWindow } from '../../checkers/history/history.ts';
import type { Valid, Verdict } from '../../checkers/verdict/verdict.ts';

export interface VerdictScreen {
  readonly name: string;
  readonly seed: number | null;
  readonly valid: Valid;
  readonly verdicts: readonly Verdict[];
  /** Operations of clients, by outcome. */
  readonly counts: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly faults: readonly FaultWindow[];
  /** Names for the numbers in `faults`. */
  readonly nodes: readonly string[];
  /** How long the run took, ns; null where that was not recorded. */
  readonly duration: number | null;
  /** What is wrong with the run file or the run, a sentence each. */
  readonly notes: readonly string[];
  /** How to name the run to `amnesia show`; null for a file that is no run. */
  readonly run: string | null;
  readonly replay: string | null;
  /** Path of the page about the run, where one was written. */
  readonly report?: string | null;
  /** SHA-256 of all operations, where the seed gives them again; null elsewhere. */
  readonly digest?: string | null;
  /** Violations of each checker that are unfolded; the others are named. */
  readonly unfoldMax?: number;
}
