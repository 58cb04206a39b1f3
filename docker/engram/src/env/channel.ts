/**
 * The way to one peer: an HTTP/2 session that is opened when it is wanted and dropped as soon as it is
 * not to be trusted. Made for networks that are cut and healed all the time:
 *
 * - A connection attempt is given up after 400 ms. TCP would repeat its SYN after 1, 3, 7 s and find a
 *   healed way late; the next call tries again at once. A session counts as open only when the
 *   peer's first frame has arrived: the kernel of a process that sleeps accepts connections, too.
 * - A session is pinged twice a second, busy or idle. When a ping is overdue, new calls go over a
 *   new session (which fails fast while the way is cut and works at once after it has healed); calls
 *   under way keep the old one until its ping times out.
 */
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Address } from './env.ts';

const connectTimeoutMs = 400;
const pingIntervalMs = 500;
const pingLookMs = 100;
const pingOverdueMs = 500;
const pingTimeoutMs = 1000;
/** For one stream and for the whole session, so that a batch does not wait for window updates. */
export const windowBytes = 4 * 1024 * 1024;

/** No session could be had: nothing was sent. */
export class ChannelError extends Error {
  readonly code: 'refused' | 'unreachable';
  constructor(code: ChannelError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ChannelError';
    this.code = code;
  }
}

interface Link {
  readonly session: ClientHttp2Session;
  /** When the ping that is under way was sent. */
  pingedMs: number | null;
  heardMs: number;
  retired: boolean;
}

export class PeerChannel {
  readonly #address: Address;
  #link: Link | null = null;
  #connecting: Promise<Link> | null = null;
  #closed = false;

  constructor(address: Address) {
    this.#address = address;
  }

  /** A session that is fit for use. Rejects with ChannelError. */
  async session(): Promise<ClientHttp2Session> {
    if (this.#link && isFit(this.#link)) return this.#link.session;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return (await this.#connecting).session;
  }

  /** Something was received over `session`: it lives. */
  heard(session: ClientHttp2Session): void {
    if (this.#link?.session === session) this.#link.heardMs = performance.now();
  }

  close(): void {
    this.#closed = true;
    this.#link?.session.destroy();
  }

  #connect(): Promise<Link> {
    if (this.#closed) {
      return Promise.reject(new ChannelError('unreachable', 'this node is stopping'));
    }
    return new Promise((resolve, reject) => {
      const session = connect(`http://${this.#address}`, {
        settings: { initialWindowSize: windowBytes },
        createConnection: (authority) => withoutDelay(authority),
      });
      const fail = (cause: Error): void => {
        clearTimeout(timer);
        session.destroy();
        const refused = (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED';
        const text = `no connection to ${this.#address}: ${cause.message}`;
        reject(new ChannelError(refused ? 'refused' : 'unreachable', text, { cause }));
      };
      const timer = setTimeout(
        () => fail(new Error(`none within ${connectTimeoutMs} ms`)),
        connectTimeoutMs,
      );
      // Stays for the life of the session: an error without a listener would end the process.
      session.on('error', fail);
      session.once('close', () => fail(new Error('closed')));
      session.once('remoteSettings', () => {
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
    const pings = setInterval(() => ping(link), pingLookMs);
    pings.unref();
    session.once('close', () => {
      clearInterval(pings);
      if (this.#link === link) this.#link = null;
    });
    return link;
  }
}

function ping(link: Link): void {
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

function isFit({ session, retired, pingedMs }: Link): boolean {
  if (session.closed || session.destroyed || retired) return false;
  return pingedMs === null || performance.now() - pingedMs < pingOverdueMs;
}

/**
 * HTTP/2 writes small frames. With Nagle's algorithm each would wait for the peer's delayed
 * acknowledgement, 40 ms.
 */
function withoutDelay({ hostname, port }: URL): Socket {
  return connectTcp({ host: hostname, port: Number(port || 80), noDelay: true });
}
