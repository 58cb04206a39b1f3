/**
 * SQLite for files of ours that are no run files, such as the state of a campaign: recognised by their
 * application id and version, and refused in one sentence where they are somebody else's.
 */
import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { codeOf, RunFileError, writeFailure } from './errors.ts';
import { looksLikeSqlite } from './run-file.ts';

export type Db = Sqlite.Database;

export interface DatabaseKind {
  /** What it is, for messages: `a campaign`. */
  readonly what: string;
  readonly applicationId: number;
  readonly version: number;
  /** Statements that make it. */
  readonly layout: string;
}

/** Another program may be writing for so long before this one gives up, ms. */
const busyTimeoutMs = 10_000;

/**
 * Makes a file. `wal`: for one that is written while others read it and that survives kill -9; without,
 * the same statements give the same bytes. Throws RunFileError where there is one already.
 */
export function createDatabase(path: string, kind: DatabaseKind, wal: boolean): Db {
  if (existsSync(path)) {
    throw new RunFileError('run-file-exists', path, `${path} is there already`);
  }
  try {
    const db = new Sqlite(path, { timeout: busyTimeoutMs });
    if (wal) {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
    }
    db.transaction(() => {
      db.exec(kind.layout);
      db.pragma(`application_id = ${kind.applicationId}`);
      db.pragma(`user_version = ${kind.version}`);
    })();
    return db;
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** Opens a file of that kind. Throws RunFileError where it is missing, foreign, newer or damaged. */
export function openDatabase(path: string, kind: DatabaseKind, write: boolean): Db {
  if (!existsSync(path)) {
    throw new RunFileError('run-file-missing', path, `there is no ${path}`);
  }
  const refuse = (code: 'run-file-foreign' | 'run-file-newer', why: string): RunFileError =>
    new RunFileError(code, path, `${path} is not ${kind.what}: ${why}`);
  if (!looksLikeSqlite(path)) throw refuse('run-file-foreign', 'it is not an SQLite file');
  let db: Db | undefined;
  try {
    db = new Sqlite(path, { readonly: !write, timeout: busyTimeoutMs });
    if (db.pragma('application_id', { simple: true }) !== kind.applicationId) {
      throw refuse('run-file-foreign', 'it belongs to another program');
    }
    if (Number(db.pragma('user_version', { simple: true })) > kind.version) {
      throw refuse('run-file-newer', 'a later version of amnesia wrote it; update amnesia');
    }
    if (write) db.pragma('synchronous = NORMAL');
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof RunFileError) throw error;
    const code = codeOf(error);
    const text = error instanceof Error ? error.message : String(error);
    const kindOfError = code.startsWith('SQLITE_BUSY') ? 'run-file-busy' : 'run-file-damaged';
    throw new RunFileError(kindOfError, path, `${path} cannot be read: ${text}`, error);
  }
}
