/**
 * Nodes in a virtual world: the node's own core, in this process and in virtual time. One seed gives one history.
 * This file and its folder are the only ones outside of docker/engram that import from it.
 */
import type { VirtualWorld } from '../../../docker/engram/src/env/virtual.ts';
import type { Settings } from '../../../docker/engram/src/settings.ts';
import type {
  Capability,
  Cluster,
  ClusterSpec,
  ExecResult,
  Inquiries,
  NodeHandle,
  ProcessState,
} from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { DiskFault, DiskTrial, LinkPowers, MachinePowers, NetworkPowers } from '../powers.ts';
import type { NodePlace } from '../program.ts';
import { waitUntilReady } from '../ready.ts';
import { SimNetwork } from './network.ts';
import { boot, lastWords, lineText, settingsOf } from './node.ts';
import { SimWorld } from './world.ts';

const exitKilled = 137;
const defaultLatencyMs = 0.5;

/** One node of the cluster, over all of its lives. */
interface Place {
  readonly settings: Settings;
  begun: boolean;
  paused: boolean;
  exitCode: number | null;
  /** How often its clock was set: one that jumps knows by it when that is over. */
  clockSettings: number;
}

/** What can be done to virtual nodes, their machines and their network. */
export const simCapabilities: ReadonlySet<Capability> = new Set<Capability>([
  ...(['kill', 'pause', 'logs', 'cut', 'link', 'power', 'disk', 'clock'] as const),
]);

class SimCluster implements Cluster, MachinePowers {
  readonly nodes: readonly NodeHandle[];
  readonly world: SimWorld;
  readonly capabilities = simCapabilities;
  readonly environment: Readonly<Record<string, string>>;
  readonly inquiries: Inquiries;
  readonly network: NetworkPowers;
  readonly links: LinkPowers;
  readonly machines: MachinePowers = this;
  readonly #virtual: VirtualWorld;
  readonly #places = new Map<string, Place>();

  constructor(spec: ClusterSpec) {
    const latencyMs = spec.latencyMs ?? defaultLatencyMs;
    this.world = new SimWorld(spec.seed ?? 0, latencyMs);
    this.#virtual = this.world.virtual;
    this.environment = { engine: 'simulator', latency: `${latencyMs} ms` };
    const names = Array.from({ length: spec.nodes }, (_, i) => `n${i + 1}`);
    const places = names.map((name, i): NodePlace => {
      const url = `http://${name}:${spec.program.clientPort}`;
      return { name, number: i + 1, address: name, url, dataDir: spec.program.dataDir };
    });
    this.nodes = places;
    this.inquiries = spec.inquiries;
    const network = new SimNetwork(this.world, names, latencyMs);
    this.network = network;
    this.links = network;
    for (const place of places) {
      const { name } = place;
      const settings = settingsOf(name, spec.program.node(place, places).env);
      this.#places.set(name, {
        settings,
        begun: false,
        paused: false,
        exitCode: null,
        clockSettings: 0,
      });
    }
  }

  #place(node: string): Place {
    const place = this.#places.get(node);
    if (!place) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return place;
  }

  #up(node: string): boolean {
    return this.#place(node).begun && this.#virtual.up(node);
  }

  async start(node: string): Promise<void> {
    const place = this.#place(node);
    if (this.#up(node)) return;
    place.exitCode = null;
    const die = (error: unknown): void => this.#die(node, error);
    const env = place.begun ? this.#virtual.restart(node, die) : this.#virtual.node(node, die);
    place.begun = true;
    // A node that is killed while it starts never gets to the end of that.
    boot(env, place.settings).catch(die);
  }

  #die(node: string, error: unknown): void {
    const place = this.#place(node);
    if (!this.#up(node)) return;
    const { event, reason, exitCode } = lastWords(error);
    const line = { node, level: 'error', event, fields: { reason } } as const;
    this.#virtual.logs.push({ atMs: this.#virtual.nowMs, ...line });
    this.#virtual.crash(node, { power: false });
    place.exitCode = exitCode;
  }

  async kill(node: string): Promise<void> {
    const place = this.#place(node);
    place.paused = false;
    if (!this.#up(node)) return;
    this.#virtual.crash(node, { power: false });
    place.exitCode = exitKilled;
  }

  async pause(node: string): Promise<void> {
    this.#place(node).paused = true;
    this.#virtual.pause(node);
  }

  async resume(node: string): Promise<void> {
    this.#place(node).paused = false;
    this.#virtual.resume(node);
  }

  async state(node: string): Promise<ProcessState> {
    const { paused } = this.#place(node);
    if (!this.#up(node)) return 'exited';
    return paused ? 'paused' : 'running';
  }

  async exitCode(node: string): Promise<number | null> {
    return this.#up(node) ? null : this.#place(node).exitCode;
  }

  async exec(): Promise<ExecResult> {
    throw new ClusterError('engine-failed', 'virtual nodes run no programs beside themselves');
  }

  async logs(node: string, maxLines: number): Promise<string[]> {
    this.#place(node);
    const lines = this.#virtual.logs.filter((line) => line.node === node);
    return lines.slice(-maxLines).map(lineText);
  }

  async destroy(): Promise<void> {
    for (const { name } of this.nodes) {
      if (this.#up(name)) this.#virtual.crash(name, { power: true });
    }
  }

  /** The virtual disk tears tails by itself; what it lost it does not tell. */
  async cutPower(node: string): Promise<string> {
    const place = this.#place(node);
    place.paused = false;
    place.exitCode = null;
    this.#virtual.crash(node, { power: true });
    return 'what was not synced';
  }

  async setDisk(node: string, fault: DiskFault | null): Promise<void> {
    if (fault && fault.error !== 'full') {
      throw new ClusterError('engine-failed', 'a virtual disk can be full, and nothing else');
    }
    this.#virtual.disk(node).full = fault !== null;
  }

  async tryDisk(node: string): Promise<DiskTrial> {
    return { error: this.#virtual.disk(node).full ? 'ENOSPC' : null, writeMs: 0, syncMs: 0 };
  }

  async spoil(): Promise<string> {
    throw new ClusterError('engine-failed', 'the data of virtual nodes cannot be changed');
  }

  async setClock(
    node: string,
    offsetMs: number,
    driftPpm: number,
    jumpEveryMs: number,
  ): Promise<void> {
    const number = ++this.#place(node).clockSettings;
    let off = false;
    const turn = (): void => {
      if (this.#place(node).clockSettings !== number) return;
      off = !off;
      this.#virtual.setClock(node, { offsetMs: off ? offsetMs : 0, driftPpm });
      if (jumpEveryMs > 0) this.#virtual.after(jumpEveryMs, turn);
    };
    turn();
  }

  async clockAheadMs(node: string): Promise<number> {
    return this.#virtual.clockAheadMs(node);
  }
}

/**
 * Starts a virtual cluster and resolves when every node sees all others. Rejects with ClusterError.
 */
export async function createSimCluster(spec: ClusterSpec): Promise<Cluster> {
  const cluster = new SimCluster(spec);
  for (const { name } of cluster.nodes) await cluster.start(name);
  await waitUntilReady(cluster, spec.readyTimeoutMs);
  return cluster;
}
