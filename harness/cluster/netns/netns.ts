/**
 * Nodes as processes in network namespaces, joined by a bridge: no container engine, only iproute2 and iptables, and
 * root. The nodes share this machine's file system; each has a folder of its own in it.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { release as kernelRelease, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, ClusterSpec } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { Agent } from '../netfilter/agent.ts';
import { FilteredNetwork } from '../netfilter/network.ts';
import { agentCommand } from '../netfilter/script.ts';
import { type Cgroup, cgroupAt, makeCgroup } from '../processes/cgroup.ts';
import { processesOf } from '../processes/launch.ts';
import type { NodeProcess } from '../processes/node-process.ts';
import { ProcessCluster } from '../processes/process-cluster.ts';
import { mustRun, runProgram } from '../processes/run.ts';
import type { NodePlace } from '../program.ts';
import { waitUntilReady } from '../ready.ts';
import { freeSubnets, namespacePool, nodesMaxOf, ownNetworks, type Subnet } from '../subnet.ts';
import { createNamespaces, namespaceOf, removeNamespaces, wayInto } from './namespaces.ts';
import { deadRecords, type NetnsRecord, release, reserve } from './records.ts';

const helloTimeoutMs = 10_000;
const cgroupPrefix = 'amnesia-';

/** Null where namespaces can be made here; else what is missing. */
export async function whyNoNetns(): Promise<string | null> {
  if (process.platform !== 'linux') return 'there are network namespaces on Linux only';
  if (process.getuid?.() !== 0) return 'network namespaces take root';
  for (const program of ['ip', 'iptables', 'bash']) {
    try {
      await mustRun([program, '--version'], helloTimeoutMs).catch(() =>
        mustRun([program, '-V'], helloTimeoutMs),
      );
    } catch {
      return `the program ${program} is missing; install iproute2, iptables and bash`;
    }
  }
  const name = `amn-try-${process.pid}`;
  const { exitCode, stderr } = await runProgram(['ip', 'netns', 'add', name], helloTimeoutMs);
  if (exitCode !== 0) return `the kernel makes no network namespace: ${stderr.trim()}`;
  await runProgram(['ip', 'netns', 'delete', name], helloTimeoutMs);
  return null;
}

function takeSubnet(
  runId: string,
  folder: string,
  cgroups: readonly string[],
): {
  readonly subnet: Subnet;
  readonly record: NetnsRecord;
} {
  const start = createHash('sha256').update(runId).digest().readUInt16LE(0);
  for (const subnet of freeSubnets(ownNetworks(), start, namespacePool)) {
    const record = reserve({ runId, cidr: subnet.cidr, folder, cgroups: [...cgroups] });
    if (record) return { subnet, record };
  }
  const text = 'no free subnet is left in 10.214.0.0/16; remove leftovers with: amnesia clean';
  throw new ClusterError('no-subnet', text);
}

/** The program beside a node. */
function startAgent(runId: string, node: string): Agent {
  const [program, ...args] = [...wayInto(namespaceOf(runId, node)), ...agentCommand];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  return new Agent(node, {
    input: child.stdin,
    output: child.stdout,
    close: () => child.kill('SIGKILL'),
  });
}

/** Everything that one run has made, and its end. */
class Premises {
  readonly runId: string;
  readonly folder: string;
  readonly subnet: Subnet;
  readonly cgroups = new Map<string, Cgroup>();
  readonly agents = new Map<string, Agent>();
  readonly #record: NetnsRecord;

  constructor(runId: string, names: readonly string[]) {
    this.runId = runId;
    this.folder = mkdtempSync(join(tmpdir(), 'amnesia-netns-'));
    for (const name of names) {
      const cgroup = makeCgroup(`${cgroupPrefix}${runId}-${name}`);
      if (cgroup) this.cgroups.set(name, cgroup);
    }
    const folders = [...this.cgroups.values()].map((each) => each.folder);
    const { subnet, record } = takeSubnet(runId, this.folder, folders);
    this.subnet = subnet;
    this.#record = record;
  }

  async agentOf(node: string): Promise<Agent> {
    const present = this.agents.get(node);
    if (present && !present.isGone) return present;
    const agent = startAgent(this.runId, node);
    this.agents.set(node, agent);
    return agent;
  }

  async remove(): Promise<void> {
    for (const agent of this.agents.values()) agent.close();
    this.agents.clear();
    await removeRecorded(this.#record);
  }
}

async function removeRecorded(record: NetnsRecord): Promise<void> {
  for (const folder of record.cgroups) endCgroup(folder);
  await removeNamespaces(record.runId);
  for (const folder of record.cgroups) await emptied(folder);
  rmSync(record.folder, { recursive: true, force: true });
  release(record);
}

function endCgroup(folder: string): void {
  cgroupAt(folder).kill();
  cgroupAt(folder).freeze(false);
}

const goneTimeoutMs = 5000;

/** A group can be removed when its last process has been noticed to be gone. */
async function emptied(folder: string): Promise<void> {
  const until = Date.now() + goneTimeoutMs;
  for (;;) {
    try {
      cgroupAt(folder).remove();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function environmentOf(premises: Premises, spec: ClusterSpec): Record<string, string> {
  return {
    engine: 'network namespaces',
    kernel: kernelRelease(),
    subnet: premises.subnet.cidr,
    cgroups: premises.cgroups.size === spec.nodes ? 'one for each node' : 'none',
    folder: premises.folder,
  };
}

function placesOf({ subnet, folder }: Premises, spec: ClusterSpec): NodePlace[] {
  const network = createHash('sha256').update(subnet.cidr).digest('hex').slice(0, 4);
  return Array.from({ length: spec.nodes }, (_, i) => {
    const address = subnet.address(i + 1);
    return {
      name: `n${i + 1}`,
      number: i + 1,
      address,
      address6: `fd61:6d6e:${network}::${(i + 2).toString(16)}`,
      url: `http://${address}:${spec.program.clientPort}`,
      dataDir: join(folder, `n${i + 1}`),
    };
  });
}

/** Where the process of a node lives; null where it does not run. */
function livesIn(found: NodeProcess | undefined): string | null {
  const pid = found?.pid ?? null;
  if (pid === null) return null;
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

/**
 * Starts a cluster and resolves when it is ready. Whatever goes wrong, nothing of it is left behind. Rejects with
 * ClusterError.
 */
export async function createNetnsCluster(spec: ClusterSpec): Promise<Cluster> {
  if (spec.nodes > nodesMaxOf(namespacePool)) {
    const text = `a run holds at most ${nodesMaxOf(namespacePool)} nodes; take fewer`;
    throw new ClusterError('no-subnet', text);
  }
  const why = await whyNoNetns();
  if (why !== null) throw new ClusterError('no-rights', `${why}; take another --runtime`);
  const names = Array.from({ length: spec.nodes }, (_, i) => `n${i + 1}`);
  const premises = new Premises(spec.runId, names);
  try {
    const nodes = placesOf(premises, spec);
    await createNamespaces(spec.runId, premises.subnet, nodes);
    const processes = processesOf(spec, nodes, {
      folder: premises.folder,
      way: (node) => wayInto(namespaceOf(spec.runId, node)),
      cgroupOf: (node) => premises.cgroups.get(node) ?? null,
    });
    const network = new FilteredNetwork({
      nodes,
      agentOf: (node) => premises.agentOf(node),
      namespaceOf: async (node) => livesIn(processes.get(node)),
    });
    const cluster = new ProcessCluster({
      nodes,
      inquiries: spec.inquiries,
      environment: environmentOf(premises, spec),
      processes,
      network,
      way: (node) => wayInto(namespaceOf(spec.runId, node)),
      remove: () => premises.remove(),
    });
    try {
      await Promise.all(names.map((name) => cluster.start(name)));
      await waitUntilReady(cluster, spec.readyTimeoutMs);
      return cluster;
    } catch (error) {
      await cluster.destroy().catch(() => {});
      throw error;
    }
  } catch (error) {
    await premises.remove().catch(() => {});
    throw error;
  }
}

/** Removes what dead runs left; with `all`, also what belongs to living ones. Returns the runs. */
export async function sweepNetns(all = false): Promise<string[]> {
  const swept: string[] = [];
  for (const record of deadRecords(all)) {
    await removeRecorded(record);
    swept.push(record.runId);
  }
  return swept;
}
