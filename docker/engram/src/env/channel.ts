/**
 * The way to one peer: an HTTP/2 session that is opened when it is wanted and dropped as soon as it is
 * not to be trusted. Made for networks that are cut and healed all the time:
 *
 * - A connection attempt is given up after 300 ms. TCP would repeat its SYN after 1, 3, 7 s and find a healed way
 *   late; the next call tries again at once.
 * - A session is pinged twice a second, busy or idle. When a ping is overdue, new calls go over a
 *   new session (which fails fast while the way is cut and works at once after it has healed); calls
 *   under way keep the old one until its ping times out.
 *
 * The session manager of connect-node was not made for this: it waits for SYN repeats, and a session that
 * closes while it is verified leaves it waiting for ever.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Code, ConnectError } from '@connectrpc/connect';

const connectTimeoutMs = 300;
const pingIntervalMs = 500;
const pingOverdueMs = 300;
const pingTimeoutMs = 1000;
/** For one stream and for the whole session, so that a batch does not wait for window updates. */
export const windowBytes = 4 * 1024 * 1024;

/** Names a call to the channel; never sent. */
export const callHeader = 'engram-call';

/** A call as the channel knows it. */
export interface PendingCall {
  /** From the moment that a stream exists for it: the request may take effect. */
  sent: boolean;
}

interface Link {
  readonly session: ClientHttp2Session;
  /** When the ping that is under way was sent. */
  pingedMs: number | null;
  heardMs: number;
  retired: boolean;
}

/** A session manager in the sense of connect-node. */
export class PeerChannel {
  readonly authority: string;
  /** Calls whose answer is still waited for. */
  readonly pending = new Map<string, PendingCall>();
  #link: Link | null = null;
  #connecting: Promise<Link> | null = null;
  #closed = false;

  constructor(baseUrl: string) {
    this.authority = new URL(baseUrl).origin;
  }

  /** Rejects with ConnectError where no session can be had, or where nobody waits any more. */
  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: object,
  ): Promise<ClientHttp2Stream> {
    const { [callHeader]: id, ...rest } = headers;
    const link = await this.#open();
    const call = this.pending.get(String(id));
    if (!call) throw new ConnectError('the caller has given up', Code.Canceled);
    const stream = link.session.request({ ...rest, ':method': method, ':path': path }, options);
    call.sent = true;
    return stream;
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    if (this.#link && stream.session === this.#link.session) {
      this.#link.heardMs = performance.now();
    }
  }

  close(): void {
    this.#closed = true;
    this.#link?.session.destroy();
  }

  async #open(): Promise<Link> {
    if (this.#link && isFit(this.#link)) return this.#link;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  #connect(): Promise<Link> {
    if (this.#closed) {
      return Promise.reject(new ConnectError('the node is stopping', Code.Unavailable));
    }
    return new Promise((resolve, reject) => {
      const session = connect(this.authority, {
        settings: { initialWindowSize: windowBytes },
        createConnection: (authority) => withoutDelay(authority),
      });
      const fail = (cause: unknown): void => {
        clearTimeout(timer);
        session.destroy();
        const text = `no connection to ${this.authority}: ${reasonOf(cause)}`;
        reject(new ConnectError(text, Code.Unavailable, undefined, undefined, cause));
      };
      const timer = setTimeout(
        () => fail(new Error(`none within ${connectTimeoutMs} ms`)),
        connectTimeoutMs,
      );
      // Stays for the life of the session: an error without a listener would end the process.
      session.on('error', fail);
      session.once('close', () => fail(new Error('closed')));
      session.once('connect', () => {
        clearTimeout(timer);
        // It was given up while its connection came about: the event was on its way already.
        if (session.destroyed) return;
        session.setLocalWindowSize(windowBytes);
        resolve(this.#adopt(session));
      });
    });
  }

  #adopt(session: ClientHttp2Session): Link {
    const link: Link = { session, pingedMs: null, heardMs: performance.now(), retired: false };
    // The old one, if it still lives, finishes its calls.
    this.#link?.session.close();
    this.#link = link;
    session.once('goaway', () => {
      link.retired = true;
    });
    const pings = setInterval(() => this.#ping(link), pingIntervalMs / 5);
    pings.unref();
    session.once('close', () => {
      clearInterval(pings);
      if (this.#link === link) this.#link = null;
    });
    return link;
  }

  #ping(link: Link): void {
    const { session } = link;
    const now = performance.now();
    if (session.destroyed) return;
    if (link.pingedMs !== null) {
      if (now - link.pingedMs < pingTimeoutMs) return;
      session.destroy(new Error('pings are not answered'), constants.NGHTTP2_CANCEL);
      return;
    }
    if (now - link.heardMs < pingIntervalMs) return;
    link.pingedMs = now;
    session.ping((error) => {
      if (error) return;
      link.pingedMs = null;
      link.heardMs = performance.now();
    });
  }
}

/**
 * HTTP/2 writes small frames. With Nagle's algorithm each would wait for the peer's delayed
 * acknowledgement, 40 ms.
 */
function withoutDelay({ hostname, port }: URL): Socket {
  return connectTcp({ host: hostname, port: Number(port || 80), noDelay: true });
}

function isFit({ session, retired, pingedMs }: Link): boolean {
  if (session.closed || session.destroyed || retired) return false;
  return pingedMs === null || performance.now() - pingedMs < pingOverdueMs;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
