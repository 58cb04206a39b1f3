/**
 * Operations on objects whose values are not ids of unique values: queues, counters, accounts, locks. Their columns
 * say who, when and how it ended; what was said stays JSON until one of their checkers asks.
 */
import type { DataType } from './data-type.ts';
import { Flag, type History, Status } from './history.ts';

export interface ObjectOperation {
  readonly row: number;
  readonly session: number;
  readonly f: string;
  /** What was asked for; of an answered one also what came back. */
  readonly value: unknown;
  readonly invoke: number;
  /** Infinity where nobody knows how it ended. */
  readonly complete: number;
  readonly status: number;
  readonly error: string | null;
}

/** By key, in log order, of all keys of a type. Answers that were marked stale are left out. */
export function objectsOf(history: History, type: DataType): Map<number, ObjectOperation[]> {
  const found = new Map<number, ObjectOperation[]>();
  if (history.objects === null || !history.objects.types.includes(type)) return found;
  const { types, payload } = history.objects;
  for (let row = 0; row < history.n; row++) {
    const key = history.key[row];
    if (key < 0 || types[key] !== type) continue;
    if ((history.flags[row] & Flag.Stale) !== 0) continue;
    const list = found.get(key);
    const each = operationAt(history, payload, row);
    if (list) list.push(each);
    else found.set(key, [each]);
  }
  return found;
}

function operationAt(
  history: History,
  payload: ReadonlyMap<number, string>,
  row: number,
): ObjectOperation {
  const text = payload.get(row);
  const status = history.status[row];
  const error = history.error?.[row] ?? -1;
  return {
    row,
    session: history.session[row],
    f: history.fs[history.f[row]],
    value: text === undefined ? null : JSON.parse(text),
    invoke: history.invoke[row],
    complete: status === Status.Info ? Number.POSITIVE_INFINITY : history.complete[row],
    status,
    error: error < 0 ? null : history.errors[error],
  };
}

export const isOk = ({ status }: ObjectOperation): boolean => status === Status.Ok;
export const isLost = ({ status }: ObjectOperation): boolean => status === Status.Info;
export const hasFailed = ({ status }: ObjectOperation): boolean => status === Status.Fail;
