/**
 * From a run file to the columns that checkers take. Sealed chunks are loaded when they are there
 * and agree with the rows; otherwise the rows are read, since they are the record.
 *
 * A history that no checker could make sense of (two writes of one value, an operation that ended
 * before it began) is refused with `HistoryError`, never guessed at.
 */
import { HistoryError, kindOf } from '../../checkers/history/build.ts';
import { type History, isWrite, Kind } from '../../checkers/history/history.ts';
import { cellJson } from '../store/errors.ts';
import { openRunFile, type RunFile, type RunSummary, readSummary } from '../store/run-file.ts';
import { ContextTable } from './context-table.ts';
import { logOrder } from './log-order.ts';
import { numberReads, numberWrites } from './number-values.ts';
import { inOrder, type RowColumns } from './row-columns.ts';
import { readRows } from './rows.ts';
import { loadSealed } from './sealed.ts';
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
    const what = kinds[rows.f[row]];
    kind[row] = what;
    const complete = rows.complete[row];
    const atEnd = !isWrite(what) && what !== Kind.Delete && complete !== Number.POSITIVE_INFINITY;
    time[row] = atEnd ? complete : rows.invoke[row];
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
    const invoke = rows.invoke[row];
    const complete = rows.complete[row];
    const index = rows.index[row];
    if (complete < invoke) {
      throw new HistoryError(
        'completed-before-invoked',
        `operation ${index} completed before it was invoked: the clock of this history ran backwards`,
        [index],
      );
    }
    const process = rows.process[row];
    if (process < 0) continue;
    // After an indeterminate operation a process may go on: it is a fork.
    const before = lastOf.get(process);
    if (before !== undefined) {
      const end = rows.complete[before];
      if (end !== Number.POSITIVE_INFINITY && end > invoke) {
        const other = rows.index[before];
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
  const log = inOrder(rows, order);
  const { key, status, session } = log;
  const kind = Uint8Array.from(order, (row) => kindOfRow[row]);
  const ids = new ValueIds(initial);
  const value = new Int32Array(n);
  const expectedText = numberWrites(rows, order, kind, key, ids, value);
  const writes = ids.count;
  const writeOp = Int32Array.from({ length: writes + 1 }, () => -1);
  for (let i = 0; i < n; i++) if (isWrite(kind[i])) writeOp[value[i]] = i;

  const reads = numberReads(rows, order, { kind, key, status, session, value }, ids);
  const expected = expectedText === null ? null : new Int32Array(n);
  if (expected !== null && expectedText !== null) {
    for (const [i, expects] of expectedText) expected[i] = ids.read(key[i], expects);
  }
  const allWriteOps = new Int32Array(ids.count + 1).fill(-1);
  allWriteOps.set(writeOp);

  const contexts = new ContextTable(n);
  for (let i = 0; i < n; i++) {
    const row = order[i];
    if (rows.version.size > 0 && (isWrite(kind[i]) || kind[i] === Kind.Delete)) {
      const dot = rows.version.get(row);
      if (dot !== undefined) contexts.setDot(i, dot);
    }
    const token = rows.sentContext.get(row);
    if (token !== undefined) contexts.setContext(i, token);
  }
  const surroundings = readSurroundings(file, (name) => rows.nodes.id(name), note);
  return {
    n,
    ...log,
    kind,
    value,
    error: rows.errors.names.length > 0 ? log.error : null,
    confidence: rows.hasConfidence ? log.confidence : null,
    hops: rows.hasHops ? log.hops : null,
    server: rows.hasServer ? log.server : null,
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
