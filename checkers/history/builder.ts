/**
 * From operations to the columns that checkers take. This is the only way: rows of a run file, histories of other
 * tools and plain operations of tests all come as *cells*, and what a history is, is said here and in the files
 * that this one uses.
 *
 *   cells -> columns in order of the source -> refusals -> log order -> value ids -> History
 */
import {
  type AllColumns,
  allocateColumns,
  COLUMN_NAMES,
  type COLUMNS,
  type Column,
  type ColumnName,
  type Columns,
  columnOf,
  eachColumn,
  gather,
} from './columns.ts';
import { ContextTable, type DecodeContext } from './context-table.ts';
import { COLUMN_TYPES, type DataType, OBJECT_TYPES } from './data-type.ts';
import {
  type ClusterSample,
  type FaultWindow,
  type History,
  type LogLine,
  type Objects,
  Status,
  type Versions,
} from './history.ts';
import { isWrite, KIND_ROWS, Kind, kindOf, standsAtInvocation } from './kinds.ts';
import { logOrder } from './log-order.ts';
import { Names } from './names.ts';
import { numberReads, numberWrites, type Texts } from './number-values.ts';
import { recognise } from './recognise.ts';
import { refuseNonsense } from './refusals.ts';
import { ValueIds } from './value-ids.ts';

type WithCell = {
  [Name in ColumnName]: (typeof COLUMNS)[Name]['cell'] extends 'none' ? never : Name;
}[ColumnName];

/**
 * What an operation is given as: a cell for each column that has one, and three more.
 *
 * - `process`: its number, or a name;
 * - `session`: the number of a client thread, which has a session for each scope (`scopeOf`) that it touches; or the
 *   name of a session;
 * - `value`: JSON of what was written, read or expected and written (`KINDS` says which); null is the initial value;
 * - `complete`: ns, null while in flight;
 * - `siblings`: JSON of a list; `dot`: `actor:counter`; `context`: as the server gave it out.
 */
export type CellName = WithCell | 'siblings' | 'dot' | 'context';
export type Cell = string | number | null;
/** The cells of an operation, in the order of `CELL_NAMES`. */
export type Cells = readonly Cell[];

export const CELL_NAMES: readonly CellName[] = [
  ...COLUMN_NAMES.filter((name): name is WithCell => columnOf(name).cell !== 'none'),
  ...(['siblings', 'dot', 'context'] as const),
];

const AT = Object.fromEntries(CELL_NAMES.map((name, at) => [name, at])) as Record<CellName, number>;

/** Cells are taken column by column, few enough at a time to stay in the processor's cache. */
const BLOCK_ROWS = 256;

export interface BuilderOptions {
  /** Names that the surroundings refer to by number. */
  readonly nodes?: readonly string[];
  /** How many operations are expected. */
  readonly room?: number;
  /** The part of a key within which a thread has one session: by default all keys are one. */
  readonly scopeOf?: (key: string) => string;
}

export interface BuildOptions {
  /** The data type of a key, where it was stated. */
  readonly typeOf?: (key: string) => DataType | undefined;
  /**
   * `names`: types of keys are recognised by the names of all operations. `own`: only where none of them could be on a
   * register, set or list, since workloads of ours have operations beside those. `all`: as `names`, and nothing
   * is judged of a key with an operation that no type knows. By default `names`.
   */
  readonly recognised?: 'own' | 'names' | 'all';
  /** JSON of the value that stands for "nothing was written yet", beside null. */
  readonly initial?: string;
  readonly decodeContext: DecodeContext;
  readonly faults?: readonly FaultWindow[];
  readonly samples?: readonly ClusterSample[];
  readonly logs?: readonly LogLine[];
}

export class HistoryBuilder {
  n = 0;
  readonly nodes: Names;
  #room: number;
  #columns: AllColumns;
  /** Columns that some operation has. How late it was is known of every operation. */
  readonly #present = new Set<ColumnName>(['late']);
  readonly #names;
  readonly #processes = new Names();
  readonly #scopeOf: (key: string) => string;
  readonly #scopes = new Names();
  /** Number of the scope of a key. */
  readonly #scopeOfKey: number[] = [];
  readonly #sessions = new Map<number | string, number>();
  readonly #values: (string | null)[] = [];
  readonly #siblings = new Map<number, string>();
  readonly #dots = new Map<number, string>();
  readonly #contexts = new Map<number, string>();
  readonly #block: Float64Array;

  constructor({ nodes, room = 0, scopeOf = () => '' }: BuilderOptions = {}) {
    this.nodes = new Names(nodes);
    this.#names = { keys: new Names(), nodes: this.nodes, errors: new Names(), fs: new Names() };
    this.#scopeOf = scopeOf;
    this.#room = room;
    this.#block = new Float64Array(Math.min(Math.max(room, 16), BLOCK_ROWS));
    this.#columns = allocateColumns(this.#room);
  }

  /** Operations in the order of their source, behind those that were added before. */
  add(operations: readonly Cells[]): void {
    const { length } = this.#block;
    for (let from = 0; from < operations.length; from += length) {
      this.#addBlock(operations, from, Math.min(operations.length, from + length));
    }
  }

  /** Makes an operation that is there already one of another kind than its `f` says. */
  setKind(row: number, kind: number): void {
    this.#kinds.set(row, kind);
  }
  readonly #kinds = new Map<number, number>();

  /**
   * Makes this the history up to a moment: what ended then or later is in flight. It may have seen the
   * effect of an operation that is missing.
   */
  endAt(ns: number): void {
    const { complete, status } = this.#columns;
    for (let row = 0; row < this.n; row++) if (!(complete[row] < ns)) status[row] = Status.Info;
  }

  #addBlock(operations: readonly Cells[], from: number, to: number): void {
    const first = this.n;
    if (first + to - from > this.#room) this.#grow();
    this.n += to - from;
    for (const name of COLUMN_NAMES) {
      const column = columnOf(name);
      if (column.cell === 'number') this.#takeNumbers(name, column, operations, from, to, first);
      if (column.cell === 'name') this.#takeNames(name, column, operations, from, to, first);
    }
    this.#takeSessions(operations, from, to, first);
    const { value, siblings, dot, context } = AT;
    for (let i = from, row = first; i < to; i++, row++) {
      const cells = operations[i];
      this.#values.push(cells[value] as string | null);
      if (cells[siblings] !== null) this.#siblings.set(row, cells[siblings] as string);
      if (cells[dot] !== null) this.#dots.set(row, cells[dot] as string);
      if (cells[context] !== null) this.#contexts.set(row, cells[context] as string);
    }
  }

  #takeNumbers(
    name: ColumnName,
    { absent, max = Number.POSITIVE_INFINITY }: Column,
    operations: readonly Cells[],
    from: number,
    to: number,
    first: number,
  ): void {
    const at = AT[name as CellName];
    const block = this.#block;
    let isPresent = false;
    for (let i = from; i < to; i++) {
      const cell = operations[i][at] as number | null;
      if (cell !== null) isPresent = true;
      block[i - from] = cell === null ? absent : cell > max ? max : cell;
    }
    this.#put(name, to - from, first, isPresent);
  }

  #takeNames(
    name: ColumnName,
    { absent, max = Number.POSITIVE_INFINITY, names }: Column,
    operations: readonly Cells[],
    from: number,
    to: number,
    first: number,
  ): void {
    const at = AT[name as CellName];
    const list = this.#names[names!];
    const block = this.#block;
    let isPresent = false;
    for (let i = from; i < to; i++) {
      const cell = operations[i][at] as string | null;
      if (cell !== null) isPresent = true;
      block[i - from] = cell === null ? absent : Math.min(max, list.id(cell));
    }
    this.#put(name, to - from, first, isPresent);
  }

  #put(name: ColumnName, length: number, first: number, isPresent: boolean): void {
    if (isPresent) this.#present.add(name);
    this.#columns[name].set(this.#block.subarray(0, length), first);
  }

  #takeSessions(operations: readonly Cells[], from: number, to: number, first: number): void {
    const { process, session, key } = this.#columns;
    for (let known = this.#scopeOfKey.length; known < this.#names.keys.size; known++) {
      this.#scopeOfKey.push(this.#scopes.id(this.#scopeOf(this.#names.keys.list[known])));
    }
    for (let i = from, row = first; i < to; i++, row++) {
      const who = operations[i][AT.process];
      // Names of processes are negative until the history is built.
      process[row] = typeof who === 'number' ? who : -2 - this.#processes.id(String(who));
      const name = operations[i][AT.session];
      const scope = key[row] === -1 ? 0 : this.#scopeOfKey[key[row]] + 1;
      session[row] = this.#session(typeof name === 'number' ? name * 0x100000 + scope : name!);
    }
  }

  #session(name: number | string): number {
    let id = this.#sessions.get(name);
    if (id === undefined) {
      id = this.#sessions.size;
      this.#sessions.set(name, id);
    }
    return id;
  }

  #grow(): void {
    this.#room = 2 * this.#room + BLOCK_ROWS;
    const larger = allocateColumns(this.#room);
    for (const name of COLUMN_NAMES) larger[name].set(this.#columns[name].subarray(0, this.n));
    this.#columns = larger;
  }

  /** Throws HistoryError where this is no history that could be judged. */
  build(options: BuildOptions): History {
    const { n } = this;
    const source = this.#cut();
    for (let row = 0; row < n; row++) {
      if (source.status[row] === Status.Info) source.complete[row] = Number.POSITIVE_INFINITY;
    }
    refuseNonsense(source, source.process, (process) =>
      process < -1 ? this.#processes.list[-2 - process] : process,
    );
    const types = this.#types(source, options);
    const order = this.#order(source);
    const log = this.#inOrder(source, order);
    const { kind, key, value, process } = log;
    for (let i = 0; i < n; i++) if (process[i] < -1) process[i] = -1;
    const ids = new ValueIds(options.initial);
    const texts: Texts = {
      value: this.#values,
      siblings: this.#siblings,
      keys: this.#names.keys.list,
      fOf: (i) => this.#names.fs.list[log.f[i]],
    };
    const { expectedText, repeated } = numberWrites(texts, order, log, ids);
    const writes = ids.count;
    const reads = numberReads(texts, order, log, ids);
    if (expectedText !== null) {
      for (const [i, expects] of expectedText) log.expected[i] = ids.read(key[i], expects);
      this.#present.add('expected');
    }
    const writeOp = new Int32Array(ids.count + 1).fill(-1);
    for (let i = 0; i < n; i++) {
      // Of several writes of one value the source of reads is one that did not fail.
      if (!isWrite(kind[i])) continue;
      const known = writeOp[value[i]];
      if (known === -1 || log.status[known] === Status.Fail) writeOp[value[i]] = i;
    }
    return {
      n,
      ...this.#withoutAbsent(log),
      ...reads,
      ...{ writes, values: ids.count, writeOp },
      valueText: (id) => ids.text(id),
      sessions: this.#sessions.size,
      ...{ keys: this.#names.keys.list, nodes: this.nodes.list },
      ...{ errors: this.#names.errors.list, fs: this.#names.fs.list },
      objects: this.#objects(types, key, order, repeated),
      versions: this.#versions(order, kind, options.decodeContext),
      ...{ faults: options.faults ?? [], samples: options.samples ?? [], logs: options.logs ?? [] },
    };
  }

  /** Types of keys; what is no register, set or list is taken out of the sight of their checkers. */
  #types(
    { kind, key, f }: AllColumns,
    { typeOf, recognised = 'names' }: BuildOptions,
  ): (DataType | null)[] | null {
    const fs = this.#names.fs.list;
    const keys = this.#names.keys.list;
    const seen: number[][] = keys.map(() => []);
    for (let row = 0; row < this.n; row++) {
      if (key[row] >= 0 && !seen[key[row]].includes(f[row])) seen[key[row]].push(f[row]);
    }
    const types = seen.map((own, k) => {
      const names = own.map((each) => fs[each] ?? '');
      const stated = typeOf?.(keys[k]);
      if (stated !== undefined) return stated;
      const isPlain = recognised === 'own' && names.some((f) => kindOf(f) !== Kind.Other);
      return isPlain ? null : recognise(names);
    });
    const isHidden = (type: DataType | null): boolean =>
      type === null ? recognised === 'all' : !COLUMN_TYPES.has(type);
    if (!types.some(isHidden)) return null;
    for (let row = 0; row < this.n; row++) {
      if (key[row] >= 0 && isHidden(types[key[row]])) kind[row] = Kind.Other;
    }
    return types;
  }

  #objects(
    types: readonly (DataType | null)[] | null,
    key: Int32Array,
    order: Uint32Array,
    repeated: Uint8Array | null,
  ): Objects | null {
    if (types === null && repeated === null) return null;
    const payload = new Map<number, string>();
    for (let i = 0; types !== null && i < this.n; i++) {
      const type = key[i] < 0 ? null : types[key[i]];
      const text = this.#values[order[i]];
      if (type !== null && OBJECT_TYPES.has(type) && text !== null) payload.set(i, text);
    }
    return { types: types ?? this.#names.keys.list.map(() => null), payload, repeated };
  }

  /** Columns cut to their length, without copying; the kinds are filled in. */
  #cut(): AllColumns {
    const cut =
      this.n === this.#room
        ? this.#columns
        : (eachColumn((name) => this.#columns[name].subarray(0, this.n)) as AllColumns);
    const kinds = Uint8Array.from(this.#names.fs.list, kindOf);
    for (let row = 0; row < this.n; row++) cut.kind[row] = kinds[cut.f[row]];
    for (const [row, kind] of this.#kinds) cut.kind[row] = kind;
    return cut;
  }

  #order({ kind, invoke, complete, process }: AllColumns): Uint32Array {
    const { n } = this;
    const time = new Float64Array(n);
    const isFirst = new Uint8Array(n);
    for (let row = 0; row < n; row++) {
      const isOver = complete[row] !== Number.POSITIVE_INFINITY;
      time[row] = isOver && !standsAtInvocation(kind[row]) ? complete[row] : invoke[row];
      isFirst[row] = isWrite(kind[row]) ? 1 : 0;
    }
    return logOrder(time, isFirst, process);
  }

  #inOrder(source: AllColumns, order: Uint32Array): AllColumns {
    const log = allocateColumns(this.n);
    for (const name of COLUMN_NAMES) {
      const copy = gather[columnOf(name).array] as (to: object, from: object, by: object) => void;
      copy(log[name], source[name], order);
    }
    return log;
  }

  #withoutAbsent(log: AllColumns): Columns {
    const isAbsent = (name: ColumnName) =>
      columnOf(name).optional === true && !this.#present.has(name);
    return eachColumn((name) => (isAbsent(name) ? null : log[name])) as unknown as Columns;
  }

  #versions(order: Uint32Array, kind: Uint8Array, decode: DecodeContext): Versions | null {
    const table = new ContextTable(this.n, decode);
    for (let i = 0; i < this.n; i++) {
      const rule = KIND_ROWS[kind[i]];
      if (this.#dots.size > 0 && rule.effect === 'changes') {
        const dot = this.#dots.get(order[i]);
        if (dot !== undefined) table.setDot(i, dot);
      }
      const context = this.#contexts.get(order[i]);
      if (context !== undefined) table.setContext(i, context);
    }
    return table.build();
  }
}
