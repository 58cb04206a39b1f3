import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Completion } from '../../generator/operation.ts';
import { makeRng } from '../../world/rng.ts';
import { EngramDriver } from './engram.ts';
import { type OutcomeName, outcomesMarkdown, outcomeTable } from './outcomes.ts';

type Answer = (response: ServerResponse) => void;

/** A server that gives every request the same answer, and counts them. */
let answer: Answer = (response) => response.end();
let requests = 0;
let server: Server;
let url = '';
const drivers: EngramDriver[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    request.resume().on('end', () => answer(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await Promise.all(drivers.splice(0).map((each) => each.close()));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function driverFor(target: string, timeoutMs = 5000): EngramDriver {
  const options = { timeoutMs, contexts: null };
  const driver = new EngramDriver({ url: target }, makeRng(1), options);
  drivers.push(driver);
  return driver;
}

async function both(target: string, timeoutMs?: number): Promise<[Completion, Completion]> {
  const driver = driverFor(target, timeoutMs);
  return [await driver.remember('space', 'r1', 7), await driver.get('space', 'r1')];
}

const status =
  (code: number, body: unknown): Answer =>
  (response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const error = (code: string) => ({ error: { code, message: 'm', suggestion: 's', example: 'e' } });

function expectRow([write, read]: readonly [Completion, Completion], row: OutcomeName): void {
  expect([write.error, write.outcome]).toEqual([row, outcomeTable[row].write]);
  expect([read.error, read.outcome]).toEqual([row, outcomeTable[row].read]);
}

describe('an ending is classified by its row of the table', () => {
  test.each<[OutcomeName, number, unknown]>([
    ['bad-request', 400, error('INVALID_MEMORY_INPUT')],
    ['unauthorized', 401, error('UNAUTHORIZED')],
    ['server-timeout', 408, error('QUERY_TIMEOUT')],
    ['too-large', 413, error('TOO_LARGE')],
    ['unsupported-media-type', 415, error('UNSUPPORTED_MEDIA_TYPE')],
    ['server-error', 500, error('MEMORY_SYSTEM_ERROR')],
    ['unlisted', 501, error('FEATURE_NOT_ENABLED')],
    ['unlisted', 302, ''],
    ['unlisted', 429, 'slow down'],
    ['unlisted', 502, '<html>bad gateway</html>'],
    ['unavailable', 503, error('MEMORY_CLUSTER_UNAVAILABLE')],
    ['unavailable', 503, 'not even JSON'],
    ['unavailable', 503, { applied: 'false' }],
    ['unavailable', 503, { applied: true }],
    ['not-applied', 503, { ...error('MEMORY_CLUSTER_UNAVAILABLE'), applied: false }],
  ])('%s: status %i', async (row, code, body) => {
    answer = status(code, body);
    expectRow(await both(url), row);
  });

  test('not-found: a write to nothing fails, a read of nothing is an answer', async () => {
    answer = status(404, error('MEMORY_NOT_FOUND'));
    const [write, read] = await both(url);
    expect([write.outcome, write.error]).toEqual(['fail', 'not-found']);
    expect([read.outcome, read.value, read.error]).toEqual(['ok', null, undefined]);
  });

  test('malformed: a 404 that is not about the memory tells a read nothing', async () => {
    answer = status(404, 'no such route');
    const [, read] = await both(url);
    expect([read.outcome, read.error]).toEqual(['fail', 'malformed']);
  });

  test('refused: nobody listens', async () => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expectRow(await both(`http://127.0.0.1:${port}`), 'refused');
  });

  test('reset: the connection is gone after the request was sent', async () => {
    answer = (response) => response.socket?.resetAndDestroy();
    expectRow(await both(url), 'reset');
  });

  test('reset: the connection is closed in the middle of the answer', async () => {
    answer = (response) => {
      response.writeHead(201, { 'content-length': '1000' });
      response.write('{"memory_id":', () => response.socket?.destroy());
    };
    expectRow(await both(url), 'reset');
  });

  test('timeout: no answer in time', async () => {
    answer = () => {};
    expectRow(await both(url, 100), 'timeout');
  });

  test('timeout: an answer that begins and never ends', async () => {
    answer = (response) => {
      response.writeHead(201);
      response.write('{');
    };
    expectRow(await both(url, 100), 'timeout');
  });

  test.each([
    ['no JSON', 'ok!'],
    ['empty', ''],
    ['null', 'null'],
    ['another shape', '{"fine":true}'],
    ['siblings that are none', '{"content":"1","siblings":[null]}'],
  ])('malformed: a success with a body that is %s', async (_, body) => {
    answer = status(201, body);
    expectRow(await both(url), 'malformed');
  });

  test('malformed: a write that was stored under another id', async () => {
    answer = status(201, { memory_id: 'other' });
    const [write] = await both(url);
    expect([write.outcome, write.error]).toEqual(['info', 'malformed']);
  });

  test('malformed: an answer that is no HTTP', async () => {
    const garbling = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('hello, who is there?\r\n\r\n'));
    });
    await new Promise<void>((resolve) => garbling.listen(0, '127.0.0.1', resolve));
    const { port } = garbling.address() as AddressInfo;
    expectRow(await both(`http://127.0.0.1:${port}`), 'malformed');
    garbling.close();
  });

  test('malformed: an answer longer than any may be', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    answer = (response) => {
      response.writeHead(200);
      for (let i = 0; i < 17; i++) response.write(chunk);
      response.end();
      response.socket?.on('error', () => {});
    };
    expectRow(await both(url), 'malformed');
  });
});

describe('the driver', () => {
  test('asks once: an ending that nobody knows is not asked for again', async () => {
    answer = (response) => response.socket?.resetAndDestroy();
    requests = 0;
    await both(url);
    expect(requests).toBe(2);
  });

  test('takes another connection after one that broke', async () => {
    const driver = driverFor(url);
    answer = (response) => response.socket?.resetAndDestroy();
    expect((await driver.get('space', 'r1')).outcome).toBe('fail');
    answer = status(200, { id: 'r1', content: '7' });
    expect(await driver.get('space', 'r1')).toMatchObject({ outcome: 'ok', value: 7 });
  });

  test('refuses a list that fills a whole page: it may be a part only', async () => {
    const driver = driverFor(url);
    const page = (length: number) => ({
      memories: Array.from({ length }, (_, i) => ({ content: String(i) })),
    });
    answer = status(200, page(999));
    expect((await driver.list('space')).outcome).toBe('ok');
    answer = status(200, page(1000));
    expect(await driver.list('space')).toMatchObject({ outcome: 'fail', error: 'malformed' });
  });
});

test('the printed table has a line for each row', () => {
  const lines = outcomesMarkdown().trim().split('\n');
  expect(lines.length).toBe(Object.keys(outcomeTable).length + 2);
});

test('no read is ever indeterminate, and every indefinite row is info for a write', () => {
  for (const row of Object.values(outcomeTable)) {
    expect(row.read).not.toBe('info');
    expect(row.write === 'info').toBe(!row.definite);
  }
});
