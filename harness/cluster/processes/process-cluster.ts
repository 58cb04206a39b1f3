/**
 * Nodes that are processes of this machine. What differs between runtimes of this kind (network namespaces, or none)
 * is the way into a node and what is removed in the end.
 */
import { realWorld } from '../../world/real-world.ts';
import type {
  Capability,
  Cluster,
  ExecResult,
  Inquiries,
  NodeHandle,
  ProcessState,
} from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NetworkPowers } from '../powers.ts';
import type { NodeProcess } from './node-process.ts';
import { runProgram } from './run.ts';

export interface ProcessClusterParts {
  readonly nodes: readonly NodeHandle[];
  readonly inquiries: Inquiries;
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: ReadonlyMap<string, NodeProcess>;
  /** Program and arguments that come before those of a program which is to run beside a node. */
  way(node: string): readonly string[];
  readonly network?: NetworkPowers;
  /** Called when a node has been started: its process is another one then. */
  afterStart?(): void;
  /** Removes what is left when all processes are gone. Safe to call twice. */
  remove(): Promise<void>;
}

export class ProcessCluster implements Cluster {
  readonly world = realWorld;
  readonly nodes: readonly NodeHandle[];
  readonly inquiries: Inquiries;
  readonly environment: Readonly<Record<string, string>>;
  readonly capabilities: ReadonlySet<Capability>;
  readonly network?: NetworkPowers;
  readonly #parts: ProcessClusterParts;

  constructor(parts: ProcessClusterParts) {
    this.#parts = parts;
    this.nodes = parts.nodes;
    this.inquiries = parts.inquiries;
    this.environment = parts.environment;
    this.network = parts.network;
    const cut: Capability[] = parts.network ? ['cut'] : [];
    this.capabilities = new Set(['exec', 'kill', 'pause', 'logs', ...cut]);
  }

  #process(node: string): NodeProcess {
    const found = this.#parts.processes.get(node);
    if (!found) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return found;
  }

  async kill(node: string): Promise<void> {
    await this.#process(node).kill();
  }

  async start(node: string): Promise<void> {
    await this.#process(node).start();
    this.#parts.afterStart?.();
  }

  async pause(node: string): Promise<void> {
    await this.#process(node).pause();
  }

  async resume(node: string): Promise<void> {
    await this.#process(node).resume();
  }

  async state(node: string): Promise<ProcessState> {
    return this.#process(node).state();
  }

  async exitCode(node: string): Promise<number | null> {
    return this.#process(node).exitCode();
  }

  async exec(node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    this.#process(node);
    return runProgram([...this.#parts.way(node), ...argv], timeoutMs);
  }

  async logs(node: string, maxLines: number): Promise<string[]> {
    return this.#process(node).logs(maxLines);
  }

  async destroy(): Promise<void> {
    const kills = [...this.#parts.processes.values()].map((each) => each.kill());
    const failed = (await Promise.allSettled(kills)).find(({ status }) => status === 'rejected');
    await this.#parts.remove();
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }
}
