/**
 * Nodes in containers. The only file that knows dockerode.
 *
 * Each run has its own network with a small subnet and fixed addresses, and labels on everything, so that
 * runs never meet and leftovers are found. Containers get NET_ADMIN inside their own network namespace
 * and nothing else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import type { Cluster, ClusterSpec, ExecResult, NodeHandle, ProcessState } from './cluster.ts';
import { ClusterError } from './errors.ts';
import { lives, thisProcess } from './owner.ts';
import { waitUntilReady } from './ready.ts';
import { freeSubnets, nodesMax, ownNetworks, type Subnet } from './subnet.ts';

const runLabel = 'amnesia.run';
const pidLabel = 'amnesia.pid';
const startedLabel = 'amnesia.started';
const httpPort = 7432;
const swimPort = 7946;
const memoryBytesMax = 512 * 1024 * 1024;
const pollMs = 15;

/** The bundle is at the same place whether this file runs from the sources or from dist. */
export function bundlePath(): string {
  const here = fileURLToPath(import.meta.url);
  const root = here.replace(/(\/dist)?\/harness\/cluster\/docker\.[jt]s$/, '');
  return `${root}/docker/engram/dist/engram.cjs`;
}

export function imageName(): string {
  let bundle: Buffer;
  try {
    bundle = readFileSync(bundlePath());
  } catch (cause) {
    throw new ClusterError('no-image', "the node's bundle is not built; run: npm run setup", {
      cause,
    });
  }
  return `amnesia-engram:${createHash('sha256').update(bundle).digest('hex').slice(0, 12)}`;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function explain(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code, statusCode, message } = error as {
    code?: string;
    statusCode?: number;
    message?: string;
  };
  const cause = { cause: error };
  if (code === 'EACCES') {
    const text = 'this user may not talk to the container engine; run as root or join its group';
    return new ClusterError('no-rights', text, cause);
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET') {
    const text = 'no container engine answers; run: npm run setup';
    return new ClusterError('no-engine', text, cause);
  }
  if (statusCode === 404 && /no such image/i.test(message ?? '')) {
    return new ClusterError('no-image', "the node's image is missing; run: npm run setup", cause);
  }
  return new ClusterError('engine-failed', `the container engine said: ${message}`, cause);
}

async function asking<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw explain(error);
  }
}

/** Version and name of the engine. Rejects with ClusterError where none answers. */
export async function engineInfo(): Promise<Readonly<Record<string, string>>> {
  const docker = new Docker();
  const info = await asking(docker.info());
  return {
    engine: `docker ${info.ServerVersion}`,
    storage: String(info.Driver),
    kernel: String(info.KernelVersion ?? release()),
    system: String(info.OperatingSystem),
  };
}

export interface Leftover {
  readonly kind: 'container' | 'network';
  readonly name: string;
  readonly runId: string;
}

/**
 * Removes what dead runs left behind; with `all`, also what living ones have. Returns what was removed.
 */
export async function sweep(all = false): Promise<Leftover[]> {
  const docker = new Docker();
  const filters = { label: [runLabel] };
  const dead = (labels: Readonly<Record<string, string>>): boolean =>
    all || !lives({ pid: Number(labels[pidLabel]), started: labels[startedLabel] ?? '' });
  const removed: Leftover[] = [];
  const containers = await asking(docker.listContainers({ all: true, filters }));
  await Promise.all(
    containers
      .filter((each) => dead(each.Labels))
      .map(async (each) => {
        await remove(docker.getContainer(each.Id).remove({ force: true, v: true }));
        const name = each.Names[0]?.slice(1) ?? each.Id;
        removed.push({ kind: 'container', name, runId: each.Labels[runLabel]! });
      }),
  );
  const networks = await asking(docker.listNetworks({ filters }));
  for (const each of networks.filter((network) => dead(network.Labels ?? {}))) {
    await remove(docker.getNetwork(each.Id).remove());
    removed.push({ kind: 'network', name: each.Name, runId: each.Labels?.[runLabel] ?? '' });
  }
  return removed;
}

/** What is gone already, or is just being removed, counts as removed. */
async function remove(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    const { statusCode, message } = error as { statusCode?: number; message?: string };
    if (statusCode === 404 || /removal .* already in progress/.test(message ?? '')) return;
    throw explain(error);
  }
}

async function createNetwork(
  docker: Docker,
  spec: ClusterSpec,
  labels: Readonly<Record<string, string>>,
): Promise<{ readonly id: string; readonly subnet: Subnet }> {
  const networks = await asking(docker.listNetworks());
  const used = networks.flatMap((each) => each.IPAM?.Config?.map((config) => config.Subnet) ?? []);
  const known = [...used.filter((cidr) => cidr !== undefined), ...ownNetworks()];
  // Runs that start together begin to look at different places.
  const start = createHash('sha256').update(spec.runId).digest().readUInt16LE(0);
  let attempts = 0;
  for (const subnet of freeSubnets(known, start)) {
    try {
      const network = await docker.createNetwork({
        Name: `amnesia-${spec.runId}`,
        Driver: 'bridge',
        CheckDuplicate: true,
        IPAM: { Config: [{ Subnet: subnet.cidr, Gateway: subnet.gateway }] },
        Labels: { ...labels },
      });
      return { id: network.id, subnet };
    } catch (error) {
      // Somebody took it meanwhile, or a route that is no interface of ours overlaps.
      if (!/overlap|conflict/i.test((error as Error).message) || ++attempts === 20) {
        throw explain(error);
      }
    }
  }
  throw new ClusterError(
    'no-subnet',
    'no free subnet is left in 10.213.0.0/16; remove leftovers with: amnesia clean',
  );
}

class DockerCluster implements Cluster {
  readonly #docker: Docker;
  readonly #networkId: string;
  readonly #containers: ReadonlyMap<string, Docker.Container>;
  readonly nodes: readonly NodeHandle[];
  readonly capabilities = new Set(['exec', 'kill', 'pause', 'logs', 'iptables'] as const);
  readonly environment: Readonly<Record<string, string>>;

  constructor(
    docker: Docker,
    networkId: string,
    containers: ReadonlyMap<string, Docker.Container>,
    nodes: readonly NodeHandle[],
    environment: Readonly<Record<string, string>>,
  ) {
    this.#docker = docker;
    this.#networkId = networkId;
    this.#containers = containers;
    this.nodes = nodes;
    this.environment = environment;
  }

  #container(node: string): Docker.Container {
    const container = this.#containers.get(node);
    if (!container) throw new ClusterError('engine-failed', `there is no node ${node}`);
    return container;
  }

  async kill(node: string): Promise<void> {
    const container = this.#container(node);
    try {
      await container.kill({ signal: 'SIGKILL' });
    } catch (error) {
      // Dead already: that is what was wanted.
      if ((error as { statusCode?: number }).statusCode !== 409) throw explain(error);
    }
    while ((await this.state(node)) !== 'exited') await pause(pollMs);
  }

  async start(node: string): Promise<void> {
    await asking(this.#container(node).start());
  }

  async pause(node: string): Promise<void> {
    await asking(this.#container(node).pause());
  }

  async resume(node: string): Promise<void> {
    try {
      await this.#container(node).unpause();
    } catch (error) {
      if (!/is not paused/i.test((error as Error).message)) throw explain(error);
    }
  }

  async state(node: string): Promise<ProcessState> {
    const { State } = await asking(this.#container(node).inspect());
    if (State.Paused) return 'paused';
    return State.Running ? 'running' : 'exited';
  }

  async exec(node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const exec = await asking(
      this.#container(node).exec({
        Cmd: [...argv],
        AttachStdout: true,
        AttachStderr: true,
        Privileged: false,
      }),
    );
    const stream = await asking(exec.start({ hijack: true, stdin: false }));
    const stdout = collect();
    const stderr = collect();
    this.#docker.modem.demuxStream(stream, stdout.stream, stderr.stream);
    let ended = false;
    stream.once('end', () => {
      ended = true;
    });
    // The stream may never end, so the engine is asked whether the program has.
    const until = Date.now() + timeoutMs;
    for (;;) {
      const { Running, ExitCode } = await asking(exec.inspect());
      if (!Running) {
        if (!ended)
          await Promise.race([new Promise((done) => stream.once('end', done)), pause(50)]);
        stream.destroy();
        return { exitCode: ExitCode ?? -1, stdout: stdout.text(), stderr: stderr.text() };
      }
      if (Date.now() > until) {
        stream.destroy();
        const text = `${argv[0]} in ${node} did not end within ${timeoutMs} ms`;
        throw new ClusterError('engine-failed', text);
      }
      await pause(pollMs);
    }
  }

  async logs(node: string, maxLines: number): Promise<string[]> {
    return tail(this.#container(node), maxLines);
  }

  async destroy(): Promise<void> {
    await Promise.all(
      [...this.#containers.values()].map((each) => remove(each.remove({ force: true, v: true }))),
    );
    await remove(this.#docker.getNetwork(this.#networkId).remove());
  }
}

function collect(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** The engine prefixes each chunk of output with eight bytes: stream, length. */
function withoutFraming(raw: Buffer): string {
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset + 8 <= raw.length) {
    const length = raw.readUInt32BE(offset + 4);
    parts.push(raw.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}

async function tail(container: Docker.Container, maxLines: number): Promise<string[]> {
  const options = { follow: false as const, stdout: true, stderr: true, tail: maxLines };
  const raw = await asking(container.logs(options));
  return withoutFraming(Buffer.from(raw))
    .split('\n')
    .filter((line) => line !== '');
}

async function createContainer(
  docker: Docker,
  spec: ClusterSpec,
  labels: Readonly<Record<string, string>>,
  image: string,
  node: string,
  address: string,
  seeds: readonly string[],
): Promise<Docker.Container> {
  const network = `amnesia-${spec.runId}`;
  const settings: Record<string, string> = {
    ENGRAM_NODE_ID: node,
    ENGRAM_BIND: address,
    ENGRAM_SEEDS: seeds.join(','),
    ...(spec.nodeFaults.length > 0 ? { ENGRAM_FAULTS: spec.nodeFaults.join(',') } : {}),
    ...spec.env,
  };
  return docker.createContainer({
    name: `amnesia-${spec.runId}-${node}`,
    Hostname: node,
    Image: image,
    Labels: { ...labels },
    Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      CapAdd: ['NET_ADMIN'],
      Memory: memoryBytesMax,
      NetworkMode: network,
      RestartPolicy: { Name: 'no' },
    },
    NetworkingConfig: {
      EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } },
    },
  });
}

/**
 * Starts a cluster and resolves when every node sees all others. Whatever goes wrong, nothing of it is
 * left behind. Rejects with ClusterError.
 */
export async function createDockerCluster(spec: ClusterSpec): Promise<Cluster> {
  if (spec.nodes > nodesMax) {
    throw new ClusterError('no-subnet', `a run holds at most ${nodesMax} nodes`);
  }
  const docker = new Docker();
  const image = imageName();
  const { pid, started } = thisProcess();
  const labels = { [runLabel]: spec.runId, [pidLabel]: String(pid), [startedLabel]: started };
  const environment = { ...(await engineInfo()), image };
  await asking(docker.getImage(image).inspect());
  const { id, subnet } = await createNetwork(docker, spec, labels);
  const nodes: NodeHandle[] = Array.from({ length: spec.nodes }, (_, i) => {
    const address = subnet.address(i + 1);
    return { name: `n${i + 1}`, address, url: `http://${address}:${httpPort}` };
  });
  const seeds = nodes.slice(0, 3).map((node) => `${node.address}:${swimPort}`);
  const containers = new Map<string, Docker.Container>();
  const cluster = new DockerCluster(docker, id, containers, nodes, {
    ...environment,
    subnet: subnet.cidr,
  });
  try {
    await asking(
      Promise.all(
        nodes.map(async ({ name, address }) => {
          const made = createContainer(docker, spec, labels, image, name, address, seeds);
          const container = await made;
          containers.set(name, container);
          await container.start();
        }),
      ),
    );
    await waitUntilReady(cluster, spec.readyTimeoutMs);
    return cluster;
  } catch (error) {
    await cluster.destroy().catch(() => {});
    throw error;
  }
}
