/**
 * Gives the values of a history their numbers: of writes in the order of the log, so that reads-from is an array
 * look-up; of reads by what they returned. Whole-object reads become changes against the session's previous read.
 */
import { HistoryError } from '../../checkers/history/build.ts';
import { isWrite, Kind, Status } from '../../checkers/history/history.ts';
import type { RowColumns } from './row-columns.ts';
import { IntList, PreviousReads } from './set-deltas.ts';
import type { ValueIds } from './value-ids.ts';

/**
 * Gives each written value its id, in log order. A cas row holds `[expected, new]`; what is
 * expected may be written later in the log, so it is handed back to be looked up at the end.
 */
export function numberWrites(
  rows: RowColumns,
  order: Uint32Array,
  kind: Uint8Array,
  key: Int32Array,
  ids: ValueIds,
  value: Int32Array,
): Map<number, unknown> | null {
  let expected: Map<number, unknown> | null = null;
  for (let i = 0; i < order.length; i++) {
    if (!isWrite(kind[i])) continue;
    const row = order[i];
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
    const id = ids.write(key[i], text);
    if (id === 0) throw duplicate(rows, row, text);
    value[i] = id;
  }
  return expected;
}

function badOperation(rows: RowColumns, row: number, what: string): HistoryError {
  const index = rows.index[row];
  return new HistoryError('bad-operation', `operation ${index} ${what}`, [index]);
}

function duplicate(rows: RowColumns, row: number, text: string | null): HistoryError {
  const index = rows.index[row];
  const key = rows.keys.names[rows.key[row]] ?? '';
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
export function numberReads(rows: RowColumns, order: Uint32Array, log: LogColumns, ids: ValueIds) {
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
    const row = order[i];
    const what = log.kind[i];
    const key = log.key[i];
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
        throw badOperation(rows, row, `(${rows.fs.names[rows.f[row]]}) did not return a list`);
      }
      const now = new Int32Array(elements.length);
      for (let at = 0; at < now.length; at++) now[at] = ids.read(key, elements[at]);
      const isList = what === Kind.ReadList;
      previous.compare(i, log.session[i], key, now, ids.count, delta, duplicates, isList);
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
