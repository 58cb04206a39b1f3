import { beforeAll, describe, expect, it } from 'vitest';
import { decodeContext, encodeContext } from '../conflict/context.ts';
import { type Answer, VirtualCluster } from '../testing/cluster.ts';

const remembering = '/api/v1/memories/remember';
const json = { 'content-type': 'application/json' };
let cluster: VirtualCluster;

type Ask = [method: string, target: string, body?: unknown, headers?: Record<string, string>];
const ask = (...given: Ask): Promise<Answer> => cluster.ask('n1', ...given);

function isError(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  for (const part of ['message', 'suggestion', 'example']) {
    expect(answer.body.error[part], part).toMatch(/\S/);
  }
  expect(answer.headers['x-engram-node']).toBe('n1');
  expect(answer.headers['x-engram-hops']).toBe('0');
}

beforeAll(async () => {
  cluster = await VirtualCluster.start(1, { nodes: 1 });
});

describe('remember', () => {
  it('answers 201 with everything that a client may want to know', async () => {
    const answer = await ask('POST', remembering, {
      id: 'kettle',
      content: 'The kettle is in the cupboard',
      confidence: 0.9,
      tags: ['kitchen'],
      timestamp: '2026-01-02T03:04:05Z',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      memory_id: 'kettle',
      storage_confidence: { value: 0.9, category: 'high' },
      observed_at: '2026-01-02T03:04:05.000Z',
    });
    expect(answer.body.storage_confidence.reasoning).toMatch(/1 copy/);
    expect(answer.body.consolidation_state).toMatch(/\w/);
    expect(answer.body.system_message).toMatch(/\w/);
    expect(Date.parse(answer.body.stored_at)).toBeGreaterThan(0);
    expect(answer.body.version).toMatch(/^n1.*:\d+$/);
    expect(answer.headers).toMatchObject({
      'x-engram-node': 'n1',
      'x-engram-hops': '0',
      'x-engram-durability': 'primary',
    });
    const [actor, counter] = answer.body.version.split(':');
    const context = decodeContext(answer.headers['x-engram-context']!);
    expect(context.v[actor]).toBe(Number(counter));
  });

  it('makes an id where none is given, another each time', async () => {
    const one = await ask('POST', remembering, { content: 'one' });
    const other = await ask('POST', remembering, { content: 'other' });
    expect(one.body.memory_id).toMatch(/\S/);
    expect(other.body.memory_id).not.toBe(one.body.memory_id);
    expect((await ask('GET', `/api/v1/memories/${one.body.memory_id}`)).body.content).toBe('one');
  });

  it('takes null for absent', async () => {
    const nothing = { id: null, confidence: null, embedding: null, tags: null, timestamp: null };
    const answer = await ask('POST', remembering, {
      content: 'x',
      memory_space_id: null,
      ...nothing,
    });
    expect(answer.status).toBe(201);
    expect(answer.body.storage_confidence.value).toBe(0.7);
  });

  it('has 0.7 as the confidence of a memory that has none', async () => {
    const answer = await ask('POST', remembering, { content: 'perhaps' });
    expect(answer.body.storage_confidence).toMatchObject({ value: 0.7, category: 'medium' });
  });

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['no content', {}, /"content" is missing/],
    ['an empty content', { content: '' }, /"content"/],
    ['a content that is a number', { content: 7 }, /"content"/],
    ['a content of more than 100,000 bytes', { content: 'ä'.repeat(50_001) }, /100000 bytes/],
    ['a confidence above 1', { content: 'x', confidence: 1.01 }, /"confidence"/],
    ['a confidence below 0', { content: 'x', confidence: -0.1 }, /"confidence"/],
    ['a confidence that is a text', { content: 'x', confidence: '0.5' }, /"confidence"/],
    ['an id that is a number', { content: 'x', id: 7 }, /id/],
    ['an empty id', { content: 'x', id: '' }, /id/],
    ['an id of more than 512 bytes', { content: 'x', id: 'i'.repeat(513) }, /512/],
    ['an id that no path can name', { content: 'x', id: 'recall' }, /"recall"/],
    ['an id with half a character', { content: 'x', id: '\ud800' }, /id/],
    ['an embedding of 767 numbers', { content: 'x', embedding: Array(767).fill(0) }, /768/],
    ['an embedding that is a text', { content: 'x', embedding: 'wide' }, /768/],
    [
      'an embedding with a text in it',
      { content: 'x', embedding: [...Array(767).fill(0), '0'] },
      /place 767/,
    ],
    [
      'an embedding with a number beyond float32',
      { content: 'x', embedding: [...Array(767).fill(0), 1e300] },
      /place 767/,
    ],
    ['tags that are a text', { content: 'x', tags: 'kitchen' }, /"tags"/],
    ['tags that are numbers', { content: 'x', tags: [1] }, /"tags"/],
    ['a timestamp that is a number', { content: 'x', timestamp: 1 }, /"timestamp"/],
    ['a timestamp in words', { content: 'x', timestamp: 'May 5, 2026' }, /"timestamp"/],
    ['a thirteenth month', { content: 'x', timestamp: '2026-13-01T00:00:00Z' }, /"timestamp"/],
    ['a space with capitals', { content: 'x', memory_space_id: 'Kitchen' }, /Kitchen/],
    ['a space of two letters', { content: 'x', memory_space_id: 'ab' }, /3 to 64|"ab"/],
    ['a space that is a number', { content: 'x', memory_space_id: 12345 }, /12345/],
    ['a list', [1], /object/],
    ['null', null, /object/],
  ];
  for (const [name, body, message] of bad) {
    it(`refuses ${name}`, async () => {
      const before = (await ask('GET', '/api/v1/memories')).body.tier_counts.hot;
      const answer = await ask('POST', remembering, body);
      isError(answer, 400, 'INVALID_MEMORY_INPUT');
      expect(`${answer.body.error.message} ${answer.body.error.suggestion}`).toMatch(message);
      expect((await ask('GET', '/api/v1/memories')).body.tier_counts.hot).toBe(before);
    });
  }

  const raw = async (body: string | Uint8Array, headers: Record<string, string>) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const given = await cluster.until(
      cluster.world.http('n1', {
        method: 'POST',
        path: remembering,
        query: new Map(),
        headers: new Map(Object.entries(headers)),
        body: bytes,
      }),
    );
    return { ...given, text: '', body: JSON.parse(given.body as string) };
  };

  it('refuses what is not JSON, or not UTF-8', async () => {
    isError(await raw('{"content": ', json), 400, 'INVALID_MEMORY_INPUT');
    isError(await raw('', json), 400, 'INVALID_MEMORY_INPUT');
    const latin1 = Buffer.from('{"content":"caf\xe9"}', 'latin1');
    isError(await raw(latin1, json), 400, 'INVALID_MEMORY_INPUT');
  });

  it('refuses every other content type, and none', async () => {
    const body = '{"content":"x"}';
    isError(await raw(body, {}), 415, 'UNSUPPORTED_MEDIA_TYPE');
    const text = { 'content-type': 'text/plain' };
    isError(await raw(body, text), 415, 'UNSUPPORTED_MEDIA_TYPE');
    const almost = { 'content-type': 'application/json5' };
    isError(await raw(body, almost), 415, 'UNSUPPORTED_MEDIA_TYPE');
    const charset = { 'content-type': 'application/json; charset=utf-8' };
    expect((await raw(body, charset)).status).toBe(201);
  });

  it('accepts ack=primary, replica, quorum and all, and nothing else', async () => {
    const answer = await ask('POST', `${remembering}?ack=two`, { content: 'x' });
    isError(answer, 400, 'INVALID_MEMORY_INPUT');
    // One node has one copy of everything: that is a quorum, and all, and no replica.
    for (const ack of ['primary', 'quorum', 'all']) {
      const good = await ask('POST', `${remembering}?ack=${ack}`, { content: 'x' });
      expect([good.status, good.headers['x-engram-durability']]).toEqual([201, ack]);
    }
  });

  it('does not acknowledge a write of which there are fewer copies than asked for', async () => {
    const answer = await ask('POST', `${remembering}?ack=replica`, { id: 'thin', content: 'x' });
    isError(answer, 503, 'MEMORY_CLUSTER_UNAVAILABLE');
    expect(answer.body).not.toHaveProperty('applied');
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.headers['x-engram-durability']).toBe('primary');
    expect((await ask('GET', '/api/v1/memories/thin')).body.version).toBe(answer.body.version);
  });
});

describe('spaces', () => {
  it('are chosen by header, then query, then body, then default', async () => {
    const body = { id: 'where', memory_space_id: 'by-body' };
    const header = { 'x-memory-space': 'by-header' };
    const write = (content: string, target: string, also: object, headers = {}) =>
      ask('POST', target, { ...also, id: 'where', content }, headers);
    await write('header', `${remembering}?space=by-query`, body, header);
    await write('query', `${remembering}?space=by-query`, body);
    await write('body', remembering, body);
    await write('default', remembering, {});
    for (const space of ['by-header', 'by-query', 'by-body', 'default']) {
      const answer = await ask('GET', `/api/v1/memories/where?space=${space}`);
      expect(answer.body.content).toBe(space.replace('by-', ''));
    }
  });

  it('can be made, and made again, and listed', async () => {
    const made = await ask('POST', '/api/v1/spaces', { id: 'attic' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ id: 'attic', primary: 'n1', replicas: [] });
    expect((await ask('POST', '/api/v1/spaces', { id: 'attic' })).status).toBe(201);
    const list = await ask('GET', '/api/v1/spaces');
    expect(list.status).toBe(200);
    expect(list.body.spaces).toContainEqual({ id: 'attic', memories: 0, held_here: true });
    expect(list.body.count).toBe(list.body.spaces.length);
  });

  it('are not made without a good name', async () => {
    for (const body of [{}, { id: 'NO' }, { id: 7 }, { id: 'x'.repeat(65) }]) {
      isError(await ask('POST', '/api/v1/spaces', body), 400, 'INVALID_MEMORY_INPUT');
    }
  });

  it('that nobody has written to are empty, and reading does not make them', async () => {
    const answer = await ask('GET', '/api/v1/memories?space=nowhere');
    expect([answer.status, answer.body.count]).toEqual([200, 0]);
    const { spaces } = (await ask('GET', '/api/v1/spaces')).body;
    expect(spaces.map((each: { id: string }) => each.id)).not.toContain('nowhere');
  });
});

describe('reading one memory', () => {
  it('shows content, version, confidence, siblings and what is seen of the cluster', async () => {
    const body = { id: 'spoon', content: 'in the drawer', confidence: 0.8 };
    const stored = await ask('POST', remembering, body);
    const answer = await ask('GET', '/api/v1/memories/spoon');
    expect(answer.status).toBe(200);
    const { version } = stored.body;
    expect(answer.body).toMatchObject({
      id: 'spoon',
      content: 'in the drawer',
      confidence: 0.8,
      memory_type: 'semantic',
      version,
      conflict: false,
      siblings: [{ version, content: 'in the drawer', confidence: 0.8 }],
      penalty: 1,
      warnings: [],
    });
    expect(Date.parse(answer.body.timestamp)).toBeGreaterThan(0);
    expect(answer.body).not.toHaveProperty('stale');
    expect(answer.headers['x-engram-context']).toBe(stored.headers['x-engram-context']);
  });

  it('answers 404 with a context where there is none', async () => {
    const answer = await ask('GET', '/api/v1/memories/nothing');
    isError(answer, 404, 'MEMORY_NOT_FOUND');
    expect(answer.body).toMatchObject({ penalty: 1, warnings: [] });
    expect(decodeContext(answer.headers['x-engram-context']!)).toBeTruthy();
  });

  it('takes ids as they are percent-encoded', async () => {
    const id = 'a/b c%ü';
    await ask('POST', remembering, { id, content: 'odd' });
    const path = `/api/v1/memories/${encodeURIComponent(id)}`;
    expect((await ask('GET', path)).body.id).toBe(id);
    isError(await ask('GET', '/api/v1/memories/%E4'), 400, 'INVALID_MEMORY_INPUT');
    isError(await ask('GET', '/api/v1/memories/a/b'), 404, 'PATH_NOT_FOUND');
  });

  it('marks what is older than the context as stale, or refuses it if it must not be', async () => {
    await ask('POST', remembering, { id: 'fork', content: 'here' });
    const context = encodeContext({ v: { 'n9.abcde': 5 }, t: { ms: 0, counter: 0 } });
    const headers = { 'x-engram-context': context };
    const found = await ask('GET', '/api/v1/memories/fork', undefined, headers);
    expect(found.body).toMatchObject({ content: 'here', stale: true });
    expect(found.body.warnings).toHaveLength(1);
    const missing = await ask('GET', '/api/v1/memories/nothing', undefined, headers);
    expect([missing.status, missing.body.stale]).toEqual([404, true]);
    const list = await ask('GET', '/api/v1/memories', undefined, headers);
    expect(list.body.stale).toBe(true);
    const strict = await ask('GET', '/api/v1/memories/fork?strict=true', undefined, headers);
    isError(strict, 503, 'MEMORY_CLUSTER_UNAVAILABLE');
    expect(strict.headers['retry-after']).toBe('1');
    expect(strict.body).not.toHaveProperty('applied');
  });

  it('refuses a context that is none', async () => {
    for (const token of ['nonsense', 'e30', 'eyJ2IjpbXX0']) {
      const headers = { 'x-engram-context': token };
      isError(
        await ask('GET', '/api/v1/memories/fork', undefined, headers),
        400,
        'INVALID_MEMORY_INPUT',
      );
      isError(
        await ask('POST', remembering, { content: 'x' }, headers),
        400,
        'INVALID_MEMORY_INPUT',
      );
    }
  });
});

describe('versions', () => {
  it('are superseded by a write that has seen them, and kept beside one that has not', async () => {
    const headers = { 'x-memory-space': 'versions' };
    const first = await ask('POST', remembering, { id: 'cup', content: 'one' }, headers);
    const seen = { ...headers, 'x-engram-context': first.headers['x-engram-context']! };
    await ask('POST', remembering, { id: 'cup', content: 'two' }, seen);
    const after = await ask('GET', '/api/v1/memories/cup', undefined, headers);
    expect(after.body).toMatchObject({ content: 'two', conflict: false });
    const other = await ask('POST', remembering, { id: 'cup', content: 'three' }, seen);
    const both = await ask('GET', '/api/v1/memories/cup', undefined, headers);
    expect(both.body.conflict).toBe(true);
    const contents = both.body.siblings.map((each: { content: string }) => each.content);
    expect(contents.sort()).toEqual(['three', 'two']);
    const conflicts = await ask('GET', '/cluster/conflicts');
    const found = { space: 'versions', id: 'cup' };
    expect(conflicts.body.conflicts).toContainEqual(expect.objectContaining(found));
    const all = { ...headers, 'x-engram-context': other.headers['x-engram-context']! };
    await ask('POST', remembering, { id: 'cup', content: 'four' }, all);
    const last = await ask('GET', '/api/v1/memories/cup', undefined, headers);
    expect(last.body).toMatchObject({ content: 'four', conflict: false });
  });
});

describe('lists', () => {
  const headers = { 'x-memory-space': 'lists' };
  beforeAll(async () => {
    for (const id of ['c', 'a', 'b']) {
      await ask('POST', remembering, { id, content: `the ${id}`, confidence: 0.9 }, headers);
    }
  });
  const list = (search: string) => ask('GET', `/api/v1/memories${search}`, undefined, headers);

  it('are sorted by id and say all that a checker needs of each memory', async () => {
    const { body } = await list('');
    expect(body.memories.map((each: { id: string }) => each.id)).toEqual(['a', 'b', 'c']);
    expect(body.memories[0]).toMatchObject({ content: 'the a', confidence: 0.9 });
    for (const each of body.memories) {
      expect(each.version).toMatch(/:\d+$/);
      expect(Date.parse(each.timestamp)).toBeGreaterThan(0);
      expect(each).not.toHaveProperty('embedding');
    }
    expect(body).toMatchObject({
      count: 3,
      pagination: { offset: 0, limit: 100, returned: 3 },
      tier_counts: { hot: 3, warm: 0, cold: 0 },
      penalty: 1,
    });
  });

  it('come in pages', async () => {
    const { body } = await list('?offset=1&limit=1');
    expect(body.memories.map((each: { id: string }) => each.id)).toEqual(['b']);
    expect(body).toMatchObject({ count: 1, pagination: { offset: 1, limit: 1, returned: 1 } });
    expect((await list('?offset=3')).body.count).toBe(0);
  });

  it('have embeddings of 768 numbers where asked for', async () => {
    const { body } = await list('?include_embeddings=true');
    expect(body.memories[0].embedding).toHaveLength(768);
  });

  it('are empty for the tiers that are', async () => {
    expect((await list('?tier=hot')).body.count).toBe(3);
    expect((await list('?tier=cold')).body.count).toBe(0);
    isError(await list('?tier=icy'), 400, 'INVALID_MEMORY_INPUT');
  });

  for (const search of ['limit=0', 'limit=1001', 'limit=ten', 'limit=1.5', 'offset=-1', 'limit=']) {
    it(`refuse ${search}`, async () => {
      isError(await list(`?${search}`), 400, 'INVALID_MEMORY_INPUT');
    });
  }
});

describe('deleting', () => {
  it('leaves nothing to be read, and a second time finds nothing', async () => {
    await ask('POST', remembering, { id: 'rag', content: 'old' });
    const answer = await ask('DELETE', '/api/v1/memories/rag');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: 'rag', status: 'deleted' });
    expect(answer.headers['x-engram-durability']).toBe('primary');
    const gone = await ask('GET', '/api/v1/memories/rag');
    isError(gone, 404, 'MEMORY_NOT_FOUND');
    expect(gone.body).toMatchObject({ deleted: true, version: answer.body.version });
    isError(await ask('DELETE', '/api/v1/memories/rag'), 404, 'MEMORY_NOT_FOUND');
    isError(await ask('DELETE', '/api/v1/memories/never'), 404, 'MEMORY_NOT_FOUND');
    await ask('POST', remembering, { id: 'rag', content: 'new' });
    expect((await ask('GET', '/api/v1/memories/rag')).body.content).toBe('new');
  });
});

describe('recall', () => {
  const headers = { 'x-memory-space': 'recall' };
  beforeAll(async () => {
    for (const content of ['red kettle cupboard', 'red kettle', 'green garden']) {
      await ask('POST', remembering, { id: content.replaceAll(' ', '-'), content }, headers);
    }
  });
  const get = (target: string) => ask('GET', target, undefined, headers);

  it('finds by text, and sorts what it finds by how near it is', async () => {
    const { body } = await get('/api/v1/memories/recall?query=red%20kettle');
    const ids = (part: string) => body.memories[part].map((each: { id: string }) => each.id);
    expect(ids('vivid')).toEqual(['red-kettle']);
    expect(ids('associated')).toEqual(['red-kettle-cupboard']);
    expect(ids('reconstructed')).toEqual([]);
    expect(body.recall_confidence.value).toBeCloseTo(1);
    expect(body.recall_confidence.category).toBe('high');
    expect(body.system_message).toMatch(/2/);
  });

  it('finds by embedding, up to max_results, from a threshold on', async () => {
    const list = await get('/api/v1/memories?include_embeddings=true');
    const { embedding } = list.body.memories.find(
      (each: { id: string }) => each.id === 'red-kettle',
    );
    const cue = encodeURIComponent(JSON.stringify(embedding));
    const one = await get(`/api/v1/query/probabilistic?embedding=${cue}&max_results=1`);
    expect(one.body.memories.map((each: { id: string }) => each.id)).toEqual(['red-kettle']);
    const { lower, upper, point, width } = one.body.confidence_interval;
    expect(lower).toBeLessThanOrEqual(point);
    expect(upper).toBeGreaterThanOrEqual(point);
    expect(width).toBeCloseTo(upper - lower);
    const all = await get('/api/v1/query/probabilistic?query=kettle&threshold=-1');
    expect(all.body.memories).toHaveLength(3);
    const none = await get('/api/v1/memories/recall?query=submarine');
    expect(none.body.recall_confidence.category).toBe('low');
  });

  const bad = [
    '',
    'query=',
    'embedding=[1]',
    'embedding=nonsense',
    'query=x&threshold=2',
    'query=x&max_results=0',
  ];
  for (const search of bad) {
    it(`refuses ${search === '' ? 'to look for nothing' : search}`, async () => {
      isError(await get(`/api/v1/memories/recall?${search}`), 400, 'INVALID_MEMORY_INPUT');
      isError(await get(`/api/v1/query/probabilistic?${search}`), 400, 'INVALID_MEMORY_INPUT');
    });
  }
});

describe('episodes', () => {
  const path = '/api/v1/episodes/remember';
  it('are remembered with what, when, who and where', async () => {
    const body = { what: 'Tea was made', when: '2026-01-31T12:00:00+01:00', importance: 0.6 };
    const answer = await ask('POST', path, {
      ...body,
      who: ['Ann', 'Ben'],
      where_location: 'home',
    });
    expect(answer.status).toBe(201);
    expect(answer.body.observed_at).toBe('2026-01-31T11:00:00.000Z');
    const read = await ask('GET', `/api/v1/memories/${answer.body.memory_id}`);
    expect(read.body).toMatchObject({
      content: 'Tea was made | Ann, Ben | home',
      memory_type: 'episodic',
      confidence: 0.6,
    });
  });

  it('are refused without what, without when, or with the wrong who', async () => {
    const when = '2026-01-31T12:00:00Z';
    for (const body of [{ when }, { what: 'x' }, { what: 'x', when: 'soon' }]) {
      isError(await ask('POST', path, body), 400, 'INVALID_MEMORY_INPUT');
    }
    isError(await ask('POST', path, { what: 'x', when, who: 7 }), 400, 'INVALID_MEMORY_INPUT');
  });
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
    expect(body.requests_total).toBeGreaterThan(50);
    expect(body.writes_total).toBeGreaterThan(10);
    const text = await ask('GET', '/metrics/prometheus');
    expect(text.headers['content-type']).toMatch(/^text\/plain/);
    expect(text.text).toMatch(/^# TYPE engram_writes_total counter$/m);
    expect(text.text).toMatch(/^engram_writes_total\{node="n1"\} \d+$/m);
  });

  const later: readonly Ask[] = [
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
