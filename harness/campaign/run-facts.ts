/**
 * What a campaign keeps of a run: read from the run file, which is the one source of truth, so that a run
 * that ended while nobody listened counts like any other. A few hundred numbers, whatever the run's size.
 */
import type { Valid, Verdict } from '../../checkers/verdict/verdict.ts';
import { codeOf, damagedAt } from '../store/errors.ts';
import { openRunFile, type RunFile, readSummary } from '../store/run-file.ts';
import { readCheck } from '../store/verdicts.ts';
import { sometimes } from './report/sometimes.ts';

/** Who violates what: the same in two runs if they have the same cause, as far as one can tell. */
export interface Signature {
  readonly checker: string;
  readonly anomaly: string;
  /** Of the witness; `-` where it is about no operation. */
  readonly workload: string;
  /** Kinds of faults that had been there by then, joined by +; `none`. */
  readonly fault: string;
}

export interface Violation extends Signature {
  readonly count: number;
  /** Operations of the smallest witness; null where it has none. */
  readonly witnessOps: number | null;
  /** Operations of clients up to the last one of the first witness. */
  readonly opsBefore: number | null;
  readonly summary: string;
}

/** Phases of a fault, for coverage. */
export const FAULT_PHASES = ['onset', 'in-force', 'healing', 'after'] as const;
export type FaultPhase = (typeof FAULT_PHASES)[number];

export interface RunFacts {
  readonly runId: string;
  /** As in the run file; `running`: its process still lives. */
  readonly state: string;
  readonly message: string | null;
  /** Null: not judged. */
  readonly valid: Valid | null;
  readonly counts: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly durationNs: number | null;
  readonly verdicts: readonly Pick<Verdict, 'checker' | 'valid' | 'reason' | 'informational'>[];
  readonly faults: readonly FaultFacts[];
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, number>>;
  readonly coverage: readonly {
    readonly kind: string;
    readonly workload: string;
    readonly phase: FaultPhase;
    readonly ok: number;
  }[];
  readonly sometimes: Readonly<Record<string, number>>;
}

export interface FaultFacts {
  readonly id: number;
  readonly kind: string;
  readonly variant: string;
  readonly effective: string;
  readonly healed: boolean;
  /** Share of operations that were answered while it was there. */
  readonly duringShare: number | null;
  /** From its end until availability was what it had been, ms. */
  readonly recoveredMs: number | null;
}

/** Figures that are kept, as checker and name. */
const KEPT_FIGURES: readonly (readonly [checker: string, name: string])[] = [
  ['convergence', 'converged-after-heal-ms'],
  ['convergence', 'key-converged-after-heal-p99-ms'],
  ['staleness', 'staleness-p99-ms'],
  ['staleness', 'staleness-max-ms'],
  ['staleness', 'calm-staleness-p99-ms'],
  ['availability', 'answered-share'],
  ['availability', 'answered-in-faults-share'],
  ['availability', 'latency-p50-ms'],
  ['availability', 'latency-p99-ms'],
  ['membership', 'detection-p50-ms'],
  ['membership', 'detection-max-ms'],
];

/** Names of the figures, for whoever prints them. */
export const figureNames: readonly string[] = KEPT_FIGURES.map(([, name]) => name);

/** Reads a run file. Throws RunFileError. */
export function readFacts(path: string): RunFacts {
  const file = openRunFile(path);
  try {
    const summary = readSummary(file);
    const check = readCheck(file);
    const verdicts = check?.verdicts ?? [];
    return {
      runId: summary.runId,
      state: summary.state,
      message: summary.stateMessage,
      valid: check?.valid ?? null,
      counts: readCounts(file),
      durationNs: summary.duration,
      verdicts: verdicts.map(({ checker, valid, reason, informational }) => ({
        checker,
        valid,
        reason,
        informational,
      })),
      faults: readFaults(file, verdicts),
      violations: readViolations(file, verdicts),
      figures: readFigures(verdicts),
      coverage: readCoverage(file),
      sometimes: Object.fromEntries(sometimes.map(({ name, sql }) => [name, numberOf(file, sql)])),
    };
  } catch (error) {
    // The questions are ours: what SQLite cannot answer is not what was written.
    throw codeOf(error).startsWith('SQLITE_') ? damagedAt(path, 'its facts', error) : error;
  } finally {
    file.db.close();
  }
}

/** First column of the first row; 0 for none, NULL and what is no number. */
function numberOf(file: RunFile, sql: string): number {
  const value: unknown = file.db.prepare(sql).pluck().get();
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function readCounts(file: RunFile): RunFacts['counts'] {
  return file.db
    .prepare<[], RunFacts['counts']>(
      `SELECT coalesce(sum(outcome IS 'ok'), 0) AS ok, coalesce(sum(outcome IS 'fail'), 0) AS fail,
         count(*) - coalesce(sum(outcome IS 'ok'), 0) - coalesce(sum(outcome IS 'fail'), 0) AS info
       FROM op WHERE process <> 'nemesis'`,
    )
    .get()!;
}

function readFaults(file: RunFile, verdicts: readonly Verdict[]): FaultFacts[] {
  const details = verdicts.find((each) => each.checker === 'availability')?.details?.faults;
  const figures = new Map<number, Readonly<Record<string, unknown>>>();
  if (Array.isArray(details)) {
    for (const each of details as Readonly<Record<string, unknown>>[]) {
      // "partition halves #3": the checker names a fault so.
      const id = Number(/#(\d+)$/.exec(String(each.fault))?.[1]);
      if (Number.isInteger(id)) figures.set(id, each);
    }
  }
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return file.db
    .prepare<[], Omit<FaultFacts, 'healed'> & { readonly healed: number }>(
      `SELECT id, kind, variant, coalesce(effective, 'none') AS effective, healed
       FROM fault WHERE applied NOT NULL ORDER BY id`,
    )
    .all()
    .map(({ id, kind, variant, effective, healed }) => ({
      id,
      kind,
      variant,
      effective,
      healed: healed === 1,
      duringShare: number(figures.get(id)?.['during-share']),
      recoveredMs: number(figures.get(id)?.['recovered-after-heal-ms']),
    }));
}

function readFigures(verdicts: readonly Verdict[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [checker, name] of KEPT_FIGURES) {
    const value = verdicts.find((each) => each.checker === checker)?.figures[name];
    if (typeof value === 'number' && Number.isFinite(value)) found[name] = value;
  }
  return found;
}

/** Of the calm after a fault, what still counts as "after" it, ns. */
const AFTER_NS = 5e9;

function readCoverage(file: RunFile): RunFacts['coverage'] {
  return file.db
    .prepare<[number], RunFacts['coverage'][number]>(
      `SELECT fault.kind, op.workload,
         CASE WHEN op.invoked < coalesce(fault.in_force, 9e18) THEN 'onset'
           WHEN op.invoked < coalesce(fault.heal_began, 9e18) THEN 'in-force'
           WHEN op.invoked < coalesce(fault.healed_at, 9e18) THEN 'healing' ELSE 'after' END AS phase,
         sum(op.outcome IS 'ok') AS ok
       FROM fault JOIN op ON op.invoked >= fault.applied
         AND op.invoked < coalesce(fault.healed_at, 9e18) + ?
       WHERE fault.effective <> 'none' AND op.process <> 'nemesis' AND op.workload NOT NULL
         AND op.final IS NULL
       GROUP BY 1, 2, 3 HAVING ok > 0`,
    )
    .all(AFTER_NS);
}

interface Place {
  readonly workload: string;
  readonly lastIdx: number;
  readonly lastNs: number;
}

/** Where a witness lies in the history; null where it names no operation of a client. */
function placeOf(file: RunFile, ops: readonly number[]): Place | null {
  const row = file.db
    .prepare<[string], { workload: string | null; lastIdx: number | null; lastNs: number }>(
      `SELECT min(workload) AS workload, max(idx) AS lastIdx,
         max(coalesce(completed, invoked)) AS lastNs
       FROM op WHERE process <> 'nemesis' AND idx IN (SELECT value FROM json_each(?))`,
    )
    .get(JSON.stringify(ops));
  if (row === undefined || row.lastIdx === null) return null;
  return { workload: row.workload ?? '-', lastIdx: row.lastIdx, lastNs: row.lastNs };
}

function faultsBefore(file: RunFile, ns: number): string {
  const kinds = file.db
    .prepare<[number], string>(
      `SELECT DISTINCT kind FROM fault
       WHERE applied <= ? AND coalesce(effective, 'none') <> 'none' ORDER BY kind`,
    )
    .pluck()
    .all(ns);
  return kinds.length === 0 ? 'none' : kinds.join('+');
}

/** One entry for each checker, anomaly and workload. */
function readViolations(file: RunFile, verdicts: readonly Verdict[]): Violation[] {
  const found: Violation[] = [];
  for (const { checker, valid, informational, anomalies, counts, message } of verdicts) {
    if (valid !== false || informational === true) continue;
    const shown = new Map<string, { first: Place | null; opsMin: number | null; text: string }>();
    const patternOf = new Map<string, string>();
    for (const { pattern, ops, summary } of anomalies) {
      const place = placeOf(file, ops);
      const name = `${pattern}\0${place?.workload ?? '-'}`;
      const known = shown.get(name);
      const size = ops.length === 0 ? null : ops.length;
      patternOf.set(name, pattern);
      if (known === undefined) {
        shown.set(name, { first: place, opsMin: size, text: summary });
        continue;
      }
      if (place !== null && place.lastIdx < (known.first?.lastIdx ?? Number.POSITIVE_INFINITY)) {
        known.first = place;
      }
      if (size !== null && size < (known.opsMin ?? Number.POSITIVE_INFINITY)) {
        known.opsMin = size;
        known.text = summary;
      }
    }
    for (const pattern of Object.keys(counts)) {
      if (![...patternOf.values()].includes(pattern)) {
        patternOf.set(`${pattern}\0-`, pattern);
        shown.set(`${pattern}\0-`, { first: null, opsMin: null, text: message });
      }
    }
    for (const [name, { first, opsMin, text }] of shown) {
      const pattern = patternOf.get(name)!;
      found.push({
        checker,
        anomaly: pattern,
        workload: first?.workload ?? '-',
        fault: faultsBefore(file, first?.lastNs ?? Number.MAX_SAFE_INTEGER),
        count: counts[pattern] ?? 1,
        witnessOps: opsMin,
        opsBefore:
          first === null
            ? null
            : numberOf(
                file,
                `SELECT count(*) FROM op WHERE process <> 'nemesis' AND idx <= ${first.lastIdx}`,
              ),
        summary: text,
      });
    }
  }
  return found;
}
