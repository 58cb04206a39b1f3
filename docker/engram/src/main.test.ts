/** The bundle as an operator meets it: one file, one process, exit codes, signals. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const host = '127.0.0.1';
let folder: string;
let bundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engram-main-'));
  bundle = join(folder, 'engram.cjs');
  const { metafile } = await build({
    entryPoints: [new URL('main.ts', import.meta.url).pathname],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    metafile: true,
    logLevel: 'silent',
  });
  const outside = Object.values(metafile.outputs).flatMap((output) => output.imports);
  expect(outside.filter(({ path }) => path.endsWith('.node'))).toEqual([]);
});
afterAll(() => rm(folder, { recursive: true }));

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

interface Started {
  readonly child: ChildProcess;
  readonly http: string;
  readonly swim: string;
  output(): string;
  readonly exit: Promise<number | null>;
}

async function start(id: string, extra: Record<string, string> = {}): Promise<Started> {
  const [http, swim, rpc] = await freePorts(3);
  const child = spawn(process.execPath, [bundle], {
    env: {
      PATH: process.env.PATH,
      ENGRAM_NODE_ID: id,
      ENGRAM_HTTP_PORT: String(http),
      ENGRAM_SWIM_PORT: String(swim),
      ENGRAM_RPC_PORT: String(rpc),
      ENGRAM_DATA_DIR: join(folder, id),
      ...extra,
    },
  });
  children.add(child);
  let output = '';
  child.stdout!.on('data', (chunk) => (output += chunk));
  child.stderr!.on('data', (chunk) => (output += chunk));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    http: `http://${host}:${http}`,
    swim: `${host}:${swim}`,
    output: () => output,
    exit,
  };
}

/** Asks until the answer pleases; the test's own time-out ends it otherwise. */
async function eventually<T>(ask: () => Promise<T>, pleases: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer !== null && pleases(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function get(url: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.text() };
}

const ready = (node: Started) =>
  eventually(
    () => get(`${node.http}/health`),
    ({ status }) => status === 200,
  );

describe('the process of a node', () => {
  it('serves, finds its seeds, and keeps its place in the ring when SIGTERM stops it', async () => {
    const one = await start('one');
    await ready(one);
    const two = await start('two', { ENGRAM_SEEDS: one.swim });
    await ready(two);
    const nodes = await eventually(
      () => get(`${one.http}/cluster/nodes`),
      ({ body }) => body.includes('"two"'),
    );
    expect(JSON.parse(nodes.body).nodes).toHaveLength(2);
    two.child.kill('SIGTERM');
    expect(await two.exit).toBe(0);
    await eventually(
      () => get(`${one.http}/cluster/nodes`),
      ({ body }) => /"id":"two".*"state":"(suspect|dead)"/.test(body),
    );
    expect(one.output()).not.toContain('"state":"left"');
  });

  it('keeps what it acknowledged over kill -9', async () => {
    let node = await start('kept');
    await ready(node);
    const answer = await fetch(`${node.http}/api/v1/memories/remember`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'm1', content: 'The kettle is in the cupboard' }),
    });
    expect(answer.status).toBe(201);
    node.child.kill('SIGKILL');
    await node.exit;
    node = await start('kept');
    await ready(node);
    expect((await get(`${node.http}/api/v1/memories/m1`)).body).toContain('kettle');
  });

  it('refuses bad settings with code 78 and one line for each problem', async () => {
    const node = await start('Bad', { ENGRAM_LOG_LEVEL: 'loud', ENGRAM_TYPO: '1' });
    expect(await node.exit).toBe(78);
    const lines = node.output().trim().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^engram cannot start: ENGRAM_/);
  });

  it('refuses a port that is taken with code 78, and says which and what to do', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    const node = await start('taken', { ENGRAM_HTTP_PORT: String(port) });
    expect(await node.exit).toBe(78);
    expect(node.output()).toContain(`TCP ${host}:${port} cannot be used`);
    expect(node.output()).toContain('ENGRAM_HTTP_PORT');
    server.close();
  });

  it('refuses a damaged log with code 74, and names the file', async () => {
    let node = await start('damaged');
    await ready(node);
    for (let i = 0; i < 3; i++) {
      await fetch(`${node.http}/api/v1/memories/remember`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: `m${i}`, content: 'x'.repeat(100) }),
      });
    }
    node.child.kill('SIGKILL');
    await node.exit;
    const file = join(folder, 'damaged', 'wal-00000001.log');
    const bytes = await readFile(file);
    bytes[40] ^= 0xff;
    await writeFile(file, bytes);
    node = await start('damaged');
    expect(await node.exit).toBe(74);
    expect(node.output()).toContain('wal-00000001.log');
  });

  it('logs each fault switch as a warning and shows it', async () => {
    const node = await start('faulty', { ENGRAM_FAULTS: 'no-penalty,no-refutation' });
    await ready(node);
    expect(JSON.parse((await get(`${node.http}/health`)).body).faults).toEqual([
      'no-penalty',
      'no-refutation',
    ]);
    const warnings = node
      .output()
      .split('\n')
      .filter((line) => line.includes('"fault.on"') && line.includes('"warn"'));
    expect(warnings).toHaveLength(2);
  });

  it('never shows the cluster key', async () => {
    const key = 'correct horse battery';
    const node = await start('keyed', { ENGRAM_CLUSTER_KEY: key, ENGRAM_LOG_LEVEL: 'debug' });
    await ready(node);
    for (const path of ['/health', '/metrics', '/cluster/health', '/cluster/nodes']) {
      expect((await get(node.http + path)).body).not.toContain(key);
    }
    node.child.kill('SIGTERM');
    await node.exit;
    expect(node.output()).not.toContain(key);
  });

  it('prints the reference of its settings', async () => {
    const printed = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, [bundle, '--reference'], (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
    expect(printed).toContain('| `ENGRAM_NODE_ID` | required |');
  });
});
