/**
 * The Engram driver: one HTTP connection for one process and one node. Speaks section 1 of Engram's API
 * and uses what the reference node adds (contexts, versions, siblings, visibility) where it is there.
 * No retry, no pipelining, no redirects.
 */
import { realWorld } from '../cluster/real-world.ts';
import type { Connection, RequestBody, WorldAnswer } from '../cluster/world.ts';
import type { Rng } from '../generator/rng.ts';
import type { Completion } from '../history/operation.ts';
import type { ClientTarget } from './client.ts';
import type { SessionContexts } from './contexts.ts';
import { randomEmbedding } from './embedding.ts';
import { type OutcomeName, outcomeTable, rowForError, rowForStatus } from './outcomes.ts';

const writeConfidence = 0.95;
const pageMax = 1000;

export interface DriverOptions {
  readonly timeoutMs: number;
  /** Null: the reads of a session that has seen nothing and promises nothing (final reads). */
  readonly contexts: SessionContexts | null;
}

type Method = 'GET' | 'POST' | 'DELETE';

interface Answer {
  readonly status: number;
  readonly headers: WorldAnswer['headers'];
  readonly body: unknown;
}

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

/** Contents are JSON; what is not was not written by us, and is shown as text. */
function parseContent(content: unknown): unknown {
  if (typeof content !== 'string') return content;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

/** The contents of a list of memories; null where it is none. */
function contentsOf(memories: unknown): unknown[] | null {
  if (!Array.isArray(memories)) return null;
  const contents = memories.map((each) => (each as ReadBody | null)?.content);
  return contents.every((each) => typeof each === 'string') ? contents.map(parseContent) : null;
}

export class EngramDriver {
  readonly #connection: Connection;
  readonly #rng: Rng;
  readonly #options: DriverOptions;

  constructor(target: ClientTarget, rng: Rng, options: DriverOptions) {
    this.#rng = rng;
    this.#options = options;
    const { timeoutMs } = options;
    this.#connection = (target.world ?? realWorld).connect(target.url, { timeoutMs });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Writes `value` under an id. */
  async remember(space: string, id: string, value: unknown): Promise<Completion> {
    const content = JSON.stringify(value);
    const embedding = randomEmbedding(this.#rng);
    const fields = { id, content, confidence: writeConfidence };
    const body: RequestBody = {
      text: () => `${JSON.stringify(fields).slice(0, -1)},"embedding":${embedding.text()}}`,
      value: () => ({ ...fields, embedding: embedding.numbers() }),
    };
    return this.#perform(
      'write',
      'POST',
      '/api/v1/memories/remember',
      space,
      value,
      body,
      (answer) => {
        const { memory_id: stored, version } = (answer.body ?? {}) as WriteBody;
        if (stored !== id) return null;
        return { value, ...(typeof version === 'string' ? { version } : {}) };
      },
    );
  }

  /** Deletes the memory under an id; `value` is what was written there. 404 is a definite fail. */
  async forget(space: string, id: string, value: unknown): Promise<Completion> {
    const path = `/api/v1/memories/${encodeURIComponent(id)}`;
    return this.#perform('write', 'DELETE', path, space, value, null, (answer) => {
      const { id: gone, status, version } = (answer.body ?? {}) as DeleteBody;
      if (gone !== id || status !== 'deleted') return null;
      return { value, ...(typeof version === 'string' ? { version } : {}) };
    });
  }

  /** Reads one memory; null where there is none. */
  async get(space: string, id: string): Promise<Completion> {
    const path = `/api/v1/memories/${encodeURIComponent(id)}`;
    return this.#perform('read', 'GET', path, space, null, null, (answer) => {
      const body = (answer.body ?? {}) as ReadBody;
      if (answer.status === 404) {
        // Another 404 (no such route) says nothing about the memory.
        const { error } = body as { error?: { code?: unknown } };
        return error?.code === 'MEMORY_NOT_FOUND' ? { value: null, ...this.#seen(body) } : null;
      }
      if (typeof body.content !== 'string') return null;
      const concurrent = body.siblings === undefined ? undefined : contentsOf(body.siblings);
      if (concurrent === null) return null;
      const siblings = concurrent === undefined ? {} : { siblings: concurrent };
      const version = typeof body.version === 'string' ? { version: body.version } : {};
      return { value: parseContent(body.content), ...siblings, ...version, ...this.#seen(body) };
    });
  }

  /** Reads a whole space, in one answer: more than a page would be no state that ever existed. */
  async list(space: string): Promise<Completion> {
    const path = `/api/v1/memories?limit=${pageMax}`;
    return this.#perform('read', 'GET', path, space, null, null, (answer) => {
      const body = (answer.body ?? {}) as ReadBody;
      const value = contentsOf(body.memories);
      if (value === null || value.length >= pageMax) return null;
      return { value, ...this.#seen(body) };
    });
  }

  #seen(body: ReadBody): Partial<Completion> {
    return {
      ...(typeof body.penalty === 'number' ? { confidence: body.penalty } : {}),
      ...(Array.isArray(body.warnings) && body.warnings.length > 0
        ? { warnings: body.warnings.length }
        : {}),
      ...(body.stale === true ? { stale: true } : {}),
    };
  }

  async #perform(
    effect: 'write' | 'read',
    method: Method,
    path: string,
    space: string,
    asked: unknown,
    body: RequestBody | null,
    understand: (answer: Answer) => Partial<Completion> | null,
  ): Promise<Completion> {
    const { contexts } = this.#options;
    const sentContext = contexts?.token(space);
    const sent = sentContext === undefined ? {} : { sentContext };
    let answer: Answer;
    try {
      answer = await this.#request(method, path, space, sentContext, body);
    } catch (error) {
      return { ...ending(effect, rowForError(error), asked, String(error)), ...sent };
    }
    const good = answer.status >= 200 && answer.status < 300;
    const row = good ? 'success' : rowForStatus(answer.status, answer.body);
    if (outcomeTable[row][effect] !== 'ok') {
      return { ...ending(effect, row, asked, messageOf(answer.body)), ...sent };
    }
    const understood = understand(answer);
    if (understood === null) {
      return { ...ending(effect, 'malformed', asked, 'unexpected body'), ...sent };
    }
    const context = header(answer, 'x-engram-context');
    if (contexts && context !== undefined) contexts.learn(space, context);
    const server = header(answer, 'x-engram-node');
    const hops = Number(header(answer, 'x-engram-hops') ?? Number.NaN);
    return {
      outcome: 'ok',
      value: asked,
      ...understood,
      ...sent,
      ...(context === undefined ? {} : { context }),
      ...(server === undefined ? {} : { server }),
      ...(Number.isInteger(hops) ? { hops } : {}),
    };
  }

  async #request(
    method: Method,
    path: string,
    space: string,
    context: string | undefined,
    body: RequestBody | null,
  ): Promise<Answer> {
    const headers: Record<string, string> = { 'x-memory-space': space };
    if (context !== undefined) headers['x-engram-context'] = context;
    if (body !== null) headers['content-type'] = 'application/json';
    return this.#connection.request({ method, path, headers, body });
  }
}

function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function messageOf(body: unknown): string {
  const { error } = (body ?? {}) as { error?: { message?: unknown } };
  return typeof error?.message === 'string' ? error.message.slice(0, 500) : '';
}

function ending(
  effect: 'write' | 'read',
  row: OutcomeName,
  asked: unknown,
  message: string,
): Completion {
  const outcome = outcomeTable[row][effect];
  return { outcome, value: asked, error: row, ...(message === '' ? {} : { message }) };
}
