/** Causes of the violations that the newest check of a run file shows: reads, then asks `causes.ts`. */
import { loadOpen } from '../../columns/columns.ts';
import { openRunFile } from '../../store/run-file.ts';
import { readCheck } from '../../store/verdicts.ts';
import type { Cause } from './cause.ts';
import { findCauses } from './causes.ts';

/** Throws RunFileError and HistoryError. */
export function readCauses(path: string): Cause[] {
  const file = openRunFile(path);
  try {
    const check = readCheck(file);
    if (check === null || check.valid !== false) return [];
    return findCauses(loadOpen(file).history, check.verdicts);
  } finally {
    file.db.close();
  }
}
