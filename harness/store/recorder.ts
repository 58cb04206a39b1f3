/**
 * Writes a run file while the run is hot.
 *
 * Promises: whatever was handed in is in the file at most 50 ms later, also when the process is
 * killed; an operation is there from its invocation on (outcome NULL until it ends); when the disk
 * is full nothing that was recorded is lost: it stays in memory, is tried again with every batch,
 * and `failure` says so. Does not survive the power failing under the control process: the file is
 * synced to the disk when it is closed.
 *
 * One recorder for each file; readers may look at the file at the same time (WAL).
 */
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import type { Phase } from '../../checkers/history/history.ts';
import { codeOf, RunFileError, writeFailure } from './errors.ts';
import type { StoredRow } from './fields.ts';
import { makeRunFile } from './new-run-file.ts';
import { OpWriter } from './op-writer.ts';
import type {
  FaultRecord,
  LogRecord,
  PhaseTimes,
  RunHeader,
  RunState,
  SampleRecord,
} from './records.ts';
import { noteRun } from './results.ts';
import { WrittenRows } from './written-rows.ts';

/** A batch is written this long after its first entry. */
const BATCH_MS = 20;
/** The same bound by the operations' own times, should timers be late. */
const BATCH_SPAN_NS = 40e6;
const BATCH_ROWS = 8192;
/** What is kept while the disk is full; older entries are kept, newer ones refused. */
const KEPT_ROWS_MAX = 1_000_000;

export interface Recorder {
  /** Path of run.sqlite. */
  readonly path: string;
  /** Set when the file cannot be written at present; null when all is well. */
  readonly failure: RunFileError | null;
  /** Called once, when writing fails for the first time. */
  onFailure(callback: (failure: RunFileError) => void): void;
  /** An operation that starts. `idx` must be larger than that of every earlier invocation. */
  invoke(row: StoredRow): void;
  /** The same operation, ended: `completed` and `outcome` are set. */
  complete(row: StoredRow): void;
  /** A fault, as far as it has come. */
  fault(record: FaultRecord): void;
  sample(record: SampleRecord): void;
  log(record: LogRecord): void;
  /** A phase begins at `atNs`. */
  phase(phase: Phase, atNs: number): void;
  /** How the run stands; `message` says why it was aborted or failed. */
  state(state: RunState, message?: string): void;
  /** Writes what waits. Throws RunFileError when that fails. */
  flush(): void;
  /**
   * Writes what waits and how long the run took (ns), syncs and closes the file. A state of
   * `running` becomes `aborted`. Throws RunFileError; safe to call twice. `saveRun` of
   * `harness/columns` closes a recorder and seals what it has recorded.
   */
  close(durationNs?: number): Recorded;
}

/** What a closed recorder still knows of its file. */
export interface Recorded {
  readonly path: string;
  /** All operations in order of idx; null where they must be read from the file. */
  readonly rows: readonly StoredRow[] | null;
  /** The run can be had again from its seed. */
  readonly reproducible: boolean;
}

export interface RecorderOptions {
  /**
   * The run can be had again from its seed: batches are as large as they may be and wait for no
   * timer, nothing is synced, and the digest of the history is kept. A process that is killed loses what it recorded.
   */
  readonly reproducible?: boolean;
  /** The file never grows beyond this; more is treated as a full disk. Unlimited where left out. */
  readonly fileBytesMax?: number;
}

/**
 * Makes `dir`/run.sqlite and begins to record. `dir` is made when it is not there. Throws
 * RunFileError when there is such a file already or it cannot be made.
 */
export function openRun(dir: string, header: RunHeader, options: RecorderOptions = {}): Recorder {
  const path = join(dir, 'run.sqlite');
  const reproducible = options.reproducible === true;
  const db = makeRunFile(path, header, options.fileBytesMax, !reproducible);
  noteRun(dir, header.name);
  return new FileRecorder(db, path, reproducible, () => noteRun(dir, header.name));
}

class FileRecorder implements Recorder {
  readonly path: string;
  readonly #db: Database.Database;
  readonly #reproducible: boolean;
  readonly #note: () => void;
  readonly #writer: OpWriter;
  /** Invocations that are not in the file yet, at the place idx - #freshFrom. */
  #fresh: (StoredRow | undefined)[] = [];
  #freshFrom = 0;
  #freshSince = 0;
  /** Ends of operations that were stored in flight, by idx. */
  #ended = new Map<number, StoredRow>();
  /** Everything else, in order. */
  #others: (() => void)[] = [];
  readonly #written = new WrittenRows();
  #kept = 0;
  #timer: NodeJS.Timeout | null = null;
  #failure: RunFileError | null = null;
  #callback: ((failure: RunFileError) => void) | null = null;
  #phases: PhaseTimes = {};
  #state: RunState = 'running';
  #closed = false;

  constructor(db: Database.Database, path: string, reproducible: boolean, note: () => void) {
    this.path = path;
    this.#db = db;
    this.#reproducible = reproducible;
    this.#note = note;
    this.#writer = new OpWriter(db);
  }

  get failure(): RunFileError | null {
    return this.#failure;
  }

  onFailure(callback: (failure: RunFileError) => void): void {
    this.#callback = callback;
  }

  invoke(row: StoredRow): void {
    const at = row.idx - this.#freshFrom;
    if (at < this.#fresh.length) {
      throw this.#misuse(`operation ${row.idx} was recorded out of order`);
    }
    if (!this.#admit(row.invoked)) return;
    if (this.#fresh.length === 0) this.#freshFrom = row.idx;
    else while (this.#fresh.length < at) this.#fresh.push(undefined);
    this.#fresh.push(row);
    this.#written.put(row);
    this.#bound(row.invoked);
  }

  complete(row: StoredRow): void {
    if (row.completed === undefined || row.outcome === undefined) {
      throw this.#misuse(`operation ${row.idx} ended without time or outcome`);
    }
    const at = row.idx - this.#freshFrom;
    if (at >= 0) {
      if (this.#fresh[at] === undefined) {
        // Its invocation was refused because nothing more can be kept.
        if (this.#failure !== null) return;
        throw this.#misuse(`operation ${row.idx} ended and was never invoked`);
      }
      this.#fresh[at] = row;
    } else {
      if (!this.#admit(row.completed)) return;
      this.#ended.set(row.idx, row);
    }
    this.#written.put(row);
    this.#bound(row.completed);
  }

  fault(record: FaultRecord): void {
    const { plan } = record;
    const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
    this.#other(() =>
      this.#run(
        `INSERT OR REPLACE INTO fault (id, kind, variant, description, targets, grudge, plan,
           applied, in_force, heal_began, healed_at, effective, proof, healed, heal_proof, error)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          record.id,
          plan.kind,
          plan.variant,
          record.description,
          JSON.stringify(record.targets ?? plan.targets),
          text(record.grudge ?? plan.grudge),
          JSON.stringify(plan),
          record.applied ?? null,
          record.inForce ?? null,
          record.healBegan ?? null,
          record.healedAt ?? null,
          record.effective ?? null,
          text(record.proof),
          record.healed === true ? 1 : 0,
          text(record.healProof),
          record.error ?? null,
        ],
      ),
    );
  }

  sample(record: SampleRecord): void {
    const body = record.body === null ? null : JSON.stringify(record.body);
    this.#other(() =>
      this.#run('INSERT INTO sample (time, node, path, body) VALUES (?, ?, ?, ?)', [
        record.time,
        record.node,
        record.path,
        body,
      ]),
    );
  }

  log(record: LogRecord): void {
    this.#other(() =>
      this.#run('INSERT INTO node_log (time, node, level, text) VALUES (?, ?, ?, ?)', [
        record.time,
        record.node,
        record.level,
        record.text,
      ]),
    );
  }

  phase(phase: Phase, atNs: number): void {
    this.#phases = { ...this.#phases, [phase]: atNs };
    const text = JSON.stringify(this.#phases);
    this.#other(() => this.#run('UPDATE run SET phases = ?', [text]));
  }

  state(state: RunState, message?: string): void {
    this.#state = state;
    this.#other(() =>
      this.#run('UPDATE run SET state = ?, state_message = ?', [state, message ?? null]),
    );
  }

  flush(): void {
    this.#write();
    if (this.#failure !== null) throw this.#failure;
  }

  close(durationNs?: number): Recorded {
    if (this.#closed) return this.#recorded();
    if (this.#state === 'running') this.state('aborted', 'the run was closed before its end');
    const endedAt = new Date().toISOString();
    const duration = durationNs === undefined ? null : Math.round(durationNs);
    this.#other(() => this.#run('UPDATE run SET ended_at = ?, duration = ?', [endedAt, duration]));
    this.#write();
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      if (!this.#reproducible) this.#db.pragma('synchronous = FULL');
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
      // One file from now on, which can be read from read-only places too. Somebody who reads at
      // this moment keeps it from happening, which does no harm.
      this.#db.pragma('busy_timeout = 200');
      this.#db.pragma('journal_mode = DELETE');
    } catch (error) {
      const busy = codeOf(error).startsWith('SQLITE_BUSY') || codeOf(error) === 'SQLITE_LOCKED';
      if (this.#failure === null && !busy) this.#fail(error);
    }
    this.#db.close();
    this.#note();
    if (this.#failure !== null) throw this.#failure;
    return this.#recorded();
  }

  #recorded(): Recorded {
    return { path: this.path, rows: this.#written.all(), reproducible: this.#reproducible };
  }

  readonly #statements = new Map<string, Database.Statement>();

  #run(sql: string, values: readonly (string | number | null)[]): void {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    statement.run(values);
  }

  #misuse(message: string): RunFileError {
    return new RunFileError('recorder-misuse', this.path, `${message}: this is an error of ours`);
  }

  /** Whether there is room for one more entry; starts a batch at `timeNs` when there is none. */
  #admit(timeNs: number): boolean {
    if (this.#closed) throw this.#misuse('something was recorded after the file was closed');
    if (this.#failure !== null && this.#kept >= KEPT_ROWS_MAX) return false;
    if (this.#kept++ === 0) this.#freshSince = timeNs;
    if (this.#timer === null && (!this.#reproducible || this.#failure !== null)) {
      this.#timer = setTimeout(() => this.#write(), BATCH_MS);
    }
    return true;
  }

  /** Writes now if the batch is full or spans too long; while the disk is full, the timer does. */
  #bound(timeNs: number): void {
    if (this.#failure !== null) return;
    const late = !this.#reproducible && timeNs - this.#freshSince >= BATCH_SPAN_NS;
    if (late || this.#kept >= BATCH_ROWS) this.#write();
  }

  #other(write: () => void): void {
    if (this.#admit(this.#freshSince)) this.#others.push(write);
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#kept === 0 || this.#closed) return;
    try {
      this.#db.exec('BEGIN');
      this.#writer.insert(this.#fresh);
      this.#writer.finish(this.#ended.values());
      for (const write of this.#others) write();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      this.#fail(error);
      this.#timer = setTimeout(() => this.#write(), 10 * BATCH_MS);
      return;
    }
    this.#freshFrom += this.#fresh.length;
    this.#fresh.length = 0;
    this.#ended.clear();
    this.#others.length = 0;
    this.#kept = 0;
    this.#failure = null;
  }

  #fail(error: unknown): void {
    const first = this.#failure === null;
    this.#written.forget();
    this.#failure = writeFailure(this.path, error);
    if (first) this.#callback?.(this.#failure);
  }
}
