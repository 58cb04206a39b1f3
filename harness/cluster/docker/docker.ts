/**
 * Nodes in containers.
 *
 * Each run has its own network with a small subnet and fixed addresses, and labels on everything, so that
 * runs never meet and leftovers are found. Containers get NET_ADMIN inside their own network namespace
 * and nothing else. Data live in the container's own layer: they survive kill and start, not removal.
 */
import { createHash } from 'node:crypto';
import { release } from 'node:os';
import type { Cluster, ClusterSpec } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NodePlace } from '../program.ts';
import { waitUntilReady } from '../ready.ts';
import { asking, explain } from './answers.ts';
import { archiveOf } from './archive.ts';
import { DockerCluster } from './containers.ts';
import { type Container, type Engine, openEngine } from './engine.ts';
import { ensureImage, type NodeImage } from './image.ts';
import { labelsOf } from './labels.ts';
import { Beside } from './machines/beside.ts';
import { freeSubnets, nodesMax, ownNetworks, type Subnet } from './subnet.ts';

const logFileMax = '64m';
const probeTimeoutMs = 10_000;

/** Version and name of the engine. Rejects with ClusterError where none answers. */
export async function engineInfo(): Promise<Readonly<Record<string, string>>> {
  const info = await asking(openEngine().info());
  return {
    engine: `docker ${info.ServerVersion}`,
    storage: String(info.Driver),
    kernel: String(info.KernelVersion ?? release()),
    system: String(info.OperatingSystem),
  };
}

/** CIDRs that the engine's networks and this machine use. Rejects with ClusterError. */
export async function usedNetworks(engine: Engine): Promise<string[]> {
  const networks = await asking(engine.listNetworks());
  const used = networks.flatMap((each) => each.IPAM?.Config?.map((config) => config.Subnet) ?? []);
  return [...used.filter((cidr) => cidr !== undefined), ...ownNetworks()];
}

async function createNetwork(
  engine: Engine,
  runId: string,
): Promise<{ readonly id: string; readonly subnet: Subnet }> {
  const known = await usedNetworks(engine);
  // Runs that start together begin to look at different places.
  const start = createHash('sha256').update(runId).digest().readUInt16LE(0);
  let attempts = 0;
  for (const subnet of freeSubnets(known, start)) {
    try {
      const network = await engine.createNetwork({
        Name: `amnesia-${runId}`,
        Driver: 'bridge',
        CheckDuplicate: true,
        IPAM: { Config: [{ Subnet: subnet.cidr, Gateway: subnet.gateway }] },
        Labels: labelsOf(runId),
      });
      return { id: network.id, subnet };
    } catch (error) {
      // Somebody took it meanwhile.
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

/** The capabilities that iptables needs here: its older variant opens a raw socket. */
export function networkCapabilities(iptables: string): string[] {
  return iptables === 'legacy' ? ['NET_ADMIN', 'NET_RAW'] : ['NET_ADMIN'];
}

async function createContainer(
  engine: Engine,
  spec: ClusterSpec,
  image: NodeImage,
  node: NodePlace,
  all: readonly NodePlace[],
  beside: Beside | null,
): Promise<Container> {
  const network = `amnesia-${spec.runId}`;
  const { program } = spec;
  const { argv, env, files } = program.node(node, all);
  const container = await engine.createContainer({
    name: `amnesia-${spec.runId}-${node.name}`,
    // Who joins another's network namespace can have no name of its own there.
    ...(beside ? {} : { Hostname: node.name }),
    Image: image.name,
    Labels: labelsOf(spec.runId),
    Env: [
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(beside?.env() ?? []),
    ],
    ...(argv === undefined ? {} : { Entrypoint: [argv[0]], Cmd: argv.slice(1) }),
    HostConfig: {
      CapDrop: ['ALL'],
      CapAdd: networkCapabilities(image.iptables),
      SecurityOpt: ['no-new-privileges'],
      Memory: program.memoryBytesMax,
      PidsLimit: program.pidsMax,
      LogConfig: { Type: 'json-file', Config: { 'max-size': logFileMax, 'max-file': '1' } },
      NetworkMode: beside?.networkModeOf(node.name) ?? network,
      Mounts: beside?.mountsOf(node.name) ?? [],
      RestartPolicy: { Name: 'no' },
    },
    ...(beside
      ? {}
      : {
          NetworkingConfig: {
            EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: node.address } } },
          },
        }),
  });
  if (files.length > 0) {
    await container.putArchive(archiveOf(files, program.dataDir), { path: '/' });
  }
  return container;
}

/** All at once. When one fails the others are waited for: none may appear after the tidying up. */
async function startAll(
  nodes: readonly NodePlace[],
  containers: Map<string, Container>,
  create: (node: NodePlace) => Promise<Container>,
): Promise<void> {
  const tries = await Promise.allSettled(
    nodes.map(async (node) => {
      const container = await create(node);
      containers.set(node.name, container);
      await container.start();
    }),
  );
  const failed = tries.find((each) => each.status === 'rejected');
  if (failed) throw explain(failed.reason);
}

/**
 * Starts a cluster and resolves when every node sees all others. Whatever goes wrong, nothing of it is
 * left behind. Rejects with ClusterError.
 */
export async function createDockerCluster(spec: ClusterSpec): Promise<Cluster> {
  if (spec.nodes > nodesMax) {
    throw new ClusterError('no-subnet', `a run holds at most ${nodesMax} nodes; take fewer`);
  }
  const engine = openEngine();
  const info = await engineInfo();
  const image = await asking(ensureImage(engine, spec.program.image));
  const { id, subnet } = await createNetwork(engine, spec.runId);
  const { dataDir, clientPort } = spec.program;
  const nodes: NodePlace[] = Array.from({ length: spec.nodes }, (_, i) => {
    const address = subnet.address(i + 1);
    const url = `http://${address}:${clientPort}`;
    return { name: `n${i + 1}`, number: i + 1, address, url, dataDir };
  });
  const containers = new Map<string, Container>();
  const cluster = new DockerCluster(engine, id, containers, nodes, spec.inquiries, {
    ...info,
    image: image.name,
    iptables: image.iptables,
    subnet: subnet.cidr,
  });
  let beside: Beside | null = null;
  try {
    if (Beside.isNeeded(spec)) {
      const paths = { data: spec.program.dataDir };
      beside = await Beside.put(engine, spec, nodes, `amnesia-${spec.runId}`, paths);
      cluster.standBeside(beside);
    }
    await startAll(nodes, containers, (node) =>
      createContainer(engine, spec, image, node, nodes, beside),
    );
    await waitUntilReady(cluster, spec.readyTimeoutMs);
    const { exitCode } = await cluster.exec(
      'n1',
      ['iptables', '-w', '-S', 'INPUT'],
      probeTimeoutMs,
    );
    if (exitCode === 0) cluster.allowCuts();
    await beside?.lend(cluster);
    return cluster;
  } catch (error) {
    await cluster.destroy().catch(() => {});
    throw error;
  }
}
