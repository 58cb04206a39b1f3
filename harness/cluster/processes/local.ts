/**
 * Nodes as plain processes of this machine on its loopback interface: no engine, no root. Each has an address of its
 * own in 127.0.0.0/8, so that every node uses the ports that it has elsewhere. They can be killed and paused; the
 * network between them cannot be cut, since nothing stands between two processes on loopback that this user may change.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Cluster, ClusterSpec } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { isDead, startOf, thisProcess } from '../owner.ts';
import type { NodePlace } from '../program.ts';
import { waitUntilReady } from '../ready.ts';
import { processesOf } from './launch.ts';
import type { NodeProcess } from './node-process.ts';
import { ProcessCluster } from './process-cluster.ts';

const prefix = 'amnesia-local-';
const recordName = 'owner.json';

const recordSchema = z.object({
  runId: z.string(),
  owner: z.object({ pid: z.number(), started: z.string(), where: z.string() }),
  /** Of the nodes: process groups, each with the time of its start. */
  groups: z.array(z.object({ pid: z.number(), started: z.string() })),
});

/** Of 127.0.0.0/8, by the run, so that two runs hardly meet; where they do, a port is taken. */
function addressOf(runId: string, number: number): string {
  const [first, second] = createHash('sha256').update(runId).digest();
  return `127.${1 + (first % 254)}.${second}.${number + 1}`;
}

/** Rejects with ClusterError where somebody listens at the node's port, or the address is none of this machine. */
async function mustBeFree({ name, address }: NodePlace, port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, resolve);
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const text =
      code === 'EADDRNOTAVAIL'
        ? `this machine has no address ${address} (only Linux has all of 127.0.0.0/8)`
        : `${address}:${port} is taken (${code})`;
    const hint = code === 'EADDRNOTAVAIL' ? 'take another --runtime' : 'start the run again';
    throw new ClusterError('port-in-use', `${name} cannot be started: ${text}; ${hint}`, { cause });
  } finally {
    server.close();
  }
}

/** Written at the beginning and after every start: what a later run has to end. */
function writeRecord(
  folder: string,
  runId: string,
  processes: ReadonlyMap<string, NodeProcess>,
): void {
  const groups = [...processes.values()].flatMap(({ pid }) =>
    pid === null ? [] : [{ pid, started: startOf(pid) }],
  );
  const record = { runId, owner: thisProcess(), groups };
  writeFileSync(join(folder, recordName), JSON.stringify(record), { mode: 0o600 });
}

/** Rejects with ClusterError; nothing is left behind then. */
export async function createLocalCluster(spec: ClusterSpec): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const places = Array.from({ length: spec.nodes }, (_, i): NodePlace => {
    const address = addressOf(spec.runId, i + 1);
    return {
      name: `n${i + 1}`,
      number: i + 1,
      address,
      url: `http://${address}:${spec.program.clientPort}`,
      dataDir: join(folder, `n${i + 1}`),
    };
  });
  try {
    await Promise.all(places.map((place) => mustBeFree(place, spec.program.clientPort)));
    const processes = processesOf(spec, places, { folder, way: () => [], cgroupOf: () => null });
    const note = (): void => writeRecord(folder, spec.runId, processes);
    note();
    const cluster = new ProcessCluster({
      nodes: places,
      inquiries: spec.inquiries,
      environment: { engine: 'processes on loopback', kernel: release(), folder },
      processes,
      way: () => [],
      afterStart: note,
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    });
    try {
      await Promise.all(places.map(({ name }) => cluster.start(name)));
      await waitUntilReady(cluster, spec.readyTimeoutMs);
      return cluster;
    } catch (error) {
      await cluster.destroy().catch(() => {});
      throw error;
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Ends and removes what dead runs left; with `all`, also what belongs to living ones. Returns the runs. */
export async function sweepLocal(all = false): Promise<string[]> {
  const swept: string[] = [];
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(prefix))) {
    const folder = join(tmpdir(), name);
    const record = recordIn(folder);
    if (record === null || !(all || isDead(record.owner))) continue;
    for (const { pid, started } of record.groups) {
      // The number may be in use again.
      if (started !== '' && startOf(pid) === started) killGroup(pid);
    }
    rmSync(folder, { recursive: true, force: true });
    swept.push(record.runId);
  }
  return swept;
}

/** Null for what is not ours to understand. */
function recordIn(folder: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(folder, recordName), 'utf8')));
  } catch {
    return null;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile, or belongs to another user.
  }
}
