/**
 * Calls between nodes by gRPC over HTTP/2: one channel per peer.
 *
 * A cut is noticed by pings within about two seconds, and a connection attempt that hangs is given
 * up with the call that wanted it, so that the first call after a heal opens a new one at
 * once instead of waiting for TCP to repeat its SYN.
 */
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  connectNodeAdapter,
  createGrpcTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import { type Address, type Rpc, RpcError } from './env.ts';
import { Peer } from './gen/engram/v1/peer_pb.ts';

const pingIntervalMs = 1000;
const pingTimeoutMs = 1000;
const messageBytesMax = 512 * 1024 * 1024;

/**
 * HTTP/2 writes small frames. With Nagle's algorithm each would wait for the peer's delayed
 * acknowledgement, 40 ms.
 */
function withoutDelay(authority: URL): Socket {
  return connect({ host: authority.hostname, port: Number(authority.port), noDelay: true });
}

interface Channel {
  readonly sessions: Http2SessionManager;
  readonly client: Client<typeof Peer>;
}

type Handler = (method: string, body: Uint8Array) => Promise<Uint8Array>;

export class GrpcRpc implements Rpc {
  readonly #channels = new Map<Address, Channel>();
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #handler: Handler | null = null;

  private constructor() {
    const adapter = connectNodeAdapter({
      grpc: true,
      grpcWeb: false,
      connect: false,
      acceptCompression: [],
      readMaxBytes: messageBytesMax,
      writeMaxBytes: messageBytesMax,
      routes: (router) => {
        router.service(Peer, { call: (request) => this.#answer(request.method, request.body) });
      },
    });
    this.#server = createServer(adapter);
    this.#server.on('connection', (socket: Socket) => socket.setNoDelay(true));
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => {});
    });
  }

  /** Rejects where the port is taken. */
  static async listen(host: string, port: number): Promise<GrpcRpc> {
    const rpc = new GrpcRpc();
    await new Promise<void>((resolve, reject) => {
      rpc.#server.once('error', reject);
      rpc.#server.listen(port, host, () => resolve());
    });
    rpc.#server.on('error', () => {});
    return rpc;
  }

  serve(handler: Handler): void {
    this.#handler = handler;
  }

  async #answer(method: string, body: Uint8Array): Promise<{ body: Uint8Array }> {
    if (this.#handler === null) throw new ConnectError('the node is starting', Code.Unavailable);
    return { body: await this.#handler(method, body) };
  }

  #channel(to: Address): Channel {
    let channel = this.#channels.get(to);
    if (!channel) {
      const baseUrl = `http://${to}`;
      const sessions = new Http2SessionManager(
        baseUrl,
        {
          pingIntervalMs,
          pingTimeoutMs,
          pingIdleConnection: true,
        },
        { createConnection: (authority) => withoutDelay(authority) },
      );
      const transport = createGrpcTransport({
        baseUrl,
        sessionManager: sessions,
        acceptCompression: [],
        readMaxBytes: messageBytesMax,
        writeMaxBytes: messageBytesMax,
      });
      channel = { sessions, client: createClient(Peer, transport) };
      this.#channels.set(to, channel);
    }
    return channel;
  }

  async call(
    to: Address,
    method: string,
    body: Uint8Array,
    deadlineMs: number,
  ): Promise<Uint8Array> {
    const { sessions, client } = this.#channel(to);
    try {
      const answer = await client.call(
        { method, body },
        { timeoutMs: Math.max(1, Math.ceil(deadlineMs)) },
      );
      return answer.body;
    } catch (cause) {
      const state = sessions.state();
      const established = state === 'open' || state === 'idle' || state === 'verifying';
      if (state === 'connecting') sessions.abort();
      throw asRpcError(to, method, cause, established);
    }
  }

  async close(): Promise<void> {
    for (const { sessions } of this.#channels.values()) sessions.abort();
    for (const session of this.#sessions) session.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A request was certainly not sent if there was never a connection to send it on. */
function asRpcError(to: Address, method: string, cause: unknown, established: boolean): RpcError {
  const error = ConnectError.from(cause);
  const text = `${method} to ${to}: ${error.rawMessage}`;
  const refused = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/.test(
    `${error.message} ${String(error.cause ?? '')}`,
  );
  if (refused) return new RpcError('refused', text, false, { cause });
  switch (error.code) {
    case Code.DeadlineExceeded:
    case Code.Canceled:
      return new RpcError('deadline', text, established, { cause });
    case Code.Unavailable:
    case Code.Aborted:
      // A session that broke while we waited: the request may have arrived before.
      return new RpcError('unreachable', text, true, { cause });
    default:
      return new RpcError('remote', text, true, { cause });
  }
}
