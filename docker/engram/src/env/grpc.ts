/**
 * Calls between nodes by gRPC over HTTP/2: one channel per peer, every call with a deadline. Says of a
 * failed call whether its request may have left this node: it has from the moment that a stream was
 * opened for it, and not before.
 *
 * Written on node:http2 itself. A general client spends about a millisecond of processor time on a
 * call, most of it on header objects, abort signals and iterators, and keeps to itself whether a
 * request was sent. That it is gRPC all the same is tested against connect-node in both directions.
 */
import {
  type ClientHttp2Session,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { ChannelError, PeerChannel, windowBytes } from './channel.ts';
import {
  type Address,
  type Rpc,
  type RpcBody,
  RpcError,
  type RpcHandler,
  rpcBytes,
} from './env.ts';
import { CallRequestSchema, CallResponseSchema } from './gen/engram/v1/peer_pb.ts';
import {
  callPath,
  contentType,
  frame,
  messageBytesMax,
  type Status,
  status,
  statusHeaders,
  statusOf,
  unframe,
} from './grpc-wire.ts';

/** Peers ping twice a second: one that is silent for so long is gone. */
const silentSessionMs = 15_000;

export class GrpcRpc implements Rpc {
  readonly #channels = new Map<Address, PeerChannel>();
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #handler: RpcHandler | null = null;

  private constructor() {
    this.#server = createServer({ settings: { initialWindowSize: windowBytes } });
    // As in the channel: small frames must not wait for acknowledgements.
    this.#server.on('connection', (socket: Socket) => socket.setNoDelay(true));
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      if (!session.destroyed) session.setLocalWindowSize(windowBytes);
      session.setTimeout(silentSessionMs, () => session.destroy());
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => {});
    });
    this.#server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] !== callPath || headers[':method'] !== 'POST') {
        finish(stream, { code: status.unimplemented, message: 'no such method' });
      } else {
        this.#take(stream);
      }
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

  serve(handler: RpcHandler): void {
    this.#handler = handler;
  }

  #take(stream: ServerHttp2Stream): void {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= messageBytesMax) chunks.push(chunk);
      else chunks.length = 0;
    });
    stream.on('end', () => {
      if (length > messageBytesMax) {
        finish(stream, { code: status.resourceExhausted, message: 'the request is too large' });
      } else {
        void this.#answer(stream, chunks);
      }
    });
  }

  async #answer(stream: ServerHttp2Stream, chunks: readonly Buffer[]): Promise<void> {
    // The caller has given up already: what nobody waits for is not begun.
    if (stream.destroyed || stream.closed) return;
    if (this.#handler === null) {
      finish(stream, { code: status.failedPrecondition, message: 'the node is starting' });
      return;
    }
    const request = unframe(CallRequestSchema, chunks);
    if (request === null) {
      finish(stream, { code: status.internal, message: 'the request cannot be read' });
      return;
    }
    try {
      const body = rpcBytes(await this.#handler(request.method, request.body));
      const answer = frame(CallResponseSchema, create(CallResponseSchema, { body }));
      finish(stream, { code: status.ok, message: '' }, answer);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      finish(stream, { code: status.unknown, message });
    }
  }

  async call(to: Address, method: string, body: RpcBody, deadlineMs: number): Promise<Uint8Array> {
    let channel = this.#channels.get(to);
    if (!channel) {
      channel = new PeerChannel(to);
      this.#channels.set(to, channel);
    }
    const call = new Call(`${method} to ${to}`, deadlineMs);
    try {
      const session = await Promise.race([channel.session(), call.failed]);
      if (!call.over) call.send(session, channel, method, rpcBytes(body));
    } catch (error) {
      call.fail(asUnsent(call.what, error));
    }
    return call.answer;
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.values()) channel.close();
    for (const session of this.#sessions) session.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** One request and its answer. Settles exactly once, at its deadline at the latest. */
class Call {
  readonly what: string;
  readonly answer: Promise<Uint8Array>;
  /** Never fulfilled; rejects when the call has failed. */
  readonly failed: Promise<never>;
  over = false;
  #sent = false;
  #resolve!: (body: Uint8Array) => void;
  #reject!: (error: RpcError) => void;
  #cancel: (() => void) | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(what: string, deadlineMs: number) {
    this.what = what;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.failed = this.answer.then(() => new Promise<never>(() => {}));
    // Both are the same failure; whoever waits for the answer learns of it.
    this.failed.catch(() => {});
    const late = (): void => {
      this.fail(new RpcError('deadline', `${what}: none within ${deadlineMs} ms`, this.#sent));
    };
    this.#timer = setTimeout(late, Math.max(1, Math.ceil(deadlineMs)));
  }

  send(session: ClientHttp2Session, channel: PeerChannel, method: string, body: Uint8Array): void {
    const request = frame(CallRequestSchema, create(CallRequestSchema, { method, body }));
    const stream = session.request({
      ':method': 'POST',
      ':path': callPath,
      'content-type': contentType,
      te: 'trailers',
    });
    this.#sent = true;
    this.#cancel = () => stream.close(constants.NGHTTP2_CANCEL);
    const chunks: Buffer[] = [];
    let ended: Status | null = null;
    let broken: Error | null = null;
    stream.on('response', (headers) => {
      channel.heard(session);
      ended = statusOf(headers);
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('trailers', (headers) => {
      ended = statusOf(headers);
    });
    stream.on('error', (error) => {
      broken = error;
    });
    stream.on('close', () => this.#settle(ended, chunks, broken));
    stream.end(request);
  }

  #settle(ended: Status | null, chunks: readonly Buffer[], broken: Error | null): void {
    if (this.over) return;
    if (ended === null || (ended.code !== status.ok && !isWord(ended))) {
      const reason = ended?.message || broken?.message || 'the connection broke';
      const error = new RpcError('unreachable', `${this.what}: ${reason}`, true, { cause: broken });
      this.fail(error);
    } else if (ended.code === status.ok) {
      const answer = unframe(CallResponseSchema, chunks);
      if (answer) this.#finish(() => this.#resolve(answer.body));
      else this.fail(new RpcError('unreachable', `${this.what}: the answer is cut`, true));
    } else if (ended.code === status.failedPrecondition) {
      this.fail(new RpcError('refused', `${this.what}: ${ended.message}`, false));
    } else {
      this.fail(new RpcError('remote', `${this.what}: ${ended.message}`, true));
    }
  }

  fail(error: RpcError): void {
    this.#finish(() => this.#reject(error));
    this.#cancel?.();
  }

  #finish(act: () => void): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.#timer);
    act();
  }
}

/** The peer itself says so, not something between. */
function isWord({ code }: Status): boolean {
  return code === status.unknown || code === status.failedPrecondition;
}

function asUnsent(what: string, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const code = cause instanceof ChannelError ? cause.code : 'unreachable';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(code, `${what}: ${reason}`, false, { cause });
}

/** Ends a call with a status, after an answer or without one. */
function finish(stream: ServerHttp2Stream, ending: Status, answer?: Uint8Array): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const head = { ':status': 200, 'content-type': contentType };
  if (answer === undefined) {
    stream.respond({ ...head, ...statusHeaders(ending) }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(statusHeaders(ending));
  });
  stream.end(answer);
}
