/** One reading SQL statement against a run file. */
import { AmnesiaError } from '../world/exit-codes.ts';
import { codeOf, RunFileError } from './errors.ts';
import { openRunFile } from './run-file.ts';

/** The statement is none, more than one, or would change something. */
export class QueryRefusedError extends AmnesiaError {
  readonly code = 'query-refused';
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'QueryRefusedError';
  }
}

export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null | Uint8Array)[])[];
  /** There are more rows than were asked for. */
  readonly cut: boolean;
}

/** At most `limit` rows. Throws QueryRefusedError and RunFileError; changes nothing. */
export function query(path: string, sql: string, limit: number): Answer {
  const file = openRunFile(path);
  try {
    const statement = file.db.prepare<[], (string | number | null | Uint8Array)[]>(sql);
    if (!statement.reader || !statement.readonly) {
      throw new QueryRefusedError(
        'only statements that read are accepted: a recorded history is not changed; copy the file to ' +
          'work on it',
      );
    }
    const columns = statement.columns().map((column) => column.name);
    const rows = [];
    for (const row of statement.raw().iterate()) {
      if (rows.length >= limit) return { columns, rows, cut: true };
      rows.push(row);
    }
    return { columns, rows, cut: false };
  } catch (error) {
    throw refusal(path, error);
  } finally {
    file.db.close();
  }
}

function refusal(path: string, error: unknown): Error {
  if (error instanceof QueryRefusedError || error instanceof RunFileError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/more than one statement/.test(text)) {
    return new QueryRefusedError('one statement at a time, please: there are several in the query');
  }
  if (/no statements/.test(text)) {
    return new QueryRefusedError('the query is empty; try "select * from ops_by_key"');
  }
  if (codeOf(error).startsWith('SQLITE_CORRUPT')) {
    return new RunFileError(
      'run-file-damaged',
      path,
      `${path} is damaged where this query looks (${text}); "select * from op limit 100" may still work`,
      error,
    );
  }
  return new QueryRefusedError(
    `SQLite does not take the query: ${text}; results/README.md describes the tables`,
    error,
  );
}
