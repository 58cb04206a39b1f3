/**
 * What is refused as a history. A checker that runs on nonsense gives a wrong verdict, so what every checker
 * relies on is looked at before: unique values, ends after beginnings, one operation of a process at a time.
 */
import type { Columns } from './columns.ts';
import { byTime } from './log-order.ts';

export type HistoryErrorCode =
  | 'completed-before-invoked'
  | 'process-busy'
  | 'bad-operation'
  /** What should be JSON is none. */
  | 'unreadable-value';

/** The history cannot be judged; the message names the operations. */
export class HistoryError extends Error {
  readonly code: HistoryErrorCode;
  /** Of the command line, as the rest of the house has it: bad arguments. */
  readonly exitCode = 254;
  readonly ops: readonly number[];
  constructor(
    code: HistoryErrorCode,
    message: string,
    ops: readonly number[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HistoryError';
    this.code = code;
    this.ops = ops;
  }
}

export function badOperation(index: number, what: string): HistoryError {
  return new HistoryError('bad-operation', `operation ${index} ${what}`, [index]);
}

/** What was thrown, or where it came from a text that is no JSON, the error that names the operation. */
export function unreadable(index: number, error: unknown): unknown {
  if (!(error instanceof SyntaxError)) return error;
  const message = `operation ${index} cannot be read: ${error.message}`;
  return new HistoryError('unreadable-value', message, [index], { cause: error });
}

/** `process` tells processes apart; `nameOf` is for sentences. Throws HistoryError. */
export function refuseNonsense(
  { index, invoke, complete }: Pick<Columns, 'index' | 'invoke' | 'complete'>,
  process: Int32Array,
  nameOf: (process: number) => number | string,
): void {
  /** The last operation of each process so far. */
  const lastOf = new Map<number, number>();
  for (const row of byTime(invoke)) {
    const at = index[row];
    if (!Number.isFinite(invoke[row])) throw badOperation(at, 'has no time of invocation');
    if (complete[row] < invoke[row]) {
      throw new HistoryError(
        'completed-before-invoked',
        `operation ${at} completed before it was invoked: the clock of this history ran backwards`,
        [at],
      );
    }
    const before = lastOf.get(process[row]);
    // After an indeterminate operation, which never completes, a process may go on: it is a fork.
    const until = before === undefined ? Number.NEGATIVE_INFINITY : complete[before];
    if (before !== undefined && until > invoke[row] && until !== Number.POSITIVE_INFINITY) {
      throw new HistoryError(
        'process-busy',
        `process ${nameOf(process[row])} invoked operation ${at} while its operation ` +
          `${index[before]} was in flight; give each concurrent operation a process of its own`,
        [index[before], at],
      );
    }
    lastOf.set(process[row], row);
  }
}
