import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { engramInquiries } from '../systems/engram/inquiries.ts';
import { realWorld } from '../world/real-world.ts';
import type { Cluster, NodeHandle, ProcessState } from './cluster.ts';
import { diedAtStart } from './errors.ts';
import { printable, waitUntilReady } from './ready.ts';

interface Stats {
  alive: number;
  suspect?: number;
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A node whose health is what `stats` returns at that moment. */
async function fakeNode(name: string, stats: () => Stats): Promise<NodeHandle> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ stats: stats() }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { name, address: '127.0.0.1', url: `http://127.0.0.1:${port}` };
}

function fakeCluster(nodes: readonly NodeHandle[], state: ProcessState = 'running'): Cluster {
  const cluster: Partial<Cluster> = {
    nodes,
    world: realWorld,
    inquiries: engramInquiries,
    state: async () => state,
    exitCode: async () => 78,
    logs: async () => ['cannot start: \u001b[31mno disk\u001b[0m'],
  };
  return cluster as Cluster;
}

describe('a cluster', () => {
  it('is ready when all nodes agree', async () => {
    let asked = 0;
    const late = await fakeNode('n1', () => ({ alive: ++asked > 3 ? 1 : 0 }));
    const other = await fakeNode('n2', () => ({ alive: 1 }));
    await waitUntilReady(fakeCluster([late, other]), 10_000);
    expect(asked).toBeGreaterThan(3);
  });

  it('is not ready while a node suspects another', async () => {
    const node = await fakeNode('n1', () => ({ alive: 1, suspect: 1 }));
    const other = await fakeNode('n2', () => ({ alive: 1 }));
    const ready = waitUntilReady(fakeCluster([node, other]), 200);
    await expect(ready).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('n1 sees 1 of 1 others alive and suspects 1'),
    });
  });

  it('of which a node died is given up at once, with its last words made harmless', async () => {
    const gone = { name: 'n1', address: '127.0.0.1', url: 'http://127.0.0.1:1' };
    const ready = waitUntilReady(fakeCluster([gone], 'exited'), 60_000);
    await expect(ready).rejects.toMatchObject({
      code: 'settings-refused',
      exitCode: 254,
      message:
        'n1 died at start with exit code 78; its last words:\n  cannot start: ?[31mno disk?[0m',
    });
  });
});

it("a node that ends for another reason than its settings is nobody's bad argument", () => {
  const message = 'n1 died at start with exit code 74; it said nothing';
  expect(diedAtStart('n1', 74, [])).toMatchObject({ code: 'node-died', exitCode: 255, message });
});

it('nothing that a node says can steer a terminal', () => {
  expect(printable('a\tb\u001b]0;title\u0007\u009b2J é')).toBe('a b?]0;title??2J é');
});
