import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faults } from '../../../nemesis/index.ts';
import { engramSpec } from '../../systems/engram/testing/start.ts';
import { engramSubject } from '../../systems/engram/testing/subject.ts';
import { makeRng } from '../../world/rng.ts';
import { acceptance, acceptanceNodes } from '../acceptance.ts';
import type { Cluster } from '../cluster.ts';
import { listNamespaces } from './namespaces.ts';
import { createNetnsCluster, sweepNetns, whyNoNetns } from './netns.ts';
import { recordPath } from './records.ts';

const why = await whyNoNetns();
if (why !== null) {
  if (process.env.CI === 'true') throw new Error(`tests of namespaces must run in CI: ${why}`);
  process.stderr.write(`\nNO TESTS OF NETWORK NAMESPACES: ${why}\n\n`);
}

const runIdOf = (name: string): string => `test-${process.pid}-${name}`;
const ofRun = async (runId: string): Promise<string[]> =>
  (await listNamespaces()).filter((name) => name.includes(runId));

describe.skipIf(why !== null)('nodes in network namespaces', () => {
  describe('keep the promises of every runtime', () => {
    const runId = runIdOf('keep');
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await createNetnsCluster(engramSpec({ runId, nodes: acceptanceNodes }));
    });
    afterAll(async () => {
      await cluster?.destroy();
    });
    for (const { promise, check } of acceptance) {
      it(promise, () => check(cluster, engramSubject));
    }

    for (const kind of ['partition', 'kill', 'pause']) {
      const fault = faults[kind];
      const possible = fault.variants.filter(
        // Three nodes without a memory have no primary, and are too few for some shapes.
        (each) => !/primary/.test(each) && !['majorities-ring', 'minority-third'].includes(each),
      );
      for (const variant of possible) {
        it(`${kind} ${variant} is applied and proved, healed and proved`, async () => {
          const nodes = cluster.nodes.map(({ name }) => name);
          const context = { nodes, rng: makeRng(7), startMs: 0, durationMs: 1000 };
          const plan = fault.plan(context, variant, 1);
          expect((await fault.proveActive(cluster, plan)).effective).toBe('none');
          await fault.apply(cluster, plan);
          const active = await fault.proveActive(cluster, plan);
          expect(active.effective, active.evidence.join('\n')).toBe('effective');
          if (kind !== 'kill') expect((await fault.proveGone(cluster, plan)).proved).toBe(false);
          await fault.heal(cluster, plan);
          const gone = await fault.proveGone(cluster, plan);
          expect(gone.proved, gone.evidence.join('\n')).toBe(true);
        });
      }
    }

    it('are cut off by IPv6, too, and still are when they come back from a kill', async () => {
      const [n1, n2] = cluster.nodes;
      const dial = (host: string) =>
        cluster.exec('n1', ['/bin/bash', '-c', 'exec 3<>"/dev/tcp/$0/1"', host], 5000).then(
          ({ stderr }) => (stderr.includes('refused') ? 'open' : stderr),
          () => 'blocked',
        );
      const hosts = [n2.address, n2.address6 ?? ''];
      expect(await Promise.all(hosts.map(dial))).toEqual(['open', 'open']);
      await cluster.network?.cut({ n1: ['n2'], n2: ['n1'] }, null);
      expect(await Promise.all(hosts.map(dial))).toEqual(['blocked', 'blocked']);
      await cluster.kill('n2');
      await cluster.start('n2');
      expect((await cluster.network?.probe('n1', 200))?.open).toMatchObject({
        [n2.address]: false,
      });
      await cluster.network?.heal();
      expect(await Promise.all(hosts.map(dial))).toEqual(['open', 'open']);
      expect(n1.address6).not.toBe(n2.address6);
    });

    it('belong to a living run, so that a sweep leaves them alone', async () => {
      await sweepNetns();
      expect(await ofRun(runId)).toHaveLength(acceptanceNodes + 1);
    });

    it('leave nothing behind when they are destroyed, and can be destroyed twice', async () => {
      const folder = cluster.environment.folder;
      expect(existsSync(folder)).toBe(true);
      await cluster.destroy();
      expect(await ofRun(runId)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
      await cluster.destroy();
    });
  });

  it('are removed, when one dies at its start, with its last words and exit code in the error', async () => {
    const runId = runIdOf('dies');
    const env = { ENGRAM_REPLICATION_FACTOR: 'many' };
    await expect(
      createNetnsCluster(engramSpec({ runId, nodes: 1 }, { env })),
    ).rejects.toMatchObject({
      code: 'settings-refused',
      message: expect.stringContaining('ENGRAM_REPLICATION_FACTOR'),
    });
    expect(await ofRun(runId)).toEqual([]);
  });

  it('are refused where a program is no program of this machine', async () => {
    const runId = runIdOf('image');
    const spec = engramSpec({ runId, nodes: 1 });
    const program = { ...spec.program, command: undefined };
    await expect(createNetnsCluster({ ...spec, program })).rejects.toThrow('--runtime docker');
    expect(await ofRun(runId)).toEqual([]);
  });

  it('of a dead run are swept, with the processes that still run there', async () => {
    const runId = runIdOf('orphan');
    const cluster = await createNetnsCluster(engramSpec({ runId, nodes: 1 }));
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    const path = recordPath(cluster.environment.subnet);
    const record = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...record, owner: { ...record.owner, pid: dead.pid } }));
    expect(await sweepNetns()).toEqual([runId]);
    expect(await ofRun(runId)).toEqual([]);
    expect(await cluster.state('n1')).toBe('exited');
    expect(existsSync(path)).toBe(false);
  });
});
