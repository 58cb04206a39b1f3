/** Reads and checks requests. Nothing is coerced: a number that comes as text is an error. */

import { ContextError, decodeContext } from '../conflict/context.ts';
import type { Context, Durability } from '../data.ts';
import type { HttpRequest } from '../env/env.ts';
import { embeddingLength, embedText } from '../query/embedding.ts';
import { ApiError, invalid } from './errors.ts';

const spacePattern = /^[a-z0-9_-]{3,64}$/;
const contentBytesMax = 100_000;
const idBytesMax = 512;
const tagsMax = 64;
const tagLengthMax = 256;
const loneSurrogate = /\p{Cs}/u;
/** Words that stand where an id stands in a path. */
const reservedIds = new Set(['remember', 'recall']);
const idExample = '{"id":"kettle-1","content":"The kettle is in the cupboard"}';
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The fields of a request; one that is null counts as absent. */
export type Body = Readonly<Record<string, unknown>>;

export function readJson(request: HttpRequest): Body {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\b/i.test(type)) {
    throw new ApiError(
      'UNSUPPORTED_MEDIA_TYPE',
      `The content type is ${type === '' ? 'missing' : JSON.stringify(type.slice(0, 80))}.`,
      'Send JSON with the header Content-Type: application/json.',
    );
  }
  let value: unknown;
  try {
    value = request.json ?? JSON.parse(utf8.decode(request.body));
  } catch {
    throw invalid('The body is not JSON in UTF-8.', 'Check quotes and commas; send one object.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('The body is not a JSON object.', 'Send one object with the field "content".');
  }
  return value as Body;
}

/** The space that a request is about: header, query, body, or "default". */
export function spaceOf(request: HttpRequest, body?: Body): string {
  return spaceName(
    request.headers.get('x-memory-space') ??
      request.query.get('space') ??
      body?.memory_space_id ??
      'default',
  );
}

export function spaceName(given: unknown): string {
  if (typeof given !== 'string' || !spacePattern.test(given)) {
    // A value that is nested deeply cannot be written out.
    const shown = typeof given === 'object' ? '(object)' : JSON.stringify(given).slice(0, 80);
    throw invalid(
      `The memory space ${shown} is not a valid name.`,
      'A space is 3 to 64 of a-z 0-9 - and _.',
      'X-Memory-Space: kitchen',
    );
  }
  return given;
}

/** A token may have seen the clock of a node that is ahead, but not by more than that. */
const aheadMsMax = 24 * 3600 * 1000;

export function contextOf(request: HttpRequest, nowMs: number): Context | null {
  const token = request.headers.get('x-engram-context');
  if (token === undefined || token === '') return null;
  try {
    const context = decodeContext(token);
    if (context.t.ms <= nowMs + aheadMsMax) return context;
    throw new ContextError(
      'X-Engram-Context is of a clock that is more than a day ahead of this node',
    );
  } catch (error) {
    if (!(error instanceof ContextError)) throw error;
    if (error.code === 'TOO_LARGE') {
      throw new ApiError(
        'CONTEXT_TOO_LARGE',
        `${error.message}.`,
        'Read once: the token of the answer covers what was shown, and is short. Join no tokens of other spaces.',
        'GET /api/v1/memories?limit=1',
        { fields: { applied: false } },
      );
    }
    throw invalid(
      `${error.message}.`,
      'Send back the X-Engram-Context of an earlier answer unchanged, or leave it out.',
      'X-Engram-Context: eyJ2Ijp7fSwidCI6WzAsMF19',
    );
  }
}

export function durabilityOf(request: HttpRequest): Durability {
  const given = request.query.get('ack') ?? 'primary';
  if (given !== 'primary' && given !== 'replica' && given !== 'quorum' && given !== 'all') {
    throw invalid(
      `ack=${given.slice(0, 40)} is not known.`,
      'Use ack=primary, replica, quorum or all.',
      'POST /api/v1/memories/remember?ack=quorum',
    );
  }
  return given;
}

/** The id of a memory to be. */
export function idOf(value: unknown): string {
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > idBytesMax) {
    throw invalid(
      `The id is not a text of 1 to ${idBytesMax} bytes.`,
      'Give a short text as "id", or leave it out to get one.',
      idExample,
    );
  }
  if (reservedIds.has(value) || loneSurrogate.test(value)) {
    throw invalid(
      `The id ${JSON.stringify(value)} could not be asked for by a path.`,
      'Give another id, or leave it out to get one.',
      idExample,
    );
  }
  return value;
}

/** The id at the end of a path, percent-encoded there. */
export function pathId(argument: string): string {
  try {
    return decodeURIComponent(argument);
  } catch {
    throw invalid(
      `The id ${JSON.stringify(argument.slice(0, 80))} is not percent-encoded UTF-8.`,
      'Encode each byte of the id that is no letter or digit as %XX.',
      'GET /api/v1/memories/kettle%201',
    );
  }
}

export function numberParameter(
  request: HttpRequest,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const given = request.query.get(name);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (given.trim() === '' || !(value >= least && value <= most)) {
    throw invalid(
      `${name}=${given.slice(0, 40)} is not a number from ${least} to ${most}.`,
      `Give ${name} between ${least} and ${most}, or leave it out for ${fallback}.`,
      `?${name}=${fallback}`,
    );
  }
  return value;
}

export function wholeParameter(
  request: HttpRequest,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const value = numberParameter(request, name, fallback, least, most);
  if (!Number.isInteger(value)) {
    throw invalid(
      `${name} is not a whole number.`,
      `Give ${name} without a fraction.`,
      `?${name}=10`,
    );
  }
  return value;
}

export function textField(body: Body, name: string, example?: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') {
    const wrong = value === undefined ? 'is missing' : 'is not a text, or is empty';
    throw invalid(`"${name}" ${wrong}.`, `Give "${name}" as a non-empty text.`, example);
  }
  if (Buffer.byteLength(value) > contentBytesMax) {
    throw invalid(
      `"${name}" is longer than ${contentBytesMax} bytes.`,
      'Split it into several memories.',
      example,
    );
  }
  return value;
}

export function confidenceField(body: Body, name: string): number {
  const value = body[name] ?? 0.7;
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw invalid(`"${name}" is not a number from 0 to 1.`, `Give "${name}" between 0 and 1.`);
  }
  return value;
}

export function embeddingField(value: unknown, text: string): Float32Array {
  if (value === undefined || value === null) return embedText(text);
  const list = Array.isArray(value) || value instanceof Float32Array;
  if (!list || value.length !== embeddingLength) {
    throw invalid(
      `"embedding" is not a list of ${embeddingLength} numbers.`,
      'Give 768 finite numbers, or leave it out to have it derived from the content.',
    );
  }
  // From a client in this process: nobody changes it any more.
  if (value instanceof Float32Array && isFinite32(value)) return value;
  const vector = new Float32Array(embeddingLength);
  for (let i = 0; i < embeddingLength; i++) {
    const number: unknown = value[i];
    vector[i] = typeof number === 'number' ? number : Number.NaN;
    if (!Number.isFinite(vector[i])) {
      throw invalid(`"embedding" has no finite float32 at place ${i}.`, 'Give 768 of them.');
    }
  }
  return vector;
}

/** Whatever is not finite makes the sum NaN. */
function isFinite32(vector: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += 0 * vector[i];
  return sum === 0;
}

export function tagsField(body: Body): string[] {
  const value = body.tags ?? [];
  const good =
    Array.isArray(value) &&
    value.length <= tagsMax &&
    value.every((tag) => typeof tag === 'string' && tag.length <= tagLengthMax);
  if (!good) {
    throw invalid(
      `"tags" is not a list of at most ${tagsMax} texts.`,
      'Give "tags" as short texts.',
    );
  }
  return value as string[];
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** ms since 1970. */
export function timeField(body: Body, name: string, nowMs: number): number {
  const value = body[name] ?? undefined;
  if (value === undefined) return nowMs;
  const good = typeof value === 'string' && rfc3339.test(value);
  const time = good ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) {
    throw invalid(
      `"${name}" is not a time.`,
      'Give RFC 3339 in UTC.',
      `{"content":"...","${name}":"2026-01-31T12:00:00Z"}`,
    );
  }
  return time;
}

/** What is to be recalled: an embedding as a JSON list, or the embedding of a text. */
export function cueOf(request: HttpRequest): Float32Array {
  const query = request.query.get('query') ?? '';
  const embedding = request.query.get('embedding');
  if (embedding !== undefined) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(embedding);
    } catch {
      parsed = [];
    }
    return embeddingField(parsed ?? [], '');
  }
  if (query === '') {
    throw invalid(
      'Neither "query" nor "embedding" is given.',
      'Say what is to be recalled.',
      'GET /api/v1/memories/recall?query=kettle',
    );
  }
  return embedText(query);
}
