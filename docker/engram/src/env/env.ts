/**
 * Everything that the node's core may know of the world. The core never touches a socket, a file, a
 * clock or a random number generator; it gets an `Env`. `real.ts` binds it to UDP, gRPC, files and
 * HTTP; `virtual.ts` binds it to a virtual network, virtual disks and a virtual clock, in which one
 * seed gives one history.
 *
 * Rules for the core: it awaits nothing but what `Env` gives it, uses no timers of the runtime, and
 * iterates over nothing whose order depends on arrival outside the event queue.
 */

export interface Env {
  /** Wall clock in ms since 1970, as this node believes it. May jump. For the hybrid logical clock. */
  nowMs(): number;
  /** Monotonic ms; for time-outs and ages. */
  monotonicMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls `fn` once after `delayMs`. */
  timer(delayMs: number, fn: () => void): Timer;
  readonly datagram: Datagrams;
  readonly rpc: Rpc;
  readonly disk: Disk;
  readonly http: Http;
  readonly log: Log;
  /** Whether a secret is one of several, in a time that says nothing of it. Absent where nobody listens. */
  isOneOf?(given: string, accepted: readonly string[]): boolean;
  /** Absent where host names are addresses. */
  readonly names?: Names;
}

export interface Timer {
  cancel(): void;
}

/** `host:port` of a UDP or gRPC listener. */
export type Address = string;

export interface Names {
  /** The host's addresses as far as known by now; looked up, and looked up again, meanwhile. */
  addresses(host: string): readonly string[];
}

export interface Datagrams {
  /** Fire and forget; may be lost, repeated, reordered. At most 1400 bytes. */
  send(to: Address, bytes: Uint8Array): void;
  receive(handler: (from: Address, bytes: Uint8Array) => void): void;
}

/**
 * What a call carries: bytes, or a value that becomes bytes where it leaves the process. Nobody may change
 * it, on neither side.
 */
export type RpcBody = Uint8Array | Parcel;

export class Parcel {
  readonly value: unknown;
  readonly #pack: () => Uint8Array;
  constructor(value: unknown, pack: () => Uint8Array) {
    this.value = value;
    this.#pack = pack;
  }
  get bytes(): Uint8Array {
    return this.#pack();
  }
}

export function rpcBytes(body: RpcBody): Uint8Array {
  return body instanceof Parcel ? body.bytes : body;
}

export interface Rpc {
  /** Request and answer with a peer. Rejects with RpcError; after `deadlineMs` at the latest. */
  call(to: Address, method: string, body: RpcBody, deadlineMs: number): Promise<RpcBody>;
  serve(handler: RpcHandler): void;
}

export type RpcHandler = (method: string, body: RpcBody) => Promise<RpcBody>;

/**
 * Why a call failed. `sent: false` is a promise that the request never left this node, so that it
 * cannot have taken effect.
 */
export class RpcError extends Error {
  readonly code: 'unreachable' | 'deadline' | 'refused' | 'remote';
  readonly sent: boolean;
  constructor(code: RpcError['code'], message: string, sent: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RpcError';
    this.code = code;
    this.sent = sent;
  }
}

/** A flat folder of files. Names match [a-z0-9._-]+. */
export interface Disk {
  list(): Promise<string[]>;
  /** Whole content; null where there is no such file. */
  read(name: string): Promise<Uint8Array | null>;
  /** Opens for appending, creating it where needed. */
  append(name: string): Promise<AppendFile>;
  /** Replaces the file atomically and durably (write, fsync, rename, fsync of the folder). */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  truncate(name: string, lengthBytes: number): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface AppendFile {
  /** One after the other, without a copy of them. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** Writes, then syncs: both, or nobody knows how much of it. */
  writeThrough(pieces: readonly Uint8Array[]): Promise<void>;
  /** Resolves when everything written so far is durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Http {
  serve(handler: (request: HttpRequest) => Promise<HttpResponse>): void;
}

export interface HttpRequest {
  readonly method: string;
  /** Path without query, still percent-encoded. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** At most 2 MiB; a longer one never gets here (413). */
  readonly body: Uint8Array;
  /** The body as a value, from a client in this process: no text is made of it and parsed again. */
  readonly json?: unknown;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | JsonBody;
}

/** A value that becomes text where it leaves the process. Nobody may change it. */
export class JsonBody {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
  get text(): string {
    return JSON.stringify(this.value);
  }
}

/** Of an answer, as it is sent. */
export function bodyOf({ body }: HttpResponse): string | Uint8Array {
  return body instanceof JsonBody ? body.text : body;
}

/** One JSON object per line. Values never contain secrets or memory contents. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
