/**
 * Checksums of the rows of a sealed run. Those of table `op`, a block of operations each, cost too much to be looked
 * at in every check. They are for a file that is known to be damaged: of its rows only those count that are as they
 * were. Those of the tables around it are compared whenever these are read, since no sealed columns stand beside them.
 */
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';
import { type Block, packRows } from './digest.ts';
import type { RunFile } from './run-file.ts';
import { ROW_CHECK, tableSql } from './schema.ts';

export function checksumOf({ numbers, texts }: Block): number {
  return crc32(texts, crc32(numbers));
}

/** Replaces what was kept before. `ofOp`: one checksum for each block, in order; the rest is read. */
export function keepRowChecks(db: Database.Database, ofOp: readonly number[]): void {
  // Files of earlier versions have no such table.
  db.exec(`DROP TABLE IF EXISTS ${ROW_CHECK.name}; ${tableSql(ROW_CHECK)}`);
  const put = db.prepare(`INSERT INTO ${ROW_CHECK.name} (name, block, crc) VALUES (?, ?, ?)`);
  for (const [block, crc] of ofOp.entries()) put.run('op', block, crc);
  for (const [name, select] of Object.entries(SURROUNDING_ROWS)) {
    const sum = new RowSum();
    for (const row of db.prepare<[], object>(select).iterate()) sum.add(row);
    put.run(name, 0, sum.crc);
  }
}

/** What a checker wants of a table, and in what order. */
export const SURROUNDING_ROWS = {
  fault: 'SELECT * FROM fault WHERE applied IS NOT NULL ORDER BY applied, id',
  sample: 'SELECT time, node, path, body FROM sample ORDER BY time, id',
  node_log: 'SELECT time, node, level, text FROM node_log ORDER BY time, id',
} as const;

/** Checksum of rows, one after another. */
export class RowSum {
  crc = 0;

  add(row: object): void {
    // A length before each cell, so that nothing can move from one to the next.
    let text = '';
    for (const cell of Object.values(row)) text += `${String(cell).length}:${cell}`;
    this.crc = crc32(text, this.crc);
  }
}

/** Triggers that run a statement whenever a table is changed through SQLite. */
export function onChange(table: string, statement: string): string {
  return ['INSERT', 'UPDATE', 'DELETE']
    .map(
      (event) =>
        `CREATE TRIGGER IF NOT EXISTS ${table}_changed_by_${event.toLowerCase()} AFTER ${event} ON ${table}
      BEGIN ${statement}; END;`,
    )
    .join('\n');
}

/** A change of these tables is made on purpose: nothing is left to compare them with. */
export const TRIGGERS_OF_CHECKS = Object.keys(SURROUNDING_ROWS)
  .map((name) => onChange(name, `DELETE FROM ${ROW_CHECK.name} WHERE name = '${name}'`))
  .join('\n');

/** Null: none is known. */
export function checksumOfTable(
  { db }: RunFile,
  name: keyof typeof SURROUNDING_ROWS,
): number | null {
  try {
    const select = `SELECT crc FROM ${ROW_CHECK.name} WHERE name = ?`;
    return db.prepare<[string], number>(select).pluck().get(name) ?? null;
  } catch {
    return null;
  }
}

/**
 * How many blocks at the beginning of table `op` are as they were sealed; null: all of them, or nothing is known:
 * the run is not sealed, was changed on purpose, or the checksums themselves cannot be read.
 */
export function intactBlocks(file: RunFile): number | null {
  const kept = keptChecks(file);
  if (kept === null) return null;
  let block = 0;
  try {
    for (const packed of packRows(file.db, null)) {
      if (checksumOf(packed) !== kept[block]) return block;
      block++;
    }
  } catch {
    return block;
  }
  return block === kept.length ? null : block;
}

function keptChecks({ db }: RunFile): number[] | null {
  try {
    const changed = db.prepare<[], number>('SELECT changed FROM seal').pluck().get();
    if (changed !== 0 || !isWatched(db)) return null;
    return db
      .prepare<[], number>(`SELECT crc FROM ${ROW_CHECK.name} WHERE name = 'op' ORDER BY block`)
      .pluck()
      .all();
  } catch {
    return null;
  }
}

/** Whether all three triggers of `seal.ts` are there, so that no change by SQL goes unnoticed. */
function isWatched(db: Database.Database): boolean {
  const triggers = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'op'";
  return db.prepare<[], number>(triggers).pluck().get() === 3;
}
