/**
 * Puts operations into table `op`, quickly.
 *
 * Binding a parameter is what an insert costs, so a row binds only what it has: rows are sorted by
 * *shape* (which fields are there, and the few words phase, workload, f and outcome), and each
 * shape has a statement in which the absent fields are NULL and the words are literals. Statements
 * insert up to 32 rows. It opens no transaction of its own; the recorder does.
 */
import type Database from 'better-sqlite3';
import type { OperationRow } from '../generator/operation.ts';
import { columnNames } from './schema.ts';

const ROWS_PER_INSERT = 32;
/** Beyond this many shapes everything goes through the one that binds all columns. */
const SHAPES_MAX = 256;
/** Words that may stand in a statement as they are. */
const PLAIN_WORD = /^[a-z0-9-]{1,40}$/i;

/** A row with what only imported histories have. */
export interface StoredRow extends OperationRow {
  readonly extra?: Readonly<Record<string, unknown>>;
}

export type Cell = string | number | null;

export function jsonCell(value: unknown): string | null {
  // Nearly all values are small numbers.
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return value === undefined || value === null ? null : JSON.stringify(value);
}

export function bitCell(value: boolean | undefined): number | null {
  return value === undefined ? null : value ? 1 : 0;
}

/** Fields that nearly every row has: always bound. */
const ALWAYS = ['idx', 'process', 'invoked', 'thread', 'scheduled'] as const;
/** The few words: literals of a shape. */
const WORDS = ['f', 'outcome', 'phase', 'workload'] as const;

const CELLS: Readonly<Record<string, (row: StoredRow) => Cell>> = {
  idx: (row) => row.idx,
  process: (row) => row.process,
  invoked: (row) => row.invoked,
  thread: (row) => row.thread,
  scheduled: (row) => row.scheduled,
  f: (row) => row.f,
  outcome: (row) => row.outcome ?? null,
  phase: (row) => row.phase,
  workload: (row) => row.workload,
  completed: (row) => row.completed ?? null,
  node: (row) => row.node,
  key: (row) => row.key,
  value: (row) => jsonCell(row.value),
  final: (row) => bitCell(row.final),
  error: (row) => row.error ?? null,
  message: (row) => row.message ?? null,
  confidence: (row) => row.confidence ?? null,
  warnings: (row) => row.warnings ?? null,
  stale: (row) => bitCell(row.stale),
  server: (row) => row.server ?? null,
  hops: (row) => row.hops ?? null,
  version: (row) => row.version ?? null,
  siblings: (row) => jsonCell(row.siblings),
  sent_context: (row) => row.sentContext ?? null,
  context: (row) => row.context ?? null,
  extra: (row) => jsonCell(row.extra),
};

/** Fields that a row may lack; bit i of a shape's mask says that OPTIONAL[i] is there. */
const OPTIONAL = columnNames('op').filter(
  (name) =>
    !(ALWAYS as readonly string[]).includes(name) && !(WORDS as readonly string[]).includes(name),
);

/** The same as CELLS, but only a look at whether there is something. Order: OPTIONAL. */
function maskOf(row: StoredRow): number {
  let mask = 0;
  if (row.completed !== undefined) mask |= 1 << COMPLETED;
  if (row.node !== null) mask |= 1 << NODE;
  if (row.key !== null) mask |= 1 << KEY;
  if (row.value !== undefined && row.value !== null) mask |= 1 << VALUE;
  if (row.final !== undefined) mask |= 1 << FINAL;
  if (row.error !== undefined) mask |= 1 << ERROR;
  if (row.message !== undefined) mask |= 1 << MESSAGE;
  if (row.confidence !== undefined) mask |= 1 << CONFIDENCE;
  if (row.warnings !== undefined) mask |= 1 << WARNINGS;
  if (row.stale !== undefined) mask |= 1 << STALE;
  if (row.server !== undefined) mask |= 1 << SERVER;
  if (row.hops !== undefined) mask |= 1 << HOPS;
  if (row.version !== undefined) mask |= 1 << VERSION;
  if (row.siblings !== undefined) mask |= 1 << SIBLINGS;
  if (row.sentContext !== undefined) mask |= 1 << SENT_CONTEXT;
  if (row.context !== undefined) mask |= 1 << CONTEXT;
  if (row.extra !== undefined) mask |= 1 << EXTRA;
  return mask;
}

const place = (name: string): number => OPTIONAL.indexOf(name);
const COMPLETED = place('completed');
const NODE = place('node');
const KEY = place('key');
const VALUE = place('value');
const FINAL = place('final');
const ERROR = place('error');
const MESSAGE = place('message');
const CONFIDENCE = place('confidence');
const WARNINGS = place('warnings');
const STALE = place('stale');
const SERVER = place('server');
const HOPS = place('hops');
const VERSION = place('version');
const SIBLINGS = place('siblings');
const SENT_CONTEXT = place('sent_context');
const CONTEXT = place('context');
const EXTRA = place('extra');

/** One statement for many rows, one for a single row, and the rows that wait for them. */
interface Shape {
  /** Text of an INSERT up to its VALUES, and the parameters of one row. */
  readonly into: string;
  readonly row: string;
  /** Prepared when there is something for them: most shapes are rare, and have no 32 rows in a batch. */
  many: Database.Statement | null;
  one: Database.Statement | null;
  readonly cells: readonly ((row: StoredRow) => Cell)[];
  readonly waiting: StoredRow[];
  readonly bound: Cell[];
}

export class OpWriter {
  readonly #db: Database.Database;
  readonly #shapes = new Map<string, Shape>();
  readonly #finish: Database.Statement;
  readonly #generic: Shape;
  /** Fields that a completion may set. */
  readonly #finishCells: readonly ((row: StoredRow) => Cell)[];

  constructor(db: Database.Database) {
    this.#db = db;
    const settable = ['outcome', ...OPTIONAL.filter((name) => name !== 'key')];
    this.#finish = db.prepare(
      `UPDATE op SET ${settable.map((name) => `${name} = ?`).join(', ')} WHERE idx = ?`,
    );
    this.#finishCells = [...settable, 'idx'].map((name) => CELLS[name]);
    this.#generic = this.#makeShape(columnNames('op').map((name) => [name, null] as const));
  }

  /** Rows that are not in the file yet. */
  insert(rows: readonly (StoredRow | undefined)[]): void {
    for (const row of rows) {
      if (row !== undefined) this.#shapeOf(row).waiting.push(row);
    }
    for (const shape of this.#shapes.values()) this.#drain(shape);
    this.#drain(this.#generic);
  }

  /** Completes rows that were stored while in flight. */
  finish(rows: Iterable<StoredRow>): void {
    for (const row of rows) this.#finish.run(...this.#finishCells.map((cell) => cell(row)));
  }

  /** Forgets what waits, after a transaction failed. */
  clear(): void {
    for (const shape of this.#shapes.values()) shape.waiting.length = 0;
    this.#generic.waiting.length = 0;
  }

  #shapeOf(row: StoredRow): Shape {
    const key = `${maskOf(row)} ${row.phase} ${row.workload} ${row.f} ${row.outcome}`;
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const words = [row.phase, row.workload ?? 'x', row.f, row.outcome ?? 'x'];
    if (this.#shapes.size >= SHAPES_MAX || !words.every((word) => PLAIN_WORD.test(word))) {
      return this.#generic;
    }
    const mask = maskOf(row);
    const literal = (word: string | null | undefined) => (word == null ? 'NULL' : `'${word}'`);
    const shape = this.#makeShape([
      ...ALWAYS.map((name) => [name, null] as const),
      ['f', literal(row.f)],
      ['outcome', literal(row.outcome)],
      ['phase', literal(row.phase)],
      ['workload', literal(row.workload)],
      ...OPTIONAL.filter((_, i) => (mask >> i) & 1).map((name) => [name, null] as const),
    ]);
    this.#shapes.set(key, shape);
    return shape;
  }

  /** `columns`: name and literal; null: bound. */
  #makeShape(columns: readonly (readonly [name: string, literal: string | null])[]): Shape {
    const into = `INSERT INTO op (${columns.map(([name]) => name).join(', ')}) VALUES `;
    const row = `(${columns.map(([, literal]) => literal ?? '?').join(', ')})`;
    const cells = columns.filter(([, literal]) => literal === null).map(([name]) => CELLS[name]);
    return {
      into,
      row,
      many: null,
      one: null,
      cells,
      waiting: [],
      bound: [],
    };
  }

  #drain(shape: Shape): void {
    const { waiting, cells, bound, into } = shape;
    let from = 0;
    for (; from + ROWS_PER_INSERT <= waiting.length; from += ROWS_PER_INSERT) {
      let at = 0;
      for (let i = 0; i < ROWS_PER_INSERT; i++) {
        const row = waiting[from + i];
        for (let c = 0; c < cells.length; c++) bound[at++] = cells[c](row);
      }
      shape.many ??= this.#db.prepare(into + Array(ROWS_PER_INSERT).fill(shape.row).join(', '));
      shape.many.run(...bound);
    }
    for (; from < waiting.length; from++) {
      const row = waiting[from];
      shape.one ??= this.#db.prepare(into + shape.row);
      shape.one.run(...cells.map((cell) => cell(row)));
    }
    waiting.length = 0;
  }
}
