/**
 * The digest of a history: the same for two runs exactly when all their operations were the same, to the
 * nanosecond. Only meaningful where a seed gives one history (`--runtime sim`). Ids, folders and wall
 * clocks of the run are no part of it.
 */
import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { type Cell, cellOf, DIGEST_FIELDS, type StoredRow } from './fields.ts';

/** Operations of one block. */
export const BLOCK_ROWS = 256;

/**
 * Operations as bytes: numbers as their eight, texts one behind the other and their lengths among the numbers. So
 * nothing becomes text that is none, nothing has to be escaped, and no two histories look alike.
 */
export interface Block {
  readonly numbers: Float64Array;
  readonly texts: string;
}

/** Each block is good until the next. `rows`: all operations, where they are at hand; else the table is read. */
export function* packRows(
  db: Database.Database,
  rows: readonly StoredRow[] | null,
): Generator<Block> {
  const packer = new Packer();
  if (rows === null) {
    const wanted = DIGEST_FIELDS.map(({ sql }) => sql).join(', ');
    const table = db.prepare<[], Cell[]>(`SELECT ${wanted} FROM op ORDER BY idx`).raw();
    for (const cells of table.iterate()) if (packer.add(cells)) yield packer.take();
  } else {
    const cells: Cell[] = [];
    for (const row of rows) {
      for (const [at, { name, holds }] of DIGEST_FIELDS.entries())
        cells[at] = cellOf(row, name, holds);
      if (packer.add(cells)) yield packer.take();
    }
  }
  if (packer.count > 0) yield packer.take();
}

class Packer {
  readonly #numbers = new Float64Array(BLOCK_ROWS * DIGEST_FIELDS.length);
  count = 0;
  #texts = '';

  /** In the order of DIGEST_FIELDS. Whether a block is full. */
  add(cells: readonly Cell[]): boolean {
    for (const cell of cells) {
      if (typeof cell === 'string') {
        this.#texts += cell;
        this.#numbers[this.count++] = -1 - cell.length;
      } else this.#numbers[this.count++] = cell ?? Number.NaN;
    }
    return this.count === this.#numbers.length;
  }

  take(): Block {
    const block = { numbers: this.#numbers.subarray(0, this.count), texts: this.#texts };
    this.count = 0;
    this.#texts = '';
    return block;
  }
}

/** SHA-256 of the blocks of all operations, in order of idx. */
export class Digest {
  readonly #hash = createHash('sha256');

  add({ numbers, texts }: Block): void {
    this.#hash.update(numbers).update(texts);
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** Puts the digest into the run's environment. */
export function keepDigest(db: Database.Database, digest: string): void {
  const keep = "UPDATE run SET environment = json_set(environment, '$.digest', ?)";
  db.prepare(keep).run(digest);
}
