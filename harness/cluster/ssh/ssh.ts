/**
 * Nodes on any hosts that have an sshd, bash, and iptables where the network is to be cut: one node on each. What a
 * host has is used as it is; everything of a run lies in one folder there and is removed with it.
 */
import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { realWorld } from '../../world/real-world.ts';
import type { Capability, Cluster, ClusterSpec, ExecResult, ProcessState } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { FilteredNetwork } from '../netfilter/network.ts';
import { isDead, type Owner } from '../owner.ts';
import type { SshSpec } from '../places.ts';
import type { NetworkPowers } from '../powers.ts';
import type { NodeFile, NodePlace } from '../program.ts';
import { waitUntilReady } from '../ready.ts';
import { type Credentials, checkKey, SshConnection } from './connection.ts';
import { readHost } from './hosts.ts';
import { readKnownHosts } from './known-hosts.ts';
import { RemoteNode } from './remote-node.ts';
import { listScript, removeScript } from './scripts.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

const base = '/tmp/amnesia';
const helloTimeoutMs = 10_000;
const sweepTimeoutMs = 30_000;
const remotePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Throws ClusterError where a file is missing or cannot be used. */
function credentialsOf({ keyFile, knownHostsFile }: SshSpec): Credentials {
  const agent = process.env.SSH_AUTH_SOCK;
  if (keyFile === '' && agent === undefined) {
    const text = 'no agent is running (SSH_AUTH_SOCK); start one, or name a key with --ssh-key';
    throw new ClusterError('settings-refused', text);
  }
  for (const path of [keyFile, knownHostsFile].filter((each) => each !== '')) {
    if (!existsSync(path)) throw new ClusterError('settings-refused', `there is no file ${path}`);
  }
  const known = knownHostsFile === '' ? '' : readFileSync(knownHostsFile, 'utf8');
  const key = keyFile === '' ? null : checkKey(readFileSync(keyFile), keyFile);
  return { key, agent, known: readKnownHosts(known) };
}

class SshCluster implements Cluster {
  readonly world = realWorld;
  readonly nodes: readonly NodePlace[];
  readonly inquiries: Cluster['inquiries'];
  readonly capabilities = new Set<Capability>(['exec', 'kill', 'pause', 'logs']);
  readonly environment: Readonly<Record<string, string>>;
  network?: NetworkPowers;
  readonly #remotes: ReadonlyMap<string, RemoteNode>;
  readonly #close: () => void;

  constructor(
    spec: ClusterSpec,
    nodes: readonly NodePlace[],
    remotes: ReadonlyMap<string, RemoteNode>,
    close: () => void,
  ) {
    this.nodes = nodes;
    this.inquiries = spec.inquiries;
    this.#remotes = remotes;
    this.#close = close;
    this.environment = {
      engine: 'ssh',
      hosts: nodes.map(({ name, address }) => `${name} ${address}`).join(', '),
    };
  }

  /** Where rules can be set on every host. */
  allowCuts(): void {
    this.capabilities.add('cut');
    this.network = new FilteredNetwork({
      nodes: this.nodes,
      agentOf: (node) => this.remote(node).agent(),
      namespaceOf: async (node) => (await this.remote(node).life()).namespace || null,
    });
  }

  remote(node: string): RemoteNode {
    const found = this.#remotes.get(node);
    if (!found) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return found;
  }

  async kill(node: string): Promise<void> {
    await this.remote(node).kill();
  }

  async start(node: string): Promise<void> {
    await this.remote(node).start();
  }

  async pause(node: string): Promise<void> {
    await this.remote(node).signal('STOP');
  }

  async resume(node: string): Promise<void> {
    await this.remote(node).signal('CONT');
  }

  async state(node: string): Promise<ProcessState> {
    return (await this.remote(node).life()).state;
  }

  async exec(node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return this.remote(node).exec(argv, timeoutMs);
  }

  async logs(node: string, maxLines: number): Promise<string[]> {
    return this.remote(node).logs(maxLines);
  }

  #isDestroyed = false;

  async destroy(): Promise<void> {
    if (this.#isDestroyed) return;
    // Rules of a host outlive the program that set them.
    await this.network?.heal();
    const tries = await Promise.allSettled(
      [...this.#remotes.values()].map((remote) => remote.remove()),
    );
    for (const each of tries) if (each.status === 'rejected') throw each.reason;
    this.#isDestroyed = true;
    this.#close();
  }
}

/** The words of a command as they are on the far side: uploads files lie in the node's folder there. */
function remoteCommand(spec: ClusterSpec, argv: readonly string[], folder: string): string[] {
  const { uploads = [] } = spec.program;
  return argv.map((word) => {
    if (word === process.execPath) return 'node';
    return uploads.includes(word) ? `${folder}/${basename(word)}` : word;
  });
}

async function equip(
  spec: ClusterSpec,
  remote: RemoteNode,
  place: NodePlace,
  places: readonly NodePlace[],
  folder: string,
): Promise<void> {
  const { argv = spec.program.command, env, files } = spec.program.node(place, places);
  if (argv === undefined) {
    const text = 'this system exists as an image only; take --runtime docker';
    throw new ClusterError('settings-refused', text);
  }
  await remote.prepare();
  for (const path of spec.program.uploads ?? []) {
    await remote.upload(`${folder}/${basename(path)}`, readFileSync(path), 0o755);
  }
  for (const { path, content, mode = 0o644 } of files as readonly NodeFile[]) {
    const inside = path.startsWith('/') ? path : `${place.dataDir}/${path}`;
    if (!inside.startsWith(`${folder}/`) || inside.split('/').includes('..')) {
      const text = `the file ${path} of a node lies outside of its folder on the host`;
      throw new ClusterError('settings-refused', text);
    }
    await remote.upload(inside, content, mode);
  }
  const settings = Object.entries({ PATH: remotePath, HOME: place.dataDir, ...env });
  const variables = settings.map(([name, value]) => `${name}=${value}`);
  remote.becomes(['env', '-i', ...variables, ...remoteCommand(spec, argv, folder)]);
}

/** Removes what runs of ours whose control process is dead have left on a host. */
async function sweepHost(connection: SshConnection, sudo: readonly string[]): Promise<void> {
  const list = ['/bin/bash', '-c', listScript, 'amnesia', base];
  const { stdout } = await connection.run([...sudo, ...list], sweepTimeoutMs);
  for (const line of stdout.split('\n').filter((each) => each !== '')) {
    const [folder, text = ''] = line.split('\t');
    let owner: Owner;
    try {
      owner = JSON.parse(text) as Owner;
    } catch {
      continue;
    }
    if (!isDead(owner)) continue;
    await connection.run(
      [...sudo, '/bin/bash', '-c', removeScript, 'amnesia', folder],
      sweepTimeoutMs,
    );
  }
}

/**
 * Starts a cluster on the hosts and resolves when it is ready. Whatever goes wrong, nothing of it is left there.
 * Rejects with ClusterError.
 */
export async function createSshCluster(spec: ClusterSpec): Promise<Cluster> {
  const { ssh } = spec;
  if (ssh === undefined || ssh.hosts.length < spec.nodes) {
    const text = `there are ${spec.nodes} nodes and ${ssh?.hosts.length ?? 0} hosts`;
    throw new ClusterError('settings-refused', `${text}; name one for each node with --ssh-hosts`);
  }
  const credentials = credentialsOf(ssh);
  const user = ssh.user === '' ? userInfo().username : ssh.user;
  const jump =
    ssh.jump === '' ? null : new SshConnection(readHost(ssh.jump, user), credentials, null);
  const hosts = ssh.hosts.slice(0, spec.nodes).map((each) => readHost(each, user));
  const connections = hosts.map((host) => new SshConnection(host, credentials, jump));
  const tunnels: Tunnel[] = [];
  const close = (): void => {
    for (const each of tunnels) each.close();
    for (const each of [...connections, ...(jump ? [jump] : [])]) each.close();
  };
  const remotes = new Map<string, RemoteNode>();
  let cluster: SshCluster | null = null;
  try {
    const places = await Promise.all(
      hosts.map(async ({ address }, i): Promise<NodePlace> => {
        const ip = (await lookup(address)).address;
        const url = `http://${ip.includes(':') ? `[${ip}]` : ip}:${spec.program.clientPort}`;
        const dataDir = `${base}/${spec.runId}/n${i + 1}/data`;
        return { name: `n${i + 1}`, number: i + 1, address: ip, url, dataDir };
      }),
    );
    await Promise.all(connections.map((each) => each.open()));
    const nodes = await Promise.all(
      places.map(async (place) => {
        if (jump === null) return place;
        const tunnel = await openTunnel(jump, place.address, spec.program.clientPort);
        tunnels.push(tunnel);
        return { ...place, url: `http://127.0.0.1:${tunnel.port}` };
      }),
    );
    const sudo = ssh.sudo ? ['sudo', '-n'] : [];
    await Promise.all(connections.map((each) => sweepHost(each, sudo)));
    for (const [i, { name }] of places.entries()) {
      const folder = `${base}/${spec.runId}/${name}`;
      remotes.set(name, new RemoteNode(name, connections[i], folder, ssh.sudo));
    }
    const made = new SshCluster(spec, nodes, remotes, close);
    cluster = made;
    await Promise.all(
      places.map((place) =>
        equip(spec, made.remote(place.name), place, places, `${base}/${spec.runId}/${place.name}`),
      ),
    );
    await Promise.all(places.map(({ name }) => made.start(name)));
    await waitUntilReady(made, spec.readyTimeoutMs);
    if (await canCut(made)) made.allowCuts();
    return made;
  } catch (error) {
    await cluster?.destroy().catch(() => {});
    close();
    throw error;
  }
}

/** Tried, not concluded: rules are set to none on every host. */
async function canCut(cluster: SshCluster): Promise<boolean> {
  try {
    const tries = cluster.nodes.map(async ({ name }) => {
      const agent = await cluster.remote(name).agent();
      return [
        await agent.ask(['hello'], helloTimeoutMs),
        await agent.ask(['cut', '192.0.2.1'], helloTimeoutMs),
        await agent.ask(['heal'], helloTimeoutMs),
      ];
    });
    return (await Promise.all(tries)).flat().every(({ status }) => status === 0);
  } catch {
    return false;
  }
}
