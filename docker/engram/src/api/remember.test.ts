import { beforeAll, describe, expect, it } from 'vitest';
import { decodeContext } from '../conflict/context.ts';
import { type Ask, isError, OneNode, remembering } from '../testing/one-node.ts';

let node: OneNode;
const ask: Ask = (...given) => node.ask(...given);

beforeAll(async () => {
  node = await OneNode.start();
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
    const context = decodeContext(answer.headers['x-engram-context']);
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

  const raw: OneNode['raw'] = (body, headers) => node.raw(body, headers);
  const json = { 'content-type': 'application/json' };

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
