/**
 * The HTTP surface as one function from request to answer. No sockets: `Env.http` brings the requests, real
 * ones and simulated ones alike.
 */
import type { DataPlane, Placement } from '../data.ts';
import type { Env, HttpRequest, HttpResponse } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import type { Visibility } from '../partition/visibility.ts';
import type { Router } from '../routing/router.ts';
import type { Settings } from '../settings.ts';
import type { Membership } from '../swim/membership.ts';
import * as cluster from './cluster.ts';
import { ApiError, errorResponse } from './errors.ts';
import * as memories from './memories.ts';

export interface Service {
  readonly env: Env;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly membership: Membership;
  readonly placement: Placement;
  readonly data: DataPlane;
  readonly router: Router;
  visibility(): Visibility;
  owns(space: string): boolean;
  newId(): string;
  metrics(): Readonly<Record<string, number>>;
  /** Memories with more than one version, for people. */
  conflicts(): readonly unknown[];
}

type Handler = (
  service: Service,
  request: HttpRequest,
  argument: string,
) => HttpResponse | Promise<HttpResponse>;

/** Path (with at most one `{}`) to method to handler. The first match counts. */
const routes: readonly (readonly [string, Readonly<Record<string, Handler>>])[] = [
  ['/api/v1/memories/remember', { POST: memories.remember }],
  ['/api/v1/memories/recall', { GET: memories.recallMemories }],
  ['/api/v1/memories', { GET: memories.listMemories }],
  ['/api/v1/memories/{}', { GET: memories.getMemory, DELETE: memories.deleteMemory }],
  ['/api/v1/query/probabilistic', { GET: memories.queryProbabilistic }],
  ['/api/v1/episodes/remember', { POST: memories.rememberEpisode }],
  ['/api/v1/spaces', { GET: cluster.listSpaces, POST: cluster.createSpace }],
  ['/api/v1/consolidations', { GET: () => cluster.notInThisRelease('Consolidation') }],
  ['/api/v1/consolidations/{}', { GET: () => cluster.notInThisRelease('Consolidation') }],
  ['/health', { GET: cluster.health }],
  ['/health/alive', { GET: cluster.health }],
  ['/cluster/health', { GET: cluster.clusterHealth }],
  ['/cluster/nodes', { GET: cluster.clusterNodes }],
  ['/cluster/spaces', { GET: cluster.clusterSpaces }],
  ['/cluster/convergence', { GET: cluster.clusterConvergence }],
  ['/cluster/conflicts', { GET: cluster.clusterConflicts }],
  ['/cluster/migrate', { POST: () => cluster.notInThisRelease('Migration') }],
  [
    '/cluster/rebalance',
    {
      GET: () => cluster.notInThisRelease('Rebalancing'),
      POST: () => cluster.notInThisRelease('Rebalancing'),
    },
  ],
  ['/cluster/backup', { POST: () => cluster.notInThisRelease('Backup') }],
  ['/metrics', { GET: cluster.metricsJson }],
  ['/metrics/prometheus', { GET: cluster.metricsPrometheus }],
];

const exact = new Map(routes.filter(([path]) => !path.endsWith('{}')));
const prefixes = routes
  .filter(([path]) => path.endsWith('{}'))
  .map(([path, methods]) => [path.slice(0, -2), methods] as const);

function find(path: string): readonly [Readonly<Record<string, Handler>>, string] | null {
  const methods = exact.get(path);
  if (methods) return [methods, ''];
  for (const [prefix, handlers] of prefixes) {
    if (!path.startsWith(prefix) || path.length === prefix.length) continue;
    try {
      return [handlers, decodeURIComponent(path.slice(prefix.length))];
    } catch {
      return null;
    }
  }
  return null;
}

export async function handle(service: Service, request: HttpRequest): Promise<HttpResponse> {
  try {
    const found = find(request.path);
    if (!found) {
      throw new ApiError(
        'MEMORY_NOT_FOUND',
        `There is nothing at ${JSON.stringify(request.path.slice(0, 120))}.`,
        'Check the path.',
      );
    }
    const [methods, argument] = found;
    const handler = methods[request.method];
    if (!handler) {
      const accepted = Object.keys(methods).join(', ');
      throw new ApiError(
        'METHOD_NOT_ALLOWED',
        `${request.method.slice(0, 16)} is not accepted here.`,
        `Use ${accepted}.`,
        `${Object.keys(methods)[0]} ${request.path}`,
        { headers: { allow: accepted } },
      );
    }
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
