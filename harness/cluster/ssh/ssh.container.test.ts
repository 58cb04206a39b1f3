import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faults } from '../../../nemesis/index.ts';
import { engramSpec } from '../../systems/engram/testing/start.ts';
import { engramSubject } from '../../systems/engram/testing/subject.ts';
import { makeRng } from '../../world/rng.ts';
import { acceptance, acceptanceNodes } from '../acceptance.ts';
import type { Cluster, ClusterSpec } from '../cluster.ts';
import { execIn } from '../docker/containers.ts';
import { openEngine } from '../docker/engine.ts';
import { engineForTests } from '../docker/testing/engine.ts';
import type { SshSpec } from '../places.ts';
import { createSshCluster } from './ssh.ts';
import { startHosts, type TestHosts } from './testing/hosts.ts';

const answering = await engineForTests();

describe.skipIf(!answering)('nodes on hosts that are reached by ssh', () => {
  let hosts: TestHosts;
  beforeAll(async () => {
    hosts = await startHosts(`test-${process.pid}-ssh`, 5);
  }, 600_000);
  afterAll(async () => {
    await hosts?.remove();
  });

  const sshOf = (given: Partial<SshSpec> = {}): SshSpec => ({
    hosts: hosts.addresses,
    user: 'tester',
    keyFile: hosts.keyFile,
    knownHostsFile: hosts.knownHostsFile,
    jump: '',
    sudo: true,
    ...given,
  });
  const specOf = (name: string, nodes: number, ssh: Partial<SshSpec> = {}): ClusterSpec => ({
    ...engramSpec({ runId: `test-${process.pid}-${name}`, nodes }),
    ssh: sshOf(ssh),
  });
  const onHost = (i: number, argv: readonly string[]) =>
    execIn(openEngine(), hosts.containers[i], argv, 10_000);

  describe('keep the promises of every runtime', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await createSshCluster(specOf('keep', acceptanceNodes));
    });
    afterAll(async () => {
      await cluster?.destroy();
    });
    for (const { promise, check } of acceptance) {
      it(promise, () => check(cluster, engramSubject));
    }

    for (const [kind, variant] of [
      ['partition', 'halves'],
      ['partition', 'one-way'],
      ['kill', 'minority'],
      ['pause', 'one'],
    ] as const) {
      it(`${kind} ${variant} is applied and proved, healed and proved`, async () => {
        const fault = faults[kind];
        const nodes = cluster.nodes.map(({ name }) => name);
        const context = { nodes, rng: makeRng(5), startMs: 0, durationMs: 1000 };
        const plan = fault.plan(context, variant, 1);
        await fault.apply(cluster, plan);
        const active = await fault.proveActive(cluster, plan);
        expect(active.effective, active.evidence.join('\n')).toBe('effective');
        await fault.heal(cluster, plan);
        const gone = await fault.proveGone(cluster, plan);
        expect(gone.proved, gone.evidence.join('\n')).toBe(true);
      });
    }

    it('take more programs at once than sshd takes sessions', async () => {
      const many = Array.from({ length: 20 }, (_, i) =>
        cluster.exec('n1', ['printf', '%s', String(i)], 20_000),
      );
      const outputs = (await Promise.all(many)).map(({ stdout }) => stdout);
      expect(outputs).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    });

    it('are reached by a new connection after one was lost; what was under way is not done again', async () => {
      const slow = cluster.exec('n1', ['sleep', '20'], 30_000);
      const lost = expect(slow).rejects.toThrow('was lost while sleep ran there');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await onHost(0, [
        'bash',
        '-c',
        'kill $(ps -eo pid,args | grep "[s]shd: tester" | cut -c1-8)',
      ]);
      await lost;
      const again = await cluster.exec('n1', ['printf', 'here'], 20_000);
      expect(again.stdout).toBe('here');
      expect(await cluster.state('n1')).toBe('running');
    });

    it('leave nothing behind when they are destroyed, and can be destroyed twice', async () => {
      await cluster.destroy();
      const { stdout } = await onHost(0, ['/bin/bash', '-c', 'ls -A /tmp/amnesia/*; iptables -S']);
      expect(stdout).not.toContain('n1');
      expect(stdout).not.toContain('-N AMNESIA\n');
      await cluster.destroy();
    });
  });

  it('start on five hosts, through a sixth that leads there', async () => {
    const cluster = await createSshCluster(
      specOf('jump', 4, { hosts: hosts.addresses.slice(1), jump: `tester@${hosts.addresses[0]}` }),
    );
    try {
      expect(cluster.nodes[0].url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(await cluster.state('n4')).toBe('running');
    } finally {
      await cluster.destroy();
    }
  });

  it('are refused where a host shows a key that nobody has written down, or another one', async () => {
    const empty = join(hosts.folder, 'empty');
    writeFileSync(empty, '');
    await expect(
      createSshCluster(specOf('unknown', 1, { knownHostsFile: empty })),
    ).rejects.toMatchObject({ code: 'no-rights', message: expect.stringContaining('ssh-keyscan') });
    const wrong = join(hosts.folder, 'wrong');
    const other = `${hosts.addresses[0]} ssh-ed25519 ${Buffer.from('another').toString('base64')}\n`;
    writeFileSync(wrong, other);
    await expect(createSshCluster(specOf('changed', 1, { knownHostsFile: wrong }))).rejects.toThrow(
      'not the one in known_hosts',
    );
  });

  it('are refused to a user whose key the host does not take', async () => {
    await expect(createSshCluster(specOf('user', 1, { user: 'nobody' }))).rejects.toMatchObject({
      code: 'no-rights',
      message: expect.stringContaining('--ssh-user'),
    });
  });

  it('cannot be cut where rules may not be set, and everything else works', async () => {
    const cluster = await createSshCluster(specOf('poor', 1, { sudo: false }));
    try {
      expect(cluster.capabilities.has('cut')).toBe(false);
      expect(await cluster.state('n1')).toBe('running');
    } finally {
      await cluster.destroy();
    }
  });

  it('are given up soon where a host hangs', async () => {
    const [container] = hosts.containers;
    await container.pause();
    try {
      const began = performance.now();
      await expect(createSshCluster(specOf('hangs', 1))).rejects.toMatchObject({
        code: 'no-engine',
      });
      expect(performance.now() - began).toBeLessThan(30_000);
    } finally {
      await container.unpause();
    }
  });
});
