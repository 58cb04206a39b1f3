/** What each ending of a Redis command means. */
import type { Completion, Outcome } from '../../generator/operation.ts';
import { TcpError } from '../../world/tcp.ts';
import type { Effect } from '../data-types.ts';

export interface RedisEnding {
  readonly write: Outcome;
  readonly why: string;
}

/**
 * By the first word of a refusal, or the code of a broken connection. Reads have no effect: without an answer they
 * failed.
 */
export const redisEndings: Readonly<Record<string, RedisEnding>> = {
  refused: { write: 'fail', why: 'there never was a connection' },
  'no-primary': { write: 'fail', why: 'Sentinel named no primary, so nothing was sent' },
  READONLY: { write: 'fail', why: 'a replica takes no writes' },
  NOREPLICAS: { write: 'fail', why: 'too few replicas, refused before the write' },
  LOADING: { write: 'fail', why: 'the server is still reading its data' },
  MASTERDOWN: { write: 'fail', why: 'a replica without its primary refuses' },
  OOM: { write: 'fail', why: 'no memory, refused before the write' },
  MISCONF: { write: 'fail', why: 'the server cannot save, so it refuses writes' },
  'not-replicated': { write: 'info', why: 'WAIT: done here, on fewer replicas than asked for' },
  reset: { write: 'info', why: 'the server may have died after the write' },
  timeout: { write: 'info', why: 'the answer may be on its way' },
  malformed: { write: 'info', why: 'the server did something, and nobody knows what' },
  UNBLOCKED: { write: 'info', why: 'the instance changed its role while the command waited' },
};

/** `error`: a row of the table; what is not there is taken for indeterminate. */
export function failed(
  effect: Effect,
  error: string,
  message: string,
  value: unknown,
  server?: string,
): Completion {
  const outcome = effect === 'read' ? 'fail' : (redisEndings[error]?.write ?? 'info');
  return { outcome, value, error, message, ...(server === undefined ? {} : { server }) };
}

export function errorName(error: unknown): string {
  return error instanceof TcpError ? error.code : 'client-defect';
}
