import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engramImage } from '../../systems/engram/program.ts';
import { engramSpec } from '../../systems/engram/testing/start.ts';
import { engramSubject } from '../../systems/engram/testing/subject.ts';
import { acceptance, acceptanceNodes } from '../acceptance.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { createDockerCluster } from './docker.ts';
import { openEngine } from './engine.ts';
import { bundleLabel, digestOf, ensureImage } from './image.ts';
import { labelNames, labelsOf } from './labels.ts';
import { leftovers, sweep } from './leftovers.ts';
import { engineForTests } from './testing/engine.ts';

const answering = await engineForTests();
const root = fileURLToPath(new URL('../../..', import.meta.url));
const runIdOf = (name: string): string => `test-${process.pid}-${name}`;

async function ofRun(runId: string): Promise<{ containers: string[]; networks: string[] }> {
  const engine = openEngine();
  const filters = { label: [`${labelNames.run}=${runId}`] };
  const containers = await engine.listContainers({ all: true, filters });
  const networks = await engine.listNetworks({ filters });
  return {
    containers: containers.map((each) => each.Names[0]),
    networks: networks.map((each) => each.Name),
  };
}

const nothing = { containers: [], networks: [] };

describe.skipIf(!answering)('nodes in containers', () => {
  describe('keep the promises of every runtime', () => {
    const runId = runIdOf('acceptance');
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await createDockerCluster(engramSpec({ runId, nodes: acceptanceNodes }));
    });
    afterAll(async () => {
      await cluster?.destroy();
    });
    for (const { promise, check } of acceptance) {
      it(promise, () => check(cluster, engramSubject));
    }

    it('have no capability at all, and yet can be cut off from each other', async () => {
      expect(cluster.capabilities.has('cut')).toBe(true);
      const status = await cluster.exec('n1', ['grep', 'CapEff', '/proc/self/status'], 5000);
      expect(BigInt(`0x${status.stdout.split(/\s+/)[1]}`)).toBe(0n);
    });

    it('have no way to anything outside of their cluster, not even to the machine they run on', async () => {
      const gateway = cluster.nodes[0].address.replace(/\d+$/, (last) => String(Number(last) - 1));
      const server = createServer((socket) => socket.end()).listen(0, gateway);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const dial = `require('node:net').connect({ host: process.argv[1], port: process.argv[2] })
        .on('connect', () => process.exit(0)).on('error', () => process.exit(3))
        .setTimeout(1000, () => process.exit(4))`;
      const to = (host: string, at: number) =>
        cluster.exec('n1', ['node', '-e', dial, '--', host, String(at)], 10_000);
      try {
        expect((await to(cluster.nodes[1].address, 7432)).exitCode).toBe(0);
        expect((await to(gateway, port)).exitCode).not.toBe(0);
        expect((await to('192.0.2.1', 80)).exitCode).not.toBe(0);
      } finally {
        server.close();
      }
    });

    it('belong to a living run, so that a sweep leaves them alone', async () => {
      const before = await ofRun(runId);
      expect(before.containers).toHaveLength(2 * acceptanceNodes);
      await sweep();
      expect(await ofRun(runId)).toEqual(before);
    });

    it('leave nothing behind when they are destroyed, and can be destroyed twice', async () => {
      await cluster.destroy();
      expect(await ofRun(runId)).toEqual(nothing);
      await cluster.destroy();
    });
  });

  it('are removed, when one dies at its start, with its last words and exit code in the error', async () => {
    const runId = runIdOf('dies');
    const env = { ENGRAM_REPLICATION_FACTOR: 'many' };
    const created = createDockerCluster(engramSpec({ runId, nodes: acceptanceNodes }, { env }));
    const error = await created.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).code).toBe('settings-refused');
    expect((error as Error).message).toMatch(/exit code \d+/);
    expect((error as Error).message).toContain('ENGRAM_REPLICATION_FACTOR');
    expect(await ofRun(runId)).toEqual(nothing);
  });

  it('are removed when they do not find each other in time', async () => {
    const runId = runIdOf('late');
    const base = { runId, nodes: acceptanceNodes, readyTimeoutMs: 1 };
    const spec = engramSpec(base, { env: { ENGRAM_SEEDS: '' } });
    await expect(createDockerCluster(spec)).rejects.toMatchObject({ code: 'not-ready' });
    expect(await ofRun(runId)).toEqual(nothing);
  });

  it('of two runs at once live in networks of their own', async () => {
    const specs = ['left', 'right'].map((name) => engramSpec({ nodes: 1, runId: runIdOf(name) }));
    const clusters = await Promise.all(specs.map(createDockerCluster));
    try {
      expect(new Set(clusters.map((each) => each.environment.subnet)).size).toBe(2);
      expect(new Set(clusters.map((each) => each.nodes[0].address)).size).toBe(2);
    } finally {
      await Promise.all(clusters.map((each) => each.destroy()));
    }
  });

  it('of a dead run are swept', async () => {
    const runId = runIdOf('orphan');
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    const engine = openEngine();
    const { name } = await ensureImage(engine, engramImage);
    const labels = { ...labelsOf(runId), [labelNames.pid]: String(dead.pid) };
    const network = await engine.createNetwork({ Name: runId, Labels: labels, Internal: true });
    const container = await engine.createContainer({
      name: runId,
      Image: name,
      Cmd: ['sleep', '600'],
      Labels: labels,
      HostConfig: { NetworkMode: runId },
    });
    await container.start();
    expect(await leftovers()).toEqual(expect.arrayContaining([runId]));
    const removed = await sweep();
    expect(removed).toEqual(
      expect.arrayContaining([
        { kind: 'container', name: runId, runId },
        { kind: 'network', name: runId, runId },
      ]),
    );
    await expect(network.inspect()).rejects.toThrow();
    expect(await ofRun(runId)).toEqual(nothing);
  });
});

describe.skipIf(!answering)('setup', () => {
  it('finds everything done, and has made the image that a run looks for', async () => {
    const { stdout } = await promisify(execFile)('bash', ['docker/setup.sh'], { cwd: root });
    expect(stdout).toContain('ready');
    const engine = openEngine();
    const { name } = await ensureImage(engine, engramImage);
    const image = await engine.getImage(name).inspect();
    expect(image.Config.Labels[bundleLabel]).toBe(digestOf(engramImage));
    const again = await promisify(execFile)('bash', ['docker/setup.sh'], { cwd: root });
    expect(again.stdout.trim()).toBe('setup: ready');
  });
});

describe('without an engine', () => {
  it('a cluster is refused with what to do', async () => {
    const before = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = 'unix:///no/such/socket';
    try {
      const created = createDockerCluster(
        engramSpec({ nodes: acceptanceNodes, runId: runIdOf('none') }),
      );
      await expect(created).rejects.toMatchObject({
        code: 'no-engine',
        message: expect.stringContaining('npm run setup'),
      });
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  });
});
