/** UDP, HTTP and files of the real world, on loopback and in a temporary folder. */
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ClusterKey } from './cluster-key.ts';
import { FolderDisk } from './files.ts';
import { bodyBytesMax, NodeHttp } from './http.ts';
import { UdpDatagrams } from './udp.ts';

const host = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const names = { addresses: (name: string) => [name] };

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

async function udp(key: string | null): Promise<{ port: number; datagrams: UdpDatagrams }> {
  const port = await freeUdpPort();
  const cluster = key === null ? null : new ClusterKey([key]);
  const datagrams = await UdpDatagrams.bind(host, port, cluster, names);
  closing.push(() => datagrams.close());
  return { port, datagrams };
}

describe('datagrams', () => {
  async function received(key: string | null, foreignKey: string | null): Promise<string[]> {
    const one = await udp(key);
    const other = await udp(key);
    const foreign = await udp(foreignKey);
    const seen: string[] = [];
    const last = new Promise<void>((resolve) => {
      one.datagrams.receive((_, bytes) => {
        seen.push(Buffer.from(bytes).toString());
        if (seen.at(-1) === 'last') resolve();
      });
    });
    foreign.datagrams.send(`${host}:${one.port}`, Buffer.from('foreign'));
    foreign.datagrams.send(`${host}:${one.port}`, Buffer.from('x'));
    other.datagrams.send(`${host}:${one.port}`, Buffer.from('last'));
    await last;
    if (key !== foreignKey) expect(one.datagrams.counters.unauthenticated).toBe(2);
    return seen;
  }

  it('travel as they are without a key', async () => {
    expect(await received(null, null)).toEqual(['foreign', 'x', 'last']);
  });

  it('of another key, or without one, are counted and dropped', async () => {
    const key = 'a key of the cluster';
    expect(await received(key, 'a key of another one')).toEqual(['last']);
    expect(await received(key, null)).toEqual(['last']);
  });

  it('to nobody do no harm', async () => {
    const one = await udp(null);
    one.datagrams.send(`${host}:1`, Buffer.from('x'));
    one.datagrams.send('not an address', Buffer.from('x'));
  });
});

/** A port that is free for datagrams may be taken for connections: then another one. */
async function http(): Promise<{ port: number; server: NodeHttp }> {
  for (let left = 10; ; left--) {
    const port = await freeUdpPort();
    try {
      const server = await NodeHttp.listen(host, port, () => {});
      closing.push(() => server.close());
      return { port, server };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || left === 0) throw error;
    }
  }
}

function ask(
  port: number,
  options: { method?: string; path?: string; body?: Uint8Array; agent?: Agent },
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', path = '/', agent } = options;
    const asking = request({ host, port, method, path, agent }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, body, headers: response.headers }),
      );
    });
    asking.on('error', reject);
    asking.end(options.body);
  });
}

describe('HTTP', () => {
  it('hands over path, query, headers and body, and writes the answer', async () => {
    const { port, server } = await http();
    server.serve(async (given) => ({
      status: 201,
      headers: { 'x-engram-node': 'n1' },
      body: JSON.stringify([given.method, given.path, [...given.query], given.body.length]),
    }));
    const answer = await ask(port, {
      method: 'POST',
      path: '/a%20b?x=1&y=%41',
      body: Buffer.from('äb'),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-engram-node']).toBe('n1');
    expect(JSON.parse(answer.body)).toEqual([
      'POST',
      '/a%20b',
      [
        ['x', '1'],
        ['y', 'A'],
      ],
      3,
    ]);
  });

  it('takes a body of 2 MiB and refuses one byte more with an answer that arrives', async () => {
    const { port, server } = await http();
    server.serve(async (given) => ({ status: 200, headers: {}, body: String(given.body.length) }));
    const most = new Uint8Array(bodyBytesMax);
    expect((await ask(port, { method: 'POST', body: most })).body).toBe(String(bodyBytesMax));
    const over = await ask(port, { method: 'POST', body: new Uint8Array(bodyBytesMax + 1) });
    expect(over.status).toBe(413);
    expect(JSON.parse(over.body)).toMatchObject({ error: { code: 'PAYLOAD_TOO_LARGE' } });
    const far = await ask(port, { method: 'POST', body: new Uint8Array(20 * bodyBytesMax) });
    expect(far.status).toBe(413);
  });

  it('says of a node that is starting that nothing was applied', async () => {
    const { port } = await http();
    const answer = await ask(port, { method: 'POST', body: Buffer.from('{}') });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(JSON.parse(answer.body)).toMatchObject({ applied: false });
  });

  it('answers 500 when the handler throws, without a word that it was not applied', async () => {
    const { port, server } = await http();
    server.serve(() => Promise.reject(new Error('broken')));
    const answer = await ask(port, {});
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body).applied).toBeUndefined();
  });

  it('never hands over half a request', async () => {
    const { port, server } = await http();
    let handled = 0;
    server.serve(async () => {
      handled++;
      return { status: 200, headers: {}, body: '' };
    });
    const socket = connect(port, host);
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
    expect((await ask(port, {})).status).toBe(200);
    expect(handled).toBe(1);
  });

  it('keeps a connection for the next request', async () => {
    const { port, server } = await http();
    server.serve(async () => ({ status: 200, headers: {}, body: 'ok' }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closing.push(() => agent.destroy());
    const ports = new Set<unknown>();
    agent.on('free', (socket) => ports.add(socket.localPort));
    for (let i = 0; i < 5; i++) await ask(port, { agent });
    expect(ports.size).toBe(1);
  });
});

describe('files', () => {
  async function folder(): Promise<FolderDisk> {
    const path = await mkdtemp(join(tmpdir(), 'engram-files-'));
    closing.push(() => rm(path, { recursive: true }));
    return FolderDisk.open(join(path, 'made', 'when', 'missing'));
  }

  it('are appended to, read back, cut and removed', async () => {
    const disk = await folder();
    expect(await disk.read('wal-1.log')).toBeNull();
    for (const text of ['one', 'two']) {
      const file = await disk.append('wal-1.log');
      await file.write([Buffer.from(text)]);
      await file.sync();
      await file.close();
    }
    expect(Buffer.from((await disk.read('wal-1.log'))!).toString()).toBe('onetwo');
    await disk.truncate('wal-1.log', 4);
    expect((await disk.read('wal-1.log'))!.length).toBe(4);
    await disk.replace('members.json', Buffer.from('[]'));
    expect(await disk.list()).toEqual(['members.json', 'wal-1.log']);
    await disk.remove('wal-1.log');
    expect(await disk.list()).toEqual(['members.json']);
  });

  it('stay in their folder', async () => {
    const disk = await folder();
    await expect(disk.read('../outside')).rejects.toThrow('is no file name');
  });
});
