/** Makes run files: the tables, the row of table `run`, and how SQLite is to keep the file. */
import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { processStart } from '../world/process-start.ts';
import { RunFileError, writeFailure } from './errors.ts';
import type { StoredRow } from './fields.ts';
import { OpWriter } from './op-writer.ts';
import type { RunHeader } from './records.ts';
import { schemaSql } from './views.ts';

/**
 * Throws RunFileError when there is such a file already or it cannot be made. `fileBytesMax`: see `limitSize`.
 * `lasting`: what was written survives a power cut. Where the run can be had again, that is not worth its time.
 */
export function makeRunFile(
  path: string,
  header: RunHeader,
  fileBytesMax: number | undefined,
  lasting: boolean,
): Database.Database {
  if (existsSync(path)) {
    throw new RunFileError(
      'run-file-exists',
      path,
      `${path} is there already: a run never overwrites another; choose another --name or --results`,
    );
  }
  let db: Database.Database | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    db = new Database(path, { timeout: 10_000 });
    // Large pages make a flat tree: of a file that is cut off, more can be found.
    db.pragma('page_size = 16384');
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${lasting ? 'NORMAL' : 'OFF'}`);
    // A batch has its pages in memory until it is committed; the 2 MB of old would spill half-way. KiB.
    db.pragma('cache_size = -32000');
    // An insert of several rows keeps what it changes until it has succeeded: not in a file.
    db.pragma('temp_store = MEMORY');
    // A checkpoint syncs to disk and would stop the clients for its time: rarely, then.
    db.pragma('wal_autocheckpoint = 5000');
    db.transaction(insertHeader)(db, header);
    if (fileBytesMax !== undefined) limitSize(db, fileBytesMax);
    return db;
  } catch (error) {
    db?.close();
    throw writeFailure(path, error);
  }
}

/** The file never grows beyond this. SQLite counts in pages, at most 2^32 - 2 of them. */
function limitSize(db: Database.Database, bytes: number): void {
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  const pages = Math.min(2 ** 32 - 2, Math.max(1, Math.floor(bytes / pageBytes)));
  db.pragma(`max_page_count = ${pages}`);
}

function insertHeader(db: Database.Database, header: RunHeader): void {
  db.exec(schemaSql());
  db.prepare(
    `INSERT INTO run (id, run_id, name, seed, state, started_at, phases, nodes, config, versions,
       environment, minimum_ok, replay, source, pid, pid_started, host)
     VALUES (1, ?, ?, ?, 'running', ?, '{}', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    header.runId,
    header.name,
    header.seed,
    header.startedAt,
    JSON.stringify(header.nodes),
    JSON.stringify(header.config),
    JSON.stringify(header.versions),
    JSON.stringify(header.environment),
    header.minimumOk === undefined ? null : JSON.stringify(header.minimumOk),
    header.replay,
    header.source === undefined ? null : JSON.stringify(header.source),
    process.pid,
    processStart(process.pid),
    hostname(),
  );
}

/** A finished run in memory, for judging a history without keeping it. */
export function inMemoryRunFile(header: RunHeader, rows: readonly StoredRow[]): Database.Database {
  const db = new Database(':memory:');
  db.exec(schemaSql());
  db.prepare(
    `INSERT INTO run (id, run_id, name, state, started_at, phases, nodes, config, versions,
       environment, replay, source)
     VALUES (1, ?, ?, 'done', ?, '{}', ?, '{}', '{}', '{}', '', ?)`,
  ).run(
    header.runId,
    header.name,
    header.startedAt,
    JSON.stringify(header.nodes),
    JSON.stringify(header.source),
  );
  db.transaction(() => new OpWriter(db).insert(rows))();
  return db;
}
