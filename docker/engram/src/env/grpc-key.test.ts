/** Calls between nodes with a cluster key: who has it is served, who has not is not, and nothing is served twice. */
import { connect, createServer, type IncomingHttpHeaders } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { ClusterKey } from './cluster-key.ts';
import { RpcError } from './env.ts';
import { GrpcRpc } from './grpc.ts';
import { callPath, contentType } from './grpc-wire.ts';

const host = '127.0.0.1';
const key = 'a key of the cluster';
const other = 'the key of another';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function node(
  keys: readonly [string, ...string[]] | null,
  port?: number,
): Promise<{ rpc: GrpcRpc; address: string; served: string[]; port: number }> {
  const at = port ?? (await freePort());
  const rpc = await GrpcRpc.listen(host, at, keys === null ? null : new ClusterKey(keys));
  const served: string[] = [];
  rpc.serve(async (method, body) => {
    served.push(method);
    return body;
  });
  closing.push(() => rpc.close());
  return { rpc, address: `${host}:${at}`, served, port: at };
}

const bytes = Buffer.from('hello');

describe('calls with a cluster key', () => {
  it('are served where both have it, before and after the peer has begun another life', async () => {
    const [one, two] = [await node([key]), await node([key])];
    for (let i = 0; i < 3; i++) {
      expect(Buffer.from(await one.rpc.call(two.address, 'ask', bytes, 2000))).toEqual(bytes);
    }
    await two.rpc.close();
    const again = await node([key], two.port);
    // The old connection is found broken by the first calls.
    let answer: Uint8Array | null = null;
    for (let i = 0; i < 20 && answer === null; i++) {
      answer = await one.rpc.call(again.address, 'ask', bytes, 2000).catch(() => null);
    }
    expect(Buffer.from(answer ?? [])).toEqual(bytes);
    expect([two.served.length, again.served.length]).toEqual([3, 1]);
  });

  it('are served while keys are changed, one node after the other', async () => {
    const [old, both, fresh] = [await node([key]), await node([other, key]), await node([other])];
    for (const [from, to] of [
      [both, fresh],
      [fresh, both],
    ] as const) {
      expect(Buffer.from(await from.rpc.call(to.address, 'ask', bytes, 2000))).toEqual(bytes);
    }
    expect(
      Buffer.from(await old.rpc.call(both.address, 'ask', bytes, 2000).catch(() => bytes)),
    ).toEqual(bytes);
    expect(both.served.length).toBeGreaterThan(0);
  });

  it('of others are refused unread, with no key as well as with another one', async () => {
    const guarded = await node([key]);
    for (const stranger of [await node(null), await node([other])]) {
      const asked = stranger.rpc.call(guarded.address, 'ask', bytes, 2000);
      await expect(asked).rejects.toBeInstanceOf(RpcError);
    }
    expect(guarded.served).toEqual([]);
    expect(guarded.rpc.counters.unauthenticated).toBe(2);
  });

  it('are answered by members only: what a stranger answers is no answer', async () => {
    const [member, stranger] = [await node([key]), await node(null)];
    const asked = member.rpc.call(stranger.address, 'ask', bytes, 2000);
    await expect(asked).rejects.toThrow(/the answer is cut/);
  });

  it('are refused when they are played again, byte for byte', async () => {
    const [one, two] = [await node([key]), await node([key])];
    const recorded: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
    const tap = createServer();
    const tapPort = await freePort();
    tap.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        recorded.push({ headers, body: Buffer.concat(chunks) });
        void replay(two.address, headers, Buffer.concat(chunks)).then((answer) => {
          stream.respond(answer.headers, { waitForTrailers: true });
          stream.on('wantTrailers', () => stream.sendTrailers(answer.trailers));
          stream.end(answer.body);
        });
      });
    });
    await new Promise<void>((resolve) => tap.listen(tapPort, host, resolve));
    closing.push(
      () => one.rpc.close(),
      () => tap.close(),
    );
    expect(Buffer.from(await one.rpc.call(`${host}:${tapPort}`, 'ask', bytes, 3000))).toEqual(
      bytes,
    );
    expect(two.served).toHaveLength(1);
    for (const { headers, body } of recorded) await replay(two.address, headers, body);
    expect(two.served).toHaveLength(1);
  });
});

interface Replayed {
  readonly headers: Record<string, string>;
  readonly trailers: Record<string, string>;
  readonly body: Buffer;
}

/** Sends what was recorded, as it was. */
function replay(to: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Replayed> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${to}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': callPath,
      'content-type': contentType,
      te: 'trailers',
      'x-engram-auth': String(headers['x-engram-auth']),
    });
    const chunks: Buffer[] = [];
    let answered: Record<string, string> = {};
    let trailers: Record<string, string> = {};
    const plain = (given: IncomingHttpHeaders): Record<string, string> =>
      Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
    stream.on('response', (given) => {
      answered = plain(given);
    });
    stream.on('trailers', (given) => {
      trailers = plain(given);
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () => {
      session.close();
      resolve({ headers: answered, trailers, body: Buffer.concat(chunks) });
    });
    stream.end(body);
  });
}
