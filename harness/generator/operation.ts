/**
 * An operation as it is recorded. The rows of table `op` are exactly these fields, so that a person
 * with the sqlite3 shell reads what the tester saw. Faults are operations of the process 'nemesis'.
 */
import type { Phase } from '../../checkers/history/history.ts';

export type Outcome = 'ok' | 'fail' | 'info';

/** f of a client operation: register `read`, `write`, `cas`; set `add`, `read-all`; ... */
export type OperationName =
  | 'read'
  | 'write'
  | 'cas'
  | 'delete'
  | 'add'
  | 'read-all'
  | 'append'
  | 'read-list'
  | (string & {});

/** What a generator hands out and a client is asked to do. */
export interface Invocation {
  readonly f: OperationName;
  /**
   * What the operation is about: the space of a set, `space/id` for a register, null for the
   * nemesis. The part before the first `/` is the memory space.
   */
  readonly key: string | null;
  /** The value to be written; null for reads. Any JSON value, unique for each write of a run. */
  readonly value: unknown;
  /** A read of the final phase. */
  readonly final?: boolean;
  /** A node other than the one that the process is bound to (final reads). */
  readonly node?: string;
}

/** How an invocation ended. */
export interface Completion {
  readonly outcome: Outcome;
  /** Reads: what was read. Writes: the value that was written. */
  readonly value: unknown;
  /** Class of error: a row of the outcome table ('timeout', 'http-503' ...). */
  readonly error?: string;
  /** What the error said, for people. */
  readonly message?: string;
  /** Causal context of the answer. */
  readonly context?: string;
  /** The context that the request carried. */
  readonly sentContext?: string;
  /** Confidence factor (`penalty`) of the answer. */
  readonly confidence?: number;
  readonly warnings?: number;
  readonly stale?: boolean;
  /** Writes: the dot that the server gave. Reads: the dot of the value shown. */
  readonly version?: string;
  /** Reads: all concurrent values, the shown one included. */
  readonly siblings?: readonly unknown[];
  /** Who answered, and through how many nodes. */
  readonly server?: string;
  readonly hops?: number;
}

/** A row of table `op`. Times are ns since the run began (monotonic). */
export interface OperationRow extends Partial<Completion> {
  /** 0, 1, 2 ... in order of invocation. */
  readonly idx: number;
  readonly process: number | 'nemesis';
  /**
   * The logical thread; a retired process's successor is on the same thread. -1 for the nemesis.
   */
  readonly thread: number;
  readonly phase: Phase;
  readonly workload: string | null;
  readonly f: OperationName;
  readonly key: string | null;
  /** What was to be written; for completed reads what was read. */
  readonly value: unknown;
  readonly node: string | null;
  /** When the open-loop schedule wanted it, ns. */
  readonly scheduled: number;
  readonly invoked: number;
  /** Undefined while in flight. */
  readonly completed?: number;
  readonly final?: boolean;
}

/** A row with all its fields, so that the compiler asks for one that was forgotten. */
type Whole<Row> = { readonly [Name in keyof Required<Row>]: Row[Name] };

/**
 * The row of an operation that has ended. Field by field: two spreads into one object cost more than all else
 * that is done at an end.
 */
export function ended(row: OperationRow, end: Completion, completed: number): Whole<OperationRow> {
  return {
    idx: row.idx,
    process: row.process,
    thread: row.thread,
    phase: row.phase,
    workload: row.workload,
    f: row.f,
    key: row.key,
    value: end.value,
    node: row.node,
    scheduled: row.scheduled,
    invoked: row.invoked,
    completed,
    outcome: end.outcome,
    final: row.final,
    error: end.error,
    message: end.message,
    context: end.context,
    sentContext: end.sentContext,
    confidence: end.confidence,
    warnings: end.warnings,
    stale: end.stale,
    version: end.version,
    siblings: end.siblings,
    server: end.server,
    hops: end.hops,
  };
}
