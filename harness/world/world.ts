/**
 * The world that nodes live in, as the tester meets it: its time, and connections to its nodes. The real one is
 * in `real-world.ts`, the virtual one in `sim.ts`.
 */
import type { Clock } from './clock.ts';

export interface WorldRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: RequestBody | null;
}

/** JSON, as text where it leaves the process, as a value that nobody may change where it does not. */
export interface RequestBody {
  text(): string;
  value(): unknown;
}

export interface WorldAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON; null where it is none. */
  readonly body: unknown;
}

export function jsonBody(value: unknown): RequestBody {
  return { text: () => JSON.stringify(value), value: () => value };
}

/** A connection of one client to one node, for one request at a time. */
export interface Connection {
  /**
   * Rejects with an error that `httpFailure` knows: with OperationTimeout after
   * the connection's time-out. A late answer meets nobody.
   */
  request(request: WorldRequest): Promise<WorldAnswer>;
  close(): Promise<void>;
}

export interface World {
  readonly clock: Clock;
  /** One seed gives one history here, and its digest is kept. */
  readonly deterministic?: boolean;
  /** `url` as in NodeHandle. Connects with the first request. */
  connect(url: string, options: { readonly timeoutMs: number }): Connection;
  /** Parsed JSON body of a GET, or null where there is no good answer in time. */
  ask(url: string, path: string, timeoutMs: number): Promise<unknown>;
}

/** The time of an operation was over. */
export class OperationTimeout extends Error {
  readonly code = 'operation-timeout';
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = 'OperationTimeout';
  }
}
