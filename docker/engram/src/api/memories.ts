/** Endpoints about single memories and lists of them: remember, get, list, delete. */

import type { HttpRequest, HttpResponse } from '../env/env.ts';
import { bytesOf } from '../query/embedding.ts';
import type { Served } from '../routing/router.ts';
import {
  categoryOf,
  json,
  notFound,
  seenNow,
  servedHeaders,
  serveRead,
  serveWrite,
} from './answers.ts';
import { ApiError, episodeExample, invalid } from './errors.ts';
import {
  type Body,
  confidenceField,
  contextOf,
  durabilityOf,
  embeddingField,
  idOf,
  pathId,
  readJson,
  spaceOf,
  tagsField,
  textField,
  timeField,
  wholeParameter,
} from './input.ts';
import {
  type DeleteBody,
  type DeleteValue,
  siblingsMax,
  type WriteBody,
  type WriteValue,
} from './kinds.ts';
import type { Service } from './service.ts';
import { showMemory, showVersion, timeText } from './shown.ts';

/** Of an answer to a write; durability is what was asked for, or less where there was not time. */
function writtenHeaders(
  answer: Served<unknown>,
  asked: string,
  { context, satisfied, copies }: WriteValue,
): Record<string, string> {
  const headers = servedHeaders(answer, context);
  headers['x-engram-durability'] = satisfied ? asked : copies > 1 ? 'replica' : 'primary';
  return headers;
}

/** A write with fewer copies than asked for stays, and is not acknowledged. */
function refuseTooFewCopies(
  value: WriteValue,
  headers: Readonly<Record<string, string>>,
  asked: string,
): void {
  if (value.satisfied) return;
  throw new ApiError(
    'MEMORY_CLUSTER_UNAVAILABLE',
    `ack=${asked} was not reached in time: there are ${value.copies} durable copies so far.`,
    'The write is kept and will spread. Read before you write again, or ask for less.',
    'POST /api/v1/memories/remember?ack=primary',
    { headers: { ...headers, 'retry-after': '1' }, fields: { version: value.dot } },
  );
}

function refuseTooManySiblings(id: string): never {
  throw new ApiError(
    'TOO_MANY_SIBLINGS',
    `The memory ${JSON.stringify(id.slice(0, 80))} has ${siblingsMax} versions that your context does not cover.`,
    'Read it, and write again with the X-Engram-Context of that answer.',
    `GET /api/v1/memories/${encodeURIComponent(id.slice(0, 80))}`,
    { fields: { applied: false } },
  );
}

async function store(
  service: Service,
  request: HttpRequest,
  space: string,
  memory: Omit<WriteBody, 'context' | 'durability'>,
): Promise<HttpResponse> {
  const durability = durabilityOf(request);
  const body: WriteBody = {
    id: memory.id,
    content: memory.content,
    confidence: memory.confidence,
    tags: memory.tags,
    memoryType: memory.memoryType,
    observedAtMs: memory.observedAtMs,
    embedding: memory.embedding,
    context: contextOf(request, service.env.nowMs()),
    durability,
  };
  const answer = await serveWrite<WriteValue>(service, 'write', space, body);
  const { value } = answer;
  if (value.declined) refuseTooManySiblings(memory.id);
  const headers = writtenHeaders(answer, durability, value);
  refuseTooFewCopies(value, headers, durability);
  return json(
    201,
    {
      memory_id: memory.id,
      storage_confidence: {
        value: memory.confidence,
        category: categoryOf(memory.confidence),
        reasoning: `durable in ${value.copies} ${value.copies === 1 ? 'copy' : 'copies'}`,
      },
      consolidation_state: 'recent',
      observed_at: timeText(memory.observedAtMs),
      stored_at: timeText(value.storedAtMs),
      system_message: value.deferred
        ? 'Remembered; shown as soon as what you had seen before has arrived here.'
        : 'Remembered.',
      version: value.dot,
    },
    headers,
  );
}

export async function remember(service: Service, request: HttpRequest): Promise<HttpResponse> {
  const body = readJson(request);
  const space = spaceOf(request, body);
  const content = textField(body, 'content');
  return store(service, request, space, {
    id: idOf(body.id ?? service.newId()),
    content,
    confidence: confidenceField(body, 'confidence'),
    tags: tagsField(body),
    memoryType: 'semantic',
    observedAtMs: timeField(body, 'timestamp', service.env.nowMs()),
    embedding: bytesOf(embeddingField(body.embedding, content)),
  });
}

function optionalText(body: Body, name: string): string {
  const value = body[name] ?? '';
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) {
    return value.join(', ');
  }
  if (typeof value === 'string') return value;
  throw invalid(`"${name}" is not a text.`, `Give "${name}" as a text.`, episodeExample);
}

export async function rememberEpisode(
  service: Service,
  request: HttpRequest,
): Promise<HttpResponse> {
  const body = readJson(request);
  const space = spaceOf(request, body);
  const what = textField(body, 'what', episodeExample);
  if (body.when === undefined || body.when === null) {
    throw invalid('"when" is missing.', 'Say when it happened: RFC 3339, UTC.', episodeExample);
  }
  const details = ['who', 'where_location'].map((name) => optionalText(body, name));
  const content = [what, ...details].filter((part) => part !== '').join(' | ');
  return store(service, request, space, {
    id: idOf(body.id ?? service.newId()),
    content,
    confidence: confidenceField(body, 'importance'),
    tags: tagsField(body),
    memoryType: 'episodic',
    observedAtMs: timeField(body, 'when', service.env.nowMs()),
    embedding: bytesOf(embeddingField(body.embedding, content)),
  });
}

export async function getMemory(
  service: Service,
  request: HttpRequest,
  argument: string,
): Promise<HttpResponse> {
  const id = pathId(argument);
  const space = spaceOf(request);
  const context = contextOf(request, service.env.nowMs());
  const answer = await serveRead(service, request, 'read', space, { id, context });
  const { value } = answer;
  const seen = seenNow(service, value);
  const headers = servedHeaders(answer, value.context);
  const memory = value.memories[0] ?? null;
  if (memory === null) throw notFound(id, headers, { ...seen });
  if (memory.shown.deleted) {
    const siblings = memory.siblings.map((version) => showVersion(version, seen.penalty));
    const { dot } = memory.shown;
    const conflict = siblings.length > 1;
    throw notFound(id, headers, { deleted: true, version: dot, conflict, siblings, ...seen });
  }
  return json(200, { ...showMemory(memory, seen.penalty, false), ...seen }, headers);
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
  const context = contextOf(request, service.env.nowMs());
  // All memories of this release are hot: the other tiers are empty, not unknown.
  const answer = await serveRead(service, request, 'list', space, {
    context,
    offset,
    limit: tier === 'hot' || tier === 'all' ? limit : 0,
    embeddings,
  });
  const { value } = answer;
  const seen = seenNow(service, value);
  const memories = value.memories.map((memory) => showMemory(memory, seen.penalty, embeddings));
  return json(
    200,
    {
      memories,
      count: memories.length,
      pagination: { offset, limit, returned: memories.length },
      tier_counts: { hot: value.total, warm: 0, cold: 0 },
      ...seen,
    },
    servedHeaders(answer, value.context),
  );
}

export async function deleteMemory(
  service: Service,
  request: HttpRequest,
  argument: string,
): Promise<HttpResponse> {
  const id = pathId(argument);
  const space = spaceOf(request);
  const durability = durabilityOf(request);
  const context = contextOf(request, service.env.nowMs());
  const body: DeleteBody = { id, nowMs: service.env.nowMs(), context, durability };
  const answer = await serveWrite<DeleteValue>(service, 'delete', space, body);
  const { written } = answer.value;
  if (written === null) {
    const served = servedHeaders(answer, answer.value.context);
    throw notFound(id, served, {
      ...seenNow(service, { stale: false, standing: answer.value.standing }),
    });
  }
  const headers = writtenHeaders(answer, durability, written);
  refuseTooFewCopies(written, headers, durability);
  return json(200, { id, status: 'deleted', version: written.dot }, headers);
}
