/**
 * Nodes in containers.
 *
 * Each run has its own network with a small subnet and fixed addresses, and labels on everything, so that
 * runs never meet and leftovers are found. A node has no capability at all, and no way out of its network; the
 * container beside it (`holders.ts`) owns its network namespace. Data live in the node's own layer: they survive
 * kill and start, not removal.
 */
import { createHash } from 'node:crypto';
import { release } from 'node:os';
import type { Cluster, ClusterSpec } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NodePlace } from '../program.ts';
import { waitUntilReady } from '../ready.ts';
import { freeSubnets, nodesMax, ownNetworks, type Subnet } from '../subnet.ts';
import { asking, explain } from './answers.ts';
import { archiveOf } from './archive.ts';
import { DockerCluster } from './containers.ts';
import { type Container, type Engine, openEngine } from './engine.ts';
import { filterCapabilities, Holders } from './holders.ts';
import { baseImage, baseLabels, ensureImage, iptablesLabel, type NodeImage } from './image.ts';
import { labelsOf } from './labels.ts';
import { Beside } from './machines/beside.ts';
import { type Reach, reachOf } from './reach.ts';

const logFileMax = '64m';

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

/**
 * A network from which nothing leads to the outside. Ports of such a network cannot be published, so where the
 * nodes have to be reached that way, answers can leave it, but not under an address that anybody would answer.
 */
function wayOut(reach: Reach): { Internal?: boolean; Options?: Record<string, string> } {
  if (reach.published === null) return { Internal: true };
  return { Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' } };
}

async function createNetwork(
  engine: Engine,
  runId: string,
  reach: Reach,
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
        ...wayOut(reach),
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

async function createContainer(
  engine: Engine,
  spec: ClusterSpec,
  image: NodeImage,
  node: NodePlace,
  all: readonly NodePlace[],
  holder: string,
  beside: Beside | null,
): Promise<Container> {
  const { program } = spec;
  const { argv, env, files } = program.node(node, all);
  const container = await engine.createContainer({
    name: `amnesia-${spec.runId}-${node.name}`,
    Image: image.name,
    Labels: labelsOf(spec.runId),
    Env: [
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(beside?.env() ?? []),
    ],
    ...(argv === undefined ? {} : { Entrypoint: [argv[0]], Cmd: argv.slice(1) }),
    HostConfig: {
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: program.memoryBytesMax,
      PidsLimit: program.pidsMax,
      LogConfig: { Type: 'json-file', Config: { 'max-size': logFileMax, 'max-file': '1' } },
      NetworkMode: `container:${holder}`,
      Mounts: beside?.mountsOf(node.name) ?? [],
      RestartPolicy: { Name: 'no' },
    },
  });
  if (files.length > 0) {
    await container.putArchive(archiveOf(files, program.dataDir), { path: '/' });
  }
  return container;
}

/** All at once. When one fails the others are waited for: nothing may appear after the tidying up. */
async function forAll<T>(
  nodes: readonly NodePlace[],
  action: (node: NodePlace) => Promise<T>,
): Promise<T[]> {
  const tries = await Promise.allSettled(nodes.map(action));
  return tries.map((each) => {
    if (each.status === 'rejected') throw explain(each.reason);
    return each.value;
  });
}

/** The nodes as they are known inside, before anything runs. */
function placesOf(spec: ClusterSpec, subnet: Subnet): NodePlace[] {
  const { dataDir, clientPort } = spec.program;
  return Array.from({ length: spec.nodes }, (_, i) => {
    const address = subnet.address(i + 1);
    const url = `http://${address}:${clientPort}`;
    return { name: `n${i + 1}`, number: i + 1, address, url, dataDir };
  });
}

/** The same as seen from here, where their ports are published at the engine's address. */
function reachable(nodes: readonly NodePlace[], reach: Reach, holders: Holders) {
  return Promise.all(
    nodes.map(async (node) => {
      if (reach.published === null) return node;
      const port = await holders.publishedPort(node.name);
      return { ...node, url: `http://${reach.host}:${port}` };
    }),
  );
}

async function holdersFor(
  engine: Engine,
  spec: ClusterSpec,
  reach: Reach,
): Promise<{ readonly holders: Holders; readonly variant: string }> {
  const labels = await asking(baseLabels(engine));
  if (labels === null) {
    throw new ClusterError('no-image', 'the base image is missing; run: npm run setup');
  }
  const variant = labels[iptablesLabel] ?? 'none';
  const { published } = reach;
  const holders = new Holders(engine, {
    runId: spec.runId,
    network: `amnesia-${spec.runId}`,
    image: baseImage,
    capabilities: filterCapabilities(variant),
    published: published === null ? null : { address: published, port: spec.program.clientPort },
  });
  return { holders, variant };
}

/**
 * Starts a cluster and resolves when every node is ready. Whatever goes wrong, nothing of it is left behind.
 * Rejects with ClusterError.
 */
export async function createDockerCluster(spec: ClusterSpec): Promise<Cluster> {
  if (spec.nodes > nodesMax) {
    throw new ClusterError('no-subnet', `a run holds at most ${nodesMax} nodes; take fewer`);
  }
  const engine = openEngine();
  const [info, image, reach] = await Promise.all([
    engineInfo(),
    asking(ensureImage(engine, spec.program.image)),
    reachOf(process.env.DOCKER_HOST),
  ]);
  const { holders, variant } = await holdersFor(engine, spec, reach);
  const { id, subnet } = await createNetwork(engine, spec.runId, reach);
  const places = placesOf(spec, subnet);
  const containers = new Map<string, Container>();
  const parts = { engine, networkId: id, containers, holders };
  const environment = { ...info, image: image.name, iptables: variant, subnet: subnet.cidr };
  const cluster = new DockerCluster(parts, spec.inquiries, environment);
  try {
    await forAll(places, (node) => holders.start(node));
    cluster.settle(await reachable(places, reach, holders));
    const beside = Beside.isNeeded(spec) ? await Beside.put(engine, spec, places, holders) : null;
    if (beside) cluster.standBeside(beside);
    // Before a node's first instruction: it never had a way out.
    const sealed = await forAll(places, ({ name }) => holders.seal(name, subnet));
    if (sealed.every((each) => each)) cluster.allowCuts();
    await forAll(places, async (node) => {
      const holder = holders.idOf(node.name);
      const container = await createContainer(engine, spec, image, node, places, holder, beside);
      containers.set(node.name, container);
      await cluster.start(node.name);
    });
    await waitUntilReady(cluster, spec.readyTimeoutMs);
    await beside?.lend(cluster);
    return cluster;
  } catch (error) {
    await cluster.destroy().catch(() => {});
    throw error;
  }
}
