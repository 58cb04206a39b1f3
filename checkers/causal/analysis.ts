/**
 * Everything that the causal checkers know of a history, computed once and shared between them: the
 * overwritten reads (CC), the cycles of the arbitration (CCv), the broken session guarantees, and on demand what
 * needs a fixpoint for each session (CM, PRAM).
 */

import type { History } from '../history/history.ts';
import type { Budget } from '../verdict/checker.ts';
import { type Convergence, converge } from './convergent.ts';
import { deadlines, type HbViolation, type SessionModel } from './deadlines.ts';
import type { Findings } from './findings.ts';
import { type Breach, breaches } from './guarantees.ts';
import { type ListViolation, listViolations } from './lists.ts';
import { scan } from './scan.ts';
import { type Trace, traceOf } from './trace.ts';

export class CausalAnalysis {
  readonly trace: Trace;
  readonly findings: Findings;
  readonly lists: readonly ListViolation[];
  #convergence: Convergence | null = null;
  #breaches: readonly Breach[] | null = null;
  readonly #hb = new Map<SessionModel, readonly HbViolation[]>();

  constructor(history: History, budget: Budget) {
    this.trace = traceOf(history, budget);
    this.findings = scan(this.trace, budget);
    this.lists = listViolations(this.trace, this.findings, budget);
  }

  placeOfRow(row: number): number {
    return this.trace.row ? this.trace.row.indexOf(row) : row;
  }

  convergence(budget: Budget): Convergence {
    return (this.#convergence ??= converge(this.trace, this.findings, budget));
  }

  breaches(budget: Budget): readonly Breach[] {
    return (this.#breaches ??= breaches(this.trace, this.findings, budget));
  }

  hb(model: SessionModel, budget: Budget): readonly HbViolation[] {
    let found = this.#hb.get(model);
    if (!found) this.#hb.set(model, (found = deadlines(this.trace, model, budget)));
    return found;
  }

  /** No read without a source, no cycle of CO, no overwritten read, no list against CO. */
  get cc(): boolean {
    return (
      this.findings.read.length === 0 &&
      this.trace.sourceless.place.length === 0 &&
      this.lists.every((each) => each.pattern !== 'ListContradictsCO')
    );
  }
}

const known = new WeakMap<History, CausalAnalysis>();

/** The same for the same history. */
export function analyse(history: History, budget: Budget): CausalAnalysis {
  let analysis = known.get(history);
  if (!analysis) known.set(history, (analysis = new CausalAnalysis(history, budget)));
  return analysis;
}
