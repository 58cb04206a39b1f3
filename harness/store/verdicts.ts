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
 * Stores a check and returns its number. Throws RunFileError when the file cannot be written.
 */
export function saveVerdicts(
  path: string,
  verdicts: readonly Verdict[],
  valid: Valid,
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
      file.db.prepare('UPDATE run SET valid = ?').run(String(valid));
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

/** The newest check, or the one of a number. Null when there is none. */
export function readCheck(file: RunFile, checkNo?: number): StoredCheck | null {
  const rows = file.db
    .prepare<[number | null], VerdictRow>(
      `SELECT * FROM verdict WHERE check_no = coalesce(?, (SELECT max(check_no) FROM verdict))
       ORDER BY id`,
    )
    .all(checkNo ?? null);
  const first = rows[0];
  if (first === undefined) return null;
  const verdicts = rows.map((row) => readVerdict(row, file.path));
  const stored = file.db.prepare<[], { valid: string | null }>('SELECT valid FROM run').get();
  const newest = checkNo === undefined ? readValid(stored?.valid ?? null) : null;
  return {
    checkNo: first.check_no,
    checkedAt: first.checked_at,
    valid: newest ?? decide(verdicts),
    verdicts,
  };
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
