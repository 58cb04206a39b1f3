/**
 * What every runtime must do for the nodes that live in it. A list of promises with the check of each, so that
 * any test runner can go through it; a new runtime is done when it keeps them all.
 */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import type { Asked, Capability, Cluster, NodeHandle } from './cluster.ts';

export interface AcceptanceCase {
  /** A sentence about the runtime. */
  readonly promise: string;
  /** Promised by those that have this capability. */
  readonly needs?: Capability;
  /** Rejects with AssertionError where it is not kept. The cluster is usable afterwards. */
  check(cluster: Cluster, subject: Subject): Promise<void>;
}

/** The system that runs on the nodes meanwhile, as far as the suite needs one. */
export interface Subject {
  /** Was it acknowledged, by all nodes that keep it? */
  write(asked: Asked, node: NodeHandle, id: string): Promise<boolean>;
  /** Is it there, read through this node? */
  reads(asked: Asked, node: NodeHandle, id: string): Promise<boolean>;
}

const answerTimeoutMs = 1000;
const deadlineMs = 20_000;
const execTimeoutMs = 10_000;

/** Nodes that the checks expect. */
export const acceptanceNodes = 3;

async function eventually(
  { world: { clock } }: Cluster,
  what: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  const untilNs = clock.nowNs() + deadlineMs * 1e6;
  while (!(await holds())) {
    ok(clock.nowNs() < untilNs, `${what}: not within ${deadlineMs} ms`);
    await clock.sleep(50);
  }
}

const handleOf = (cluster: Cluster, name: string): NodeHandle =>
  cluster.nodes.find((node) => node.name === name)!;
const answers = (cluster: Cluster, name: string): Promise<boolean> =>
  cluster.inquiries.answers(cluster, handleOf(cluster, name), answerTimeoutMs);
const missing = (cluster: Cluster, name: string): Promise<string | null> =>
  cluster.inquiries.missing(cluster, handleOf(cluster, name));

export const acceptance: readonly AcceptanceCase[] = [
  {
    promise: 'names its nodes n1, n2 ... and gives each an address of its own',
    check: async ({ nodes }) => {
      deepEqual(
        nodes.map((node) => node.name),
        nodes.map((_, i) => `n${i + 1}`),
      );
      equal(new Set(nodes.map((node) => node.address)).size, nodes.length);
    },
  },
  {
    promise: 'is ready only when every node says so',
    check: async (cluster) => {
      for (const { name } of cluster.nodes) {
        equal(await missing(cluster, name), null);
      }
    },
  },
  {
    promise: 'says what it is made of',
    check: async ({ environment }) => {
      ok(Object.keys(environment).length > 0);
      for (const [name, value] of Object.entries(environment)) ok(value !== '', name);
    },
  },
  {
    promise: 'kills a node, keeps its data, and starts it again on them',
    check: async (cluster, subject) => {
      ok(await subject.write(cluster, handleOf(cluster, 'n2'), 'before-the-kill'));
      await Promise.all(cluster.nodes.map((node) => cluster.kill(node.name)));
      for (const { name } of cluster.nodes) {
        equal(await cluster.state(name), 'exited');
        if (cluster.exitCode) equal(await cluster.exitCode(name), 137);
        equal(await answers(cluster, name), false);
      }
      await Promise.all(cluster.nodes.map((node) => cluster.start(node.name)));
      for (const { name } of cluster.nodes) {
        equal(await cluster.state(name), 'running');
        await eventually(cluster, `${name} answers again`, () => answers(cluster, name));
        await eventually(
          cluster,
          `${name} is ready again`,
          async () => (await missing(cluster, name)) === null,
        );
        await eventually(cluster, `${name} still has what was written`, () =>
          subject.reads(cluster, handleOf(cluster, name), 'before-the-kill'),
        );
      }
    },
  },
  {
    promise: 'kills what is dead, starts what runs, resumes what was not paused: without complaint',
    check: async (cluster) => {
      await cluster.start('n1');
      await cluster.resume('n1');
      await cluster.kill('n1');
      await cluster.kill('n1');
      await cluster.start('n1');
      await eventually(cluster, 'n1 answers again', () => answers(cluster, 'n1'));
    },
  },
  {
    promise: 'freezes a node so that it is silent, and thaws it',
    check: async (cluster) => {
      await cluster.pause('n3');
      try {
        equal(await cluster.state('n3'), 'paused');
        equal(await answers(cluster, 'n3'), false);
      } finally {
        await cluster.resume('n3');
      }
      equal(await cluster.state('n3'), 'running');
      await eventually(cluster, 'n3 answers again', () => answers(cluster, 'n3'));
    },
  },
  {
    promise: 'kills a node that is frozen',
    check: async (cluster) => {
      await cluster.pause('n2');
      await cluster.kill('n2');
      equal(await cluster.state('n2'), 'exited');
      await cluster.start('n2');
      await eventually(cluster, 'n2 answers again', () => answers(cluster, 'n2'));
    },
  },
  {
    needs: 'exec',
    promise: 'runs a program with its arguments as they are, and tells output and exit code',
    check: async (cluster) => {
      const hostile = '$(echo no); `echo no` "\' ; true # é';
      const printed = await cluster.exec('n1', ['printf', '%s', hostile], execTimeoutMs);
      deepEqual(printed, { exitCode: 0, stdout: hostile, stderr: '' });
      const failed = await cluster.exec('n1', ['ls', '/no/such/place'], execTimeoutMs);
      ok(failed.exitCode !== 0);
      match(failed.stderr, /no\/such\/place/);
    },
  },
  {
    needs: 'exec',
    promise: 'gives up on a program that does not end',
    check: async (cluster) => {
      await rejects(cluster.exec('n1', ['sleep', '30'], 300), /did not end within 300 ms/);
    },
  },
  {
    promise: 'shows the last lines of a node, oldest first, and no more than were asked for',
    check: async (cluster) => {
      const all = await cluster.logs('n1', 10_000);
      ok(all.length > 1);
      deepEqual(await cluster.logs('n1', 1), all.slice(-1));
    },
  },
  {
    promise: 'says so when asked for a node that is not there',
    check: async (cluster) => {
      await rejects(cluster.state('n99'), /no node n99/);
    },
  },
];
