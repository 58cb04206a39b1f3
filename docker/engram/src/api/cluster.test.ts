import { beforeAll, describe, expect, it } from 'vitest';
import { VirtualCluster } from '../testing/cluster.ts';
import { type Ask, isError, OneNode, remembering } from '../testing/one-node.ts';

let node: OneNode;
const ask: Ask = (...given) => node.ask(...given);

beforeAll(async () => {
  node = await OneNode.start();
  await ask('POST', remembering, { id: 'cup', content: 'x' });
});

describe('the cluster', () => {
  it('is healthy, and shows no faults', async () => {
    for (const path of ['/health', '/health/alive']) {
      const answer = await ask('GET', path);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ status: 'healthy', node_id: 'n1', faults: [] });
    }
  });

  it('counts others in stats and everybody in partition', async () => {
    const { body } = await ask('GET', '/cluster/health');
    expect(body).toMatchObject({
      node_id: 'n1',
      stats: { alive: 0, suspect: 0, dead: 0, left: 0, total: 0 },
      partition: { state: 'connected', reachable_nodes: 1, total_nodes: 1 },
    });
    expect(body.assignments.spaces).toBeGreaterThan(0);
    expect(body.replication).toMatchObject({ factor: 3, lag: 0 });
  });

  it('lists its nodes', async () => {
    const { body } = await ask('GET', '/cluster/nodes');
    expect(body.nodes).toHaveLength(1);
    expect(body.nodes[0]).toMatchObject({
      id: 'n1',
      swim_address: 'n1:7946',
      api_address: 'n1:7432',
      state: 'alive',
      local: true,
    });
    expect(body.nodes[0].last_change_ms_ago).toBeGreaterThanOrEqual(0);
  });

  it('says who is primary of each space', async () => {
    const { body } = await ask('GET', '/cluster/spaces');
    const entry = { space: 'default', primary: 'n1', replicas: [], generation: 0, version: 0 };
    expect(body.spaces).toContainEqual(entry);
  });

  it('says how far one space or all spaces have converged', async () => {
    const one = await ask('GET', '/cluster/convergence?space=default');
    expect(one.body).toMatchObject({ space: 'default', held: true, owner: true });
    expect(one.body.merkle_root).toMatch(/^[0-9a-f]+$/);
    expect(one.body.pending_hints).toBe(0);
    expect(Object.keys(one.body.version_vector)).toHaveLength(1);
    const all = await ask('GET', '/cluster/convergence');
    expect(all.body.spaces).toContainEqual(one.body);
    isError(await ask('GET', '/cluster/convergence?space=X'), 400, 'INVALID_MEMORY_INPUT');
  });

  it('has its metrics as JSON and as text', async () => {
    const { body } = await ask('GET', '/metrics');
    expect(body.requests_total).toBeGreaterThan(3);
    expect(body.writes_total).toBe(1);
    const text = await ask('GET', '/metrics/prometheus');
    expect(text.headers['content-type']).toMatch(/^text\/plain/);
    expect(text.text).toMatch(/^# TYPE engram_writes_total counter$/m);
    expect(text.text).toMatch(/^engram_writes_total\{node="n1"\} \d+$/m);
  });

  const later: readonly (readonly [method: string, path: string])[] = [
    ['GET', '/api/v1/consolidations'],
    ['GET', '/api/v1/consolidations/7'],
    ['POST', '/cluster/migrate'],
    ['GET', '/cluster/rebalance'],
    ['POST', '/cluster/rebalance'],
    ['POST', '/cluster/backup'],
    ['POST', '/cluster/nodes/n1/drain'],
    ['POST', '/cluster/nodes/n1/undrain'],
    ['POST', '/cluster/nodes/n1/decommission'],
    ['POST', '/cluster/conflicts/cup/resolve'],
  ];
  for (const given of later) {
    it(`says that ${given.join(' ')} is not enabled`, async () => {
      isError(await ask(...given), 501, 'FEATURE_NOT_ENABLED');
    });
  }
});

describe('other paths and methods', () => {
  it('are not found', async () => {
    for (const path of ['/', '/api/v1', '/api/v1/memories/', '/health/', '/cluster/nodes/n1']) {
      isError(await ask('GET', path), 404, 'PATH_NOT_FOUND');
    }
  });

  it('are told which methods are accepted', async () => {
    const answer = await ask('PUT', '/api/v1/memories/kettle');
    isError(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.allow).toBe('GET, DELETE');
    isError(await ask('GET', remembering), 405, 'METHOD_NOT_ALLOWED');
    isError(await ask('constructor', '/health'), 405, 'METHOD_NOT_ALLOWED');
  });
});

describe('a node that stops', () => {
  it('refuses what is new, and says that nothing was applied', async () => {
    const other = await VirtualCluster.start(2, { nodes: 1 });
    await other.until(other.life('n1').node.stop());
    const answer = await other.ask('n1', 'POST', remembering, { content: 'late' });
    isError(answer, 503, 'MEMORY_CLUSTER_UNAVAILABLE');
    expect(answer.body.applied).toBe(false);
  });
});
