/**
 * The operations of a run as they were handed to the recorder, kept so that its end needs not read back what
 * it has just written. Only where the run is short enough, and all of it was written.
 */
import type { StoredRow } from './fields.ts';

/** Of a longer run nothing is kept: it would take more memory than time is saved. */
const KEPT_ROWS_MAX = 50_000;

export class WrittenRows {
  /** At the place of their idx. Null: no longer kept. */
  #rows: StoredRow[] | null = [];

  /** An operation that starts or has ended. A gap between two would mean that some were never written. */
  put(row: StoredRow): void {
    if (this.#rows === null) return;
    if (row.idx > this.#rows.length || row.idx >= KEPT_ROWS_MAX) this.forget();
    else this.#rows[row.idx] = row;
  }

  /** It is not certain any more that the file has what is kept. */
  forget(): void {
    this.#rows = null;
  }

  /** All operations in order of idx; null where they must be read. */
  all(): readonly StoredRow[] | null {
    return this.#rows;
  }
}
