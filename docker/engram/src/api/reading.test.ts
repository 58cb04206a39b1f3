import { beforeAll, describe, expect, it } from 'vitest';
import { decodeContext, encodeContext } from '../conflict/context.ts';
import { type Ask, isError, OneNode, remembering } from '../testing/one-node.ts';

let node: OneNode;
const ask: Ask = (...given) => node.ask(...given);

beforeAll(async () => {
  node = await OneNode.start();
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
    expect(decodeContext(answer.headers['x-engram-context'])).toBeTruthy();
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
    const context = encodeContext({ v: { 'n9.abcde': 5 }, d: {}, t: { ms: 0, counter: 0 }, r: 0 });
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
    const seen = { ...headers, 'x-engram-context': first.headers['x-engram-context'] };
    await ask('POST', remembering, { id: 'cup', content: 'two' }, seen);
    const after = await ask('GET', '/api/v1/memories/cup', undefined, headers);
    expect(after.body).toMatchObject({ content: 'two', conflict: false });
    await ask('POST', remembering, { id: 'cup', content: 'three' }, seen);
    const both = await ask('GET', '/api/v1/memories/cup', undefined, headers);
    expect(both.body.conflict).toBe(true);
    const contents = both.body.siblings.map((each: { content: string }) => each.content);
    expect(contents.sort()).toEqual(['three', 'two']);
    const conflicts = await ask('GET', '/cluster/conflicts');
    const found = { space: 'versions', id: 'cup' };
    expect(conflicts.body.conflicts).toContainEqual(expect.objectContaining(found));
    const all = { ...headers, 'x-engram-context': both.headers['x-engram-context'] };
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
    const count = async () => {
      const { body } = await ask('GET', '/cluster/convergence?space=default');
      return body.memories;
    };
    await ask('POST', remembering, { id: 'rag', content: 'old' });
    const before = await count();
    const answer = await ask('DELETE', '/api/v1/memories/rag');
    expect(await count()).toBe(before - 1);
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
