/** What answers about memories have in common: headers, visibility, and failures to reach an owner. */
import { encodeContext } from '../conflict/context.ts';
import type { Context } from '../data.ts';
import { type HttpRequest, type HttpResponse, JsonBody } from '../env/env.ts';
import { RoutingError, type Served } from '../routing/router.ts';
import { ApiError } from './errors.ts';
import type { ReadValue } from './kinds.ts';
import type { Service } from './service.ts';

const writeDeadlineMs = 2000;
const readDeadlineMs = 3000;

const jsonType = 'application/json';

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const typed = headers['content-type'] === undefined;
  const all = typed ? { 'content-type': jsonType, ...headers } : headers;
  return { status, headers: all, body: new JsonBody(body) };
}

/** In words: high, medium or low. */
export function categoryOf(confidence: number): string {
  return confidence >= 0.75 ? 'high' : confidence >= 0.4 ? 'medium' : 'low';
}

/** Has a write served by the space's primary. Rejects with ApiError. */
export function serveWrite<T>(
  service: Service,
  kind: 'write' | 'delete',
  space: string,
  body: unknown,
): Promise<Served<T>> {
  return service.router.serve<T>(kind, space, body, writeDeadlineMs).catch((error) => {
    if (!(error instanceof RoutingError)) throw error;
    throw new ApiError(
      'MEMORY_CLUSTER_UNAVAILABLE',
      `Space ${space} cannot be written now: ${error.message}.`,
      error.notApplied
        ? 'Nothing was written. Try again, or ask a node on the other side of the partition.'
        : 'The write may or may not have been applied. Read before you write again.',
      'GET /cluster/health',
      {
        headers: { 'retry-after': '1' },
        fields: error.notApplied ? { applied: false } : {},
        cause: error,
      },
    );
  });
}

/** Has a read served by an owner of the space; refuses a stale answer where asked to. */
export async function serveRead(
  service: Service,
  request: HttpRequest,
  kind: 'read' | 'list' | 'recall',
  space: string,
  body: unknown,
): Promise<Served<ReadValue>> {
  let answer: Served<ReadValue>;
  try {
    answer = await service.router.serve<ReadValue>(kind, space, body, readDeadlineMs);
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    throw new ApiError(
      error.code === 'DEADLINE' ? 'QUERY_TIMEOUT' : 'MEMORY_CLUSTER_UNAVAILABLE',
      `Space ${space} cannot be read now: ${error.message}.`,
      'Try again, or ask a node on the other side of the partition.',
      'GET /cluster/health',
      { headers: { 'retry-after': '1' }, cause: error },
    );
  }
  if (answer.value.stale && request.query.get('strict') === 'true') {
    throw new ApiError(
      'MEMORY_CLUSTER_UNAVAILABLE',
      `Space ${space} cannot be read from a state as new as the context.`,
      'Leave ?strict=true out to get what is there, marked as stale.',
      `GET ${request.path}`,
      { headers: { ...servedHeaders(answer, answer.value.context), 'retry-after': '1' } },
    );
  }
  return answer;
}

export function servedHeaders(
  answer: { readonly node: string; readonly hops: number },
  context: Context,
): Record<string, string> {
  return {
    'content-type': jsonType,
    'x-engram-node': answer.node,
    'x-engram-hops': String(answer.hops),
    'x-engram-context': encodeContext(context),
  };
}

export interface Seen {
  /** Factor of every confidence in the answer. */
  readonly penalty: number;
  readonly warnings: readonly string[];
  readonly stale?: true;
  /** Owners of the space of whose state something may be missing. */
  readonly partial?: readonly string[];
}

/** What every answer of a read says about itself. */
export function seenNow(service: Service, value: Pick<ReadValue, 'stale' | 'standing'>): Seen {
  const { factor, warnings: general } = service.visibility();
  const { partial, heard, owners } = value.standing;
  const stale = value.stale || service.faults.has('mark-everything-stale');
  const warnings = [...general];
  if (partial.length > 0) {
    warnings.push(
      `Partial cluster visibility - may be incomplete (not covered: ${partial.join(', ')})`,
    );
  }
  if (stale) warnings.push('The state of the context cannot be reached - the answer is stale');
  const ofOwners = service.faults.has('no-penalty') ? 1 : 1 - 0.5 * (1 - heard / owners);
  return {
    penalty: Math.min(factor, Math.max(0.5, ofOwners)),
    warnings:
      heard < owners && warnings.length === 0
        ? ['Not all owners of the space are heard']
        : warnings,
    ...(stale ? { stale } : {}),
    ...(partial.length > 0 ? { partial } : {}),
  };
}

/** 404 for a memory: still an answer about the space, with all that such answers carry. */
export function notFound(
  id: string,
  headers: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, unknown>>,
): ApiError {
  return new ApiError(
    'MEMORY_NOT_FOUND',
    `There is no memory ${JSON.stringify(id.slice(0, 80))} in this space.`,
    'Check the id and the space, or recall by a query.',
    'GET /api/v1/memories/recall?query=kettle',
    { headers, fields },
  );
}
