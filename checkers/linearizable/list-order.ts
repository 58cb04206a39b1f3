/**
 * The order of a list to which each element is appended once: all answers must be beginnings of one list, so an
 * element has one place, and a place one element. That order is then the order of the appends.
 */
import { Flag, type History, Kind, Status } from '../history/history.ts';

export interface ListOrder {
  /** By value id: how many elements stand before it in every answer that shows it. */
  readonly place: ReadonlyMap<number, number>;
  /** Two rows that show different orders; null where there are none. */
  readonly conflict: readonly [number, number] | null;
}

interface Shown {
  readonly id: number;
  readonly row: number;
}

/** Null where the key is no list. Rows of one key in log order. */
export function listOrder(history: History, rows: readonly number[]): ListOrder | null {
  const { session, kind, status, flags, delta } = history;
  if (!rows.some((row) => kind[row] === Kind.ReadList || kind[row] === Kind.Append)) return null;
  const place = new Map<number, number>();
  const shownAt: Shown[] = [];
  const firstRow = new Map<number, number>();
  const answers = new Map<number, number[]>();
  /** By session: up to where the answer it saw last is known to fit. */
  const fits = new Map<number, number>();
  for (const row of rows) {
    if (kind[row] !== Kind.ReadList || status[row] !== Status.Ok || delta === null) continue;
    const answer = answers.get(session[row]) ?? [];
    answers.set(session[row], answer);
    for (let i = delta.off[row]; i < delta.off[row + 1]; i++) {
      if (delta.data[i] > 0) answer.push(delta.data[i]);
      else answer.pop();
    }
    let from = Math.min(fits.get(session[row]) ?? 0, answer.length);
    // What was rewritten is looked at again from its first change on.
    if (delta.off[row] < delta.off[row + 1]) from = Math.min(from, unchanged(delta, row, answer));
    if ((flags[row] & Flag.Stale) !== 0) {
      fits.set(session[row], from);
      continue;
    }
    for (let at = from; at < answer.length; at++) {
      const id = answer[at];
      const known = place.get(id);
      const other = shownAt[at];
      if (known === undefined && other === undefined) {
        place.set(id, at);
        firstRow.set(id, row);
        shownAt[at] = { id, row };
      } else if (known !== at || other?.id !== id) {
        return { place, conflict: [firstRow.get(id) ?? other?.row ?? row, row] };
      }
    }
    fits.set(session[row], answer.length);
  }
  return { place, conflict: null };
}

/** How many elements of the answer were there before and did not change. */
function unchanged(
  delta: NonNullable<History['delta']>,
  row: number,
  answer: readonly number[],
): number {
  let added = 0;
  for (let i = delta.off[row]; i < delta.off[row + 1]; i++) if (delta.data[i] > 0) added++;
  return answer.length - added;
}
