/**
 * Calls between nodes by gRPC over HTTP/2: one channel per peer, every call with a deadline. Says of a
 * failed call whether its request may have left this node.
 */
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { callHeader, PeerChannel, type PendingCall, windowBytes } from './channel.ts';
import { type Address, type Rpc, RpcError } from './env.ts';
import { Peer } from './gen/engram/v1/peer_pb.ts';

/** Embeddings do not compress, and the rest is small. */
const limits = {
  acceptCompression: [],
  readMaxBytes: 64 * 1024 * 1024,
  writeMaxBytes: 64 * 1024 * 1024,
};
/** Peers ping twice a second: one that is silent for so long is gone. */
const silentSessionMs = 15_000;
/** How a node says that it has not even looked at a request. */
const startingCode = Code.FailedPrecondition;
/** How a node says that its handler threw. All other codes come from the way between. */
const failedCode = Code.Unknown;

interface Wire {
  readonly channel: PeerChannel;
  readonly client: Client<typeof Peer>;
}

type Handler = (method: string, body: Uint8Array) => Promise<Uint8Array>;

export class GrpcRpc implements Rpc {
  readonly #wires = new Map<Address, Wire>();
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #handler: Handler | null = null;
  #calls = 0;

  private constructor() {
    const adapter = connectNodeAdapter({
      grpc: true,
      grpcWeb: false,
      connect: false,
      ...limits,
      routes: (router) => {
        router.service(Peer, { call: (request) => this.#answer(request.method, request.body) });
      },
    });
    const settings = { initialWindowSize: windowBytes };
    this.#server = createServer({ settings }, adapter);
    // As in the channel: small frames must not wait for acknowledgements.
    this.#server.on('connection', (socket: Socket) => socket.setNoDelay(true));
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      if (!session.destroyed) session.setLocalWindowSize(windowBytes);
      session.setTimeout(silentSessionMs, () => session.destroy());
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => {});
    });
  }

  /** Rejects where the port is taken. */
  static async listen(host: string, port: number): Promise<GrpcRpc> {
    const rpc = new GrpcRpc();
    await new Promise<void>((resolve, reject) => {
      rpc.#server.once('error', reject);
      rpc.#server.listen(port, host, () => {
        rpc.#server.off('error', reject);
        resolve();
      });
    });
    rpc.#server.on('error', () => {});
    return rpc;
  }

  serve(handler: Handler): void {
    this.#handler = handler;
  }

  async #answer(method: string, body: Uint8Array): Promise<{ body: Uint8Array }> {
    if (this.#handler === null) throw new ConnectError('the node is starting', startingCode);
    try {
      return { body: await this.#handler(method, body) };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ConnectError(reason, failedCode, undefined, undefined, cause);
    }
  }

  #wire(to: Address): Wire {
    let wire = this.#wires.get(to);
    if (!wire) {
      const baseUrl = `http://${to}`;
      const channel = new PeerChannel(baseUrl);
      const transport = createGrpcTransport({ baseUrl, sessionManager: channel, ...limits });
      wire = { channel, client: createClient(Peer, transport) };
      this.#wires.set(to, wire);
    }
    return wire;
  }

  async call(
    to: Address,
    method: string,
    body: Uint8Array,
    deadlineMs: number,
  ): Promise<Uint8Array> {
    const { channel, client } = this.#wire(to);
    const id = String(++this.#calls);
    const call: PendingCall = { sent: false };
    channel.pending.set(id, call);
    try {
      const timeoutMs = Math.max(1, Math.ceil(deadlineMs));
      const answer = await client.call(
        { method, body },
        { timeoutMs, headers: { [callHeader]: id } },
      );
      return answer.body;
    } catch (cause) {
      throw asRpcError(`${method} to ${to}`, cause, call.sent);
    } finally {
      channel.pending.delete(id);
    }
  }

  async close(): Promise<void> {
    for (const { channel } of this.#wires.values()) channel.close();
    for (const session of this.#sessions) session.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function asRpcError(what: string, cause: unknown, sent: boolean): RpcError {
  const error = ConnectError.from(cause);
  const text = `${what}: ${error.rawMessage}`;
  if (error.code === startingCode) return new RpcError('refused', text, false, { cause });
  return new RpcError(codeOf(error, sent), text, sent, { cause });
}

function codeOf(error: ConnectError, sent: boolean): RpcError['code'] {
  switch (error.code) {
    case Code.DeadlineExceeded:
      return 'deadline';
    case failedCode:
      return 'remote';
    default:
      return !sent && /ECONNREFUSED/.test(error.rawMessage) ? 'refused' : 'unreachable';
  }
}
