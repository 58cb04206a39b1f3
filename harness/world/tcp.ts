/**
 * Connections by TCP, for protocols that are no HTTP: bytes out, messages in, under a time-out. The protocol is
 * given as a function that cuts messages off what has arrived.
 */
import { connect, type Socket } from 'node:net';

/** A message that is complete, and how many bytes it took; null: more must arrive. */
export type Cut<Message> = (
  bytes: Buffer,
) => { readonly message: Message; readonly length: number } | null;

export type TcpErrorCode = 'refused' | 'reset' | 'timeout' | 'malformed';

/** `refused`: no byte of the request left. Everything else: nobody knows what became of it. */
export class TcpError extends Error {
  readonly code: TcpErrorCode;
  constructor(code: TcpErrorCode, message: string) {
    super(message);
    this.name = 'TcpError';
    this.code = code;
  }
}

export interface TcpOptions<Message> {
  readonly host: string;
  readonly port: number;
  /** Of one request, with the connection where there is none yet. */
  readonly timeoutMs: number;
  readonly cut: Cut<Message>;
}

const connectTimeoutMs = 1000;
/** A longer message is none. */
const messageBytesMax = 16 * 1024 * 1024;

interface Waiting<Message> {
  resolve(message: Message): void;
  reject(error: TcpError): void;
}

/** One request at a time. Connects with the first; after a failure it connects anew with the next. */
export class TcpConnection<Message> {
  readonly #options: TcpOptions<Message>;
  #socket: Socket | null = null;
  #received = Buffer.alloc(0);
  #waiting: Waiting<Message> | null = null;

  constructor(options: TcpOptions<Message>) {
    this.#options = options;
  }

  /** Rejects with TcpError. */
  async request(bytes: Buffer | string): Promise<Message> {
    const untilMs = performance.now() + this.#options.timeoutMs;
    const socket = this.#socket ?? (await this.#connect());
    return new Promise<Message>((resolve, reject) => {
      const leftMs = Math.max(1, untilMs - performance.now());
      const timer = setTimeout(() => {
        this.#drop(new TcpError('timeout', `no answer within ${this.#options.timeoutMs} ms`));
      }, leftMs);
      this.#waiting = {
        resolve: (message) => {
          clearTimeout(timer);
          resolve(message);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      socket.write(bytes);
    });
  }

  async close(): Promise<void> {
    this.#drop(new TcpError('reset', 'closed by the client'));
  }

  #connect(): Promise<Socket> {
    const { host, port, timeoutMs } = this.#options;
    return new Promise<Socket>((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      const limitMs = Math.min(connectTimeoutMs, timeoutMs);
      const fail = (why: string): void => {
        socket.destroy();
        reject(new TcpError('refused', `${host}:${port}: ${why}`));
      };
      const timer = setTimeout(() => fail(`no connection within ${limitMs} ms`), limitMs);
      const early = (error: Error): void => {
        clearTimeout(timer);
        fail(error.message);
      };
      socket.once('error', early);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', early);
        this.#use(socket);
        resolve(socket);
      });
    });
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    const lost = (why: string) => () => {
      if (this.#socket === socket) this.#drop(new TcpError('reset', why));
    };
    socket.on('error', lost('the connection broke'));
    socket.on('close', lost('the connection was closed'));
    socket.on('data', (bytes) => {
      if (this.#socket === socket) this.#take(bytes);
    });
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#received.length > messageBytesMax) {
      this.#drop(new TcpError('malformed', 'an answer that is longer than any may be'));
      return;
    }
    try {
      const found = this.#options.cut(this.#received);
      if (found === null) return;
      this.#received = this.#received.subarray(found.length);
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.resolve(found.message);
    } catch (error) {
      this.#drop(new TcpError('malformed', String(error)));
    }
  }

  #drop(error: TcpError): void {
    const socket = this.#socket;
    const waiting = this.#waiting;
    this.#socket = null;
    this.#waiting = null;
    socket?.destroy();
    waiting?.reject(error);
  }
}
