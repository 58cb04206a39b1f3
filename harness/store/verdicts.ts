/**
 * Verdicts in a run file. Each check is stored beside those before it, with the version of every
 * checker, so that a change of the checkers can be told from a change of the history.
 */
import { dirname } from 'node:path';
import { decide, type Valid, type Verdict } from '../../checkers/verdict/verdict.ts';
import { cellJson, writeFailure } from './errors.ts';
import { noteRun } from './results.ts';
import { openRunFile, type RunFile, readValid } from './run-file.ts';

export interface StoredCheck {
  /** 1: the check of the test itself. */
  readonly checkNo: number;
  /** RFC 3339 UTC. */
  readonly checkedAt: string;
  readonly valid: Valid;
  readonly verdicts: readonly Verdict[];
}

/**
 * Stores a check and returns its number. The run's own verdict is that of the fullest answers, so that a check
 * by few checkers, or by one that ran out of time, replaces nothing. Throws RunFileError when the file cannot be
 * written.
 */
export function saveVerdicts(
  path: string,
  verdicts: readonly Verdict[],
  options: Readonly<Record<string, unknown>>,
): number {
  const file = openRunFile(path, { write: true });
  let name = '';
  let checkNo = 0;
  try {
    const put = file.db.prepare(
      `INSERT INTO verdict (check_no, checked_at, checker, version, valid, reason, message,
         informational, figures, details, anomalies, counts, options)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    file.db.transaction(() => {
      const row = file.db
        .prepare<[], { no: number; name: string }>(
          'SELECT (SELECT coalesce(max(check_no), 0) FROM verdict) AS no, name FROM run',
        )
        .get()!;
      name = row.name;
      checkNo = row.no + 1;
      const checkedAt = new Date().toISOString();
      for (const verdict of verdicts) {
        put.run(
          checkNo,
          checkedAt,
          verdict.checker,
          verdict.version,
          String(verdict.valid),
          verdict.reason ?? null,
          verdict.message,
          verdict.informational === true ? 1 : 0,
          JSON.stringify(verdict.figures),
          verdict.details === undefined ? null : JSON.stringify(verdict.details),
          JSON.stringify(verdict.anomalies),
          JSON.stringify(verdict.counts),
          JSON.stringify(options),
        );
      }
      file.db.prepare('UPDATE run SET valid = ?').run(String(decide(fullest(file))));
    })();
  } catch (error) {
    throw writeFailure(path, error);
  } finally {
    file.db.close();
  }
  noteRun(dirname(path), name, { latest: false });
  return checkNo;
}

interface VerdictRow {
  readonly check_no: number;
  readonly checked_at: string;
  readonly checker: string;
  readonly version: string;
  readonly valid: string;
  readonly reason: Verdict['reason'] | null;
  readonly message: string;
  readonly informational: number;
  readonly figures: string;
  readonly details: string | null;
  readonly anomalies: string;
  readonly counts: string;
}

/**
 * What is known of a run: of each checker the newest complete answer; or the check of a number as it was. Null when
 * there is none.
 */
export function readCheck(file: RunFile, checkNo?: number): StoredCheck | null {
  const last = file.db
    .prepare<[number | null], { check_no: number; checked_at: string }>(
      'SELECT check_no, checked_at FROM verdict WHERE check_no = coalesce(?, check_no) ORDER BY id DESC',
    )
    .get(checkNo ?? null);
  if (last === undefined) return null;
  const verdicts =
    checkNo === undefined
      ? fullest(file)
      : rowsOf(file)
          .filter((row) => row.check_no === checkNo)
          .map((row) => readVerdict(row, file.path));
  return {
    checkNo: last.check_no,
    checkedAt: last.checked_at,
    valid: decide(verdicts),
    verdicts,
  };
}

function rowsOf(file: RunFile): VerdictRow[] {
  return file.db.prepare<[], VerdictRow>('SELECT * FROM verdict ORDER BY id').all();
}

/** Reasons of an answer that another check may give in full. */
const POORER: ReadonlySet<string> = new Set(['checker-timeout', 'checker-memory', 'harness-error']);

/**
 * Of each checker the newest complete answer, else its newest. What is said of the history as a whole (that it has
 * no room, or that the run was aborted) stands beside the answers of its own check and goes with them.
 */
function fullest(file: RunFile): Verdict[] {
  const best = new Map<string, VerdictRow>();
  for (const row of rowsOf(file)) {
    const known = best.get(row.checker);
    const isPoorer = POORER.has(row.reason ?? '') && known !== undefined;
    if (!isPoorer || POORER.has(known.reason ?? '')) best.set(row.checker, row);
  }
  const rows = [...best.values()];
  const answered = rows.filter((row) => row.checker !== 'history');
  const ofCheckers = new Set(answered.map((row) => row.check_no));
  const kept = rows.filter((row) => row.checker !== 'history' || ofCheckers.has(row.check_no));
  const shown = answered.length === 0 ? rows : kept;
  return shown.map((row) => readVerdict(row, file.path));
}

function readVerdict(row: VerdictRow, path: string): Verdict {
  const json = <Value>(text: string): Value =>
    cellJson(path, `the verdict of ${row.checker}`, text);
  return {
    checker: row.checker,
    version: row.version,
    valid: readValid(row.valid) ?? 'unknown',
    ...(row.reason === null ? {} : { reason: row.reason }),
    message: row.message,
    figures: json(row.figures),
    ...(row.details === null ? {} : { details: json(row.details) }),
    anomalies: json(row.anomalies),
    counts: json(row.counts),
    ...(row.informational === 1 ? { informational: true } : {}),
  };
}
