/** Rows of table `op` as they were recorded, every field, one after the other. */
import { cellJson, damagedAt } from './errors.ts';
import { type Cell, FIELD_LIST, type Field, isCell, type StoredRow } from './fields.ts';
import type { RunFile } from './run-file.ts';

type Stored = Readonly<Record<string, Cell>>;

/** In order of `idx`. Throws RunFileError for a damaged row; what SQLite throws goes to the caller, too. */
export function* storedRows(file: RunFile): Generator<StoredRow> {
  const fields = FIELD_LIST.map(({ sql }) => sql).join(', ');
  const all = file.db.prepare<[], Stored>(`SELECT ${fields} FROM op ORDER BY idx`);
  for (const stored of all.iterate()) yield rowOf(stored, file.path);
}

function rowOf(stored: Stored, path: string): StoredRow {
  const where = `operation ${stored.idx}`;
  const entries = FIELD_LIST.map((field) => {
    const cell = stored[field.sql];
    if (!isCell(cell, field)) throw damagedAt(path, where, `${field.sql} is not what was written`);
    return [field.name, cell === null ? field.absent : read(cell, field.holds, path, where)];
  });
  return Object.fromEntries(entries) as unknown as StoredRow;
}

function read(cell: Cell, holds: Field['holds'], path: string, where: string): unknown {
  if (holds === 'json' || holds === 'list') return cellJson(path, where, cell as string);
  return holds === 'bit' ? cell === 1 : cell;
}
