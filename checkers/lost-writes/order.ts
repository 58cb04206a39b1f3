/**
 * What causally follows one write: a single scan forward along session order and reads-from (the causal
 * order of Ahamad et al., 1995). For the few writes that are asked about, this is cheaper than clocks for all.
 *
 * An indeterminate write follows its session's past, and nothing of the session follows it. Stale answers
 * pass nothing on.
 */

import { Flag, type History, Kind, Status } from '../history/history.ts';
import { isWholeRead } from '../history/kinds.ts';
import type { Budget } from '../verdict/checker.ts';

export interface Followers {
  /** Does the write of this value id follow? */
  has(id: number): boolean;
  /** Rows on a way from the first write to that of `id`, both included; empty where there is none. */
  wayTo(id: number): number[];
}

/** Scans from the write at `source` up to row `last`. */
export function followersOf(
  history: History,
  source: number,
  last: number,
  budget: Budget,
): Followers {
  const { status, session, value, kind } = history;
  /** By session: the row by which it was reached. */
  const reachedBy = new Int32Array(history.sessions).fill(-1);
  /** By row that reached a session: value id that it had read. */
  const through = new Map<number, number>();
  const values = new Set<number>([value[source]]);
  if (status[source] === Status.Ok) reachedBy[session[source]] = source;
  for (let row = source + 1; row <= last; row++) {
    if ((row & 4095) === 0) budget.step();
    if (status[row] === Status.Fail) continue;
    const mine = session[row];
    if (reachedBy[mine] === -1) {
      const id = valueFrom(history, row, values);
      if (id !== 0) {
        reachedBy[mine] = row;
        through.set(row, id);
      }
    }
    if (reachedBy[mine] !== -1 && value[row] !== 0 && kind[row] !== Kind.Read) {
      values.add(value[row]);
    }
  }
  const wayTo = (id: number): number[] => {
    if (!values.has(id)) return [];
    const way = [history.writeOp[id]];
    while (way[0] !== source) {
      const row = way[0];
      const read = through.get(row);
      way.unshift(read === undefined ? reachedBy[session[row]] : history.writeOp[read]);
    }
    return way;
  };
  return { has: (id) => values.has(id), wayTo };
}

/** A value of the set that the operation read; 0 for none. */
function valueFrom(history: History, row: number, values: ReadonlySet<number>): number {
  const { kind, status, flags, value, expected, delta } = history;
  if (status[row] !== Status.Ok || (flags[row] & Flag.Stale) !== 0) return 0;
  if (kind[row] === Kind.Read) return values.has(value[row]) ? value[row] : 0;
  if (kind[row] === Kind.Cas && expected) return values.has(expected[row]) ? expected[row] : 0;
  if (!delta || !isWholeRead(kind[row])) return 0;
  for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
    if (values.has(delta.data[d])) return delta.data[d];
  }
  return 0;
}
