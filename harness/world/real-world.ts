/** The real world: the machine's clock, and HTTP by undici. No retry, no pipelining, no redirects. */
import { Agent, Client as HttpClient, request } from 'undici';
import { realClock } from './clock.ts';
import {
  type Connection,
  OperationTimeout,
  type World,
  type WorldAnswer,
  type WorldRequest,
} from './world.ts';

/** Shorter than any server keeps idle connections, so that it is never the server who closes first. */
const keepAliveMs = 20_000;
const connectTimeoutMs = 1000;
/** Far above what a page of our own memories takes; a longer answer is none. */
const answerBytesMax = 16 * 1024 * 1024;

class RealConnection implements Connection {
  readonly #url: string;
  readonly #timeoutMs: number;
  #http: HttpClient;

  constructor(url: string, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    this.#http = this.#connect();
  }

  #connect(): HttpClient {
    return new HttpClient(this.#url, {
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      connect: { timeout: connectTimeoutMs },
      // Time-outs are this connection's own, and exact; the HTTP client's would only come near.
      headersTimeout: 2 * this.#timeoutMs,
      bodyTimeout: 2 * this.#timeoutMs,
      maxResponseSize: answerBytesMax,
    });
  }

  async request({ method, path, headers, body }: WorldRequest): Promise<WorldAnswer> {
    const http = this.#http;
    // An operation that is given up takes its connection with it: a late answer must meet nobody.
    const timer = realClock.timer(this.#timeoutMs, () => {
      this.#http = this.#connect();
      void http.destroy(new OperationTimeout(this.#timeoutMs));
    });
    try {
      const response = await http.request({
        ...{ method, path, headers: { ...headers } },
        body: body?.text() ?? null,
      });
      const text = await response.body.text();
      return { status: response.statusCode, headers: response.headers, body: parsed(text) };
    } finally {
      timer.cancel();
    }
  }

  close(): Promise<void> {
    return this.#http.destroy();
  }
}

/** Null for what is no JSON: it is classified by its status, or as malformed where a body is needed. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Connections to nodes that were killed must not be waited for. */
const agent = new Agent({ connect: { timeout: 800 }, keepAliveTimeout: 4000 });

async function ask(url: string, path: string, timeoutMs: number): Promise<unknown> {
  try {
    const answer = await request(`${url}${path}`, {
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      return null;
    }
    return await answer.body.json();
  } catch {
    return null;
  }
}

export const realWorld: World = {
  clock: realClock,
  connect: (url, { timeoutMs }) => new RealConnection(url, timeoutMs),
  ask,
};
