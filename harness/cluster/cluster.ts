/**
 * Where nodes live. One interface for every runtime; `acceptance.ts` is the suite that each
 * implementation must pass. Nodes are named n1..nN everywhere: in histories, faults and reports.
 */

import type { World } from '../world/world.ts';
import type { ExternalSpec, SshSpec } from './places.ts';
import type { LinkPowers, MachinePowers, NetworkPowers } from './powers.ts';
import type { Program } from './program.ts';

export const runtimeNames = ['auto', 'docker', 'netns', 'local', 'ssh', 'external', 'sim'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export interface ClusterSpec {
  /** Unique for each run: part of every label, container and network name. */
  readonly runId: string;
  /** Of everything that is random in a virtual world; the real one has no use for it. */
  readonly seed?: number;
  /** Mean latency of a packet in a virtual network, one way. */
  readonly latencyMs?: number;
  readonly nodes: number;
  /** What is started on each node. */
  readonly program: Program;
  /** What the system that runs there can be asked. */
  readonly inquiries: Inquiries;
  /** What the faults of this run need. A real cluster is made ready for that, and for nothing else. */
  readonly powers?: ReadonlySet<Capability>;
  readonly readyTimeoutMs: number;
  /** Hosts, where nodes live on some. */
  readonly ssh?: SshSpec;
  /** Where others run the nodes. */
  readonly external?: ExternalSpec;
}

export interface NodeHandle {
  /** n1, n2 ... */
  readonly name: string;
  /** Address inside the cluster's network; what a grudge's rules match. */
  readonly address: string;
  /** Its second address, where the network has IPv6 too. */
  readonly address6?: string;
  /** http://host:port of the clients' port, as reachable from the control process. */
  readonly url: string;
}

/** What questions need of a cluster. */
export type Asked = Pick<Cluster, 'world' | 'nodes'>;

/** What the system under test tells whoever asks: proofs of faults, readiness, targets of faults. */
export interface Inquiries {
  /** Does the process of this node answer in time? Any answer counts, a refusal as well. */
  answers(asked: Asked, node: NodeHandle, timeoutMs: number): Promise<boolean>;
  /** Null when this node is ready to serve, else what is missing, in the system's own words. */
  missing(asked: Asked, node: NodeHandle): Promise<string | null>;
  /** Nodes that say that they lead, of most keys first. Left out where nobody leads. */
  primaries?(asked: Asked): Promise<readonly string[]>;
}

/**
 * What a runtime can do to its nodes; faults that need what is not there are refused by name. `cut`: drop the
 * packets of a grudge. `disk`: make it full; `disk-errors`: let it fail, be slow, or take nothing more; `data`:
 * change what is on it while its node is down.
 */
export type Capability =
  | 'exec'
  | 'kill'
  | 'pause'
  | 'logs'
  | 'cut'
  | 'link'
  | 'power'
  | 'disk'
  | 'disk-errors'
  | 'data'
  | 'clock'
  | 'corruption';

export type ProcessState = 'running' | 'paused' | 'exited';

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cluster {
  readonly nodes: readonly NodeHandle[];
  /** Time and connections of the world in which the nodes live. */
  readonly world: World;
  readonly inquiries: Inquiries;
  readonly capabilities: ReadonlySet<Capability>;
  /** Why it lacks a power that was asked for, where that is known. */
  readonly refusals?: ReadonlyMap<Capability, string>;
  readonly network?: NetworkPowers;
  readonly links?: LinkPowers;
  readonly machines?: MachinePowers;
  /** Versions and names for the run file: engine, images, kernel. */
  readonly environment: Readonly<Record<string, string>>;
  /** SIGKILL. Resolves when the process is gone. The data stay. */
  kill(node: string): Promise<void>;
  /** Starts a killed node on the same data. Resolves when its process runs, not when it is ready. */
  start(node: string): Promise<void>;
  pause(node: string): Promise<void>;
  resume(node: string): Promise<void>;
  state(node: string): Promise<ProcessState>;
  /** Of a node whose state is `exited`; null where it runs. 137 is SIGKILL. */
  exitCode?(node: string): Promise<number | null>;
  /**
   * Runs a program inside the node's namespaces; no shell. Rejects when it has not ended after
   * `timeoutMs`; the program itself may then go on.
   */
  exec(node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** Lines of the node's output since the beginning, oldest first, at most `maxLines`. */
  logs(node: string, maxLines: number): Promise<string[]>;
  /** Removes everything that this cluster made. Safe to call twice and after a crash. */
  destroy(): Promise<void>;
}
