/**
 * Linearizability of one register by search: with compare-and-set, with deletes, or with values that come again.
 * The operations of the key become calls; `linearize.ts` does the rest.
 */

import { Flag, type History, isWrite, Kind, Status } from '../history/history.ts';
import type { Budget } from '../verdict/checker.ts';
import { type Action, Actions, moving, observing, writing } from './calls.ts';
import { linearize, type Search } from './linearize.ts';

export interface SearchResult extends Pick<Search, 'linearizable' | 'limit' | 'ended'> {
  /** The operation at whose completion nothing was possible any more, or the search was given up; -1: none. */
  readonly row: number;
  /** Operations of the key that say something; `ended` of them were put in order. */
  readonly calls: number;
}

/** Whole numbers of 4 bytes that the configurations of one moment may take. */
const numbersMax = 2 ** 22;

export function searchKey(history: History, rows: readonly number[], budget: Budget): SearchResult {
  const observed = observedValues(history, rows);
  const actions = new Actions();
  const kept: number[] = [];
  const action: number[] = [];
  for (const row of rows) {
    const [name, make] = actionOf(history, row, observed) ?? [];
    if (name === undefined || make === undefined) continue;
    kept.push(row);
    action.push(actions.id(name, make));
  }
  const calls = {
    n: kept.length,
    invoke: Float64Array.from(kept, (row) => history.invoke[row]),
    complete: Float64Array.from(kept, (row) =>
      history.status[row] === Status.Info ? Number.POSITIVE_INFINITY : history.complete[row],
    ),
    action: Int32Array.from(action),
  };
  const model = { initial: 0, actions: actions.list };
  const { linearizable, limit, call, ended } = linearize(calls, model, { budget, numbersMax });
  return { linearizable, limit, ended, row: call < 0 ? -1 : kept[call], calls: kept.length };
}

/** Value ids that some operation tells of. */
function observedValues(history: History, rows: readonly number[]): Set<number> {
  const observed = new Set<number>();
  for (const row of rows) {
    if (history.status[row] === Status.Ok && history.kind[row] === Kind.Read) {
      observed.add(history.value[row]);
    }
    if (history.kind[row] === Kind.Cas) observed.add(history.expected![row]);
  }
  return observed;
}

/** Null for what says nothing. */
function actionOf(
  history: History,
  row: number,
  observed: ReadonlySet<number>,
): readonly [name: string, make: () => Action] | null {
  const kind = history.kind[row];
  const status = history.status[row];
  const id = history.value[row];
  if (status === Status.Fail) return null;
  if (kind === Kind.Read) {
    if (status === Status.Info || (history.flags[row] & Flag.Stale) !== 0) return null;
    return [`read ${id}`, () => observing(id)];
  }
  if (kind === Kind.Delete) return ['write 0', () => writing(0)];
  if (!isWrite(kind)) return null;
  // An indeterminate write that nobody saw may never have happened.
  if (status === Status.Info && !observed.has(id)) return null;
  if (kind !== Kind.Cas) return [`write ${id}`, () => writing(id)];
  const expected = history.expected![row];
  return [`cas ${expected} ${id}`, () => moving(expected, id)];
}
