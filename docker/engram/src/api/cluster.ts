/** Endpoints about the node and the cluster. */

import type { HttpRequest, HttpResponse } from '../env/env.ts';
import { prometheusText } from '../metrics/prometheus.ts';
import { json } from './answers.ts';
import { ApiError, invalid } from './errors.ts';
import { readJson, spaceName, spaceOf } from './input.ts';
import type { Service } from './service.ts';

/** The truth about disk and log: 503 with the reason where writes are not taken. */
export function health(service: Service): HttpResponse {
  const { faults, settings } = service;
  const reason = service.trouble();
  const about = { node_id: settings.nodeId, faults: faults.names };
  if (reason === null) return json(200, { status: 'healthy', ...about });
  return json(503, { status: 'unhealthy', reason, ...about }, { 'retry-after': '1' });
}

/** Says no more than that the process lives. */
export function alive(service: Service): HttpResponse {
  const { faults, settings } = service;
  return json(200, { status: 'healthy', node_id: settings.nodeId, faults: faults.names });
}

export function clusterHealth(service: Service): HttpResponse {
  const { membership, settings } = service;
  const others = membership.members().filter((member) => member.id !== settings.nodeId);
  const count = (state: string): number => others.filter((member) => member.state === state).length;
  const seen = service.visibility();
  const spaces = service.data.spaces().map((space) => service.data.summary(space)!);
  return json(200, {
    node_id: settings.nodeId,
    stats: {
      alive: count('alive'),
      suspect: count('suspect'),
      dead: count('dead'),
      left: count('left'),
      total: others.length,
    },
    partition: {
      state: seen.state,
      reachable_nodes: seen.reachable,
      total_nodes: seen.known,
    },
    assignments: {
      spaces: spaces.length,
      owned: spaces.filter((each) => service.owns(each.space)).length,
    },
    replication: {
      factor: settings.replicationFactor,
      deferred_writes: spaces.reduce((sum, each) => sum + each.deferred, 0),
      lag: spaces.reduce(
        (sum, each) => Object.values(each.replicationLag).reduce((all, lag) => all + lag, sum),
        0,
      ),
    },
    faults: service.faults.names,
  });
}

export function clusterNodes(service: Service): HttpResponse {
  const now = service.env.monotonicMs();
  const nodes = service.membership.members().map((member) => ({
    id: member.id,
    swim_address: member.swimAddress,
    api_address: member.apiAddress,
    rack: member.rack,
    zone: member.zone,
    state: member.state,
    incarnation: member.incarnation,
    last_change_ms_ago: Math.max(0, Math.round(now - member.changedAtMs)),
    local: member.id === service.settings.nodeId,
  }));
  return json(200, { nodes });
}

export function clusterSpaces(service: Service): HttpResponse {
  const spaces = service.data.spaces().map((space) => service.router.table.route(space));
  return json(200, { spaces });
}

export function clusterConvergence(service: Service, request: HttpRequest): HttpResponse {
  const one = request.query.has('space') ? [spaceOf(request)] : service.data.spaces();
  const spaces = one.map((space) => {
    const summary = service.data.summary(space);
    return {
      space,
      held: summary !== null,
      owner: service.owns(space),
      merkle_root: summary?.merkleRoot ?? null,
      version_vector: summary?.known.v ?? {},
      single_dots: summary?.known.d ?? {},
      memories: summary?.memories ?? 0,
      deferred_writes: summary?.deferred ?? 0,
      pending_hints: 0,
      replication_lag: summary?.replicationLag ?? {},
    };
  });
  return json(200, request.query.has('space') ? spaces[0] : { spaces });
}

export function clusterConflicts(service: Service): HttpResponse {
  return json(200, { conflicts: service.conflicts() });
}

export function listSpaces(service: Service): HttpResponse {
  const spaces = service.data.spaces().map((id) => ({
    id,
    memories: service.data.summary(id)?.memories ?? 0,
    held_here: service.owns(id),
  }));
  return json(200, { spaces, count: spaces.length });
}

export async function createSpace(service: Service, request: HttpRequest): Promise<HttpResponse> {
  const body = readJson(request);
  if (body.id === undefined) {
    throw invalid(
      '"id" is missing.',
      'Name the space: 3 to 64 of a-z 0-9 - and _.',
      'POST /api/v1/spaces {"id":"kitchen"}',
    );
  }
  const space = spaceName(body.id);
  await service.data.createSpace(space);
  return json(201, { id: space, ...service.router.table.route(space) });
}

export function metricsJson(service: Service): HttpResponse {
  return json(200, service.metrics());
}

export function metricsPrometheus(service: Service): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4' },
    body: prometheusText(service.settings.nodeId, service.metrics()),
  };
}

export function notInThisRelease(what: string): never {
  throw new ApiError(
    'FEATURE_NOT_ENABLED',
    `${what} is not part of this release.`,
    'Ask /cluster/health for what this node does.',
    'GET /cluster/health',
  );
}
