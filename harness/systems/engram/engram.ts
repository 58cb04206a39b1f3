/**
 * The Engram driver: one HTTP connection for one process and one node. Speaks section 1 of Engram's API
 * and uses what the reference node adds (contexts, versions, siblings, visibility) where it is there.
 * No retry, no pipelining, no redirects.
 */

import type { Completion } from '../../generator/operation.ts';
import { httpFailure } from '../../world/http-failure.ts';
import { realWorld } from '../../world/real-world.ts';
import type { Rng } from '../../world/rng.ts';
import type { Connection, RequestBody, World, WorldAnswer } from '../../world/world.ts';
import type { SessionContexts } from './contexts.ts';
import { randomEmbedding } from './embedding.ts';
import { type OutcomeName, outcomeTable, rowForStatus } from './outcomes.ts';

const writeConfidence = 0.95;
const pageMax = 1000;
const listPath = `/api/v1/memories?limit=${pageMax}`;

export interface DriverTarget {
  /** http://host:port */
  readonly url: string;
  /** Where the node lives; the real world where left out. */
  readonly world?: World;
}

export interface DriverOptions {
  readonly timeoutMs: number;
  /** Null: the reads of a session that has seen nothing and promises nothing (final reads). */
  readonly contexts: SessionContexts | null;
}

type Method = 'GET' | 'POST' | 'DELETE';
type Effect = 'write' | 'read';

interface WriteBody {
  readonly memory_id?: unknown;
  readonly version?: unknown;
}

interface DeleteBody {
  readonly id?: unknown;
  readonly status?: unknown;
  readonly version?: unknown;
}

interface ReadBody {
  readonly content?: unknown;
  readonly version?: unknown;
  readonly siblings?: unknown;
  readonly penalty?: unknown;
  readonly warnings?: unknown;
  readonly stale?: unknown;
  readonly memories?: unknown;
}

const noBody: ReadBody = {};

/** What an answer means to an operation. Always all fields: objects of one shape are quick to read. */
interface Understood {
  readonly value: unknown;
  readonly version: string | undefined;
  readonly siblings: readonly unknown[] | undefined;
}

/** The number that a text of digits alone stands for as JSON; -1 for every other text. */
function wholeNumber(text: string): number {
  const { length } = text;
  // 15 digits are exact in a number of JavaScript; JSON has no zero in front of others.
  if (length === 0 || length > 15 || (length > 1 && text.charCodeAt(0) === 0x30)) return -1;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = 10 * number + digit;
  }
  return number;
}

/** Contents are JSON; what is not was not written by us, and is shown as text. */
function parseContent(content: unknown): unknown {
  if (typeof content !== 'string') return content;
  // Nearly all are numbers, and a list has hundreds of them: JSON.parse takes its time for each.
  const number = wholeNumber(content);
  if (number >= 0) return number;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

/** The contents of a list of memories; null where it is none. */
function contentsOf(memories: unknown): unknown[] | null {
  if (!Array.isArray(memories)) return null;
  const contents: unknown[] = [];
  for (const memory of memories as (ReadBody | null)[]) {
    const content = memory?.content;
    if (typeof content !== 'string') return null;
    contents.push(parseContent(content));
  }
  return contents;
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export class EngramDriver {
  readonly #connection: Connection;
  readonly #rng: Rng;
  readonly #options: DriverOptions;

  constructor(target: DriverTarget, rng: Rng, options: DriverOptions) {
    this.#rng = rng;
    this.#options = options;
    const { timeoutMs } = options;
    this.#connection = (target.world ?? realWorld).connect(target.url, { timeoutMs });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Writes `value` under an id. */
  remember(space: string, id: string, value: unknown): Promise<Completion> {
    const content = JSON.stringify(value);
    const embedding = randomEmbedding(this.#rng);
    const body: RequestBody = {
      text: () => {
        const fields = JSON.stringify({ id, content, confidence: writeConfidence });
        return `${fields.slice(0, -1)},"embedding":${embedding.text()}}`;
      },
      value: () => ({ id, content, confidence: writeConfidence, embedding: embedding.numbers() }),
    };
    const path = '/api/v1/memories/remember';
    return this.#perform('write', 'POST', path, space, value, body, (answer) => {
      const { memory_id: stored, version } = (answer.body ?? {}) as WriteBody;
      if (stored !== id) return null;
      return { value, version: textOrNone(version), siblings: undefined };
    });
  }

  /** Deletes the memory under an id; `value` is what was written there. 404 is a definite fail. */
  forget(space: string, id: string, value: unknown): Promise<Completion> {
    const path = `/api/v1/memories/${encodeURIComponent(id)}`;
    return this.#perform('write', 'DELETE', path, space, value, null, (answer) => {
      const { id: gone, status, version } = (answer.body ?? {}) as DeleteBody;
      if (gone !== id || status !== 'deleted') return null;
      return { value, version: textOrNone(version), siblings: undefined };
    });
  }

  /** Reads one memory; null where there is none. */
  get(space: string, id: string): Promise<Completion> {
    const path = `/api/v1/memories/${encodeURIComponent(id)}`;
    return this.#perform('read', 'GET', path, space, null, null, (answer) => {
      const body = (answer.body ?? {}) as ReadBody;
      if (answer.status === 404) {
        // Another 404 (no such route) says nothing about the memory.
        const { error } = body as { error?: { code?: unknown } };
        if (error?.code !== 'MEMORY_NOT_FOUND') return null;
        return { value: null, version: undefined, siblings: undefined };
      }
      if (typeof body.content !== 'string') return null;
      const siblings = body.siblings === undefined ? undefined : contentsOf(body.siblings);
      if (siblings === null) return null;
      return { value: parseContent(body.content), version: textOrNone(body.version), siblings };
    });
  }

  /** Reads a whole space, in one answer: more than a page would be no state that ever existed. */
  list(space: string): Promise<Completion> {
    return this.#perform('read', 'GET', listPath, space, null, null, (answer) => {
      const value = contentsOf(((answer.body ?? {}) as ReadBody).memories);
      if (value === null || value.length >= pageMax) return null;
      return { value, version: undefined, siblings: undefined };
    });
  }

  async #perform(
    effect: Effect,
    method: Method,
    path: string,
    space: string,
    asked: unknown,
    body: RequestBody | null,
    understand: (answer: WorldAnswer) => Understood | null,
  ): Promise<Completion> {
    const { contexts } = this.#options;
    const sentContext = contexts?.token(space);
    let answer: WorldAnswer;
    try {
      const headers: Record<string, string> = { 'x-memory-space': space };
      if (sentContext !== undefined) headers['x-engram-context'] = sentContext;
      if (body !== null) headers['content-type'] = 'application/json';
      answer = await this.#connection.request({ method, path, headers, body });
    } catch (error) {
      return ending(effect, httpFailure(error), asked, String(error), sentContext);
    }
    const good = answer.status >= 200 && answer.status < 300;
    const row = good ? 'success' : rowForStatus(answer.status, answer.body);
    if (outcomeTable[row][effect] !== 'ok') {
      return ending(effect, row, asked, messageOf(answer.body), sentContext);
    }
    const understood = understand(answer);
    if (understood === null) {
      return ending(effect, 'malformed', asked, 'unexpected body', sentContext);
    }
    const context = header(answer, 'x-engram-context');
    if (contexts && context !== undefined) contexts.learn(space, context);
    const hops = Number(header(answer, 'x-engram-hops') ?? Number.NaN);
    // What the answer of a read says of itself; a write says none of it.
    const { penalty, warnings, stale } = (effect === 'read' ? answer.body : noBody) as ReadBody;
    return {
      outcome: 'ok',
      value: understood.value,
      error: undefined,
      message: undefined,
      context,
      sentContext,
      confidence: typeof penalty === 'number' ? penalty : undefined,
      warnings: Array.isArray(warnings) && warnings.length > 0 ? warnings.length : undefined,
      stale: stale === true ? true : undefined,
      version: understood.version,
      siblings: understood.siblings,
      server: header(answer, 'x-engram-node'),
      hops: Number.isInteger(hops) ? hops : undefined,
    };
  }
}

function header(answer: WorldAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function messageOf(body: unknown): string {
  const { error } = (body ?? {}) as { error?: { message?: unknown } };
  return typeof error?.message === 'string' ? error.message.slice(0, 500) : '';
}

/** The completion of what did not end well. All fields are there, as in that of what did. */
function ending(
  effect: Effect,
  row: OutcomeName,
  asked: unknown,
  message: string,
  sentContext: string | undefined,
): Completion {
  return {
    outcome: outcomeTable[row][effect],
    value: asked,
    error: row,
    message: message === '' ? undefined : message,
    context: undefined,
    sentContext,
    confidence: undefined,
    warnings: undefined,
    stale: undefined,
    version: undefined,
    siblings: undefined,
    server: undefined,
    hops: undefined,
  };
}
