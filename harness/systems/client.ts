/**
 * A client is what one process does its operations with. It never retries, and every ending that it can foresee is
 * a Completion: ok (it happened), fail (it certainly did not), info (nobody knows).
 */
import type { Cluster, NodeHandle } from '../cluster/cluster.ts';
import type { Completion, Invocation } from '../generator/operation.ts';
import type { Rng } from '../world/rng.ts';
import type { World } from '../world/world.ts';

export interface Client {
  /** Performs the operation within the client's time-out. */
  invoke(invocation: Invocation): Promise<Completion>;
  close(): Promise<void>;
}

/** What a client is made from. */
export interface ClientContext<Options = unknown, Session = unknown> {
  /** The node that it is bound to. */
  readonly node: NodeHandle;
  readonly nodes: Cluster['nodes'];
  readonly world: World;
  /** Of this client alone. */
  readonly rng: Rng;
  /** Within this time an operation must have ended. */
  readonly timeoutMs: number;
  /** Of the system. */
  readonly options: Options;
  /**
   * What the clients of one thread hand on to each other; null for final reads, which belong to no session.
   */
  readonly session: Session | null;
}

/** The clients of a system for one data type. */
export interface ClientKind<Options = unknown, Session = unknown> {
  /** Operations of the data type that they can do. */
  readonly operations: readonly string[];
  connect(context: ClientContext<Options, Session>): Client;
}
