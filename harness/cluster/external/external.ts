/**
 * A cluster that somebody else runs, known by its URLs. It is never started or ended from here; faults come from a
 * command of the user, or there are none.
 */
import { realWorld } from '../../world/real-world.ts';
import type {
  Capability,
  Cluster,
  ClusterSpec,
  ExecResult,
  NodeHandle,
  ProcessState,
} from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NetworkPowers } from '../powers.ts';
import { waitUntilReady } from '../ready.ts';
import { FaultCommand } from './fault-command.ts';

/** Throws ClusterError for what is no URL of a node. */
export function nodesAt(urls: readonly string[]): NodeHandle[] {
  return urls.map((text, i) => {
    if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
      const wanted = 'URLs such as http://10.0.0.1:7432';
      const printed = JSON.stringify(text);
      throw new ClusterError('settings-refused', `--urls has ${printed}; accepted are ${wanted}`);
    }
    const { host, origin } = new URL(text);
    return { name: `n${i + 1}`, address: host, url: origin };
  });
}

class ExternalCluster implements Cluster {
  readonly world = realWorld;
  readonly nodes: readonly NodeHandle[];
  readonly inquiries: Cluster['inquiries'];
  readonly capabilities: ReadonlySet<Capability>;
  readonly environment: Readonly<Record<string, string>>;
  readonly network?: NetworkPowers;
  readonly #command: FaultCommand | null;

  constructor(
    spec: ClusterSpec,
    nodes: readonly NodeHandle[],
    command: FaultCommand | null,
    capabilities: readonly Capability[],
  ) {
    this.nodes = nodes;
    this.inquiries = spec.inquiries;
    this.#command = command;
    this.capabilities = new Set(capabilities);
    if (command && this.capabilities.has('cut')) this.network = command;
    this.environment = {
      engine: 'external',
      urls: nodes.map(({ url }) => url).join(' '),
    };
  }

  #handle(node: string): NodeHandle {
    const found = this.nodes.find(({ name }) => name === node);
    if (!found) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return found;
  }

  async #call(verb: string, node: string): Promise<void> {
    this.#handle(node);
    if (this.#command === null) {
      const text = 'nobody can do that to a cluster that others run; name a --fault-command';
      throw new ClusterError('no-rights', text);
    }
    await this.#command.call(verb, node);
  }

  kill(node: string): Promise<void> {
    return this.#call('kill', node);
  }

  start(node: string): Promise<void> {
    return this.#call('start', node);
  }

  pause(node: string): Promise<void> {
    return this.#call('pause', node);
  }

  resume(node: string): Promise<void> {
    return this.#call('resume', node);
  }

  /** Without a command: as far as can be seen from outside. */
  async state(node: string): Promise<ProcessState> {
    const handle = this.#handle(node);
    if (this.#command) return this.#command.state(node);
    return (await this.inquiries.answers(this, handle, answerTimeoutMs)) ? 'running' : 'exited';
  }

  async exec(): Promise<ExecResult> {
    throw new ClusterError('no-rights', 'no program can be run beside nodes that others run');
  }

  async logs(node: string): Promise<string[]> {
    this.#handle(node);
    return [];
  }

  /** Heals what was cut; the cluster stays. */
  async destroy(): Promise<void> {
    await this.network?.heal();
  }
}

const answerTimeoutMs = 2000;

/** Rejects with ClusterError where the nodes are not ready, or the command does not say what it can. */
export async function createExternalCluster(spec: ClusterSpec): Promise<Cluster> {
  const { urls, faultCommand } = spec.external ?? { urls: [], faultCommand: [] };
  if (urls.length !== spec.nodes) {
    const text = `there are ${spec.nodes} nodes and ${urls.length} URLs; give --urls and --nodes`;
    throw new ClusterError('settings-refused', text);
  }
  const nodes = nodesAt(urls);
  const command = faultCommand.length === 0 ? null : new FaultCommand(faultCommand, nodes);
  const capabilities = (await command?.capabilities()) ?? [];
  const cluster = new ExternalCluster(spec, nodes, command, capabilities);
  await waitUntilReady(cluster, spec.readyTimeoutMs);
  return cluster;
}
