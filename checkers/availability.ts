/**
 * Availability: the share of operations that were answered and how long that took; overall, in each phase, in
 * each fault window, and on each node. For each fault five figures: availability before it, first
 * failure after it began, worst second, first success after that, and when it had recovered.
 *
 * Reported, not judged, with one exception: a read marked as stale although no fault was near breaks the promise
 * that fresh reads are available.
 */
import type { Budget, Checker, CheckOptions } from './checker.ts';
import { type FaultWindow, Flag, type History, Kind, PHASES, Status } from './history.ts';
import { quantiles } from './quantiles.ts';
import type { Anomaly, Figure, Verdict } from './verdict.ts';
import { describe, indices, lanes } from './witness.ts';

/** So long after a fault an answer may still be stale. */
const afterFaultNs = 10e9;
const secondNs = 1e9;
const recoveredShare = 0.95;

interface Tally {
  ok: number;
  all: number;
}

function share({ ok, all }: Tally): number | null {
  return all === 0 ? null : ok / all;
}

function tally(history: History, counts: (row: number) => boolean): Tally {
  const found = { ok: 0, all: 0 };
  for (let row = 0; row < history.n; row++) {
    if (!counts(row)) continue;
    found.all++;
    if (history.status[row] === Status.Ok) found.ok++;
  }
  return found;
}

/** Five figures of one fault; times in ms since it began, null where it did not happen. */
export interface FaultFigures {
  readonly fault: string;
  readonly before: number | null;
  readonly during: number | null;
  readonly firstFailureMs: number | null;
  readonly worst: number | null;
  readonly firstSuccessMs: number | null;
  readonly recoveredMs: number | null;
}

function figuresOf(history: History, fault: FaultWindow, untilNs: number): FaultFigures {
  const { n, invoke, status } = history;
  const lengthNs = Math.min(fault.end, untilNs) - fault.start;
  const seconds = Math.max(1, Math.ceil((untilNs - fault.start) / secondNs));
  const ok = new Float64Array(seconds);
  const all = new Float64Array(seconds);
  let firstFailure: number | null = null;
  let firstSuccess: number | null = null;
  const before: Tally = { ok: 0, all: 0 };
  const during: Tally = { ok: 0, all: 0 };
  const order = Array.from({ length: n }, (_, row) => row).sort((a, b) => invoke[a]! - invoke[b]!);
  for (const row of order) {
    const at = invoke[row]!;
    const good = status[row] === Status.Ok;
    if (at < fault.start) {
      if (at >= fault.start - lengthNs) {
        before.all++;
        if (good) before.ok++;
      }
      continue;
    }
    if (at >= untilNs) continue;
    const second = Math.floor((at - fault.start) / secondNs);
    all[second]!++;
    if (good) ok[second]!++;
    if (at < fault.end) {
      during.all++;
      if (good) during.ok++;
    }
    if (!good) firstFailure ??= at;
    else if (firstFailure !== null) firstSuccess ??= at;
  }
  let worst: number | null = null;
  let recovered: number | null = firstFailure === null ? fault.start : null;
  for (let second = 0; second < seconds; second++) {
    if (all[second] === 0) continue;
    const rate = ok[second]! / all[second]!;
    if (worst === null || rate < worst) worst = rate;
    if (rate < recoveredShare) recovered = null;
    else if (firstFailure !== null) recovered ??= fault.start + second * secondNs;
  }
  const since = (at: number | null): number | null =>
    at === null ? null : Math.max(0, at - fault.start) / 1e6;
  return {
    fault: `${fault.kind} ${fault.variant} #${fault.id}`,
    before: share(before),
    during: share(during),
    firstFailureMs: since(firstFailure),
    worst,
    firstSuccessMs: since(firstSuccess),
    recoveredMs: since(recovered),
  };
}

/** Stale answers with no fault near: rows. */
function staleInCalm(history: History): number[] {
  const rows: number[] = [];
  for (let row = 0; row < history.n; row++) {
    if ((history.flags[row]! & Flag.Stale) === 0 || history.status[row] !== Status.Ok) continue;
    const at = history.invoke[row]!;
    const near = history.faults.some(
      (fault) => at >= fault.start - secondNs && at <= fault.end + afterFaultNs,
    );
    if (!near) rows.push(row);
  }
  return rows;
}

function staleAnomaly(history: History, row: number, count: number): Anomaly {
  return {
    pattern: 'stale-in-calm',
    violates: ['availability of fresh reads'],
    key: null,
    ops: indices(history, [row]),
    summary: `${describe(history, row)}, marked as stale though no fault was near`,
    steps: [describe(history, row)],
    lanes: lanes(history, [row]),
    count,
    confirmed: true,
    minimal: true,
  };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const load = (row: number): boolean =>
    history.kind[row] !== Kind.Other && (history.flags[row]! & Flag.Final) === 0;
  const overall = tally(history, load);
  const latencies: number[] = [];
  let endNs = 0;
  for (let row = 0; row < history.n; row++) {
    if (!load(row)) continue;
    endNs = Math.max(endNs, history.invoke[row]!);
    if (history.status[row] === Status.Ok) {
      latencies.push((history.complete[row]! - history.invoke[row]!) / 1e6);
    }
  }
  budget.step();
  const { p50, p95, p99, max } = quantiles(latencies);
  const faults = history.faults.map((fault, i) => {
    budget.step();
    return figuresOf(
      history,
      fault,
      Math.min(history.faults[i + 1]?.start ?? endNs, endNs) || endNs,
    );
  });
  const inFaults = (row: number): boolean =>
    load(row) &&
    history.faults.some(
      (fault) => history.invoke[row]! >= fault.start && history.invoke[row]! < fault.end,
    );
  const perNode = Object.fromEntries(
    history.nodes.map((name, node) => [
      name,
      share(tally(history, (row) => load(row) && history.node[row] === node)),
    ]),
  );
  const perPhase = Object.fromEntries(
    PHASES.map((phase, i) => [
      phase,
      share(tally(history, (row) => load(row) && history.phase[row] === i)),
    ]),
  );
  const stale = staleInCalm(history);
  const nothing = overall.ok === 0;
  const figures: Record<string, Figure> = {
    'answered-share': share(overall),
    'answered-in-faults-share': share(tally(history, inFaults)),
    'latency-p50-ms': p50,
    'latency-p95-ms': p95,
    'latency-p99-ms': p99,
    'latency-max-ms': max,
    'stale-in-calm-count': stale.length,
  };
  return {
    checker: 'availability',
    version: availability.version,
    valid: nothing ? 'unknown' : stale.length === 0,
    ...(nothing ? { reason: 'too-few-ok' as const } : {}),
    message: nothing
      ? 'no operation was answered'
      : `${overall.ok} of ${overall.all} operations were answered`,
    figures,
    details: { faults, perNode, perPhase },
    anomalies:
      stale.length > 0 && options.maxAnomalies > 0
        ? [staleAnomaly(history, stale[0]!, stale.length)]
        : [],
    counts: stale.length > 0 ? { 'stale-in-calm': stale.length } : {},
  };
}

export const availability: Checker = {
  name: 'availability',
  version: '1',
  decides:
    'The share and latency of answered operations, overall, per phase, per node and per fault, with five ' +
    'figures for each fault. Reported; only stale answers with no fault near are a violation.',
  source:
    "five figures per fault: Jepsen's timelines and the recovery curves of the chaos literature",
  examples: {
    passes: 'A w x 1; B r x 1',
    fails: 'A w x 1; B r x 0 stale',
  },
  check,
};
