import { describe, expect, it } from 'vitest';
import { type Answer, VirtualCluster } from './testing/cluster.ts';

const remembering = '/api/v1/memories/remember';

/** All that a read through a node shows of a space, without what depends on the node. */
async function view(cluster: VirtualCluster, node: string, space: string): Promise<string> {
  const answer = await cluster.ask(node, 'GET', `/api/v1/memories?space=${space}&limit=1000`);
  if (answer.status !== 200) return `${node} answers ${answer.status}`;
  return JSON.stringify(
    answer.body.memories.map((each: { id: string; content: string; siblings: unknown[] }) => [
      each.id,
      each.siblings.map((sibling) => {
        const { version, content } = sibling as { version: string; content: string };
        return `${version} ${content}`;
      }),
    ]),
  );
}

/** Waits until reads through all nodes show the same; returns for how many ms they did not. */
async function converged(cluster: VirtualCluster, spaces: readonly string[]): Promise<number> {
  const begun = cluster.world.nowMs;
  let differedMs = 0;
  for (;;) {
    let equal = true;
    for (const space of spaces) {
      const views = new Set<string>();
      for (const id of cluster.ids) views.add(await view(cluster, id, space));
      equal = equal && views.size === 1;
    }
    if (equal) return differedMs;
    differedMs = cluster.world.nowMs - begun;
    if (cluster.world.nowMs - begun > 60_000) throw new Error('no convergence within 60 s');
    await cluster.run(100);
  }
}

async function route(cluster: VirtualCluster, node: string, space: string) {
  const { body } = await cluster.ask(node, 'GET', '/cluster/spaces');
  return body.spaces.find((each: { space: string }) => each.space === space);
}

/** The primary of a space as all nodes see it; fails where they differ. */
async function primaryOf(cluster: VirtualCluster, space: string): Promise<string> {
  const routes = [];
  for (const id of cluster.ids) routes.push(await route(cluster, id, space));
  expect(new Set(routes.map((each) => `${each.primary}/${each.generation}`)).size).toBe(1);
  return routes[0].primary;
}

const contentOf = (answer: Answer): string => answer.body.content;

describe('five nodes', () => {
  it('take a write through any node and show it through any other', async () => {
    const cluster = await VirtualCluster.start(1, { nodes: 5 });
    for (const node of cluster.ids) {
      const path = `/api/v1/memories/by-${node}?space=kitchen`;
      const stored = await cluster.ask(node, 'POST', `${remembering}?space=kitchen`, {
        id: `by-${node}`,
        content: `written at ${node}`,
      });
      expect(stored.status).toBe(201);
      const headers = { 'x-engram-context': stored.headers['x-engram-context'] };
      for (const other of cluster.ids) {
        const read = await cluster.ask(other, 'GET', path, undefined, headers);
        expect([read.status, contentOf(read)]).toEqual([200, `written at ${node}`]);
        expect(read.body).not.toHaveProperty('stale');
        expect(Number(read.headers['x-engram-hops'])).toBeLessThanOrEqual(1);
      }
    }
    await cluster.run(2000);
    expect(await converged(cluster, ['kitchen'])).toBe(0);
  });

  it('send writes to the primary, and say who served and after how many hops', async () => {
    const cluster = await VirtualCluster.start(2, { nodes: 5 });
    await cluster.ask('n1', 'POST', '/api/v1/spaces', { id: 'kitchen' });
    const { primary, replicas } = await route(cluster, 'n1', 'kitchen');
    for (const node of cluster.ids) {
      const target = `${remembering}?space=kitchen`;
      const { headers } = await cluster.ask(node, 'POST', target, { content: 'x' });
      expect(headers['x-engram-node']).toBe(primary);
      expect(headers['x-engram-hops']).toBe(node === primary ? '0' : '1');
      const read = await cluster.ask(node, 'GET', '/api/v1/memories?space=kitchen');
      const owner = node === primary || replicas.includes(node);
      expect(read.headers['x-engram-node']).toBe(owner ? node : primary);
    }
  });

  it('know a space everywhere soon after it was made anywhere', async () => {
    const cluster = await VirtualCluster.start(3, { nodes: 5 });
    await cluster.ask('n4', 'POST', '/api/v1/spaces', { id: 'attic' });
    await cluster.run(10_000);
    for (const id of cluster.ids) expect(await route(cluster, id, 'attic')).toBeDefined();
  });

  it('store as many copies as asked for before they acknowledge', async () => {
    const cluster = await VirtualCluster.start(4, { nodes: 5 });
    for (const [ack, copies] of [
      ['replica', 2],
      ['quorum', 2],
      ['all', 3],
    ] as const) {
      const answer = await cluster.ask('n2', 'POST', `${remembering}?ack=${ack}`, { content: 'x' });
      expect([answer.status, answer.headers['x-engram-durability']]).toEqual([201, ack]);
      const { reasoning } = answer.body.storage_confidence;
      expect(Number(/\d+/.exec(reasoning)![0])).toBeGreaterThanOrEqual(copies);
    }
  });
});

describe('a primary that dies', () => {
  it('is replaced within 5 s with a higher generation, and steps back when it returns', async () => {
    const cluster = await VirtualCluster.start(5, { nodes: 5 });
    const target = `${remembering}?space=kitchen`;
    const first = await cluster.ask('n1', 'POST', target, { id: 'cup', content: 'one' });
    await cluster.run(2000);
    const old = await primaryOf(cluster, 'kitchen');
    const witness = cluster.ids.find((id) => id !== old)!;
    cluster.world.crash(old, { power: true });
    const killedAtMs = cluster.world.nowMs;
    let now = await route(cluster, witness, 'kitchen');
    while (now.primary === old) {
      expect(cluster.world.nowMs - killedAtMs).toBeLessThan(5000);
      await cluster.run(100);
      now = await route(cluster, witness, 'kitchen');
    }
    expect(now.generation).toBeGreaterThan(0);
    const headers = { 'x-engram-context': first.headers['x-engram-context'] };
    const second = await cluster.ask(
      witness,
      'POST',
      target,
      { id: 'cup', content: 'two' },
      headers,
    );
    expect([second.status, second.headers['x-engram-node']]).toEqual([201, now.primary]);
    await cluster.until(cluster.boot(old));
    await cluster.run(5000);
    expect(await primaryOf(cluster, 'kitchen')).toBe(now.primary);
    await converged(cluster, ['kitchen']);
    const read = await cluster.ask(old, 'GET', '/api/v1/memories/cup?space=kitchen');
    expect(read.body).toMatchObject({ content: 'two', conflict: false });
  });

  it('keeps its generation when the whole cluster loses power', async () => {
    const cluster = await VirtualCluster.start(6, { nodes: 5 });
    await cluster.ask('n1', 'POST', `${remembering}?space=kitchen`, { content: 'x' });
    await cluster.run(2000);
    const old = await primaryOf(cluster, 'kitchen');
    cluster.world.crash(old, { power: true });
    await cluster.run(6000);
    const witness = cluster.ids.find((id) => id !== old)!;
    const { generation } = await route(cluster, witness, 'kitchen');
    for (const id of cluster.ids) cluster.world.crash(id, { power: true });
    await cluster.until(Promise.all(cluster.ids.map((id) => cluster.boot(id))));
    await cluster.run(5000);
    expect((await route(cluster, witness, 'kitchen')).generation).toBe(generation);
  });
});

describe('a cut', () => {
  const spaces = Array.from({ length: 12 }, (_, i) => `space-${i}`);
  const sides = [
    ['n1', 'n2'],
    ['n3', 'n4', 'n5'],
  ] as const;

  it('leaves both sides at work; after the heal all is there, and everywhere the same', async () => {
    const cluster = await VirtualCluster.start(7, { nodes: 5 });
    for (const space of spaces) {
      const target = `${remembering}?space=${space}`;
      await cluster.ask('n1', 'POST', target, { id: 'cup', content: 'before' });
    }
    await cluster.run(3000);
    cluster.world.partition(...sides);
    await cluster.run(6000);
    const acknowledged: [space: string, content: string][] = [];
    const refused: string[] = [];
    for (const [side, nodes] of sides.entries()) {
      for (const space of spaces) {
        const content = `side ${side} of ${space}`;
        const { replicas, primary } = await route(cluster, nodes[0], space);
        const here = [primary, ...replicas].some((owner) => nodes.includes(owner as never));
        const target = `${remembering}?space=${space}`;
        const answer = await cluster.ask(nodes[1], 'POST', target, { id: `of-${side}`, content });
        if (here) {
          expect(answer.status).toBe(201);
          acknowledged.push([space, content]);
          const path = `/api/v1/memories/of-${side}?space=${space}`;
          const read = await cluster.ask(nodes[0], 'GET', path);
          expect(contentOf(read)).toBe(content);
          if (side === 0) {
            expect(read.body.penalty).toBeLessThanOrEqual(0.7 + 1e-9);
            expect(read.body.confidence).toBeCloseTo(0.7 * read.body.penalty);
            expect(read.body.warnings.join()).toMatch(/Partial cluster visibility/);
          }
        } else {
          expect([answer.status, answer.body.applied]).toEqual([503, false]);
          expect(answer.headers['retry-after']).toBe('1');
          refused.push(content);
        }
      }
    }
    expect(acknowledged.length).toBeGreaterThan(spaces.length);
    expect(refused.length).toBeGreaterThan(0);
    cluster.world.heal();
    expect(await converged(cluster, spaces)).toBeLessThan(10_000);
    let all = '';
    for (const space of spaces) all += await view(cluster, 'n5', space);
    for (const [, content] of acknowledged) expect(all).toContain(content);
    for (const content of refused) expect(all).not.toContain(content);
    await cluster.run(5000);
    for (const space of spaces) await primaryOf(cluster, space);
  });

  it('never has two primaries of one generation, and merges those of different ones', async () => {
    const cluster = await VirtualCluster.start(8, { nodes: 5 });
    for (const space of spaces) {
      await cluster.ask('n1', 'POST', '/api/v1/spaces', { id: space });
    }
    await cluster.run(8000);
    const primaries = new Map<string, string>();
    const look = async (): Promise<void> => {
      for (const id of cluster.ids) {
        const { body } = await cluster.ask(id, 'GET', '/cluster/spaces');
        for (const { space, generation, primary } of body.spaces) {
          const key = `${space}/${generation}`;
          expect(primaries.get(key) ?? primary, key).toBe(primary);
          primaries.set(key, primary);
        }
      }
    };
    for (const groups of [
      sides,
      [['n1', 'n3', 'n5'], ['n2'], ['n4']],
      [
        ['n2', 'n3'],
        ['n1', 'n4', 'n5'],
      ],
    ]) {
      cluster.world.partition(...groups);
      for (let i = 0; i < 12; i++) {
        await cluster.run(500);
        await look();
      }
      cluster.world.heal();
      for (let i = 0; i < 12; i++) {
        await cluster.run(500);
        await look();
      }
      for (const space of spaces) await primaryOf(cluster, space);
    }
    expect(primaries.size).toBeGreaterThan(spaces.length);
  });

  it('that leaves a bridge keeps every node able to write', async () => {
    const cluster = await VirtualCluster.start(9, { nodes: 5 });
    for (const space of spaces) {
      await cluster.ask('n1', 'POST', `${remembering}?space=${space}`, { content: 'before' });
    }
    await cluster.run(2000);
    // n3 reaches all; n1, n2 and n4, n5 reach each other only by n3.
    cluster.world.partition(['n1', 'n2'], ['n4', 'n5']);
    await cluster.run(4000);
    // The first calls run into their deadlines; then the breakers are open.
    for (const node of cluster.ids) {
      for (const space of spaces) {
        await cluster.ask(node, 'GET', `/api/v1/memories?space=${space}`);
      }
    }
    let refused = 0;
    for (const node of cluster.ids) {
      for (const space of spaces) {
        const begun = cluster.world.nowMs;
        const target = `${remembering}?space=${space}`;
        const answer = await cluster.ask(node, 'POST', target, { content: `${node}` });
        expect(cluster.world.nowMs - begun).toBeLessThan(2100);
        if (answer.status !== 201) refused++;
      }
    }
    // Only a node that reaches no owner by itself may refuse.
    expect(refused).toBeLessThan(spaces.length * 2);
  });
});

describe('switches', () => {
  it('no-penalty: confidence ignores how much is visible, and /health tells', async () => {
    const cluster = await VirtualCluster.start(10, { nodes: 5, faults: ['no-penalty'] });
    const target = `${remembering}?space=kitchen`;
    const body = { id: 'cup', content: 'x', confidence: 0.9 };
    await cluster.ask('n1', 'POST', target, body);
    await cluster.run(3000);
    for (const id of cluster.ids)
      cluster.world.partition(
        [id],
        cluster.ids.filter((each) => each !== id),
      );
    await cluster.run(6000);
    const { replicas } = await route(cluster, 'n1', 'kitchen');
    const read = await cluster.ask(replicas[0], 'GET', '/api/v1/memories/cup?space=kitchen');
    expect(read.body).toMatchObject({ penalty: 1, confidence: 0.9 });
    const health = await cluster.ask('n1', 'GET', '/health');
    expect(health.body.faults).toEqual(['no-penalty']);
  });

  const sides = [
    ['n1', 'n2'],
    ['n3', 'n4', 'n5'],
  ] as const;
  const spaces = Array.from({ length: 12 }, (_, i) => `space-${i}`);

  async function cutAndHeal(cluster: VirtualCluster): Promise<Map<string, Answer[]>> {
    for (const space of spaces) {
      await cluster.ask('n1', 'POST', `${remembering}?space=${space}`, { content: 'before' });
    }
    await cluster.run(3000);
    cluster.world.partition(...sides);
    await cluster.run(6000);
    const answers = new Map<string, Answer[]>();
    for (const space of spaces) {
      const body = { id: 'cup', content: 'within' };
      const answer = await cluster.ask('n1', 'POST', `${remembering}?space=${space}`, body);
      answers.set(space, [answer]);
    }
    cluster.world.heal();
    await cluster.run(8000);
    return answers;
  }

  it('apply-failed-write: what was answered as not applied is there after the heal', async () => {
    for (const faults of [[], ['apply-failed-write']] as const) {
      const cluster = await VirtualCluster.start(11, { nodes: 5, faults });
      const answers = await cutAndHeal(cluster);
      let refused = 0;
      for (const [space, [answer]] of answers) {
        if (answer!.body.applied !== false) continue;
        refused++;
        const read = await cluster.ask('n5', 'GET', `/api/v1/memories/cup?space=${space}`);
        expect(read.status).toBe(faults.length === 0 ? 404 : 200);
      }
      expect(refused).toBeGreaterThan(0);
    }
  });

  it('promote-without-generation: one generation has two primaries', async () => {
    for (const faults of [[], ['promote-without-generation']] as const) {
      const cluster = await VirtualCluster.start(12, { nodes: 5, faults });
      await cutAndHeal(cluster);
      let split = 0;
      for (const space of spaces) {
        const primaries = new Map<number, Set<string>>();
        for (const id of cluster.ids) {
          const { primary, generation } = await route(cluster, id, space);
          const known = primaries.get(generation) ?? new Set();
          primaries.set(generation, known.add(primary));
        }
        if ([...primaries.values()].some((each) => each.size > 1)) split++;
      }
      expect(split > 0).toBe(faults.length > 0);
    }
  });

  it('stuck-breaker: a node does not find back to owners that are there again', async () => {
    for (const faults of [[], ['stuck-breaker']] as const) {
      const cluster = await VirtualCluster.start(13, { nodes: 5, faults });
      await cluster.ask('n1', 'POST', `${remembering}?space=kitchen`, { content: 'before' });
      const { primary, replicas } = await route(cluster, 'n1', 'kitchen');
      const owners = [primary, ...replicas];
      const outside = cluster.ids.find((id) => !owners.includes(id))!;
      const target = '/api/v1/memories?space=kitchen';
      await cluster.ask(outside, 'GET', target);
      for (const owner of owners) cluster.world.partition([outside], [owner]);
      for (let i = 0; i < 8; i++) await cluster.ask(outside, 'GET', target);
      cluster.world.heal();
      await cluster.run(10_000);
      const answer = await cluster.ask(outside, 'GET', target);
      expect(answer.status).toBe(faults.length === 0 ? 200 : 503);
    }
  });
});
