/**
 * What each ending of a request means. The one table of this client; the reference page is printed from it,
 * and the `outcomes` checker names its rows.
 *
 * The important column is `definite`: may we say that the operation certainly did not happen? Calling an
 * unknown ending a failure is the first source of wrong verdicts. Reads have no effect, so a read that
 * got no answer failed.
 */
import type { Outcome } from '../../generator/operation.ts';

export interface OutcomeRow {
  readonly condition: string;
  readonly write: Outcome;
  readonly read: Outcome;
  /** Is it certain whether the operation took effect? */
  readonly definite: boolean;
  readonly why: string;
}

export const outcomeTable = {
  success: {
    condition: 'any 2xx with a body as documented',
    write: 'ok',
    read: 'ok',
    definite: true,
    why: 'the server acknowledged it',
  },
  'not-found': {
    condition: '404 MEMORY_NOT_FOUND',
    write: 'fail',
    read: 'ok',
    definite: true,
    why: 'a read of nothing is an answer; a write to nothing did nothing',
  },
  'bad-request': {
    condition: '400',
    write: 'fail',
    read: 'fail',
    definite: true,
    why: 'the server refused the request before it did anything',
  },
  unauthorized: {
    condition: '401',
    write: 'fail',
    read: 'fail',
    definite: true,
    why: 'the server refused the request before it did anything',
  },
  'too-large': {
    condition: '413',
    write: 'fail',
    read: 'fail',
    definite: true,
    why: 'the server refused the request before it did anything',
  },
  'unsupported-media-type': {
    condition: '415',
    write: 'fail',
    read: 'fail',
    definite: true,
    why: 'the server refused the request before it did anything',
  },
  'not-applied': {
    condition: '503 with "applied": false',
    write: 'fail',
    read: 'fail',
    definite: true,
    why: 'the server promises that the write is neither in its log nor sent to anyone',
  },
  refused: {
    condition: 'connection refused, host or network unreachable, or no connection in time',
    write: 'fail',
    read: 'fail',
    definite: true,
    why: 'there never was a connection, so no byte of the request left',
  },
  'server-timeout': {
    condition: '408',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'the server gave up waiting; what it had begun may go on',
  },
  'server-error': {
    condition: '500',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'the server failed at some point, before or after the write',
  },
  unavailable: {
    condition: '503 without "applied": false',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'the server may have passed the write on',
  },
  reset: {
    condition: 'connection closed or reset after the request was begun',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'the server may have died after it had written',
  },
  timeout: {
    condition: 'no answer within the time-out of the operation',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'the answer may be on its way',
  },
  malformed: {
    condition: 'a success whose body is not as documented, or an answer that is no HTTP',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'the server did something, and nobody knows what',
  },
  unlisted: {
    condition: 'anything else',
    write: 'info',
    read: 'fail',
    definite: false,
    why: 'what is not known to be harmless is not',
  },
} as const satisfies Record<string, OutcomeRow>;

export type OutcomeName = keyof typeof outcomeTable;

/** The row for an HTTP status that is no success. `body` is the parsed body or null. */
export function rowForStatus(status: number, body: unknown): OutcomeName {
  switch (status) {
    case 400:
      return 'bad-request';
    case 401:
      return 'unauthorized';
    case 404:
      return 'not-found';
    case 408:
      return 'server-timeout';
    case 413:
      return 'too-large';
    case 415:
      return 'unsupported-media-type';
    case 500:
      return 'server-error';
    case 503:
      return (body as { applied?: unknown } | null)?.applied === false
        ? 'not-applied'
        : 'unavailable';
    default:
      return 'unlisted';
  }
}

/** The table as Markdown, for the reference. */
export function outcomesMarkdown(): string {
  const lines = [
    '| error | condition | write | read | definite | why |',
    '|---|---|---|---|---|---|',
  ];
  for (const [name, row] of Object.entries(outcomeTable)) {
    const definite = row.definite ? 'yes' : '**no**';
    lines.push(
      `| \`${name}\` | ${row.condition} | ${row.write} | ${row.read} | ${definite} | ${row.why} |`,
    );
  }
  return `${lines.join('\n')}\n`;
}
