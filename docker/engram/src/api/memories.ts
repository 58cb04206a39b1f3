/** Endpoints about memories: remember, get, list, delete, recall. */
import { encodeContext, joinContexts } from '../conflict/context.ts';
import type { Context, MemoryState, MemoryVersion } from '../data.ts';
import type { HttpRequest, HttpResponse } from '../env/env.ts';
import { shareOut } from '../query/recall.ts';
import { RoutingError, type Served } from '../routing/router.ts';
import { ApiError, invalid } from './errors.ts';
import {
  type Body,
  confidenceField,
  contextOf,
  cueOf,
  durabilityOf,
  embeddingField,
  idOf,
  numberParameter,
  readJson,
  spaceOf,
  tagsField,
  textField,
  timeField,
  wholeParameter,
} from './input.ts';
import { type ReadValue, toBytes, unpackMemory, type WriteBody, type WriteValue } from './kinds.ts';
import type { Service } from './service.ts';

const writeDeadlineMs = 2500;
const readDeadlineMs = 2000;

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

const time = (ms: number): string => new Date(ms).toISOString();

function category(confidence: number): string {
  return confidence >= 0.75 ? 'high' : confidence >= 0.4 ? 'medium' : 'low';
}

/** Turns a failure to route into the answer that a client can classify. */
function unavailable(error: unknown, space: string): never {
  if (!(error instanceof RoutingError)) throw error;
  throw new ApiError(
    'MEMORY_CLUSTER_UNAVAILABLE',
    `Space ${space}: ${error.message}.`,
    error.notApplied
      ? 'Nothing was written. Try again, or ask a node on the other side of the partition.'
      : 'The write may or may not have been applied. Read before you write again.',
    'GET /cluster/health',
    {
      headers: { 'retry-after': '1' },
      fields: error.notApplied ? { applied: false } : {},
    },
  );
}

async function write(
  service: Service,
  space: string,
  body: WriteBody,
): Promise<Served<WriteValue>> {
  try {
    return await service.router.serve<WriteValue>('write', space, body, writeDeadlineMs);
  } catch (error) {
    return unavailable(error, space);
  }
}

async function read(
  service: Service,
  kind: string,
  space: string,
  body: unknown,
): Promise<Served<ReadValue>> {
  try {
    return await service.router.serve<ReadValue>(kind, space, body, readDeadlineMs);
  } catch (error) {
    return unavailable(error, space);
  }
}

function served(
  answer: { readonly node: string; readonly hops: number },
  context: Context,
): Record<string, string> {
  return {
    'x-engram-node': answer.node,
    'x-engram-hops': String(answer.hops),
    'x-engram-context': encodeContext(context),
  };
}

/** Answers of reads: the confidence factor, warnings, and whether the context could be had. */
function visibility(service: Service, stale: boolean): Record<string, unknown> {
  const { factor, warnings } = service.visibility();
  const all = stale
    ? [...warnings, 'The context could not be reached - answer is stale']
    : warnings;
  return { penalty: factor, warnings: all, ...(stale ? { stale: true } : {}) };
}

function refuseStale(request: HttpRequest, value: ReadValue, space: string): void {
  if (!value.stale || request.query.get('strict') !== 'true') return;
  throw new ApiError(
    'MEMORY_CLUSTER_UNAVAILABLE',
    `Space ${space} cannot be read from a state as new as the context.`,
    'Leave ?strict=true out to get what is there, marked as stale.',
    'GET /api/v1/memories/kettle-1',
    { headers: { 'retry-after': '1', 'x-engram-context': encodeContext(value.context) } },
  );
}

async function store(
  service: Service,
  request: HttpRequest,
  space: string,
  memory: Omit<WriteBody, 'context' | 'durability' | 'deleted'>,
): Promise<HttpResponse> {
  const context = contextOf(request);
  const durability = durabilityOf(request);
  const answer = await write(service, space, { ...memory, deleted: false, context, durability });
  const { value } = answer;
  return json(
    201,
    {
      memory_id: memory.id,
      storage_confidence: {
        value: memory.confidence,
        category: category(memory.confidence),
        reasoning: `durable in ${value.copies} ${value.copies === 1 ? 'copy' : 'copies'}`,
      },
      consolidation_state: 'recent',
      observed_at: time(memory.observedAtMs),
      stored_at: time(value.storedAtMs),
      system_message: value.deferred
        ? 'Remembered; shown as soon as what you had seen before has arrived here.'
        : 'Remembered.',
      version: value.dot,
    },
    {
      ...served(answer, context ? joinContexts(context, value.context) : value.context),
      'x-engram-durability': value.satisfied ? durability : `primary;asked=${durability}`,
    },
  );
}

export async function remember(service: Service, request: HttpRequest): Promise<HttpResponse> {
  const body = readJson(request);
  const space = spaceOf(request, body);
  const content = textField(body, 'content');
  return store(service, request, space, {
    id: body.id === undefined ? service.newId() : idOf(body.id),
    content,
    confidence: confidenceField(body, 'confidence'),
    tags: tagsField(body),
    memoryType: 'semantic',
    observedAtMs: timeField(body, 'timestamp', service.env.nowMs()),
    embedding: toBytes(embeddingField(body.embedding, content)),
  });
}

function optionalText(body: Body, name: string): string {
  const value = body[name];
  if (value === undefined) return '';
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) {
    return value.join(', ');
  }
  if (typeof value !== 'string')
    throw invalid(`"${name}" is not a text.`, `Give "${name}" as text.`);
  return value;
}

export async function rememberEpisode(
  service: Service,
  request: HttpRequest,
): Promise<HttpResponse> {
  const body = readJson(request);
  const space = spaceOf(request, body);
  const what = textField(body, 'what');
  if (body.when === undefined) {
    throw invalid('"when" is missing.', 'Say when it happened, as RFC 3339 in UTC.');
  }
  const details = ['who', 'where_location'].map((name) => optionalText(body, name));
  const content = [what, ...details].filter((part) => part !== '').join(' | ');
  return store(service, request, space, {
    id: body.id === undefined ? service.newId() : idOf(body.id),
    content,
    confidence: confidenceField(body, 'importance'),
    tags: tagsField(body),
    memoryType: 'episodic',
    observedAtMs: timeField(body, 'when', service.env.nowMs()),
    embedding: toBytes(embeddingField(body.embedding, content)),
  });
}

function showVersion(version: MemoryVersion, factor: number): Record<string, unknown> {
  return {
    version: version.dot,
    content: version.content,
    confidence: version.confidence * factor,
    timestamp: time(version.observedAtMs),
    ...(version.deleted ? { deleted: true } : {}),
  };
}

function showMemory(
  memory: MemoryState,
  factor: number,
  embeddings: boolean,
): Record<string, unknown> {
  const { shown, siblings } = memory;
  return {
    id: memory.id,
    ...showVersion(shown, factor),
    memory_type: shown.memoryType,
    tags: shown.tags,
    conflict: siblings.length > 1,
    siblings: siblings.map((version) => showVersion(version, factor)),
    ...(embeddings && shown.embedding ? { embedding: [...shown.embedding] } : {}),
  };
}

function notFound(id: string, fields: Record<string, unknown>, headers: Record<string, string>) {
  return new ApiError(
    'MEMORY_NOT_FOUND',
    `There is no memory ${JSON.stringify(id.slice(0, 80))}.`,
    'Check the id and the space, or recall by a query.',
    'GET /api/v1/memories/recall?query=kettle',
    { headers, fields },
  );
}

export async function getMemory(
  service: Service,
  request: HttpRequest,
  id: string,
): Promise<HttpResponse> {
  const space = spaceOf(request);
  const context = contextOf(request);
  const answer = await read(service, 'read', space, { id, context });
  const { value } = answer;
  refuseStale(request, value, space);
  const seen = visibility(service, value.stale);
  const headers = served(answer, value.context);
  const memory = value.memories[0] ? unpackMemory(value.memories[0]) : null;
  const factor = seen.penalty as number;
  if (memory === null) throw notFound(id, seen, headers);
  if (memory.shown.deleted) {
    const siblings = memory.siblings.map((version) => showVersion(version, factor));
    throw notFound(id, { ...seen, siblings }, headers);
  }
  return json(200, { ...showMemory(memory, factor, false), ...seen }, headers);
}

export async function listMemories(service: Service, request: HttpRequest): Promise<HttpResponse> {
  const space = spaceOf(request);
  const tier = request.query.get('tier') ?? 'all';
  if (!['hot', 'warm', 'cold', 'all'].includes(tier)) {
    throw invalid(
      `tier=${tier.slice(0, 40)} is not known.`,
      'Use tier=hot, warm, cold or all.',
      'GET /api/v1/memories?tier=all',
    );
  }
  const offset = wholeParameter(request, 'offset', 0, 0, 1e9);
  const limit = wholeParameter(request, 'limit', 100, 1, 1000);
  const embeddings = request.query.get('include_embeddings') === 'true';
  const context = contextOf(request);
  // All memories of this release are hot: the other tiers are empty, not unknown.
  const answer = await read(service, 'list', space, {
    context,
    offset,
    limit: tier === 'hot' || tier === 'all' ? limit : 0,
    embeddings,
  });
  const { value } = answer;
  refuseStale(request, value, space);
  const seen = visibility(service, value.stale);
  const memories = value.memories.map((packed) =>
    showMemory(unpackMemory(packed), seen.penalty as number, embeddings),
  );
  return json(
    200,
    {
      memories,
      count: memories.length,
      pagination: { offset, limit, returned: memories.length },
      tier_counts: { hot: value.total, warm: 0, cold: 0 },
      ...seen,
    },
    served(answer, value.context),
  );
}

export async function deleteMemory(
  service: Service,
  request: HttpRequest,
  id: string,
): Promise<HttpResponse> {
  const space = spaceOf(request);
  const context = contextOf(request);
  const now = await read(service, 'read', space, { id, context });
  const packed = now.value.memories[0];
  if (!packed || unpackMemory(packed).shown.deleted) {
    throw notFound(id, visibility(service, now.value.stale), served(now, now.value.context));
  }
  const shown = unpackMemory(packed).shown;
  const answer = await write(service, space, {
    id,
    deleted: true,
    content: '',
    confidence: shown.confidence,
    tags: [],
    memoryType: shown.memoryType,
    observedAtMs: service.env.nowMs(),
    embedding: null,
    context: context ? joinContexts(context, now.value.context) : now.value.context,
    durability: durabilityOf(request),
  });
  return json(
    200,
    { id, status: 'deleted', version: answer.value.dot },
    served(answer, answer.value.context),
  );
}

async function recalled(service: Service, request: HttpRequest) {
  const space = spaceOf(request);
  const { cue } = cueOf(request);
  const context = contextOf(request);
  const threshold = numberParameter(request, 'threshold', 0.5, -1, 1);
  const resultsMax = wholeParameter(request, 'max_results', 10, 1, 1000);
  const body = { context, cue: toBytes(cue), threshold, resultsMax };
  const answer = await read(service, 'recall', space, body);
  const { value } = answer;
  refuseStale(request, value, space);
  const seen = visibility(service, value.stale);
  const factor = seen.penalty as number;
  const found = value.memories.map((packed, i) => ({
    ...showMemory(unpackMemory(packed), factor, false),
    similarity: value.similarities[i]!,
  }));
  return { found, seen, factor, headers: served(answer, value.context) };
}

export async function recallMemories(
  service: Service,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { found, seen, factor, headers } = await recalled(service, request);
  const best = found.length === 0 ? 0 : Math.max(...found.map((each) => each.similarity)) * factor;
  return json(
    200,
    {
      memories: shareOut(found),
      recall_confidence: {
        value: best,
        category: category(best),
        reasoning: `${found.length} memories, visibility factor ${factor}`,
      },
      system_message: found.length === 0 ? 'Nothing similar is remembered.' : 'Recalled.',
      ...seen,
    },
    headers,
  );
}

export async function queryProbabilistic(
  service: Service,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { found, seen, factor, headers } = await recalled(service, request);
  const values = found.map((each) => each.similarity * factor);
  const point =
    values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length;
  const half = values.length === 0 ? 1 : Math.min(1, 1 - factor + 0.5 / Math.sqrt(values.length));
  const lower = Math.max(0, point - half);
  const upper = Math.min(1, point + half);
  return json(
    200,
    {
      memories: found,
      confidence_interval: { lower, upper, point, width: upper - lower },
      system_message: 'Recalled.',
      ...seen,
    },
    headers,
  );
}
