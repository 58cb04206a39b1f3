/** What nodes speak is gRPC: an independent client and server (connect-node) understand it. */
import { createServer } from 'node:http2';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, describe, expect, it } from 'vitest';
import { rpcBytes } from './env.ts';
import { Peer } from './gen/engram/v1/peer_pb.ts';
import { GrpcRpc } from './grpc.ts';

const host = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A node on some free port. */
async function node(): Promise<{ rpc: GrpcRpc; address: string }> {
  const port = await new Promise<number>((resolve) => {
    const server = createServer();
    server.listen(0, host, () => {
      const found = (server.address() as { port: number }).port;
      server.close(() => resolve(found));
    });
  });
  const rpc = await GrpcRpc.listen(host, port);
  closing.push(() => rpc.close());
  return { rpc, address: `${host}:${port}` };
}

describe('a client of another make', () => {
  async function client() {
    const { rpc, address } = await node();
    const transport = createGrpcTransport({ baseUrl: `http://${address}` });
    return { rpc, peer: createClient(Peer, transport) };
  }

  it('gets answers, small and large', async () => {
    const { rpc, peer } = await client();
    rpc.serve(async (method, body) => bytes(`${method} ${rpcBytes(body).length}`));
    const small = await peer.call({ method: 'm', body: bytes('abc') });
    expect(Buffer.from(small.body).toString()).toBe('m 3');
    const large = await peer.call({ method: 'm', body: new Uint8Array(2_000_000) });
    expect(Buffer.from(large.body).toString()).toBe('m 2000000');
    const empty = await peer.call({});
    expect(Buffer.from(empty.body).toString()).toBe(' 0');
  });

  it('is told why a call failed', async () => {
    const { rpc, peer } = await client();
    const starting = await peer.call({ method: 'm' }).catch((error: unknown) => error);
    expect(ConnectError.from(starting).code).toBe(Code.FailedPrecondition);
    rpc.serve(() => Promise.reject(new Error('100 % broken, “really”')));
    const failed = await peer.call({ method: 'm' }).catch((error: unknown) => error);
    expect(ConnectError.from(failed).code).toBe(Code.Unknown);
    expect(ConnectError.from(failed).rawMessage).toBe('100 % broken, “really”');
  });
});

describe('a server of another make', () => {
  async function server(answer: (method: string, body: Uint8Array) => Uint8Array) {
    const adapter = connectNodeAdapter({
      routes: (router) => {
        router.service(Peer, { call: ({ method, body }) => ({ body: answer(method, body) }) });
      },
    });
    const listening = createServer(adapter);
    const port = await new Promise<number>((resolve) => {
      listening.listen(0, host, () => resolve((listening.address() as { port: number }).port));
    });
    closing.push(() => listening.close());
    const { rpc } = await node();
    return { call: (body: Uint8Array) => rpc.call(`${host}:${port}`, 'm', body, 5000), rpc };
  }

  it('is understood', async () => {
    const { call } = await server((method, body) => bytes(`${method} ${body.length}`));
    expect(Buffer.from(await call(bytes('abc'))).toString()).toBe('m 3');
    expect(Buffer.from(await call(new Uint8Array(2_000_000))).toString()).toBe('m 2000000');
  });

  it('may fail, and that is passed on', async () => {
    const { call } = await server(() => {
      throw new ConnectError('out of order', Code.Unknown);
    });
    await expect(call(bytes(''))).rejects.toMatchObject({
      code: 'remote',
      sent: true,
      message: expect.stringContaining('out of order'),
    });
  });
});
