/**
 * Calls between nodes by gRPC over HTTP/2: one channel per peer, every call with a deadline. Says of a
 * failed call whether its request may have left this node: it has from the moment that a stream was
 * opened for it, and not before.
 *
 * With a cluster key every call and every answer is signed, each call for the life of the node that it goes to, so
 * that nothing that was recorded can be played again, to no one; see cluster-key.ts. A peer whose life is not known
 * yet refuses the first call by telling it, and the call is made again.
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
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { create } from '@bufbuild/protobuf';
import { ChannelError, PeerChannel, windowBytes } from './channel.ts';
import type { ClusterKey } from './cluster-key.ts';
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
/** Requests under way at the same time in one session, and bytes of unfinished requests in all of them. */
const streamsMax = 128;
const pendingBytesMax = 256 * 1024 * 1024;
const authHeader = 'x-engram-auth';
const lifeHeader = 'x-engram-life';

export class GrpcRpc implements Rpc {
  readonly #channels = new Map<Address, PeerChannel>();
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #handler: RpcHandler | null = null;
  readonly #key: ClusterKey | null;
  /** Lives of peers, by address, as they told them. */
  readonly #lives = new Map<Address, string>();
  #pendingBytes = 0;
  readonly counters = { unauthenticated: 0 };

  private constructor(key: ClusterKey | null) {
    this.#key = key;
    this.#server = createServer({
      settings: { initialWindowSize: windowBytes, maxConcurrentStreams: streamsMax },
    });
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
        this.#take(stream, headers);
      }
    });
  }

  /** Rejects where the port is taken. */
  static async listen(host: string, port: number, key: ClusterKey | null = null): Promise<GrpcRpc> {
    const rpc = new GrpcRpc(key);
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

  #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      this.#pendingBytes += chunk.length;
      if (length <= messageBytesMax && this.#pendingBytes <= pendingBytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        finish(stream, { code: status.resourceExhausted, message: 'the request is too large' });
      }
    });
    stream.on('close', () => {
      this.#pendingBytes -= length;
    });
    stream.on('end', () => void this.#answer(stream, headers, chunks));
  }

  /** Who calls; null where it is nobody of the cluster, which it is then told. */
  #caller(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    chunks: readonly Buffer[],
  ): Caller | null {
    const key = this.#key;
    if (key === null) return { life: '', counter: '' };
    const [life = '', counter = '', target = '', mac = ''] = String(
      headers[authHeader] ?? '',
    ).split('.');
    const isMember = key.isMac(mac, 'call', life, counter, target, joined(chunks));
    if (isMember && target === key.life && key.isFresh(life, Number(counter))) {
      return { life, counter };
    }
    if (!isMember) this.counters.unauthenticated++;
    // Only a member is told the life; it is no secret, and signed so that nobody else can tell another one.
    const proof = `${key.life}.${key.mac('life', key.life, life, counter)}`;
    const more: Record<string, string> = {};
    if (isMember && target !== key.life) more[lifeHeader] = proof;
    const text = isMember
      ? 'the call is for another life of this node'
      : 'the cluster key is another one';
    finish(stream, { code: status.unauthenticated, message: text }, undefined, more);
    return null;
  }

  async #answer(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    chunks: readonly Buffer[],
  ): Promise<void> {
    // The caller has given up already: what nobody waits for is not begun.
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    const caller = this.#caller(stream, headers, chunks);
    if (caller === null) return;
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
      const { life, counter } = caller;
      const mac = this.#key?.mac('answer', life, counter, answer);
      finish(stream, { code: status.ok, message: '' }, answer, mac ? { [authHeader]: mac } : {});
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      finish(stream, { code: status.unknown, message });
    }
  }

  async call(to: Address, method: string, body: RpcBody, deadlineMs: number): Promise<Uint8Array> {
    const begun = performance.now();
    try {
      return await this.#once(to, method, body, deadlineMs);
    } catch (error) {
      if (!(error instanceof OtherLife)) throw error;
      this.#lives.set(to, error.life);
      return this.#once(to, method, body, deadlineMs - (performance.now() - begun));
    }
  }

  async #once(to: Address, method: string, body: RpcBody, deadlineMs: number): Promise<Uint8Array> {
    let channel = this.#channels.get(to);
    if (!channel) {
      channel = new PeerChannel(to);
      this.#channels.set(to, channel);
    }
    const call = new Call(`${method} to ${to}`, deadlineMs, this.#key, this.#lives.get(to) ?? '');
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

interface Caller {
  readonly life: string;
  readonly counter: string;
}

/** The peer has begun another life than the call was signed for; it has not looked at it. */
class OtherLife extends RpcError {
  readonly life: string;
  constructor(message: string, life: string) {
    super('refused', message, false);
    this.life = life;
  }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first ? first : Buffer.concat(chunks);
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
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
  readonly #key: ClusterKey | null;
  /** The life of the peer, as far as it is known. */
  readonly #target: string;
  readonly #counter: string;
  #auth: string | null = null;
  #life: string | null = null;

  constructor(what: string, deadlineMs: number, key: ClusterKey | null, target: string) {
    this.what = what;
    this.#key = key;
    this.#target = target;
    this.#counter = String(key?.next() ?? 0);
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
      ...this.#signed(request),
    });
    this.#sent = true;
    this.#cancel = () => stream.close(constants.NGHTTP2_CANCEL);
    const chunks: Buffer[] = [];
    let ended: Status | null = null;
    let broken: Error | null = null;
    stream.on('response', (headers) => {
      channel.heard(session);
      this.#auth = textOf(headers[authHeader]);
      this.#life = textOf(headers[lifeHeader]);
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

  #signed(request: Uint8Array): Record<string, string> {
    const key = this.#key;
    if (key === null) return {};
    const parts = [key.life, this.#counter, this.#target] as const;
    return { [authHeader]: [...parts, key.mac('call', ...parts, request)].join('.') };
  }

  /** Whether an answer is of the cluster, and to this call. */
  #isAuthentic(chunks: readonly Buffer[]): boolean {
    const key = this.#key;
    if (key === null) return true;
    return key.isMac(this.#auth ?? '', 'answer', key.life, this.#counter, joined(chunks));
  }

  /** The life of the peer, where it says that the call was for another one. */
  #toldLife(): string | null {
    const [life = '', mac = ''] = (this.#life ?? '').split('.');
    const key = this.#key;
    if (key === null || life === '' || life === this.#target) return null;
    return key.isMac(mac, 'life', life, key.life, this.#counter) ? life : null;
  }

  #settle(ended: Status | null, chunks: readonly Buffer[], broken: Error | null): void {
    if (this.over) return;
    if (ended === null || (ended.code !== status.ok && !isWord(ended))) {
      const reason = ended?.message || broken?.message || 'the connection broke';
      const error = new RpcError('unreachable', `${this.what}: ${reason}`, true, { cause: broken });
      this.fail(error);
    } else if (ended.code === status.ok) {
      const answer = this.#isAuthentic(chunks) ? unframe(CallResponseSchema, chunks) : null;
      if (answer) this.#finish(() => this.#resolve(answer.body));
      else this.fail(new RpcError('unreachable', `${this.what}: the answer is cut`, true));
    } else if (ended.code === status.unauthenticated) {
      const life = this.#toldLife();
      const reason = `${this.what}: ${ended.message}`;
      this.fail(
        life === null ? new RpcError('refused', reason, true) : new OtherLife(reason, life),
      );
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
  const { unknown, failedPrecondition, unauthenticated } = status;
  return code === unknown || code === failedPrecondition || code === unauthenticated;
}

function asUnsent(what: string, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const code = cause instanceof ChannelError ? cause.code : 'unreachable';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(code, `${what}: ${reason}`, false, { cause });
}

/** Ends a call with a status, after an answer or without one. */
function finish(
  stream: ServerHttp2Stream,
  ending: Status,
  answer?: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const head = { ':status': 200, 'content-type': contentType, ...more };
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
