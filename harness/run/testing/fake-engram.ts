/**
 * Engram as far as the tester sees it, in one process: several HTTP servers over one store, so that all
 * nodes agree by construction. For tests of the run itself, without containers. It can be told to lie in
 * ways that a checker must notice.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Lies {
  /** Of the acknowledged writes, each n-th is forgotten. */
  readonly loseEvery?: number;
  /** This node hides what was written last under each id, and shows nothing in lists. */
  readonly blindNode?: string;
  /** Of the writes, each n-th is answered by 500 though it was done. */
  readonly failEvery?: number;
}

interface Version {
  readonly dot: string;
  readonly actor: string;
  readonly counter: number;
  readonly content: string;
}

type Vector = Record<string, number>;

/** One memory space: for each id all versions that nobody has replaced, oldest first. */
class Space {
  readonly vector: Vector = {};
  readonly memories = new Map<string, readonly Version[]>();

  write(actor: string, id: string, content: string, seen: Vector, keep: boolean): Version {
    const counter = (this.vector[actor] ?? 0) + 1;
    this.vector[actor] = counter;
    const version = { dot: `${actor}:${counter}`, actor, counter, content };
    const others = (this.memories.get(id) ?? []).filter(
      (each) => each.counter > (seen[each.actor] ?? 0),
    );
    if (keep) this.memories.set(id, [...others, version]);
    return version;
  }
}

const encode = (vector: Vector): string =>
  Buffer.from(JSON.stringify({ v: vector, t: [0, 0] })).toString('base64url');

function decode(token: unknown): Vector {
  if (typeof token !== 'string') return {};
  return (JSON.parse(Buffer.from(token, 'base64url').toString()) as { v: Vector }).v;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

function send(response: ServerResponse, status: number, body: unknown, vector: Vector = {}): void {
  response.writeHead(status, { 'x-engram-context': encode(vector), 'x-engram-hops': '0' });
  response.end(JSON.stringify(body));
}

export class FakeEngram {
  readonly #names: readonly string[];
  readonly #lies: Lies;
  readonly #spaces = new Map<string, Space>();
  readonly #servers = new Map<string, Server>();
  readonly #ports = new Map<string, number>();
  readonly #paused = new Set<string>();
  #writes = 0;

  constructor(names: readonly string[], lies: Lies = {}) {
    this.#names = names;
    this.#lies = lies;
  }

  /** Listens on loopback, on the same port as before where it did already. */
  async start(name: string): Promise<void> {
    const server = createServer((request, response) => {
      void this.#answer(name, request, response).catch((error) =>
        send(response, 500, { error: { message: String(error) } }),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(this.#ports.get(name) ?? 0, '127.0.0.1', resolve);
    });
    this.#ports.set(name, (server.address() as AddressInfo).port);
    this.#servers.set(name, server);
  }

  /** As kill -9: connections break, then nobody listens. The store stays. */
  async kill(name: string): Promise<void> {
    const server = this.#servers.get(name);
    this.#servers.delete(name);
    this.#paused.delete(name);
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  pause(name: string): void {
    this.#paused.add(name);
  }

  resume(name: string): void {
    this.#paused.delete(name);
  }

  state(name: string): 'running' | 'paused' | 'exited' {
    if (!this.#servers.has(name)) return 'exited';
    return this.#paused.has(name) ? 'paused' : 'running';
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.#ports.get(name)}`;
  }

  #space(name: string): Space {
    let space = this.#spaces.get(name);
    if (!space) this.#spaces.set(name, (space = new Space()));
    return space;
  }

  async #answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#paused.has(name)) return;
    const text = await bodyOf(request);
    const path = request.url!.split('?')[0];
    if (!path.startsWith('/api/')) return this.#aboutCluster(name, path, response);
    const space = this.#space(String(request.headers['x-memory-space']));
    if (request.method === 'POST') {
      const { id, content } = JSON.parse(text) as { id: string; content: string };
      const count = ++this.#writes;
      const lost = this.#lies.loseEvery !== undefined && count % this.#lies.loseEvery === 0;
      const failed = this.#lies.failEvery !== undefined && count % this.#lies.failEvery === 0;
      const seen = decode(request.headers['x-engram-context']);
      const { dot } = space.write(name, id, content, seen, !lost);
      if (failed) return send(response, 500, { error: { code: 'MEMORY_SYSTEM_ERROR' } });
      return send(response, 201, { memory_id: id, version: dot }, space.vector);
    }
    this.#read(name, space, path, response);
  }

  #read(name: string, space: Space, path: string, response: ServerResponse): void {
    const blind = this.#lies.blindNode === name;
    if (path === '/api/v1/memories') {
      const all = blind ? [] : [...space.memories.values()].map((versions) => versions.at(-1)!);
      send(response, 200, { memories: all, penalty: 1, warnings: [] }, space.vector);
      return;
    }
    const id = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
    const versions = space.memories.get(id) ?? [];
    const siblings = blind ? versions.slice(0, -1) : versions;
    const shown = siblings.at(-1);
    if (shown) {
      const body = { id, content: shown.content, version: shown.dot, siblings, penalty: 1 };
      send(response, 200, body, space.vector);
    } else send(response, 404, { error: { code: 'MEMORY_NOT_FOUND' } }, space.vector);
  }

  #aboutCluster(name: string, path: string, response: ServerResponse): void {
    const alive = this.#servers.size - 1;
    const dead = this.#names.length - this.#servers.size;
    const answers: Readonly<Record<string, unknown>> = {
      '/cluster/health': { node_id: name, stats: { alive, suspect: 0, dead } },
      '/cluster/nodes': { nodes: this.#names.map((id) => ({ id, state: 'alive' })) },
      '/cluster/spaces': { spaces: [] },
      '/health': { status: 'ok' },
    };
    send(response, answers[path] === undefined ? 404 : 200, answers[path] ?? {});
  }
}
