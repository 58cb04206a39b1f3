import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { makeRng } from '../../world/rng.ts';
import { SessionContexts, vectorOf } from './contexts.ts';
import { randomEmbedding } from './embedding.ts';
import { EngramDriver } from './engram.ts';

const token = (v: Record<string, number>, t = [1, 0]): string =>
  Buffer.from(JSON.stringify({ v, t })).toString('base64url');

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Runs `use` against a server that answers with `answers`, one after the other. */
async function withServer(
  answers: readonly { headers?: Record<string, string>; body: unknown }[],
  use: (url: string, asked: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const next = answers[asked.length];
      asked.push({ method: request.method!, path: request.url!, headers: request.headers, body });
      response.writeHead(200, next.headers);
      response.end(JSON.stringify(next.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(`http://127.0.0.1:${port}`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const timeoutMs = 5000;

test('a session sends what it has seen in a space, and a write says so from the beginning', async () => {
  const answers = [
    { headers: { 'x-engram-context': token({ n1: 1 }) }, body: { memory_id: 'r1' } },
    { headers: { 'x-engram-context': token({ n2: 5 }) }, body: { id: 'r1', content: '7' } },
    { body: { id: 'r1', content: '7' } },
    { body: { memory_id: 'r1' } },
  ];
  await withServer(answers, async (url, asked) => {
    const contexts = new SessionContexts();
    const driver = new EngramDriver({ url }, makeRng(1), { timeoutMs, contexts });
    const write = await driver.remember('a-space', 'r1', 7);
    await driver.get('a-space', 'r1');
    await driver.get('a-space', 'r1');
    await driver.remember('b-space', 'r1', 8);
    await driver.close();
    const sent = asked.map((each) => vectorOf(each.headers['x-engram-context'] as string));
    expect(sent).toEqual([{}, { n1: 1 }, { n1: 1, n2: 5 }, {}]);
    expect(asked[0].headers['x-memory-space']).toBe('a-space');
    expect(write.sentContext).toBe(asked[0].headers['x-engram-context']);
    expect(write.context).toBe(token({ n1: 1 }));
  });
});

test('what an answer says of itself is in the completion', async () => {
  const body = {
    id: 'r1',
    content: '9',
    version: 'n2:4',
    siblings: [{ content: '9' }, { content: '"x"' }, { content: 'not ours' }],
    penalty: 0.7,
    warnings: ['Partial cluster visibility - may be incomplete'],
    stale: true,
  };
  const headers = { 'x-engram-node': 'n3', 'x-engram-hops': '2' };
  await withServer([{ headers, body }], async (url, asked) => {
    const driver = new EngramDriver({ url }, makeRng(1), { timeoutMs, contexts: null });
    expect(await driver.get('space', 'a/b')).toEqual({
      outcome: 'ok',
      value: 9,
      version: 'n2:4',
      siblings: [9, 'x', 'not ours'],
      confidence: 0.7,
      warnings: 1,
      stale: true,
      server: 'n3',
      hops: 2,
    });
    expect(asked[0].path).toBe('/api/v1/memories/a%2Fb');
    expect(asked[0].headers['x-engram-context']).toBeUndefined();
    await driver.close();
  });
});

test('a write carries its value as JSON text, a high confidence and a unit vector', async () => {
  const body = { memory_id: 'e1', version: 'n1:1' };
  await withServer([{ body }], async (url, asked) => {
    const driver = new EngramDriver({ url }, makeRng(1), { timeoutMs, contexts: null });
    const value = { text: 'say "hello"' };
    expect(await driver.remember('space', 'e1', value)).toMatchObject({ outcome: 'ok', value });
    const sent = JSON.parse(asked[0].body) as {
      content: string;
      confidence: number;
      embedding: number[];
    };
    expect(JSON.parse(sent.content)).toEqual(value);
    expect(sent.confidence).toBe(0.95);
    expect(sent.embedding).toHaveLength(768);
    expect(Math.hypot(...sent.embedding)).toBeCloseTo(1, 2);
    await driver.close();
  });
});

test('a delete names the memory, carries what was seen, and hands back its version', async () => {
  const answers = [
    { headers: { 'x-engram-context': token({ n1: 4 }) }, body: { memories: [] } },
    { body: { id: 'e1', status: 'deleted', version: 'n1:5' } },
    { body: { id: 'e1', status: 'forgotten' } },
  ];
  await withServer(answers, async (url, asked) => {
    const contexts = new SessionContexts();
    const driver = new EngramDriver({ url }, makeRng(1), { timeoutMs, contexts });
    await driver.list('space');
    const gone = await driver.forget('space', 'e1', 17);
    expect(gone).toMatchObject({ outcome: 'ok', value: 17, version: 'n1:5' });
    expect([asked[1].method, asked[1].path]).toEqual(['DELETE', '/api/v1/memories/e1']);
    expect(vectorOf(asked[1].headers['x-engram-context'] as string)).toEqual({ n1: 4 });
    expect(await driver.forget('space', 'e1', 17)).toMatchObject({ outcome: 'info', value: 17 });
    await driver.close();
  });
});

test('embeddings of one seed are the same, and no two of a run resemble each other', () => {
  const make = (): number[][] => {
    const rng = makeRng(42);
    return Array.from({ length: 40 }, () => JSON.parse(randomEmbedding(rng).text()) as number[]);
  };
  const vectors = make();
  expect(make()).toEqual(vectors);
  let nearest = 0;
  for (let i = 0; i < vectors.length; i++) {
    for (let j = 0; j < i; j++) {
      const cosine = vectors[i].reduce((sum, each, k) => sum + each * vectors[j][k], 0);
      nearest = Math.max(nearest, cosine);
    }
  }
  expect(nearest).toBeLessThan(0.3);
});

test('what a session has seen never shrinks, whatever order answers come in', () => {
  const contexts = new SessionContexts();
  contexts.learn('s', token({ n1: 5 }, [9, 1]));
  contexts.learn('s', token({ n1: 3, n2: 2 }, [4, 7]));
  const seen = JSON.parse(Buffer.from(contexts.token('s'), 'base64url').toString());
  expect(seen).toEqual({ v: { n1: 5, n2: 2 }, t: [9, 1] });
});

test('a token that is not as documented is passed back as it is', () => {
  const contexts = new SessionContexts();
  contexts.learn('s', 'opaque!');
  expect(contexts.token('s')).toBe('opaque!');
  expect(vectorOf('opaque!')).toBeNull();
});
