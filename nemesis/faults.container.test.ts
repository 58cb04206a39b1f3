import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../harness/cluster/cluster.ts';
import { createDockerCluster } from '../harness/cluster/docker/docker.ts';
import { runBeside } from '../harness/cluster/docker/testing/beside.ts';
import { engineForTests } from '../harness/cluster/docker/testing/engine.ts';
import { waitUntilReady } from '../harness/cluster/ready.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import { engramSpec } from '../harness/systems/engram/testing/start.ts';
import { makeRng } from '../harness/world/rng.ts';
import type { Fault } from './fault.ts';
import { FaultRefused, faults, refuseImpossible } from './index.ts';

const answering = await engineForTests();
const execTimeoutMs = 15_000;
/** The others need more to stand beside the nodes; `machines.container.test.ts` is about those. */
const possible = Object.values(faults).filter(({ needs }) =>
  needs.every((need) => ['exec', 'kill', 'pause', 'cut'].includes(need)),
);

/**
 * argv: own address, peer, seconds. Sends a number by UDP and by one TCP connection, which is made before
 * anything is cut, ten times a second; a listener at the other end counts. Prints what it received itself.
 */
const talker = `
const [self, peer, runMs, quietMs] = process.argv.slice(1);
const net = require('node:net');
const udp = require('node:dgram').createSocket('udp4');
const counts = { tcpEarly: 0, tcpLate: 0, udpEarly: 0, udpLate: 0 };
const began = Date.now();
const count = (kind) => counts[kind + (Date.now() - began > quietMs ? 'Late' : 'Early')]++;
net.createServer((socket) => {
  socket.on('data', () => count('tcp'));
  socket.on('error', () => {});
}).listen(7999, self);
udp.on('message', () => count('udp')).bind(7999, self);
let socket;
const dial = () => {
  socket = net.connect(7999, peer);
  socket.on('error', () => setTimeout(dial, 50));
};
dial();
setInterval(() => { udp.send('1', 7999, peer); if (!socket.pending) socket.write('1'); }, 100);
setTimeout(() => { process.stdout.write(JSON.stringify(counts)); process.exit(0); }, Number(runMs));
`;

async function rulesOf(runId: string, node: string): Promise<string[]> {
  const { stdout } = await runBeside(runId, node, ['iptables', '-w', '-S']);
  return stdout.trim().split('\n');
}

describe.skipIf(!answering)('faults in containers', () => {
  const runId = `test-${process.pid}-faults`;
  let cluster: Cluster;
  const foreign = ['-A INPUT -s 192.0.2.77/32 -j DROP', '-A OTHER -p tcp -j ACCEPT'];
  let untouched: string[];

  beforeAll(async () => {
    cluster = await createDockerCluster(engramSpec({ runId, nodes: 5 }));
    const body = JSON.stringify({ content: 'so that there is a primary' });
    const headers = { 'content-type': 'application/json' };
    const url = `${cluster.nodes[0].url}/api/v1/memories/remember`;
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(201);
    for (const argv of [
      ['-I', 'INPUT', '1', '-s', '192.0.2.77', '-j', 'DROP'],
      ['-N', 'OTHER'],
      ['-A', 'OTHER', '-p', 'tcp', '-j', 'ACCEPT'],
    ]) {
      await runBeside(runId, 'n1', ['iptables', '-w', ...argv]);
    }
    untouched = await rulesOf(runId, 'n1');
    expect(untouched).toEqual(expect.arrayContaining(foreign));
  });
  afterAll(async () => {
    await cluster?.destroy();
  });

  async function planned(fault: Fault, variant: string): Promise<FaultPlan> {
    const nodes = cluster.nodes.map((node) => node.name);
    const context = { nodes, rng: makeRng(11), startMs: 0, durationMs: 1000 };
    const plan = fault.plan(context, variant, 1);
    return (await fault.resolve?.(cluster, plan)) ?? plan;
  }

  it('are all possible here', () => {
    const kinds = possible.map((fault) => fault.kind);
    expect(kinds).toEqual(['partition', 'kill', 'pause', 'flapping']);
    refuseImpossible(cluster, kinds);
  });

  for (const fault of possible) {
    for (const variant of fault.variants) {
      it(`${fault.kind} ${variant} is applied and proved, healed and proved`, async () => {
        const plan = await planned(fault, variant);
        const before = await fault.proveActive(cluster, plan);
        expect(before.effective, before.evidence.join('\n')).toBe('none');
        try {
          await fault.apply(cluster, plan);
          const proof = await fault.proveActive(cluster, plan);
          expect(proof.effective, proof.evidence.join('\n')).toBe('effective');
          // A killed node would be waited for until the deadline of its restart.
          if (fault.kind !== 'kill') {
            const still = await fault.proveGone(cluster, plan);
            expect(still.proved, still.evidence.join('\n')).toBe(false);
          }
        } finally {
          await fault.heal(cluster, plan);
        }
        const healed = await fault.proveGone(cluster, plan);
        expect(healed.proved, healed.evidence.join('\n')).toBe(true);
        await fault.heal(cluster, plan);
        if (fault.kind === 'partition') expect(await rulesOf(runId, 'n1')).toEqual(untouched);
      });
    }
  }
});

describe.skipIf(!answering)('a partition in containers', () => {
  let cluster: Cluster;
  const runId = `test-${process.pid}-cut`;
  beforeAll(async () => {
    cluster = await createDockerCluster(engramSpec({ runId, nodes: 3 }));
  });
  afterAll(async () => {
    await cluster?.destroy();
  });

  const cutOf = (grudge: FaultPlan['grudge']): FaultPlan => ({
    id: 1,
    kind: 'partition',
    variant: 'halves',
    atMs: 0,
    untilMs: 1,
    targets: [],
    grudge,
  });
  const partition = faults.partition!;

  it('stops TCP connections that exist, and UDP; in one direction only where that was wanted', async () => {
    const [n1, n2] = cluster.nodes.map((node) => node.address);
    const quietMs = 3000;
    const talk = (node: string, self: string, peer: string) =>
      cluster.exec(
        node,
        ['node', '-e', talker, '--', self, peer, '5000', String(quietMs)],
        execTimeoutMs,
      );
    const talks = Promise.all([talk('n1', n1!, n2!), talk('n2', n2!, n1!)]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const plan = cutOf({ n1: ['n2'] });
    await partition.apply(cluster, plan);
    const [heard1, heard2] = (await talks).map(({ stdout }) => JSON.parse(stdout));
    await partition.heal(cluster, plan);
    expect(heard1.udpEarly).toBeGreaterThan(0);
    expect(heard1.tcpEarly).toBeGreaterThan(0);
    expect(heard1.udpLate).toBe(0);
    expect(heard1.tcpLate).toBe(0);
    expect(heard2.udpLate).toBeGreaterThan(0);
  });

  it('replaces the one before, and is gone after one heal', async () => {
    await partition.apply(cluster, cutOf({ n1: ['n2', 'n3'] }));
    const second = cutOf({ n1: ['n3'], n3: ['n1'] });
    await partition.apply(cluster, second);
    const proof = await partition.proveActive(cluster, second);
    await partition.heal(cluster, second);
    expect(proof.effective, proof.evidence.join('\n')).toBe('effective');
    for (const { name } of cluster.nodes) {
      expect(await rulesOf(runId, name)).not.toContain('-N AMNESIA');
    }
  });

  it('outlives the nodes: one that is killed and started again is still cut off', async () => {
    const plan = cutOf({ n1: ['n2', 'n3'], n2: ['n1'], n3: ['n1'] });
    await partition.apply(cluster, plan);
    await cluster.kill('n1');
    const dead = await partition.proveActive(cluster, plan);
    await cluster.start('n1');
    const again = await partition.proveActive(cluster, plan);
    await partition.heal(cluster, plan);
    expect(dead.effective, dead.evidence.join('\n')).toBe('effective');
    expect(again.effective, again.evidence.join('\n')).toBe('effective');
    const gone = await partition.proveGone(cluster, plan);
    expect(gone.proved, gone.evidence.join('\n')).toBe(true);
    await waitUntilReady(cluster, 20_000);
  });

  it('leaves every node to its clients', async () => {
    const plan = cutOf({ n1: ['n2', 'n3'], n2: ['n1', 'n3'], n3: ['n1', 'n2'] });
    await partition.apply(cluster, plan);
    const answers = await Promise.all(
      cluster.nodes.map((node) => cluster.world.ask(node.url, '/health/alive', 5000)),
    );
    await partition.heal(cluster, plan);
    expect(answers).not.toContain(null);
  });

  it('is partial, and says where, when a rule was lost on the way', async () => {
    const plan = cutOf({ n1: ['n2'], n2: ['n1'] });
    await partition.apply(cluster, plan);
    await runBeside(runId, 'n2', ['iptables', '-w', '-F', 'AMNESIA']);
    const proof = await partition.proveActive(cluster, plan);
    await partition.heal(cluster, plan);
    expect(proof.effective).toBe('partial');
    expect(proof.evidence).toContain('n2: no rule against n1 (NOT EXPECTED)');
  });

  it('is refused where the cluster may not set packet filters', () => {
    const poor = { ...cluster, capabilities: new Set(['exec', 'kill'] as const) };
    expect(() => refuseImpossible(poor as unknown as Cluster, ['kill'])).not.toThrow();
    expect(() => refuseImpossible(poor as unknown as Cluster, ['kill', 'partition'])).toThrow(
      FaultRefused,
    );
  });
});
