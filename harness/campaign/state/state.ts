/**
 * Where a campaign stands, kept so that any interruption costs at most the runs that were going on. A run
 * has no row until it is begun, `running` until its end is stored, and everything that is kept of it is stored
 * in one transaction with its end. Holds no list of runs in memory.
 */

import { hostname } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type Db, openDatabase } from '../../store/database.ts';
import { AmnesiaError } from '../../world/exit-codes.ts';
import { processStart } from '../../world/process-start.ts';
import type { RunFacts } from '../run-facts.ts';
import { type CampaignSpec, expand, type RunSpec, runSpec, type Shard, specKey } from '../spec.ts';
import { KeptRuns } from './kept-runs.ts';
import { campaignKind, factTables } from './layout.ts';
import { storeFacts } from './store-facts.ts';

/** How a campaign ends beside having run everything. */
export interface Limits {
  readonly hours: number | null;
  readonly untilFailures: number | null;
  /** Bytes that kept run folders may take. */
  readonly keepBytes: number | null;
  readonly parallel: number;
}

/** A run that was going on when the campaign was interrupted. */
export interface Interrupted {
  readonly spec: RunSpec;
  readonly pid: number | null;
  readonly pidStarted: string | null;
  readonly startedAt: string;
}

/** What became of a run, beside what is read from its file. */
export interface RunEnd {
  readonly state: 'done' | 'crashed';
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly message: string | null;
  /** Folder of the run, relative to the campaign's; null where there is none. */
  readonly dir: string | null;
  readonly bytes: number;
  readonly tookMs: number;
  readonly facts: RunFacts | null;
}

/** Somebody else works on this campaign. */
export class CampaignBusyError extends AmnesiaError {
  readonly code = 'run-file-busy';
  constructor(dir: string, pid: number) {
    super(`${dir} is being worked on by process ${pid}; wait for it, or end it`);
    this.name = 'CampaignBusyError';
  }
}

interface CampaignRow {
  readonly spec: string;
  readonly part: number;
  readonly parts: number;
  readonly limits: string;
  readonly worked_ms: number;
  readonly pid: number | null;
  readonly pid_started: string | null;
  readonly host: string | null;
}

export const STATE_FILE = 'campaign.sqlite';

export class CampaignState {
  readonly dir: string;
  readonly db: Db;
  readonly spec: CampaignSpec;
  readonly shard: Shard;
  #limits: Limits;
  readonly kept: KeptRuns;
  readonly #fresh: Iterator<RunSpec>;

  private constructor(dir: string, db: Db, row: CampaignRow) {
    this.dir = dir;
    this.db = db;
    this.kept = new KeptRuns(db);
    this.spec = JSON.parse(row.spec) as CampaignSpec;
    this.shard = { part: row.part, of: row.parts };
    this.#limits = JSON.parse(row.limits) as Limits;
    const last = db.prepare<[], number | null>('SELECT max(idx) FROM run').pluck().get() ?? -1;
    this.#fresh = after(last, expand(this.spec, this.shard));
  }

  /** Begins a campaign in a folder. Throws RunFileError where there is one already. */
  static create(dir: string, spec: CampaignSpec, shard: Shard, limits: Limits): CampaignState {
    const db = createDatabase(join(dir, STATE_FILE), campaignKind, true);
    const text = JSON.stringify(spec);
    db.transaction(() => {
      db.prepare(
        `INSERT INTO campaign (id, spec, part, parts, created_at, limits) VALUES (1, ?, ?, ?, ?, ?)`,
      ).run(text, shard.part, shard.of, new Date().toISOString(), JSON.stringify(limits));
      // Where it is written makes no other campaign of it.
      const { results: _, ...options } = spec.options;
      db.prepare('INSERT INTO source (spec) VALUES (?)').run(JSON.stringify({ ...spec, options }));
    })();
    return CampaignState.#own(dir, db);
  }

  /** Takes a campaign up again. Throws RunFileError, and CampaignBusyError where somebody has it. */
  static resume(dir: string): CampaignState {
    return CampaignState.#own(dir, openDatabase(join(dir, STATE_FILE), campaignKind, true));
  }

  static #own(dir: string, db: Db): CampaignState {
    try {
      const take = db.transaction(() => {
        const row = db.prepare<[], CampaignRow>('SELECT * FROM campaign').get();
        if (row === undefined) throw new NotResumable(dir);
        const { pid, pid_started: started, host } = row;
        const here = host === hostname();
        if (here && pid !== null && pid !== process.pid && isAlive(pid, started)) {
          throw new CampaignBusyError(dir, pid);
        }
        db.prepare('UPDATE campaign SET pid = ?, pid_started = ?, host = ?').run(
          process.pid,
          processStart(process.pid),
          hostname(),
        );
        return row;
      });
      return new CampaignState(dir, db, take.immediate());
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** Changes what bounds the work. */
  limit(changed: Partial<Limits>): void {
    this.#limits = { ...this.#limits, ...changed };
    this.db.prepare('UPDATE campaign SET limits = ?').run(JSON.stringify(this.#limits));
  }

  /** The next run that was never begun; undefined after the last one. It is begun by this. */
  begin(): RunSpec | undefined {
    const next = this.#fresh.next();
    if (next.done) return undefined;
    const { index, nemesis, options } = next.value;
    this.db
      .prepare(
        `INSERT INTO run (idx, key, options, workload, nemesis, nodes, seed, state, started_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?)`,
      )
      .run(
        index,
        specKey(options),
        JSON.stringify(options),
        options.workload,
        nemesis,
        Number(options.nodes),
        Number(options.seed),
        new Date().toISOString(),
      );
    return next.value;
  }

  /** Who carries a run: so that a child that outlives the campaign is found again. */
  startedBy(index: number, pid: number): void {
    this.db
      .prepare('UPDATE run SET pid = ?, pid_started = ? WHERE idx = ?')
      .run(pid, processStart(pid), index);
  }

  /** Runs that were begun and whose end is not stored. */
  interrupted(): Interrupted[] {
    return this.db
      .prepare<[], { idx: number; pid: number | null; pid_started: string | null; at: string }>(
        `SELECT idx, pid, pid_started, started_at AS at FROM run WHERE state = 'running' ORDER BY idx`,
      )
      .all()
      .map(({ idx, pid, pid_started: pidStarted, at }) => ({
        spec: runSpec(this.spec, idx),
        pid,
        pidStarted,
        startedAt: at,
      }));
  }

  /** An interrupted run is begun once more. */
  again(index: number): void {
    this.db
      .prepare(
        `UPDATE run SET attempts = attempts + 1, pid = NULL, pid_started = NULL, started_at = ?
         WHERE idx = ?`,
      )
      .run(new Date().toISOString(), index);
  }

  /** Stores the end of a run and all that is kept of it, at once or not at all. */
  finish(index: number, end: RunEnd): void {
    const { facts } = end;
    this.db.transaction(() => {
      for (const table of factTables) {
        this.db.prepare(`DELETE FROM ${table} WHERE run = ?`).run(index);
      }
      const counts = facts?.counts;
      this.db
        .prepare(
          `UPDATE run SET state = ?, pid = NULL, pid_started = NULL, ended_at = ?, took_ms = ?,
             exit_code = ?, valid = ?, message = ?, dir = ?, ops = ?, ok = ?, fail = ?, info = ?,
             duration_ns = ?, bytes = ?, kept = ? WHERE idx = ?`,
        )
        .run(
          end.state,
          new Date().toISOString(),
          Math.round(end.tookMs),
          end.exitCode,
          end.state === 'done' ? String(facts?.valid) : null,
          end.message,
          end.dir,
          counts === undefined ? null : counts.ok + counts.fail + counts.info,
          counts?.ok ?? null,
          counts?.fail ?? null,
          counts?.info ?? null,
          facts?.durationNs ?? null,
          end.bytes,
          end.dir === null ? 0 : 1,
          index,
        );
      if (facts !== null && end.state === 'done') storeFacts(this.db, index, facts);
    })();
  }

  /** Runs so far by how they ended. */
  tally(): Tally {
    return this.db
      .prepare<[], Tally>(
        `SELECT coalesce(sum(valid IS 'true'), 0) AS valid,
           coalesce(sum(valid IS 'false'), 0) AS invalid,
           coalesce(sum(valid IS 'unknown'), 0) AS unknown,
           coalesce(sum(state = 'crashed'), 0) AS crashed,
           coalesce(sum(state = 'running'), 0) AS running FROM run`,
      )
      .get()!;
  }

  /** Working time of all stretches, ms. */
  workedMs(): number {
    return this.db.prepare<[], number>('SELECT worked_ms FROM campaign').pluck().get()!;
  }

  work(ms: number): void {
    this.db.prepare('UPDATE campaign SET worked_ms = worked_ms + ?').run(Math.round(ms));
  }

  close(): void {
    this.db.prepare('UPDATE campaign SET pid = NULL, pid_started = NULL, host = NULL').run();
    this.db.close();
  }
}

export interface Tally {
  readonly valid: number;
  readonly invalid: number;
  readonly unknown: number;
  readonly crashed: number;
  readonly running: number;
}

/** A merged campaign has no plan of its own. */
export class NotResumable extends AmnesiaError {
  readonly code = 'bad-arguments';
  constructor(dir: string) {
    super(`${dir} is a merged campaign: resume the ones it was merged from`);
    this.name = 'NotResumable';
  }
}

export function isAlive(pid: number, started: string | null): boolean {
  return started !== null && processStart(pid) === started;
}

/** Specs are begun in order, so that the last number that was begun says which are left. */
function* after(last: number, specs: Iterable<RunSpec>): Generator<RunSpec> {
  for (const spec of specs) if (spec.index > last) yield spec;
}
