/**
 * Causal clocks during a scan in trace order: by session which writes are in its past, and a snapshot of
 * that for each write. Consecutive writes of a session without a join in between share one snapshot and
 * differ only in their own column. Columns are taken in blocks [low, high), so that histories of
 * thousands of sessions are scanned several times instead of filling the memory.
 */
import { BudgetExceeded } from '../verdict/checker.ts';
import type { Trace } from './trace.ts';

/** Whole numbers that snapshots may fill. */
const snapshotIntsMax = 384 * 1024 * 1024;
const blockMin = 64;
const blockMax = 1024;

/** Columns of one block, such that its snapshots fit into memory. */
export function blockWidth(trace: Trace): number {
  let snapshots = 0;
  for (let s = 0; s < trace.snapshots.length; s++) snapshots += trace.snapshots[s];
  const fitting = Math.floor(snapshotIntsMax / (snapshots + 1));
  return Math.max(blockMin, Math.min(blockMax, fitting));
}

export interface Clocks {
  readonly low: number;
  /** By session: columns of this block, and where its clock begins in `clock`. */
  readonly width: Int32Array;
  readonly start: Int32Array;
  readonly clock: Int32Array;
  /** By value id: where the snapshot of its session begins in `pool`. */
  readonly snapshot: Int32Array;
  readonly pool: Int32Array;
}

export function clocksOf(trace: Trace, low: number, high: number): Clocks {
  const sessions = trace.width.length;
  const width = new Int32Array(sessions);
  const start = new Int32Array(sessions);
  let ints = 0;
  let poolInts = 0;
  for (let s = 0; s < sessions; s++) {
    const columns = Math.max(0, Math.min(trace.width[s], high) - low);
    width[s] = columns;
    start[s] = ints;
    ints += columns;
    poolInts += columns * trace.snapshots[s];
  }
  if (ints + poolInts > 2 * snapshotIntsMax) {
    throw new BudgetExceeded(
      'checker-memory',
      `${sessions} sessions need ${Math.round((ints + poolInts) / 262144)} MiB of causal clocks; ` +
        'check the spaces of the history one by one',
    );
  }
  return {
    low,
    width,
    start,
    clock: new Int32Array(ints),
    snapshot: new Int32Array(trace.column.length),
    pool: new Int32Array(poolInts),
  };
}

/** Is `earlier` in the causal past of the write `later`? Only for columns of this block. */
export function isBefore(trace: Trace, clocks: Clocks, earlier: number, later: number): boolean {
  const { column, count } = trace;
  if (column[earlier] === column[later]) return count[earlier] < count[later];
  const at = clocks.snapshot[later] + column[earlier] - clocks.low;
  return clocks.pool[at] >= count[earlier];
}

export function inBlock(trace: Trace, clocks: Clocks, id: number, session: number): boolean {
  const at = trace.column[id] - clocks.low;
  return at >= 0 && at < clocks.width[session];
}
