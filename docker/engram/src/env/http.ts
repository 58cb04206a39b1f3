/**
 * HTTP by node:http: reads a whole request, asks the core, writes the answer. A body over the limit is
 * answered with 413 and read on for a while, since closing on unread data would reset the connection
 * and the client would never see the answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bodyOf, type Http, type HttpRequest, type HttpResponse } from './env.ts';
import { starting } from './starting.ts';

export const bodyBytesMax = 2 * 1024 * 1024;
/** A query by embedding has its 768 numbers in the URL. */
const headerBytesMax = 64 * 1024;
/** Longer than any client ought to keep an idle connection, so that the client closes first. */
const keepAliveMs = 65_000;
/** How much of a body that is too large is read and thrown away before the connection is cut. */
const drainedBytesMax = 64 * 1024 * 1024;

type Handler = (request: HttpRequest) => Promise<HttpResponse>;

const tooLarge: HttpResponse = {
  status: 413,
  headers: { 'content-type': 'application/json', connection: 'close' },
  body: JSON.stringify({
    error: {
      code: 'PAYLOAD_TOO_LARGE',
      message: `The body is larger than ${bodyBytesMax} bytes.`,
      suggestion: 'Split the content into several memories, or leave the embedding out.',
      example: '{"content":"The kettle is in the cupboard"}',
    },
  }),
};

const broken: HttpResponse = {
  status: 500,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    error: {
      code: 'MEMORY_SYSTEM_ERROR',
      message: 'The node failed while it handled the request.',
      suggestion: 'Look into the log of the node; the request may or may not have taken effect.',
      example: 'GET /health',
    },
  }),
};

/** Null where the body is too large. Rejects where the client goes away before its end. */
function readBody(message: IncomingMessage): Promise<Uint8Array | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bodyBytesMax) chunks.push(chunk);
      else if (length > drainedBytesMax) message.destroy();
      else chunks.length = 0;
    });
    message.on('end', () => {
      if (length > bodyBytesMax) resolve(null);
      else resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    message.on('error', reject);
    message.on('close', () => reject(new Error('the client went away')));
  });
}

function toRequest(message: IncomingMessage, body: Uint8Array): HttpRequest {
  const target = message.url ?? '/';
  const mark = target.indexOf('?');
  const query = new Map<string, string>();
  if (mark >= 0)
    for (const [name, value] of new URLSearchParams(target.slice(mark + 1))) query.set(name, value);
  const headers = new Map<string, string>();
  for (const name in message.headers) {
    const value = message.headers[name];
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return {
    method: message.method ?? 'GET',
    path: mark >= 0 ? target.slice(0, mark) : target,
    query,
    headers,
    body,
  };
}

export class NodeHttp implements Http {
  readonly #server: Server;
  #handler: Handler | null = null;

  private constructor(onError: (error: unknown) => void) {
    this.#server = createServer({ maxHeaderSize: headerBytesMax }, (message, response) => {
      this.#handle(message, response).catch((error) => {
        onError(error);
        if (response.headersSent) response.destroy();
        else this.#write(response, broken);
      });
    });
    this.#server.keepAliveTimeout = keepAliveMs;
    this.#server.headersTimeout = keepAliveMs + 5000;
  }

  /** Rejects where the port is taken. */
  static async listen(
    host: string,
    port: number,
    onError: (error: unknown) => void,
  ): Promise<NodeHttp> {
    const http = new NodeHttp(onError);
    await new Promise<void>((resolve, reject) => {
      http.#server.once('error', reject);
      http.#server.listen(port, host, () => {
        http.#server.off('error', reject);
        resolve();
      });
    });
    http.#server.on('error', onError);
    return http;
  }

  serve(handler: Handler): void {
    this.#handler = handler;
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: Uint8Array | null;
    try {
      body = await readBody(message);
    } catch {
      response.destroy();
      return;
    }
    if (body === null) this.#write(response, tooLarge);
    else if (this.#handler === null) this.#write(response, starting);
    else this.#write(response, await this.#handler(toRequest(message, body)));
  }

  #write(response: ServerResponse, answer: HttpResponse): void {
    const body = bodyOf(answer);
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
