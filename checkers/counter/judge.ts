/**
 * A counter by the bounds of what a read can have seen. *Certain* additions are those that a read must have seen,
 * *possible* ones those that were invoked before it ended, did not fail, and are not certain. So it shows at
 * least the certain and all negative possible ones, and at most the certain and all positive ones.
 *
 * In real time (only where linearizability is promised) what had ended before the read began is certain, and two
 * reads of which one ended before the other began differ by what must and can lie between them. Without
 * that promise only what the same session had added is certain.
 */
import { hasFailed, isOk, type ObjectOperation } from '../history/objects.ts';
import type { Budget } from '../verdict/checker.ts';
import {
  type ObjectFinding,
  type ObjectJudgement,
  stepAt,
  tally,
} from '../verdict/object-verdict.ts';

interface Addition {
  readonly op: ObjectOperation;
  readonly amount: number;
}

interface Read {
  readonly op: ObjectOperation;
  readonly value: number;
}

/** Pairs of reads that are compared in one key. Beyond that only neighbours are. */
const pairsMax = 4_000_000;

export function judgeCounter(
  ops: readonly ObjectOperation[],
  budget: Budget,
  realTime = false,
): ObjectJudgement {
  const strange: Record<string, number> = {};
  const additions: Addition[] = [];
  const reads: Read[] = [];
  for (const op of ops) {
    const amount = amountOf(op);
    if (amount !== null) {
      if (!hasFailed(op)) additions.push({ op, amount });
    } else if (op.f === 'read' && !isOk(op)) {
      // It told nobody anything.
    } else if (op.f === 'read' && typeof (op.value ?? 0) === 'number') {
      reads.push({ op, value: Number(op.value ?? 0) });
    } else {
      tally(strange, op.f);
    }
  }
  const findings: ObjectFinding[] = [];
  if (Object.keys(strange).length === 0) {
    const bounds = realTime ? realTimeBounds(additions) : ownBounds(additions);
    for (const [i, read] of reads.entries()) {
      stepAt(i, budget);
      const { lower, upper } = bounds(read.op);
      if (read.value >= lower && read.value <= upper) continue;
      const seen = additions.filter(({ op }) => op.invoke <= read.op.complete);
      findings.push({
        pattern: read.value < lower ? 'below-bound' : 'above-bound',
        violates: 'counter',
        ops: [...seen.map(({ op }) => op), read.op],
        summary: `a read returned ${read.value}, and only ${range(lower, upper)} was possible`,
      });
    }
    if (realTime) findings.push(...betweenReads(reads, additions, budget));
  }
  const judged = additions.length + reads.length;
  return { findings, judged, strange, figures: { 'reads-judged-count': reads.length } };
}

function amountOf({ f, value }: ObjectOperation): number | null {
  if (f === 'add' || f === 'increment')
    return typeof value === 'number' ? value : f === 'add' ? null : 1;
  if (f === 'decrement') return typeof value === 'number' ? -value : -1;
  return null;
}

interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** Sums of the positive and the negative amounts up to a moment, by one of the two times. */
class Sums {
  readonly #times: Float64Array;
  readonly #positive: Float64Array;
  readonly #negative: Float64Array;

  constructor(additions: readonly Addition[], time: (op: ObjectOperation) => number) {
    const sorted = [...additions].sort((a, b) => time(a.op) - time(b.op));
    this.#times = Float64Array.from(sorted, ({ op }) => time(op));
    this.#positive = new Float64Array(sorted.length + 1);
    this.#negative = new Float64Array(sorted.length + 1);
    for (const [i, { amount }] of sorted.entries()) {
      this.#positive[i + 1] = this.#positive[i] + Math.max(0, amount);
      this.#negative[i + 1] = this.#negative[i] + Math.min(0, amount);
    }
  }

  /** Of what happened before a moment; `with`: or at it. */
  until(moment: number, { at }: { readonly at: 'with' | 'without' }): Bounds {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const time = this.#times[middle];
      if (time < moment || (at === 'with' && time === moment)) low = middle + 1;
      else high = middle;
    }
    return { lower: this.#negative[low], upper: this.#positive[low] };
  }
}

function realTimeBounds(additions: readonly Addition[]): (read: ObjectOperation) => Bounds {
  const begun = new Sums(additions, ({ invoke }) => invoke);
  const ended = new Sums(additions, ({ complete }) => complete);
  return (read) => {
    const possible = begun.until(read.complete, { at: 'with' });
    const certain = ended.until(read.invoke, { at: 'without' });
    return { lower: possible.lower + certain.upper, upper: possible.upper + certain.lower };
  };
}

function ownBounds(additions: readonly Addition[]): (read: ObjectOperation) => Bounds {
  const begun = new Sums(additions, ({ invoke }) => invoke);
  const bySession = new Map<number, Sums>();
  const ended = ({ complete }: ObjectOperation): number => complete;
  const own = new Map<number, Addition[]>();
  for (const addition of additions) {
    const { session } = addition.op;
    if (isOk(addition.op)) own.set(session, [...(own.get(session) ?? []), addition]);
  }
  for (const [session, some] of own) bySession.set(session, new Sums(some, ended));
  return (read) => {
    const possible = begun.until(read.complete, { at: 'with' });
    const certain = bySession.get(read.session)?.until(read.invoke, { at: 'with' });
    return {
      lower: possible.lower + (certain?.upper ?? 0),
      upper: possible.upper + (certain?.lower ?? 0),
    };
  };
}

const range = (lower: number, upper: number): string =>
  lower === upper ? `${lower}` : `${lower} to ${upper}`;

/** Of two reads in order of real time: what lies wholly between was added, what overlaps may have been. */
function betweenReads(
  reads: readonly Read[],
  additions: readonly Addition[],
  budget: Budget,
): ObjectFinding[] {
  const findings: ObjectFinding[] = [];
  const sorted = [...reads].sort((a, b) => a.op.complete - b.op.complete);
  const isEveryPair = sorted.length * sorted.length * additions.length <= pairsMax;
  for (let j = 0; j < sorted.length; j++) {
    stepAt(j, budget);
    for (let i = isEveryPair ? 0 : Math.max(0, j - 1); i < j; i++) {
      const first = sorted[i];
      const second = sorted[j];
      if (!(first.op.complete < second.op.invoke)) continue;
      const finding = difference(first, second, additions);
      if (finding !== null) findings.push(finding);
    }
  }
  return findings;
}

function difference(
  first: Read,
  second: Read,
  additions: readonly Addition[],
): ObjectFinding | null {
  let lower = 0;
  let upper = 0;
  const seen: ObjectOperation[] = [];
  for (const { op, amount } of additions) {
    const between = op.invoke > first.op.complete && op.complete < second.op.invoke;
    // It may have taken effect after the first read did and before the second one did.
    const mayBe = op.complete >= first.op.invoke && op.invoke <= second.op.complete;
    if (between || (mayBe && amount < 0)) lower += amount;
    if (between || (mayBe && amount > 0)) upper += amount;
    if (between || mayBe) seen.push(op);
  }
  const grown = second.value - first.value;
  if (grown >= lower && grown <= upper) return null;
  return {
    pattern: 'wrong-difference',
    violates: 'linearizability',
    ops: [...seen, first.op, second.op],
    summary:
      `two reads returned ${first.value} and then ${second.value}, and between them only ` +
      `${range(lower, upper)} can have been added`,
  };
}
