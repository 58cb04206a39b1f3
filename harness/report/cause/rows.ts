/** From the number of an operation to its row in the columns. */
import type { History } from '../../../checkers/history/history.ts';

/** Rows by `idx`, of those that are wanted. */
export function rowsOf({ n, index }: History, wanted: ReadonlySet<number>): Map<number, number> {
  const rows = new Map<number, number>();
  for (let row = 0; row < n; row++) if (wanted.has(index[row])) rows.set(index[row], row);
  return rows;
}
