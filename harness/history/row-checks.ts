/**
 * Checksums of the rows of a sealed run, a block of operations each. They cost too much to be looked at in
 * every check. They are for a file that is known to be damaged: of its rows only those count that are as they were.
 */
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { Block } from './digest.ts';
import { packRows } from './digest.ts';
import type { RunFile } from './run-file.ts';
import { ROW_CHECK, tableSql } from './schema.ts';

export function checksumOf({ numbers, texts }: Block): number {
  return crc32(texts, crc32(numbers));
}

/** Replaces what was kept before. `checksums`: one for each block, in order. */
export function keepRowChecks(db: Database.Database, checksums: readonly number[]): void {
  // Files of earlier versions have no such table.
  db.exec(`DROP TABLE IF EXISTS ${ROW_CHECK.name}; ${tableSql(ROW_CHECK)}`);
  const put = db.prepare(`INSERT INTO ${ROW_CHECK.name} (block, crc) VALUES (?, ?)`);
  for (const [block, crc] of checksums.entries()) put.run(block, crc);
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
    return db.prepare<[], number>(`SELECT crc FROM ${ROW_CHECK.name} ORDER BY block`).pluck().all();
  } catch {
    return null;
  }
}

/** Whether all three triggers of `seal.ts` are there, so that no change by SQL goes unnoticed. */
function isWatched(db: Database.Database): boolean {
  const triggers = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'op'";
  return db.prepare<[], number>(triggers).pluck().get() === 3;
}
