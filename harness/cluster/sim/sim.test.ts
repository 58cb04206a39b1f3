/** Virtual nodes keep the promises of every runtime, and those that only they make. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engramSpec } from '../../systems/engram/testing/start.ts';
import { engramSubject } from '../../systems/engram/testing/subject.ts';
import { jsonBody } from '../../world/world.ts';
import { acceptance, acceptanceNodes } from '../acceptance.ts';
import type { Cluster } from '../cluster.ts';
import { createSimCluster } from './sim.ts';

const place = { nodes: acceptanceNodes, runId: 'sim-test', seed: 5 };
const spec = engramSpec(place);

describe('virtual nodes keep the promises of every runtime', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await createSimCluster(spec);
  });
  const promised = acceptance.filter(({ needs }) => !needs || needs !== 'exec');
  it('as many as were meant', () => {
    expect(promised.length).toBe(acceptance.length - 2);
  });
  for (const { promise, check } of promised) {
    it(promise, () => check(cluster, engramSubject));
  }
  afterAll(async () => {
    await cluster.destroy();
    await cluster.destroy();
  });
});

describe('a virtual world', () => {
  it('stands still while nobody waits for it', async () => {
    const { world } = await createSimCluster(spec);
    const before = world.clock.wallMs();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(world.clock.wallMs()).toBe(before);
    await world.clock.sleep(500);
    expect(world.clock.wallMs()).toBeCloseTo(before + 500, 3);
  });

  it('shows no two looks at its clock the same time', async () => {
    const { world } = await createSimCluster(spec);
    const looks = Array.from({ length: 100 }, () => world.clock.nowNs());
    expect(new Set(looks).size).toBe(looks.length);
  });

  it('refuses settings that a node would refuse, with its words', async () => {
    const created = createSimCluster(engramSpec(place, { nodeFaults: ['no-such-switch'] }));
    await expect(created).rejects.toMatchObject({ code: 'settings-refused', exitCode: 254 });
    await expect(created).rejects.toThrow(/ENGRAM_FAULTS has no-such-switch/);
  });

  it('lets a node die of a log that cannot be, with its exit code and its last words', async () => {
    const cluster = await createSimCluster(engramSpec(place, { nodeFaults: ['torn-tail-fatal'] }));
    const { world, machines, nodes } = cluster;
    const loss = { lose: 'all', names: 'ordered', torn: true, seed: 1 } as const;
    let died = false;
    for (let attempt = 0; attempt < 40 && !died; attempt++) {
      const connection = world.connect(nodes[0].url, { timeoutMs: 500 });
      const headers = { 'content-type': 'application/json', 'x-memory-space': 'torn' };
      const body = jsonBody({ content: 'x'.repeat(2000) });
      const write = { method: 'POST', path: '/api/v1/memories/remember', headers, body } as const;
      const answer = connection.request(write).catch(() => null);
      await world.clock.sleep(0.5 + (attempt % 10) / 4);
      for (const { name } of nodes) machines!.cutPower(name, loss);
      await answer;
      for (const { name } of nodes) await cluster.start(name);
      await world.clock.sleep(2000);
      for (const { name } of nodes) {
        if ((await cluster.state(name)) !== 'exited') continue;
        died = true;
        expect(await cluster.exitCode!(name)).toBe(74);
        expect((await cluster.logs(name, 1))[0]).toMatch(/torn tail/);
      }
    }
    expect(died).toBe(true);
  });
});
