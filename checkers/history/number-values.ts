/**
 * Gives the values of a history their numbers: of writes in the order of the log, so that reads-from is an array
 * look-up; then of reads by what they returned. Whole-object reads become changes against the session's
 * previous read of the same key.
 */
import type { Columns } from './columns.ts';
import { Status } from './history.ts';
import { IntList } from './int-list.ts';
import { isWrite, KIND_ROWS } from './kinds.ts';
import { badOperation, unreadable } from './refusals.ts';
import { PreviousReads } from './set-deltas.ts';
import type { ValueIds } from './value-ids.ts';

/** Columns in log order, as far as they are known by now; `value` is filled here. */
export type LogColumns = Pick<Columns, 'index' | 'kind' | 'key' | 'status' | 'session' | 'value'>;

/** What operations said, as JSON, by row of the source. */
export interface Texts {
  readonly value: readonly (string | null)[];
  readonly siblings: ReadonlyMap<number, string>;
  /** Names for sentences. */
  readonly keys: readonly string[];
  /** `f` of an operation by its row in the log. */
  fOf(i: number): string;
}

interface WrittenValues {
  /** What each cas expects, by row of the log. */
  readonly expectedText: Map<number, unknown> | null;
  /** By key, 1 where two writes that did not fail have one value. */
  readonly repeated: Uint8Array | null;
}

/**
 * Gives each written value its id, in log order; a value that was written before has its id already. A cas
 * says `[expected, new]`; what it expects may be written
 * later in the log, so it is handed back by row of the log, to be looked up at the end.
 */
export function numberWrites(
  { value: texts, keys }: Texts,
  order: Uint32Array,
  log: LogColumns,
  ids: ValueIds,
): WrittenValues {
  const { index, kind, key, value, status } = log;
  let expected: Map<number, unknown> | null = null;
  let repeated: Uint8Array | null = null;
  /** Values of which every write so far has failed. */
  const inVain = new Set<number>();
  let i = 0;
  try {
    for (; i < order.length; i++) {
      if (!isWrite(kind[i])) continue;
      let text = texts[order[i]];
      if (KIND_ROWS[kind[i]].value === 'swapped') {
        const pair: unknown = text === null ? null : JSON.parse(text);
        if (!Array.isArray(pair) || pair.length !== 2) {
          const what = `is a cas without [expected, new]: its value is ${text ?? 'missing'}`;
          throw badOperation(index[i], what);
        }
        expected ??= new Map();
        expected.set(i, pair[0]);
        text = JSON.stringify(pair[1]);
      }
      const id = ids.write(key[i], text);
      const known = id === 0 ? ids.readText(key[i], text ?? 'null') : id;
      value[i] = known;
      if (status[i] === Status.Fail) {
        if (id !== 0) inVain.add(id);
      } else if (id === 0 && !inVain.delete(known)) {
        repeated ??= new Uint8Array(keys.length);
        repeated[key[i]] = 1;
      }
    }
  } catch (error) {
    throw unreadable(index[i], error);
  }
  return { expectedText: expected, repeated };
}

/** Numbers what was read. Throws HistoryError for a value that is not what such an operation returns. */
export function numberReads(
  { value: texts, siblings: siblingsOf, fOf }: Texts,
  order: Uint32Array,
  log: LogColumns,
  ids: ValueIds,
) {
  const n = order.length;
  const { index, kind, key, status, session, value } = log;
  const delta = new IntList();
  const deltaOff = new Int32Array(n + 1);
  const siblings = new IntList();
  const siblingsOff = new Int32Array(n + 1);
  const duplicates: number[] = [];
  const previous = new PreviousReads();
  let hasWhole = false;
  let i = 0;
  try {
    for (; i < n; i++) {
      deltaOff[i] = delta.length;
      siblingsOff[i] = siblings.length;
      const rule = KIND_ROWS[kind[i]].value;
      const isWhole = rule === 'whole' || rule === 'ordered';
      if (isWhole) hasWhole = true;
      if (rule === 'named') value[i] = ids.readText(key[i], texts[order[i]]);
      if (status[i] !== Status.Ok) continue;
      if (rule === 'answered') {
        value[i] = ids.readText(key[i], texts[order[i]]);
        const all = siblingsOf.get(order[i]);
        if (all === undefined) continue;
        const shown = JSON.parse(all) as unknown;
        if (!Array.isArray(shown)) throw badOperation(index[i], 'has siblings that are no list');
        for (const each of shown) siblings.push(ids.read(key[i], each));
      } else if (isWhole) {
        const elements = JSON.parse(texts[order[i]] ?? '[]') as unknown;
        if (!Array.isArray(elements)) {
          throw badOperation(index[i], `(${fOf(i)}) did not return a list`);
        }
        const now = new Int32Array(elements.length);
        for (let at = 0; at < now.length; at++) now[at] = ids.read(key[i], elements[at]);
        const isList = rule === 'ordered';
        previous.compare(i, session[i], key[i], now, ids.count, delta, duplicates, isList);
      }
    }
  } catch (error) {
    throw unreadable(index[i], error);
  }
  deltaOff[n] = delta.length;
  siblingsOff[n] = siblings.length;
  return {
    delta: hasWhole ? { off: deltaOff, data: delta.items.slice() } : null,
    duplicates: duplicates.length > 0 ? Int32Array.from(duplicates) : null,
    siblings: siblings.length > 0 ? { off: siblingsOff, data: siblings.items.slice() } : null,
  };
}
