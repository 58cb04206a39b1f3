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

const rowsAtOnce = 256;

/**
 * Numbers as their eight bytes, texts one behind the other and their lengths among the numbers: so nothing
 * becomes text that is none, nothing has to be escaped, and no two histories look alike.
 */
class Hasher {
  readonly #hash = createHash('sha256');
  readonly #numbers = new Float64Array(rowsAtOnce * FIELDS.length);
  #count = 0;
  #texts = '';

  /** In the order of FIELDS. */
  add(cells: readonly Cell[]): void {
    for (const cell of cells) {
      if (typeof cell === 'string') {
        this.#texts += cell;
        this.#numbers[this.#count++] = -1 - cell.length;
      } else this.#numbers[this.#count++] = cell ?? Number.NaN;
    }
    if (this.#count === this.#numbers.length) this.#flush();
  }

  hex(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#numbers.subarray(0, this.#count)).update(this.#texts);
    this.#count = 0;
    this.#texts = '';
  }
}

/** SHA-256 in hex, in the order of idx. `rows`: all operations, where they are at hand; else the table is read. */
export function digestOf(db: Database.Database, rows: readonly StoredRow[] | null = null): string {
  const hasher = new Hasher();
  if (rows !== null) for (const row of rows) hasher.add(cellsOf(row));
  else {
    const table = db.prepare<[], Cell[]>(`SELECT ${FIELDS.join(', ')} FROM op ORDER BY idx`).raw();
    for (const cells of table.iterate()) hasher.add(cells);
  }
  return hasher.hex();
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
