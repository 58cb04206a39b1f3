/**
 * Looks into a run file for people: an operation with its surroundings, a key, a process, the time
 * of a fault. Reads rows, bounded in number, and leaves how they are shown to the report.
 */

import type { Anomaly } from '../../checkers/verdict/verdict.ts';
import { AmnesiaError } from '../world/exit-codes.ts';
import { cellJson } from './errors.ts';
import { type RunFile, type RunSummary, readSummary } from './run-file.ts';
import { readCheck, type StoredCheck } from './verdicts.ts';

/** The columns of an operation's line, as they stand in table `op`. */
export interface ShownOperation {
  readonly idx: number;
  readonly process: number | string;
  readonly node: string | null;
  readonly f: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly outcome: string | null;
  readonly invoked: number;
  readonly completed: number | null;
  readonly error: string | null;
}

const COLUMNS = 'idx, process, node, f, key, value, outcome, invoked, completed, error';

/** There is no such operation, key, process, fault or anomaly in the run. */
export class NothingToShowError extends AmnesiaError {
  readonly code = 'nothing-to-show';
  constructor(message: string) {
    super(message);
    this.name = 'NothingToShowError';
  }
}

/** A row of table `op` with all its columns. */
export type FullOperation = ShownOperation & Readonly<Record<string, string | number | null>>;

function ops(file: RunFile, where: string, values: readonly (string | number)[]): ShownOperation[] {
  return file.db
    .prepare<(string | number)[], ShownOperation>(`SELECT ${COLUMNS} FROM op ${where}`)
    .all(...values);
}

export function operation(file: RunFile, idx: number): FullOperation {
  const row = file.db.prepare<[number], FullOperation>('SELECT * FROM op WHERE idx = ?').get(idx);
  if (row !== undefined) return row;
  const span = file.db
    .prepare<[], { first: number | null; last: number | null }>(
      'SELECT min(idx) AS first, max(idx) AS last FROM op',
    )
    .get()!;
  throw new NothingToShowError(
    span.first === null
      ? 'this run has no operations at all'
      : `there is no operation ${idx}: they are numbered ${span.first} to ${span.last}`,
  );
}

export interface Surroundings {
  readonly ofProcess: readonly ShownOperation[];
  readonly ofKey: readonly ShownOperation[];
  readonly faults: readonly { readonly id: number; readonly description: string }[];
}

/**
 * What its process did before and after, who touched its key at the time, which faults were there.
 */
export function surroundingsOf(file: RunFile, op: FullOperation, each: number): Surroundings {
  const around = (column: string, value: string | number): ShownOperation[] => [
    ...ops(file, `WHERE ${column} = ? AND idx < ? ORDER BY idx DESC LIMIT ${each}`, [
      value,
      op.idx,
    ]).reverse(),
    ...ops(file, `WHERE ${column} = ? AND idx >= ? ORDER BY idx LIMIT ${each + 1}`, [
      value,
      op.idx,
    ]),
  ];
  return {
    ofProcess: around('process', op.process),
    ofKey: op.key === null ? [] : around('key', op.key),
    faults: file.db
      .prepare<[number, number], { id: number; description: string }>(
        `SELECT id, description FROM fault WHERE applied <= ? AND coalesce(healed_at, 9e18) >= ?
         ORDER BY applied`,
      )
      .all(op.completed ?? op.invoked, op.invoked),
  };
}

export function opsOfKey(file: RunFile, key: string, limit: number): ShownOperation[] {
  const found = ops(file, `WHERE key = ? ORDER BY invoked LIMIT ${limit}`, [key]);
  if (found.length > 0) return found;
  const near = file.db
    .prepare<[string], { key: string }>(
      "SELECT DISTINCT key FROM op WHERE key LIKE '%' || ? || '%' ORDER BY key LIMIT 8",
    )
    .all(key);
  const some = near.length > 0 ? near : sampleKeys(file);
  throw new NothingToShowError(
    `no operation touched the key ${key}; there are ${some.map((row) => row.key).join(', ')} ...`,
  );
}

function sampleKeys(file: RunFile): { key: string }[] {
  return file.db
    .prepare<[], { key: string }>('SELECT DISTINCT key FROM op WHERE key IS NOT NULL LIMIT 8')
    .all();
}

export function opsOfProcess(file: RunFile, process: string, limit: number): ShownOperation[] {
  const value = /^-?\d+$/.test(process) ? Number(process) : process;
  const found = ops(file, `WHERE process = ? ORDER BY idx LIMIT ${limit}`, [value]);
  if (found.length > 0) return found;
  const span = file.db
    .prepare<[], { least: number | null; most: number | null }>(
      "SELECT min(process) AS least, max(process) AS most FROM op WHERE typeof(process) = 'integer'",
    )
    .get()!;
  throw new NothingToShowError(
    `there is no process ${process}: they are numbered ${span.least} to ${span.most}, and nemesis`,
  );
}

export interface FaultDetails {
  readonly id: number;
  readonly kind: string;
  readonly variant: string;
  readonly description: string;
  readonly targets: string;
  readonly grudge: string | null;
  readonly applied: number | null;
  readonly in_force: number | null;
  readonly heal_began: number | null;
  readonly healed_at: number | null;
  readonly effective: string | null;
  readonly healed: number;
  readonly proof: string | null;
  readonly heal_proof: string | null;
  readonly error: string | null;
}

/** A fault and what clients saw while it was there. */
export function faultWindow(
  file: RunFile,
  id: number,
): { readonly fault: FaultDetails; readonly latency: readonly Record<string, unknown>[] } {
  const fault = file.db.prepare<[number], FaultDetails>('SELECT * FROM fault WHERE id = ?').get(id);
  if (fault === undefined) {
    const ids = file.db.prepare<[], { id: number }>('SELECT id FROM fault ORDER BY id').all();
    throw new NothingToShowError(
      ids.length === 0
        ? 'there was no fault in this run'
        : `there is no fault ${id}: there are ${ids.map((row) => row.id).join(', ')}`,
    );
  }
  const latency = file.db
    .prepare<[number], Record<string, unknown>>(
      'SELECT f, ops, ok, p50_ms, p99_ms, max_ms FROM latency_by_window WHERE fault = ? ORDER BY f',
    )
    .all(id);
  return { fault, latency };
}

/** The n-th violation of the newest check, 1 ..., with the operations of its witness. */
export function anomaly(
  file: RunFile,
  number: number,
): {
  readonly checker: string;
  readonly anomaly: Anomaly;
  readonly ops: readonly ShownOperation[];
} {
  const row = file.db
    .prepare<[number], { checker: string; anomaly: string }>(
      'SELECT checker, anomaly FROM anomalies WHERE no = ?',
    )
    .get(number);
  if (row === undefined) {
    const { n } = file.db.prepare<[], { n: number }>('SELECT count(*) AS n FROM anomalies').get()!;
    throw new NothingToShowError(
      n === 0
        ? 'the newest check of this run shows no violation'
        : `there is no violation ${number}: they are numbered 1 to ${n}`,
    );
  }
  const found = cellJson<Anomaly>(file.path, `violation ${number}`, row.anomaly);
  const one = file.db.prepare<[number], ShownOperation>(`SELECT ${COLUMNS} FROM op WHERE idx = ?`);
  const witness = found.ops.flatMap((idx) => one.get(idx) ?? []);
  return { checker: row.checker, anomaly: found, ops: witness };
}

type Row = Readonly<Record<string, string | number | null>>;

export interface Overview {
  readonly path: string;
  readonly summary: RunSummary;
  readonly damage: readonly string[];
  /** By f: how many ended how. */
  readonly operations: readonly Row[];
  readonly faults: readonly Row[];
  /** The newest check. */
  readonly check: StoredCheck | null;
}

/** The whole run in short. What a damaged file no longer has is said in `damage`. */
export function overview(file: RunFile): Overview {
  const damage = file.damage === null ? [] : [file.damage];
  const attempt = <Value>(what: string, read: () => Value, otherwise: Value): Value => {
    try {
      return read();
    } catch (error) {
      damage.push(`${what} cannot be read: ${error instanceof Error ? error.message : error}`);
      return otherwise;
    }
  };
  const rows = (sql: string): Row[] => file.db.prepare<[], Row>(sql).all();
  return {
    path: file.path,
    summary: readSummary(file),
    operations: attempt(
      'operations',
      () =>
        rows(`SELECT f, count(*) AS ops, sum(outcome IS 'ok') AS ok, sum(outcome IS 'fail') AS fail,
          sum(outcome IS 'info') AS info, sum(outcome IS NULL) AS in_flight
          FROM op WHERE process <> 'nemesis' GROUP BY f ORDER BY f`),
      [],
    ),
    faults: attempt('faults', () => rows('SELECT * FROM fault_windows'), []),
    check: attempt('verdicts', () => readCheck(file), null),
    damage,
  };
}

/** Which operations that a checker complains of are wanted, by what stood around them. */
export const VIOLATION_FILTERS = {
  all: '1',
  'no-fault-before': 'fault_before IS NULL',
  'under-fault': 'fault_there IS NOT NULL',
  'no-fault-there': 'fault_there IS NULL',
  'reconnect-after': 'refused_within_10_s = 1',
} as const;
export type ViolationFilter = keyof typeof VIOLATION_FILTERS;

/** Rows of view `violations`. Throws NothingToShowError for a file that was made before there was that view. */
export function violatingOperations(
  file: RunFile,
  which: ViolationFilter,
  limit: number,
): readonly Readonly<Record<string, string | number | null>>[] {
  const there = file.db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'violations'").get();
  if (there === undefined) {
    throw new NothingToShowError(
      'this file is older than the view `violations`: --anomaly shows what its check found',
    );
  }
  return file.db
    .prepare<[number], Readonly<Record<string, string | number | null>>>(
      `SELECT * FROM violations WHERE ${VIOLATION_FILTERS[which]} ORDER BY at_s LIMIT ?`,
    )
    .all(limit);
}
