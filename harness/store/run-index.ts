/**
 * results/index.sqlite: one row for each run, so that `amnesia list` need not open them all. A copy
 * of what the run files say; whatever is wrong with it, it is made again from them.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { Valid } from '../../checkers/verdict/verdict.ts';
import { isRecording, openRunFile, readSummary, readValid } from './run-file.ts';

/** "AmnI" in ASCII. */
const INDEX_APPLICATION_ID = 0x416d6e49;
const INDEX_VERSION = 1;

export interface IndexedRun {
  /** Folder of the run, absolute. */
  readonly dir: string;
  readonly runId: string;
  readonly name: string;
  readonly seed: number | null;
  readonly startedAt: string;
  /** running, done, aborted, failed; damaged: the run file cannot be read. */
  readonly state: string;
  readonly valid: Valid | null;
  readonly ops: number;
  readonly faults: number;
  /** ns, null when the end was not recorded. */
  readonly duration: number | null;
}

interface IndexRow {
  readonly path: string;
  readonly run_id: string;
  readonly name: string;
  readonly seed: number | null;
  readonly started_at: string;
  readonly state: string;
  readonly valid: string | null;
  readonly ops: number;
  readonly faults: number;
  readonly duration: number | null;
  readonly pid: number | null;
  readonly pid_started: string | null;
  readonly host: string | null;
}

const LAYOUT = `
CREATE TABLE IF NOT EXISTS run (
  path TEXT PRIMARY KEY, run_id TEXT NOT NULL, name TEXT NOT NULL, seed INTEGER,
  started_at TEXT NOT NULL, state TEXT NOT NULL, valid TEXT, ops INTEGER NOT NULL,
  faults INTEGER NOT NULL, duration INTEGER, pid INTEGER, pid_started TEXT, host TEXT
) WITHOUT ROWID;
PRAGMA application_id = ${INDEX_APPLICATION_ID};
PRAGMA user_version = ${INDEX_VERSION};
`;

function openIndex(results: string): Database.Database {
  const path = join(results, 'index.sqlite');
  const open = (): Database.Database => {
    const db = new Database(path, { timeout: 10_000 });
    try {
      const known = db.pragma('user_version', { simple: true }) === INDEX_VERSION;
      // No WAL: SQLite does not wait for its lock when two processes switch to it at once.
      if (!known) db.exec(LAYOUT);
      // What a power cut spoils of it is made anew.
      db.pragma('synchronous = OFF');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : '';
    if (!code.startsWith('SQLITE_CORRUPT') && code !== 'SQLITE_NOTADB') throw error;
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return open();
  }
}

/** Reads run files and notes them in the list. */
export function updateIndex(results: string, dirs: readonly string[]): void {
  const rows = dirs.map((dir) => readIndexRow(results, dir));
  const db = openIndex(results);
  try {
    const put = db.prepare(
      `INSERT OR REPLACE INTO run (path, run_id, name, seed, started_at, state, valid, ops, faults,
         duration, pid, pid_started, host)
       VALUES (@path, @run_id, @name, @seed, @started_at, @state, @valid, @ops, @faults, @duration,
         @pid, @pid_started, @host)`,
    );
    db.transaction(() => {
      for (const row of rows) put.run(row);
    }).immediate();
  } finally {
    db.close();
  }
}

function readIndexRow(results: string, dir: string): IndexRow {
  const path = relative(resolve(results), resolve(dir));
  try {
    const file = openRunFile(join(dir, 'run.sqlite'));
    try {
      const summary = readSummary(file);
      const counts = file.db
        .prepare<[], Pick<IndexRow, 'ops' | 'faults' | 'pid' | 'pid_started' | 'host' | 'state'>>(
          `SELECT (SELECT count(*) FROM op WHERE process <> 'nemesis') AS ops,
             (SELECT count(*) FROM fault WHERE applied IS NOT NULL) AS faults,
             pid, pid_started, host, state FROM run`,
        )
        .get()!;
      return {
        path,
        run_id: summary.runId,
        name: summary.name,
        seed: summary.seed,
        started_at: summary.startedAt,
        valid: summary.valid === null ? null : String(summary.valid),
        duration: summary.duration,
        ...counts,
      };
    } finally {
      file.db.close();
    }
  } catch {
    const [name = '', place = ''] = path.split('/');
    return {
      path,
      run_id: place,
      name,
      seed: null,
      started_at: place.slice(0, 20),
      state: 'damaged',
      valid: null,
      ops: 0,
      faults: 0,
      duration: null,
      pid: null,
      pid_started: null,
      host: null,
    };
  }
}

/** Folders of runs below `results`, relative. */
function findRuns(results: string): string[] {
  const folders = (dir: string): string[] => {
    try {
      return readdirSync(dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
    } catch {
      return [];
    }
  };
  return folders(results).flatMap((name) =>
    folders(join(results, name))
      .map((place) => join(name, place))
      .filter((path) => existsSync(join(results, path, 'run.sqlite'))),
  );
}

/** All runs below `results`, newest first. The list is brought up to date on the way. */
export function listRuns(results: string): IndexedRun[] {
  const found = new Set(findRuns(results));
  if (found.size === 0) return [];
  let rows = readIndex(results);
  const known = new Set(rows.map((row) => row.path));
  const unsettled = rows.filter((row) => row.state === 'running' && !isRecording(row));
  const missing = [...found].filter((path) => !known.has(path));
  const doubtful = [...missing, ...unsettled.map((row) => row.path).filter((p) => found.has(p))];
  if (doubtful.length > 0) {
    const fresh = doubtful.map((path) => readIndexRow(results, join(results, path)));
    const replaced = new Set(doubtful);
    rows = [...rows.filter((row) => !replaced.has(row.path)), ...fresh];
    try {
      updateIndex(
        results,
        missing.map((path) => join(results, path)),
      );
    } catch {
      // A folder that may not be written is listed all the same.
    }
  }
  return rows
    .filter((row) => found.has(row.path))
    .map((row) => toIndexedRun(results, row))
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

function readIndex(results: string): IndexRow[] {
  try {
    const db = openIndex(results);
    try {
      return db.prepare<[], IndexRow>('SELECT * FROM run').all();
    } finally {
      db.close();
    }
  } catch {
    return [];
  }
}

function toIndexedRun(results: string, row: IndexRow): IndexedRun {
  return {
    dir: join(resolve(results), row.path),
    runId: row.run_id,
    name: row.name,
    seed: row.seed,
    startedAt: row.started_at,
    state: row.state === 'running' && !isRecording(row) ? 'aborted' : row.state,
    valid: readValid(row.valid),
    ops: row.ops,
    faults: row.faults,
    duration: row.duration,
  };
}
