/**
 * Time and connections of a virtual world. It goes on only while the tester waits for something in it (a timer,
 * an answer), and every event is worked off completely before the next is taken. While the tester
 * computes, time stands still.
 */
import { type HttpRequest, JsonBody } from '../../../docker/engram/src/env/env.ts';
import {
  beganAtMs,
  type ClientConnection,
  ConnectionLost,
  VirtualWorld,
} from '../../../docker/engram/src/env/virtual.ts';
import { makeClock, type Timer } from '../../world/clock.ts';
import {
  type Connection,
  OperationTimeout,
  type World,
  type WorldAnswer,
  type WorldRequest,
} from '../../world/world.ts';

/** One that is waited for. A class: every operation has one, and closures would be three objects more. */
class SimTimer implements Timer {
  readonly #world: SimWorld;
  readonly #fn: () => void;
  readonly #planned: Timer;
  #over = false;

  constructor(world: SimWorld, delayMs: number, fn: () => void) {
    this.#world = world;
    this.#fn = fn;
    this.#planned = world.virtual.after(delayMs, () => {
      if (this.#end()) this.#fn();
    });
  }

  cancel(): void {
    if (this.#end()) this.#planned.cancel();
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#world.endWait();
    return true;
  }
}

export class SimWorld implements World {
  readonly virtual: VirtualWorld;
  readonly deterministic = true;
  #waits = 0;
  /** No two looks at the clock show the same, as in the real world: what came first stays first. */
  #lastNs = 0;
  #driven = false;

  constructor(seed: number, latencyMs: number) {
    const latency = [0.2 * latencyMs, 1.8 * latencyMs] as const;
    this.virtual = new VirtualWorld(seed, { latencyMs: latency });
  }

  readonly clock = makeClock({
    nowNs: () => (this.#lastNs = Math.max(this.#lastNs + 1, Math.round(this.virtual.nowMs * 1e6))),
    wallMs: () => beganAtMs + this.virtual.nowMs,
    timer: (delayMs, fn) => this.timer(delayMs, fn),
  });

  timer(delayMs: number, fn: () => void): Timer {
    this.#waits++;
    const timer = new SimTimer(this, delayMs, fn);
    if (!this.#driven) this.#drive();
    return timer;
  }

  /** Of a timer that is over or was cancelled. */
  endWait(): void {
    this.#waits--;
  }

  #drive(): void {
    this.#driven = true;
    this.virtual
      .drive(() => this.#waits > 0)
      .then(
        () => {
          this.#driven = false;
          if (this.#waits > 0) this.#drive();
        },
        // Nothing of this world can be relied on any more.
        (error: unknown) =>
          setImmediate(() => {
            throw error;
          }),
      );
  }

  connect(url: string, { timeoutMs }: { readonly timeoutMs: number }): Connection {
    return new SimConnection(this, new URL(url).hostname, timeoutMs);
  }

  async ask(url: string, path: string, timeoutMs: number): Promise<unknown> {
    try {
      const request = { method: 'GET', path, headers: {}, body: null } as const;
      const { status, body } = await this.connect(url, { timeoutMs }).request(request);
      return status === 200 ? body : null;
    } catch {
      return null;
    }
  }
}

/** As the HTTP client of the real world says it, for the one table of outcomes. */
const errorCodes = {
  refused: 'ECONNREFUSED',
  reset: 'ECONNRESET',
  'connect-timeout': 'UND_ERR_CONNECT_TIMEOUT',
} as const satisfies Record<ConnectionLost['code'], string>;

const nothing = new Uint8Array();
const noQuery: ReadonlyMap<string, string> = new Map();

/** A driver asks with the same few queries over and over. */
const queriesMax = 64;
let queries = new Map<string, ReadonlyMap<string, string>>();

function queryOf(text: string): ReadonlyMap<string, string> {
  let query = queries.get(text);
  if (query === undefined) {
    if (queries.size >= queriesMax) queries = new Map();
    query = new Map(new URLSearchParams(text));
    queries.set(text, query);
  }
  return query;
}

function toRequest({ method, path, headers, body }: WorldRequest): HttpRequest {
  const mark = path.indexOf('?');
  const named = new Map<string, string>();
  for (const name in headers) named.set(name, headers[name]);
  return {
    method,
    path: mark < 0 ? path : path.slice(0, mark),
    query: mark < 0 ? noQuery : queryOf(path.slice(mark + 1)),
    headers: named,
    body: nothing,
    json: body === null ? undefined : body.value(),
  };
}

class SimConnection implements Connection {
  readonly #world: SimWorld;
  readonly #node: string;
  readonly #timeoutMs: number;
  #connection: ClientConnection;

  constructor(world: SimWorld, node: string, timeoutMs: number) {
    this.#world = world;
    this.#node = node;
    this.#timeoutMs = timeoutMs;
    this.#connection = world.virtual.connect(node);
  }

  request(request: WorldRequest): Promise<WorldAnswer> {
    return new Promise((resolve, reject) => {
      const timer = this.#world.timer(this.#timeoutMs, () => {
        // An operation that is given up takes its connection with it.
        this.#connection = this.#world.virtual.connect(this.#node);
        reject(new OperationTimeout(this.#timeoutMs));
      });
      this.#connection.request(toRequest(request)).then(
        ({ status, headers, body }) => {
          timer.cancel();
          resolve({ status, headers, body: body instanceof JsonBody ? body.value : null });
        },
        (error: unknown) => {
          timer.cancel();
          const code = error instanceof ConnectionLost ? errorCodes[error.code] : 'sim-defect';
          reject(Object.assign(new Error((error as Error).message), { code }));
        },
      );
    });
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}
