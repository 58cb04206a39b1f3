/**
 * The digest of a history: the same for two runs exactly when all their operations were the same, to the
 * nanosecond. Only meaningful where a seed gives one history (`--runtime sim`). Ids, folders and wall
 * clocks of the run are no part of it.
 */
import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { bitCell, type Cell, jsonCell, type StoredRow } from './op-writer.ts';

/** All that was seen of an operation, in this order; a later column of `op` does not change a digest. */
const FIELDS = [
  ...['idx', 'process', 'thread', 'phase', 'workload', 'f', 'key', 'value', 'node', 'scheduled'],
  ...['invoked', 'completed', 'outcome', 'error', 'message', 'final', 'confidence', 'warnings'],
  ...['stale', 'server', 'hops', 'version', 'siblings', 'sent_context', 'context'],
] as const;

/**
 * SHA-256 in hex over the operations in the order of idx, a line for each. `rows`: all of them, where they are at
 * hand; else the table is read.
 */
export function digestOf(db: Database.Database, rows: readonly StoredRow[] | null = null): string {
  const hash = createHash('sha256');
  let lines = '';
  let count = 0;
  const add = (cells: readonly Cell[]): void => {
    lines += `${lineOf(cells)}\n`;
    if (++count % linesAtOnce > 0) return;
    hash.update(lines);
    lines = '';
  };
  if (rows !== null) for (const row of rows) add(cellsOf(row));
  else {
    const table = db.prepare<[], Cell[]>(`SELECT ${FIELDS.join(', ')} FROM op ORDER BY idx`).raw();
    for (const cells of table.iterate()) add(cells);
  }
  return hash.update(lines).digest('hex');
}

const linesAtOnce = 256;

/** Texts stand behind their lengths: no two rows give one line, and nothing has to be escaped. */
function lineOf(cells: readonly Cell[]): string {
  let line = '';
  for (const cell of cells) {
    if (typeof cell === 'string') line += `${cell.length}:${cell},`;
    else line += cell === null ? ',' : `${cell},`;
  }
  return line;
}

/** A row as the table has it. In the order of FIELDS. */
function cellsOf(row: StoredRow): Cell[] {
  return [
    row.idx,
    row.process,
    row.thread,
    row.phase,
    row.workload,
    row.f,
    row.key,
    jsonCell(row.value),
    row.node,
    row.scheduled,
    row.invoked,
    row.completed ?? null,
    row.outcome ?? null,
    row.error ?? null,
    row.message ?? null,
    bitCell(row.final),
    row.confidence ?? null,
    row.warnings ?? null,
    bitCell(row.stale),
    row.server ?? null,
    row.hops ?? null,
    row.version ?? null,
    jsonCell(row.siblings),
    row.sentContext ?? null,
    row.context ?? null,
  ];
}

/** Puts the digest into the run's environment. `rows` as above. */
export function keepDigest(db: Database.Database, rows: readonly StoredRow[] | null): void {
  const keep = "UPDATE run SET environment = json_set(environment, '$.digest', ?)";
  db.prepare(keep).run(digestOf(db, rows));
}
