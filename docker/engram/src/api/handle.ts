/**
 * The HTTP surface as one function from request to answer. No sockets: `Env.http` brings the requests, real
 * ones and simulated ones alike.
 */
import type { HttpRequest, HttpResponse } from '../env/env.ts';
import * as cluster from './cluster.ts';
import { ApiError, errorResponse } from './errors.ts';
import * as memories from './memories.ts';
import * as recalling from './recalling.ts';
import type { Service } from './service.ts';

type Handler = (
  service: Service,
  request: HttpRequest,
  argument: string,
) => HttpResponse | Promise<HttpResponse>;

const later =
  (what: string): Handler =>
  () =>
    cluster.notInThisRelease(what);

/** Path (`{}` stands for one argument, still percent-encoded) to method to handler. */
const routes: readonly (readonly [string, Readonly<Record<string, Handler>>])[] = [
  ['/api/v1/memories/remember', { POST: memories.remember }],
  ['/api/v1/memories/recall', { GET: recalling.recallMemories }],
  ['/api/v1/memories', { GET: memories.listMemories }],
  ['/api/v1/memories/{}', { GET: memories.getMemory, DELETE: memories.deleteMemory }],
  ['/api/v1/query/probabilistic', { GET: recalling.queryProbabilistic }],
  ['/api/v1/episodes/remember', { POST: memories.rememberEpisode }],
  ['/api/v1/spaces', { GET: cluster.listSpaces, POST: cluster.createSpace }],
  ['/api/v1/consolidations', { GET: later('Consolidation') }],
  ['/api/v1/consolidations/{}', { GET: later('Consolidation') }],
  ['/health', { GET: cluster.health }],
  ['/health/alive', { GET: cluster.alive }],
  ['/cluster/health', { GET: cluster.clusterHealth }],
  ['/cluster/nodes', { GET: cluster.clusterNodes }],
  ['/cluster/nodes/{}/drain', { POST: later('Draining') }],
  ['/cluster/nodes/{}/undrain', { POST: later('Draining') }],
  ['/cluster/nodes/{}/decommission', { POST: later('Decommissioning') }],
  ['/cluster/spaces', { GET: cluster.clusterSpaces }],
  ['/cluster/convergence', { GET: cluster.clusterConvergence }],
  ['/cluster/conflicts', { GET: cluster.clusterConflicts }],
  ['/cluster/conflicts/{}/resolve', { POST: later('Resolving by hand') }],
  ['/cluster/migrate', { POST: later('Migration') }],
  ['/cluster/rebalance', { GET: later('Rebalancing'), POST: later('Rebalancing') }],
  ['/cluster/backup', { POST: later('Backup') }],
  ['/metrics', { GET: cluster.metricsJson }],
  ['/metrics/prometheus', { GET: cluster.metricsPrometheus }],
];

const exact = new Map(routes.filter(([path]) => !path.includes('{}')));
const patterns = routes
  .filter(([path]) => path.includes('{}'))
  .map(([path, methods]) => ({ ends: path.split('{}') as [string, string], methods }));

function find(path: string): readonly [Readonly<Record<string, Handler>>, string] | null {
  const methods = exact.get(path);
  if (methods) return [methods, ''];
  for (const { ends, methods } of patterns) {
    const [start, end] = ends;
    const length = path.length - start.length - end.length;
    if (length <= 0 || !path.startsWith(start) || !path.endsWith(end)) continue;
    const argument = path.slice(start.length, start.length + length);
    if (!argument.includes('/')) return [methods, argument];
  }
  return null;
}

function handlerOf(request: HttpRequest): readonly [Handler, string] {
  const found = find(request.path);
  if (!found) {
    throw new ApiError(
      'PATH_NOT_FOUND',
      `There is nothing at ${JSON.stringify(request.path.slice(0, 120))}.`,
      'Check the path; a "/" within an id is written %2F.',
      'GET /health',
    );
  }
  const [methods, argument] = found;
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler) return [handler, argument];
  const accepted = Object.keys(methods);
  throw new ApiError(
    'METHOD_NOT_ALLOWED',
    `${request.method.slice(0, 16)} is not accepted here.`,
    `Use ${accepted.join(' or ')}.`,
    `${accepted[0]} ${request.path.slice(0, 120)}`,
    { headers: { allow: accepted.join(', ') } },
  );
}

/** Probes of liveness know no key. */
const openPaths = new Set(['/health', '/health/alive']);

function authorize({ env, settings }: Service, request: HttpRequest): void {
  if (settings.apiKeys.length === 0 || openPaths.has(request.path)) return;
  const [scheme = '', given = ''] = (request.headers.get('authorization') ?? '').split(' ');
  const isKnown = env.isOneOf?.(given, settings.apiKeys) ?? settings.apiKeys.includes(given);
  if (scheme.toLowerCase() === 'bearer' && isKnown) return;
  throw new ApiError(
    'UNAUTHORIZED',
    'This node wants a key, and the request has none that it knows.',
    'Send one of ENGRAM_API_KEYS in the header Authorization.',
    'Authorization: Bearer <key>',
    { headers: { 'www-authenticate': 'Bearer' }, fields: { applied: false } },
  );
}

/** Answers any request; never rejects. */
export async function handle(service: Service, request: HttpRequest): Promise<HttpResponse> {
  try {
    if (service.stopping()) {
      throw new ApiError(
        'MEMORY_CLUSTER_UNAVAILABLE',
        'This node is stopping.',
        'Ask another node.',
        'GET /cluster/nodes',
        { headers: { 'retry-after': '1', connection: 'close' }, fields: { applied: false } },
      );
    }
    authorize(service, request);
    const [handler, argument] = handlerOf(request);
    return withServer(service, await handler(service, request, argument));
  } catch (error) {
    if (error instanceof ApiError) return withServer(service, errorResponse(error));
    service.env.log('error', 'api.failed', { path: request.path, reason: String(error) });
    return withServer(
      service,
      errorResponse(
        new ApiError(
          'MEMORY_SYSTEM_ERROR',
          'The node failed while it handled the request.',
          'Look into the log of the node; the request may or may not have taken effect.',
        ),
      ),
    );
  }
}

/** Every answer says who gave it. */
function withServer(service: Service, response: HttpResponse): HttpResponse {
  if (response.headers['x-engram-node'] !== undefined) return response;
  const headers = {
    'x-engram-node': service.settings.nodeId,
    'x-engram-hops': '0',
    ...response.headers,
  };
  return { ...response, headers };
}
