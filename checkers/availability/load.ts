/** The load in numbers: answered and asked, with latencies; overall, by phase and by node. */

import { Flag, type History, Kind, PHASES, Status } from '../history/history.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { milliseconds, Numbers, quantilesOf, share } from '../verdict/quantiles.ts';
import type { Figure } from '../verdict/verdict.ts';

/** Answered and asked, with the latencies of what was answered, ns, whose order nobody minds. */
export interface Tally {
  readonly ok: number;
  readonly all: number;
  readonly latencies: Float64Array;
}

export function figuresOf({ ok, all, latencies }: Tally): Record<string, Figure> {
  const latency = quantilesOf(latencies);
  const of = (ns: number | undefined): number | null =>
    ns === undefined ? null : milliseconds(ns);
  return {
    'operation-count': all,
    'answered-share': share(ok, all),
    'latency-p50-ms': of(latency?.p50),
    'latency-p95-ms': of(latency?.p95),
    'latency-p99-ms': of(latency?.p99),
    'latency-max-ms': of(latency?.max),
  };
}

/** A tally that grows. */
export class Count implements Tally {
  ok = 0;
  all = 0;
  readonly #latencies = new Numbers();

  add(answered: boolean, latencyNs: number): void {
    this.all++;
    if (!answered) return;
    this.ok++;
    this.#latencies.push(latencyNs);
  }

  get latencies(): Float64Array {
    return this.#latencies.inPlace();
  }
}

/** Is this operation part of the load? Final reads are the tester's own. */
export function isLoad(history: History, row: number): boolean {
  return (history.flags[row] & Flag.Final) === 0;
}

/** A compare-and-set that found another value was answered too. */
export function isAnswered(history: History, row: number): boolean {
  if (history.status[row] === Status.Ok) return true;
  const hasError = history.error !== null && history.error[row] >= 0;
  return history.status[row] === Status.Fail && history.kind[row] === Kind.Cas && !hasError;
}

function isInFault({ faults }: History, at: number): boolean {
  for (const fault of faults) if (at >= fault.start && at < fault.end) return true;
  return false;
}

export interface Load {
  readonly overall: Record<string, Figure>;
  /** By name; those of which no operation is known are left out. */
  readonly phases: Readonly<Record<string, Record<string, Figure>>>;
  readonly nodes: Readonly<Record<string, Record<string, Figure>>>;
  readonly ok: number;
  readonly all: number;
  readonly inFaults: { readonly ok: number; readonly all: number };
  /** When the last of it was invoked, ns. */
  readonly endNs: number;
}

/** A cell for each phase and node, the last of which stands for none; those of a phase side by side. */
function cellOf({ phase, node, nodes }: History, row: number): number {
  return phase[row] * (nodes.length + 1) + (node[row] < 0 ? nodes.length : node[row]);
}

export function loadOf(history: History, budget: Budget): Load {
  const { n, invoke } = history;
  const width = history.nodes.length + 1;
  const ok = new Int32Array(PHASES.length * width);
  const all = new Int32Array(PHASES.length * width);
  const inFaults = { ok: 0, all: 0 };
  const hasFaults = history.faults.length > 0;
  let endNs = 0;
  for (let row = 0; row < n; row++) {
    if ((row & STEP_MASK) === 0) budget.step();
    if (!isLoad(history, row)) continue;
    const at = invoke[row];
    const answered = isAnswered(history, row);
    const cell = cellOf(history, row);
    all[cell]++;
    if (answered) ok[cell]++;
    if (at > endNs) endNs = at;
    if (!hasFaults || !isInFault(history, at)) continue;
    inFaults.all++;
    if (answered) inFaults.ok++;
  }
  const { latencies, off } = latenciesOf(history, ok);
  const tallyOf = (cells: readonly number[], of: Float64Array): Tally => ({
    ok: cells.reduce((sum, cell) => sum + ok[cell], 0),
    all: cells.reduce((sum, cell) => sum + all[cell], 0),
    latencies: of,
  });
  // Nodes first, then phases, then all: quantiles move latencies about within what they are taken of.
  const nodes = table(history.nodes, (i) => {
    const cells = PHASES.map((_, p) => p * width + i);
    const parts = cells.map((cell) => latencies.subarray(off[cell], off[cell + 1]));
    return tallyOf(cells, joined(parts));
  });
  const phases = table(PHASES, (p) => {
    const cells = Array.from({ length: width }, (_, i) => p * width + i);
    return tallyOf(cells, latencies.subarray(off[p * width], off[(p + 1) * width]));
  });
  const overall = tallyOf([...ok.keys()], latencies);
  return {
    overall: figuresOf(overall),
    phases,
    nodes,
    ok: overall.ok,
    all: overall.all,
    inFaults,
    endNs,
  };
}

function table(
  names: readonly string[],
  tallyOf: (i: number) => Tally,
): Record<string, Record<string, Figure>> {
  return Object.fromEntries(
    names
      .map((name, i) => [name, tallyOf(i)] as const)
      .filter(([, tally]) => tally.all > 0)
      .map(([name, tally]) => [name, figuresOf(tally)]),
  );
}

/** Those of cell c from `off[c]` to `off[c + 1]`. */
function latenciesOf(
  history: History,
  ok: Int32Array,
): { readonly latencies: Float64Array; readonly off: Int32Array } {
  const { n, invoke, complete } = history;
  const off = new Int32Array(ok.length + 1);
  for (let cell = 0; cell < ok.length; cell++) off[cell + 1] = off[cell] + ok[cell];
  const latencies = new Float64Array(off[ok.length]);
  const fill = off.slice();
  for (let row = 0; row < n; row++) {
    if (!isLoad(history, row) || !isAnswered(history, row)) continue;
    const cell = cellOf(history, row);
    latencies[fill[cell]++] = complete[row] - invoke[row];
  }
  return { latencies, off };
}

/** The only one that is not empty, or a copy of all. */
function joined(parts: readonly Float64Array[]): Float64Array {
  const used = parts.filter((part) => part.length > 0);
  if (used.length === 1) return used[0];
  const all = new Float64Array(used.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of used) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
