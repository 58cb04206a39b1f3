import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultRefused, faults, refuseImpossible } from '../../../nemesis/index.ts';
import { engramSpec } from '../../systems/engram/testing/start.ts';
import { engramSubject } from '../../systems/engram/testing/subject.ts';
import { makeRng } from '../../world/rng.ts';
import { acceptance, acceptanceNodes } from '../acceptance.ts';
import type { Cluster } from '../cluster.ts';
import { createLocalCluster, sweepLocal } from './local.ts';

const runIdOf = (name: string): string => `test-${process.pid}-${name}`;

describe.skipIf(process.platform !== 'linux')('nodes on loopback', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await createLocalCluster(
      engramSpec({ runId: runIdOf('local'), nodes: acceptanceNodes }),
    );
  });
  afterAll(async () => {
    await cluster?.destroy();
  });

  for (const { promise, check } of acceptance) {
    it(promise, () => check(cluster, engramSubject));
  }

  for (const kind of ['kill', 'pause']) {
    it(`${kind} is applied and proved, healed and proved`, async () => {
      const fault = faults[kind];
      const nodes = cluster.nodes.map(({ name }) => name);
      const context = { nodes, rng: makeRng(7), startMs: 0, durationMs: 1000 };
      const plan = fault.plan(context, 'one', 1);
      expect((await fault.proveActive(cluster, plan)).effective).toBe('none');
      await fault.apply(cluster, plan);
      expect((await fault.proveActive(cluster, plan)).effective).toBe('effective');
      await fault.heal(cluster, plan);
      expect((await fault.proveGone(cluster, plan)).proved).toBe(true);
    });
  }

  it('cannot be cut, and that is said by name', () => {
    expect(() => refuseImpossible(cluster, ['partition'])).toThrow(FaultRefused);
  });

  it('are swept when their run is dead, and not before', async () => {
    const other = await createLocalCluster(engramSpec({ runId: runIdOf('orphan'), nodes: 1 }));
    expect(await sweepLocal()).toEqual([]);
    const path = join(other.environment.folder, 'owner.json');
    const record = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(
      path,
      JSON.stringify({ ...record, owner: { ...record.owner, pid: 2 ** 22 + 1 } }),
    );
    expect(await sweepLocal()).toEqual([runIdOf('orphan')]);
    expect(existsSync(other.environment.folder)).toBe(false);
    await other.destroy();
    expect(await other.state('n1')).toBe('exited');
  });

  it('leave nothing behind when they are destroyed, and can be destroyed twice', async () => {
    const { folder } = cluster.environment;
    await cluster.destroy();
    expect(existsSync(folder)).toBe(false);
    await cluster.destroy();
  });
});
