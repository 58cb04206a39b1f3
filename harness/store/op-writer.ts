/**
 * Puts operations into table `op`: many rows with one statement, since each run of a statement costs more than a row.
 * It opens no transaction of its own; the recorder does.
 */
import type Database from 'better-sqlite3';
import {
  type Cell,
  cellOf,
  FIELD_LIST,
  type Field,
  type FieldName,
  type StoredRow,
} from './fields.ts';

const ROWS_PER_INSERT = 32;

type Fields = readonly (Field & { readonly name: FieldName })[];

/** What an end may change; what it is about was known when it began. */
const OF_END = FIELD_LIST.filter(({ known }) => known === 'end');

function bind(row: StoredRow, fields: Fields, into: Cell[], at: number): void {
  for (let i = 0; i < fields.length; i++) {
    into[at + i] = cellOf(row, fields[i].name, fields[i].holds);
  }
}

export class OpWriter {
  readonly #one: Database.Statement;
  readonly #many: Database.Statement;
  readonly #finish: Database.Statement;
  readonly #oneRow = new Array<Cell>(FIELD_LIST.length).fill(null);
  readonly #manyRows = new Array<Cell>(ROWS_PER_INSERT * FIELD_LIST.length).fill(null);
  readonly #ended = new Array<Cell>(OF_END.length + 1).fill(null);

  constructor(db: Database.Database) {
    const into = `INSERT INTO op (${FIELD_LIST.map(({ sql }) => sql).join(', ')}) VALUES `;
    const row = `(${FIELD_LIST.map(() => '?').join(', ')})`;
    this.#one = db.prepare(into + row);
    this.#many = db.prepare(into + Array(ROWS_PER_INSERT).fill(row).join(', '));
    const changes = OF_END.map(({ sql }) => `${sql} = ?`).join(', ');
    this.#finish = db.prepare(`UPDATE op SET ${changes} WHERE idx = ?`);
  }

  /** Rows that are not in the file yet. */
  insert(rows: readonly (StoredRow | undefined)[]): void {
    let waiting: StoredRow[] = [];
    for (const row of rows) {
      if (row === undefined) continue;
      waiting.push(row);
      if (waiting.length < ROWS_PER_INSERT) continue;
      for (const [i, each] of waiting.entries()) {
        bind(each, FIELD_LIST, this.#manyRows, i * FIELD_LIST.length);
      }
      this.#many.run(this.#manyRows);
      waiting = [];
    }
    for (const row of waiting) {
      bind(row, FIELD_LIST, this.#oneRow, 0);
      this.#one.run(this.#oneRow);
    }
  }

  /** Completes rows that were stored while in flight. */
  finish(rows: Iterable<StoredRow>): void {
    for (const row of rows) {
      bind(row, OF_END, this.#ended, 0);
      this.#ended[OF_END.length] = row.idx;
      this.#finish.run(this.#ended);
    }
  }
}
