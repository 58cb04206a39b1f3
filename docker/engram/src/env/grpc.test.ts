/** Calls over real sockets on loopback: what a caller may believe of a failure, and how fast a way heals. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RpcError, rpcBytes } from './env.ts';
import { GrpcRpc } from './grpc.ts';

const host = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(port: number): Promise<GrpcRpc> {
  const rpc = await GrpcRpc.listen(host, port);
  closing.push(() => rpc.close());
  return rpc;
}

/** Where connections are accepted and nothing is ever said. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => silent.listen(0, host, resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  return (silent.address() as { port: number }).port;
}

/** A wire that can be cut: while it is, bytes go nowhere and nobody is told. */
async function wire(to: number): Promise<{ port: number; cut(): void; heal(): void }> {
  let open = true;
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    // A cut network does not even complete a handshake; from here that looks like silence.
    const far = new (near.constructor as new () => Socket)();
    far.connect(to, host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (bytes) => open && other.write(bytes));
      one.on('close', () => open && other.destroy());
      one.on('error', () => {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      open = false;
    },
    heal: () => {
      open = true;
    },
  };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function failure(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(RpcError);
  return error as RpcError;
}

describe('calls by gRPC', () => {
  it('carry a method and bytes there and an answer back', async () => {
    const [one, port] = [await listen(await freePort()), await freePort()];
    const two = await listen(port);
    two.serve(async (method, body) => bytes(`${method} ${Buffer.from(rpcBytes(body))}`));
    const answer = await one.call(`${host}:${port}`, 'data.ship', bytes('hello'), 1000);
    expect(Buffer.from(answer).toString()).toBe('data.ship hello');
    const large = new Uint8Array(3_000_000).fill(7);
    two.serve(async (_, body) => body);
    expect((await one.call(`${host}:${port}`, 'm', large, 5000)).length).toBe(large.length);
  });

  it('were certainly not sent when nobody listens', async () => {
    const one = await listen(await freePort());
    const error = await failure(one.call(`${host}:${await freePort()}`, 'm', bytes(''), 1000));
    expect(error).toMatchObject({ code: 'refused', sent: false });
  });

  it('were certainly not sent when the peer is starting', async () => {
    const port = await freePort();
    await listen(port);
    const one = await listen(await freePort());
    const error = await failure(one.call(`${host}:${port}`, 'm', bytes(''), 1000));
    expect(error).toMatchObject({ code: 'refused', sent: false });
  });

  it('may have been sent when the deadline passes while the peer works, or the peer fails', async () => {
    const port = await freePort();
    const two = await listen(port);
    const one = await listen(await freePort());
    two.serve(() => new Promise(() => {}));
    const late = await failure(one.call(`${host}:${port}`, 'm', bytes(''), 50));
    expect(late).toMatchObject({ code: 'deadline', sent: true });
    two.serve(() => Promise.reject(new Error('broken')));
    const broken = await failure(one.call(`${host}:${port}`, 'm', bytes(''), 1000));
    expect(broken).toMatchObject({ code: 'remote', sent: true });
  });

  it('may have been sent when the peer dies while it works', async () => {
    const port = await freePort();
    const two = await GrpcRpc.listen(host, port);
    const one = await listen(await freePort());
    const begun = new Promise<void>((resolve) => {
      two.serve(() => {
        resolve();
        return new Promise(() => {});
      });
    });
    const call = failure(one.call(`${host}:${port}`, 'm', bytes(''), 60_000));
    await begun;
    await two.close();
    expect(await call).toMatchObject({ code: 'unreachable', sent: true });
  });

  it('go through again as soon as a peer that died is back', async () => {
    const port = await freePort();
    const one = await listen(await freePort());
    for (let life = 0; life < 5; life++) {
      const two = await GrpcRpc.listen(host, port);
      two.serve(async () => bytes(`life ${life}`));
      const answer = await one.call(`${host}:${port}`, 'm', bytes(''), 1000);
      expect(Buffer.from(answer).toString()).toBe(`life ${life}`);
      await two.close();
      const error = await failure(one.call(`${host}:${port}`, 'm', bytes(''), 1000));
      expect(error.code).toMatch(/refused|unreachable/);
    }
  });

  it('find a new way after a cut, without waiting for the old session to time out', async () => {
    const port = await freePort();
    const two = await listen(port);
    two.serve(async (method) => bytes(method));
    const one = await listen(await freePort());
    const way = await wire(port);
    const to = `${host}:${way.port}`;
    await one.call(to, 'before', bytes(''), 1000);
    way.cut();
    const during = await failure(one.call(to, 'during', bytes(''), 1300));
    expect(during).toMatchObject({ sent: true });
    way.heal();
    // The old session has lost bytes in the cut: over it this call would hang.
    const answer = await one.call(to, 'after', bytes(''), 1000);
    expect(Buffer.from(answer).toString()).toBe('after');
  });

  it('to a process that sleeps were certainly not sent', async () => {
    const one = await listen(await freePort());
    const error = await failure(one.call(`${host}:${await silentPort()}`, 'm', bytes(''), 5000));
    expect(error).toMatchObject({ code: 'unreachable', sent: false });
  });

  it('fail once with their deadline and never leave a caller waiting', async () => {
    const port = await silentPort();
    const one = await listen(await freePort());
    const calls = Array.from({ length: 20 }, (_, i) =>
      failure(one.call(`${host}:${port}`, 'm', bytes(''), 20 + 20 * i)),
    );
    for (const error of await Promise.all(calls)) {
      expect(['deadline', 'unreachable']).toContain(error.code);
    }
  });
});
