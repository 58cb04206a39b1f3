/**
 * From a run file to the columns that checkers take. Sealed chunks are loaded when they are there
 * and agree with the rows; otherwise the rows are read, since they are the record.
 *
 * A history that no checker could make sense of (two writes of one value, an operation that ended
 * before it began) is refused with `HistoryError`, never guessed at.
 */
import { HistoryError, kindOf } from '../../checkers/build.ts';
import { type History, isWrite, Kind, Status } from '../../checkers/history.ts';
import { ContextTable } from './context-table.ts';
import { cellJson } from './errors.ts';
import { logOrder } from './log-order.ts';
import type { RowColumns } from './row-columns.ts';
import { readRows } from './rows.ts';
import { openRunFile, type RunFile, type RunSummary, readSummary } from './run-file.ts';
import { loadSealed } from './sealed.ts';
import { IntList, PreviousReads } from './set-deltas.ts';
import { readSurroundings } from './surroundings.ts';
import { ValueIds } from './value-ids.ts';

export interface LoadOptions {
  /** Read the rows also when there are chunks. */
  readonly rowsOnly?: boolean;
  /** JSON text of the value that stands for "nothing was written yet", beside null. */
  readonly initial?: string;
  /** Whether the rows are those of which the chunks were made is for the caller to find out (`isSealed`). */
  readonly digestLater?: boolean;
}

export interface LoadedRun {
  readonly summary: RunSummary;
  readonly history: History;
  readonly from: 'chunks' | 'rows';
  /** Of sealed columns: texts of the values that nobody attempted. */
  readonly unattempted?: readonly string[];
  /** What is wrong with the file, or was found on the way; a sentence each. */
  readonly notes: readonly string[];
  /** Operations are missing because the file is damaged. */
  readonly damaged: boolean;
}

/** Opens a run file, reads everything and closes it. Throws RunFileError and HistoryError. */
export function loadRun(path: string, options: LoadOptions = {}): LoadedRun {
  const file = openRunFile(path);
  try {
    return loadOpen(file, options);
  } finally {
    file.db.close();
  }
}

/** The same for a file that is open. */
export function loadOpen(file: RunFile, options: LoadOptions = {}): LoadedRun {
  const notes: string[] = file.damage === null ? [] : [file.damage];
  let damaged = file.damage !== null;
  const note = (text: string): void => {
    damaged = true;
    notes.push(text);
  };
  const summary = readSummary(file);
  if (options.rowsOnly !== true && options.initial === undefined && !damaged) {
    const sealed = loadSealed(file, options.digestLater);
    if (sealed !== null && 'history' in sealed) {
      return { summary, ...sealed, from: 'chunks', notes, damaged };
    }
    if (sealed !== null) notes.push(sealed.refused);
  }
  const history = readHistory(file, summary, options.initial, note);
  return { summary, history, from: 'rows', notes, damaged };
}

/** The history from table `op`, whatever chunks there are. */
export function readHistory(
  file: RunFile,
  summary: RunSummary,
  initial?: string,
  note: (text: string) => void = () => {},
): History {
  return historyOf(file, readRows(file, summary.nodes, note), initial, note);
}

/** The same from operations that were read, or never had to be. The surroundings are the file's. */
export function historyOf(
  file: RunFile,
  rows: RowColumns,
  initial?: string,
  note: (text: string) => void = () => {},
): History {
  refuseNonsense(rows);
  const kinds = Uint8Array.from(rows.fs.names, kindOf);
  const kind = new Uint8Array(rows.n);
  const time = new Float64Array(rows.n);
  const first = new Uint8Array(rows.n);
  for (let row = 0; row < rows.n; row++) {
    const what = kinds[rows.f[row]!]!;
    kind[row] = what;
    const complete = rows.complete[row]!;
    const atEnd = !isWrite(what) && what !== Kind.Delete && complete !== Number.POSITIVE_INFINITY;
    time[row] = atEnd ? complete : rows.invoke[row]!;
    first[row] = isWrite(what) ? 1 : 0;
  }
  const order = logOrder(time, first, rows.process);
  try {
    return assemble(file, rows, kind, order, initial, note);
  } catch (error) {
    if (error instanceof SyntaxError) refuseDamaged(file.path, rows);
    throw error;
  }
}

/** Throws RunFileError for the first operation whose value or siblings are no JSON. */
function refuseDamaged(path: string, { n, index, value, siblings }: RowColumns): void {
  for (let row = 0; row < n; row++) {
    for (const text of [value[row], siblings.get(row)]) {
      if (typeof text === 'string') cellJson(path, `operation ${index[row]}`, text);
    }
  }
}

/** Times and processes as every checker relies on. */
function refuseNonsense(rows: RowColumns): void {
  const lastOf = new Map<number, number>();
  for (let row = 0; row < rows.n; row++) {
    const invoke = rows.invoke[row]!;
    const complete = rows.complete[row]!;
    const index = rows.index[row]!;
    if (complete < invoke) {
      throw new HistoryError(
        'completed-before-invoked',
        `operation ${index} completed before it was invoked: the clock of this history ran backwards`,
        [index],
      );
    }
    const process = rows.process[row]!;
    if (process < 0) continue;
    // After an indeterminate operation a process may go on: it is a fork.
    const before = lastOf.get(process);
    if (before !== undefined) {
      const end = rows.complete[before]!;
      if (end !== Number.POSITIVE_INFINITY && end > invoke) {
        const other = rows.index[before]!;
        throw new HistoryError(
          'process-busy',
          `process ${process} invoked operation ${index} while its operation ${other} was in flight; ` +
            'give each concurrent operation a process of its own',
          [other, index],
        );
      }
    }
    lastOf.set(process, row);
  }
}

function assemble(
  file: RunFile,
  rows: RowColumns,
  kindOfRow: Uint8Array,
  order: Uint32Array,
  initial: string | undefined,
  note: (text: string) => void,
): History {
  const n = rows.n;
  const gather = <Column extends { readonly length: number; [row: number]: number }>(
    column: Column,
    into: Column,
  ): Column => {
    for (let i = 0; i < n; i++) into[i] = column[order[i]!]!;
    return into;
  };
  const kind = gather(kindOfRow, new Uint8Array(n));
  const key = gather(rows.key, new Int32Array(n));
  const status = gather(rows.status, new Uint8Array(n));
  const session = gather(rows.session, new Int32Array(n));
  const ids = new ValueIds(initial);
  const value = new Int32Array(n);
  const expectedText = numberWrites(rows, order, kind, key, ids, value);
  const writes = ids.count;
  const writeOp = Int32Array.from({ length: writes + 1 }, () => -1);
  for (let i = 0; i < n; i++) if (isWrite(kind[i]!)) writeOp[value[i]!] = i;

  const reads = numberReads(rows, order, { kind, key, status, session, value }, ids);
  const expected = expectedText === null ? null : new Int32Array(n);
  if (expected !== null && expectedText !== null) {
    for (const [i, expects] of expectedText) expected[i] = ids.read(key[i]!, expects);
  }
  const allWriteOps = new Int32Array(ids.count + 1).fill(-1);
  allWriteOps.set(writeOp);

  const contexts = new ContextTable(n);
  for (let i = 0; i < n; i++) {
    const row = order[i]!;
    if (rows.version.size > 0 && (isWrite(kind[i]!) || kind[i] === Kind.Delete)) {
      const dot = rows.version.get(row);
      if (dot !== undefined) contexts.setDot(i, dot);
    }
    const token = rows.sentContext.get(row);
    if (token !== undefined) contexts.setContext(i, token);
  }
  const surroundings = readSurroundings(file, (name) => rows.nodes.id(name), note);
  const confidence = gather(rows.confidence, new Float32Array(n));
  const hops = gather(rows.hops, new Uint8Array(n));
  const server = gather(rows.server, new Int16Array(n));
  return {
    n,
    index: gather(rows.index, new Int32Array(n)),
    kind,
    status,
    flags: gather(rows.flags, new Uint8Array(n)),
    phase: gather(rows.phase, new Uint8Array(n)),
    session,
    process: gather(rows.process, new Int32Array(n)),
    key,
    value,
    node: gather(rows.node, new Int16Array(n)),
    invoke: gather(rows.invoke, new Float64Array(n)),
    complete: gather(rows.complete, new Float64Array(n)),
    late: gather(rows.late, new Float64Array(n)),
    f: gather(rows.f, new Uint8Array(n)),
    error: rows.errors.names.length > 0 ? gather(rows.error, new Int32Array(n)) : null,
    confidence: rows.hasConfidence ? confidence : null,
    hops: rows.hasHops ? hops : null,
    server: rows.hasServer ? server : null,
    sessions: rows.sessions,
    keys: rows.keys.names,
    nodes: rows.nodes.names,
    errors: rows.errors.names,
    fs: rows.fs.names,
    writes,
    values: ids.count,
    writeOp: allWriteOps,
    valueText: (id) => ids.text(id),
    ...reads,
    expected,
    versions: contexts.build(),
    ...surroundings,
  };
}

/**
 * Gives each written value its id, in log order. A cas row holds `[expected, new]`; what is
 * expected may be written later in the log, so it is handed back to be looked up at the end.
 */
function numberWrites(
  rows: RowColumns,
  order: Uint32Array,
  kind: Uint8Array,
  key: Int32Array,
  ids: ValueIds,
  value: Int32Array,
): Map<number, unknown> | null {
  let expected: Map<number, unknown> | null = null;
  for (let i = 0; i < order.length; i++) {
    if (!isWrite(kind[i]!)) continue;
    const row = order[i]!;
    let text = rows.value[row] ?? null;
    if (kind[i] === Kind.Cas) {
      const pair: unknown = text === null ? null : JSON.parse(text);
      if (!Array.isArray(pair) || pair.length !== 2) {
        const what = `is a cas without [expected, new]: its value is ${text ?? 'missing'}`;
        throw badOperation(rows, row, what);
      }
      expected ??= new Map();
      expected.set(i, pair[0]);
      text = JSON.stringify(pair[1]);
    }
    const id = ids.write(key[i]!, text);
    if (id === 0) throw duplicate(rows, row, text);
    value[i] = id;
  }
  return expected;
}

function badOperation(rows: RowColumns, row: number, what: string): HistoryError {
  const index = rows.index[row]!;
  return new HistoryError('bad-operation', `operation ${index} ${what}`, [index]);
}

function duplicate(rows: RowColumns, row: number, text: string | null): HistoryError {
  const index = rows.index[row]!;
  const key = rows.keys.names[rows.key[row]!] ?? '';
  return new HistoryError(
    'duplicate-value',
    `operation ${index} writes ${text} to ${key}, which another operation wrote too: a history can ` +
      'be judged only when every written value is unique',
    [index],
  );
}

interface LogColumns {
  readonly kind: Uint8Array;
  readonly key: Int32Array;
  readonly status: Uint8Array;
  readonly session: Int32Array;
  readonly value: Int32Array;
}

/** Numbers what was read; whole-object reads become changes against the session's previous read. */
function numberReads(rows: RowColumns, order: Uint32Array, log: LogColumns, ids: ValueIds) {
  const n = order.length;
  const delta = new IntList();
  const deltaOff = new Int32Array(n + 1);
  const siblings = new IntList();
  const siblingsOff = new Int32Array(n + 1);
  const duplicates: number[] = [];
  const previous = new PreviousReads();
  for (let i = 0; i < n; i++) {
    deltaOff[i] = delta.length;
    siblingsOff[i] = siblings.length;
    const row = order[i]!;
    const what = log.kind[i]!;
    const key = log.key[i]!;
    // What a delete is about is known however it ended.
    if (what === Kind.Delete) log.value[i] = ids.readText(key, rows.value[row] ?? null);
    if (log.status[i] !== Status.Ok) continue;
    if (what === Kind.Read) {
      log.value[i] = ids.readText(key, rows.value[row] ?? null);
      const all = rows.siblings.get(row);
      if (all !== undefined) {
        const shown = JSON.parse(all) as unknown;
        if (!Array.isArray(shown)) throw badOperation(rows, row, 'has siblings that are no list');
        for (const each of shown) siblings.push(ids.read(key, each));
      }
    } else if (what === Kind.ReadAll || what === Kind.ReadList) {
      const elements = JSON.parse(rows.value[row] ?? '[]') as unknown;
      if (!Array.isArray(elements)) {
        throw badOperation(rows, row, `(${rows.fs.names[rows.f[row]!]}) did not return a list`);
      }
      const now = Int32Array.from(elements, (each) => ids.read(key, each));
      const isList = what === Kind.ReadList;
      previous.compare(i, log.session[i]!, key, now, ids.count, delta, duplicates, isList);
    }
  }
  deltaOff[n] = delta.length;
  siblingsOff[n] = siblings.length;
  const hasLists = log.kind.includes(Kind.ReadAll) || log.kind.includes(Kind.ReadList);
  return {
    delta: hasLists ? { off: deltaOff, data: delta.finish() } : null,
    duplicates: duplicates.length > 0 ? Int32Array.from(duplicates) : null,
    siblings: siblings.length > 0 ? { off: siblingsOff, data: siblings.finish() } : null,
  };
}
