/**
 * Several campaigns, or shards of one, as one index and one report. The order of the sources makes no
 * difference, merging again changes no byte, and a run that came in twice is there once.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { createDatabase, type Db, openDatabase } from '../../store/database.ts';
import { RunFileError } from '../../store/errors.ts';
import { campaignKind, factTables } from './layout.ts';
import { STATE_FILE } from './state.ts';

/** Columns of a run that say where it was carried, and are of no interest any more. */
const DROPPED = new Set(['idx', 'dir', 'pid', 'pid_started']);

interface Source {
  readonly dir: string;
  readonly db: Db;
}

/**
 * Makes `target`/campaign.sqlite from those of `dirs`. A file that is there is replaced if it was merged,
 * too. Throws RunFileError where a source is no campaign or the target is a campaign of its own.
 */
export function mergeCampaigns(dirs: readonly string[], target: string): Db {
  const path = join(target, STATE_FILE);
  if (existsSync(path) && isOriginal(path)) {
    throw new RunFileError(
      'run-file-exists',
      path,
      `${path} is a campaign of its own, not a merged one; choose another --output`,
    );
  }
  mkdirSync(target, { recursive: true });
  const sources = [...new Set(dirs.map((dir) => resolve(dir)))].sort().map((dir) => ({
    dir,
    db: openDatabase(join(dir, STATE_FILE), campaignKind, false),
  }));
  const fresh = `${path}.${process.pid}`;
  try {
    rmSync(fresh, { force: true });
    // Without a log of its own: the same statements on a new file give the same bytes.
    const db = createDatabase(fresh, campaignKind, false);
    try {
      db.transaction(() => fill(db, sources))();
    } finally {
      db.close();
    }
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
    for (const { db } of sources) db.close();
  }
  return openDatabase(path, campaignKind, false);
}

function isOriginal(path: string): boolean {
  const db = openDatabase(path, campaignKind, false);
  try {
    return db.prepare('SELECT 1 FROM campaign').get() !== undefined;
  } finally {
    db.close();
  }
}

interface Candidate {
  readonly idx: number;
  readonly key: string;
  readonly rank: number;
  readonly started_at: string;
}

/**
 * Sources are walked side by side in the order of seed and key, so that only one row of each is in memory.
 * Of a run that is there twice the one that got furthest counts, then the one that began first.
 */
function fill(db: Db, sources: readonly Source[]): void {
  const specs = new Set(
    sources.flatMap(({ db: from }) =>
      from.prepare<[], string>('SELECT spec FROM source').pluck().all(),
    ),
  );
  const putSpec = db.prepare('INSERT INTO source (spec) VALUES (?)');
  for (const spec of [...specs].sort()) putSpec.run(spec);
  const copy = new Copy(db, sources);
  const heads = sources.map(({ db: from }) =>
    from
      .prepare<[], Candidate & { readonly seed: number }>(
        `SELECT idx, key, seed, started_at,
           CASE state WHEN 'done' THEN 0 WHEN 'crashed' THEN 1 ELSE 2 END AS rank
         FROM run ORDER BY seed, key`,
      )
      .iterate(),
  );
  const current = heads.map((head) => head.next());
  for (let idx = 0; ; ) {
    const waiting = current.flatMap((each, i) => (each.done ? [] : [{ row: each.value, i }]));
    if (waiting.length === 0) return;
    const first = waiting.reduce((least, each) => (before(each.row, least.row) ? each : least)).row;
    const same = waiting.filter(({ row }) => row.key === first.key && row.seed === first.seed);
    const best = same.reduce((winner, each) => (wins(each.row, winner.row) ? each : winner));
    for (const { i } of same) current[i] = heads[i].next();
    // A run that somebody was still at is no part of what there is.
    if (best.row.rank < 2) copy.run(best.i, best.row.idx, idx++);
  }
}

interface Placed {
  readonly seed: number;
  readonly key: string;
}

function before(left: Placed, right: Placed): boolean {
  return left.seed < right.seed || (left.seed === right.seed && left.key < right.key);
}

function wins(left: Candidate, right: Candidate): boolean {
  if (left.rank !== right.rank) return left.rank < right.rank;
  return left.started_at < right.started_at;
}

/** Copies rows from one of the sources under another number. */
class Copy {
  readonly #db: Db;
  readonly #sources: readonly Source[];
  readonly #columns: readonly string[];

  constructor(db: Db, sources: readonly Source[]) {
    this.#db = db;
    this.#sources = sources;
    this.#columns = db
      .prepare<[], { name: string }>("SELECT name FROM pragma_table_info('run')")
      .all()
      .map(({ name }) => name)
      .filter((name) => !DROPPED.has(name));
  }

  run(source: number, from: number, to: number): void {
    const { dir, db: origin } = this.#sources[source];
    const columns = this.#columns.join(', ');
    const row = origin
      .prepare<[number], Record<string, unknown>>(`SELECT dir, ${columns} FROM run WHERE idx = ?`)
      .get(from)!;
    const place = row.dir as string | null;
    const absolute = place === null || isAbsolute(place) ? place : join(dir, place);
    const marks = this.#columns.map(() => '?').join(', ');
    this.#db
      .prepare(`INSERT INTO run (idx, dir, ${columns}) VALUES (?, ?, ${marks})`)
      .run(to, absolute, ...this.#columns.map((name) => row[name]));
    for (const table of factTables) this.#facts(origin, table, from, to);
  }

  #facts(origin: Db, table: string, from: number, to: number): void {
    const rows = origin
      .prepare<[number], unknown[]>(`SELECT * FROM ${table} WHERE run = ?`)
      .raw()
      .all(from) as unknown[][];
    if (rows.length === 0) return;
    const marks = rows[0].map(() => '?').join(', ');
    const put = this.#db.prepare(`INSERT INTO ${table} VALUES (${marks})`);
    // Number of the run first, as in every table of this kind.
    for (const [, ...values] of rows) put.run(to, ...values);
  }
}
