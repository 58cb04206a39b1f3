/**
 * Opens run files for reading, and only what is one: foreign files, files of a later version and
 * missing ones are refused in one sentence each. A file that was cut off is opened as far as it
 * goes and says so. Reads what a run is about (`RunSummary`); the history itself is read by
 * `columns.ts`.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Valid } from '../../checkers/verdict/verdict.ts';
import { processStart } from '../world/process-start.ts';
import { codeOf, RunFileError } from './errors.ts';
import type { PhaseTimes, RunState } from './records.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';

export interface RunFile {
  readonly path: string;
  readonly db: Database.Database;
  /** What is wrong with the file; null when nothing was noticed. */
  readonly damage: string | null;
}

/** Row of table `run`, read. */
export interface RunSummary {
  readonly runId: string;
  readonly name: string;
  readonly seed: number | null;
  /** As stored, except that `running` of a dead control process is `aborted`. */
  readonly state: RunState;
  readonly stateMessage: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** ns; null when the end was not recorded. */
  readonly duration: number | null;
  readonly phases: PhaseTimes;
  readonly nodes: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly minimumOk: { readonly overall: number; readonly perFaultWindow: number } | null;
  readonly replay: string;
  readonly source: Readonly<Record<string, unknown>> | null;
  readonly valid: Valid | null;
}

const MAGIC = 'SQLite format 3\0';

/** Whether a file begins as SQLite files do. False for missing and unreadable ones. */
export function looksLikeSqlite(path: string): boolean {
  try {
    const handle = openSync(path, 'r');
    try {
      const head = Buffer.alloc(MAGIC.length);
      readSync(handle, head, 0, head.length, 0);
      return head.toString('latin1') === MAGIC;
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}

/** The run file that a path means: itself, or run.sqlite in the folder. */
export function runFilePath(path: string): string {
  try {
    return statSync(path).isDirectory() ? join(path, 'run.sqlite') : path;
  } catch {
    return path;
  }
}

/**
 * Opens a run file. `write`: also for storing verdicts. Throws RunFileError; a truncated or
 * overwritten file is opened for reading with `damage` set as long as its first page can be read.
 */
export function openRunFile(path: string, options: { readonly write?: boolean } = {}): RunFile {
  if (!existsSync(path)) {
    throw new RunFileError(
      'run-file-missing',
      path,
      `there is no ${path}: \`amnesia list\` shows the runs that there are`,
    );
  }
  if (!looksLikeSqlite(path)) throw foreign(path, 'it is not an SQLite file');
  const whole = wholePagesBytes(path);
  if (whole !== null && options.write === true) throw notWritable(path);
  let db: Database.Database;
  try {
    const readonly = options.write !== true;
    const open = (file: string) => new Database(file, { readonly, timeout: 5_000 });
    db = whole === null ? open(path) : withoutCutPage(path, whole, open);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const damaged = recognise(db, path) || whole !== null;
    if (damaged && options.write === true) throw notWritable(path);
    return { path, db, damage: damaged ? CUT_OFF : null };
  } catch (error) {
    db.close();
    throw error instanceof RunFileError ? error : unreadable(path, error);
  }
}

const CUT_OFF = 'the file is cut off: what stood after the damage is missing';

function notWritable(path: string): RunFileError {
  return new RunFileError(
    'run-file-damaged',
    path,
    `${path} is damaged and not written to, so that nothing more gets lost`,
  );
}

/** Length of the pages before one that is cut in the middle; null where there is none. */
function wholePagesBytes(path: string): number | null {
  const head = Buffer.alloc(18);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, head, 0, head.length, 0);
  } finally {
    closeSync(handle);
  }
  const stored = head.readUInt16BE(16);
  const pageBytes = stored === 1 ? 65_536 : stored;
  const size = statSync(path).size;
  return pageBytes < 512 || size % pageBytes === 0 ? null : size - (size % pageBytes);
}

/** SQLite fills a page that is cut in the middle with zeros and reads nonsense from it: opens a copy without it. */
function withoutCutPage<Opened>(
  path: string,
  bytes: number,
  open: (file: string) => Opened,
): Opened {
  const dir = mkdtempSync(join(tmpdir(), 'amnesia-damaged-'));
  try {
    const copy = join(dir, 'run.sqlite');
    copyFileSync(path, copy);
    truncateSync(copy, bytes);
    return open(copy);
  } finally {
    // The open file stays readable without a name.
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Checks whose file it is. True when it is shorter than it should be and can be read in part. */
function recognise(db: Database.Database, path: string): boolean {
  try {
    identify(db, path);
    return false;
  } catch (error) {
    if (error instanceof RunFileError || !codeOf(error).startsWith('SQLITE_CORRUPT')) throw error;
    // A file that is shorter than its header says is refused as a whole unless the schema is
    // declared to be in doubt; then every page that is there can be read.
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    identify(db, path);
    return true;
  }
}

function identify(db: Database.Database, path: string): void {
  const application = db.pragma('application_id', { simple: true });
  if (application !== APPLICATION_ID) {
    throw foreign(path, 'it is the SQLite file of another program');
  }
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new RunFileError(
      'run-file-newer',
      path,
      `${path} was written by a later version of amnesia (layout ${version}, this one reads up to ` +
        `${SCHEMA_VERSION}): update amnesia to read it`,
    );
  }
}

function foreign(path: string, why: string): RunFileError {
  return new RunFileError(
    'run-file-foreign',
    path,
    `${path} is not a run file (${why}): give the run.sqlite of a run, or a history that ` +
      '`amnesia import` reads (.edn, .jsonl, .log)',
  );
}

function unreadable(path: string, error: unknown): RunFileError {
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new RunFileError(
      'run-file-busy',
      path,
      `${path} is locked by another program: close it and try again`,
      error,
    );
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'EACCES' || code === 'SQLITE_READONLY') {
    return new RunFileError(
      'run-file-denied',
      path,
      `${path} cannot be opened (${text}): see that you may read it and write to its folder`,
      error,
    );
  }
  if (code === 'ENOSPC') {
    const room = `its whole part has no room in ${tmpdir()}`;
    return new RunFileError(
      'disk-full',
      path,
      `${path} is cut off and ${room}: make room there`,
      error,
    );
  }
  if (code === 'SQLITE_NOTADB') return foreign(path, 'its header is not readable');
  return new RunFileError(
    'run-file-damaged',
    path,
    `${path} is damaged so that nothing of it can be read (${text}): restore it from a copy`,
    error,
  );
}

interface StoredRun {
  readonly run_id: string;
  readonly name: string;
  readonly seed: number | null;
  readonly state: RunState;
  readonly state_message: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration: number | null;
  readonly phases: string;
  readonly nodes: string;
  readonly config: string;
  readonly versions: string;
  readonly environment: string;
  readonly minimum_ok: string | null;
  readonly replay: string;
  readonly source: string | null;
  readonly valid: string | null;
  readonly pid: number | null;
  readonly pid_started: string | null;
  readonly host: string | null;
}

/** Whether the process that records a run is still there, as far as this machine can tell. */
export function isRecording(run: {
  readonly state: string;
  readonly pid: number | null;
  readonly pid_started: string | null;
  readonly host: string | null;
}): boolean {
  if (run.state !== 'running' || run.pid === null) return false;
  if (run.host !== null && run.host !== hostname()) return false;
  return processStart(run.pid) === run.pid_started && run.pid_started !== null;
}

/** Reads table `run`. Throws RunFileError when it is empty or cannot be read. */
export function readSummary(file: RunFile): RunSummary {
  let row: StoredRun | undefined;
  try {
    row = file.db.prepare<[], StoredRun>('SELECT * FROM run').get();
  } catch (error) {
    throw unreadable(file.path, error);
  }
  if (row === undefined) throw unreadable(file.path, new Error('table run is empty'));
  const dead = row.state === 'running' && !isRecording(row);
  return {
    runId: row.run_id,
    name: row.name,
    seed: row.seed,
    state: dead ? 'aborted' : row.state,
    stateMessage: dead ? 'the control process died before the end of the run' : row.state_message,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    duration: row.duration,
    phases: parse(row.phases, {}),
    nodes: parse(row.nodes, []),
    config: parse(row.config, {}),
    versions: parse(row.versions, {}),
    environment: parse(row.environment, {}),
    minimumOk: parse(row.minimum_ok, null),
    replay: row.replay,
    source: parse(row.source, null),
    valid: readValid(row.valid),
  };
}

/** `true`, `false`, `unknown` as stored; null for anything else. */
export function readValid(text: string | null): Valid | null {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return text === 'unknown' ? 'unknown' : null;
}

/** JSON of a column; what cannot be parsed (a damaged row) reads as `otherwise`. */
function parse<T>(text: string | null, otherwise: T): T {
  if (text === null) return otherwise;
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}
