/**
 * What a runtime can do to the network and to the machines of its nodes: the optional parts of a Cluster. A fault
 * that needs what is missing is refused by name before a run begins.
 */
import type { Grudge } from '../generator/fault-plan.ts';

/** What one node saw of its network. Keys are addresses. */
export interface Probe {
  /** Could it connect? A refusal counts: packets got there and back. */
  readonly open: Readonly<Record<string, boolean>>;
  /** Packets that each of our rules has dropped. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Is there anything of ours that drops packets at all? */
  readonly chained: boolean;
}

/** Cuts between nodes. Clients, which are outside of the cluster's addresses, keep seeing every node. */
export interface NetworkPowers {
  /**
   * Each node drops the packets of the peers in its grudge, from now on; a cut replaces the one before. With
   * `flapMs` it goes and comes again in turns of that length.
   */
  cut(grudge: Grudge, flapMs: number | null): Promise<void>;
  /** Removes all cuts from all nodes, also what a cut that failed half-way left. */
  heal(): Promise<void>;
  /** What a node sees of its peers: it tries to connect to each; null for one that cannot be asked. */
  probe(node: string, timeoutMs: number): Promise<Probe | null>;
}

/** Of one machine's link, for all packets in both directions. Shares are between 0 and 1. */
export interface LinkFault {
  readonly loss?: number;
  readonly duplication?: number;
  /** This share of the packets takes up to `reorderMs` longer. */
  readonly reordering?: number;
  readonly reorderMs?: number;
  readonly delayMs?: readonly [least: number, most: number];
  /** How much it takes, one way. */
  readonly bytesPerMs?: number;
}

/** What became of numbered packets that were sent one after the other. */
export interface LinkMeasure {
  readonly sent: number;
  /** Different packets that arrived. */
  readonly arrived: number;
  /** Further copies of them. */
  readonly repeated: number;
  /** That arrived after one which was sent later. */
  readonly overtaken: number;
  /** Mean of those that arrived; NaN where none did. */
  readonly meanMs: number;
}

/** Bad links. */
export interface LinkPowers {
  /** null: the link is as it should be. */
  setLink(node: string, fault: LinkFault | null): Promise<void>;
  measure(from: string, to: string, packets: number): Promise<LinkMeasure>;
}

export interface MachinePowers {
  /** The power of the machine fails: what was not synced is lost, and nobody is told. */
  cutPower(node: string): Promise<void>;
  fillDisk(node: string, full: boolean): Promise<void>;
  isDiskFull(node: string): Promise<boolean>;
  /**
   * From now on the wall clock is off by `offsetMs` and goes wrong by `driftPpm` millionths. Where
   * `jumpEveryMs` is not 0 the offset goes and comes again in turns of that length.
   */
  setClock(node: string, offsetMs: number, driftPpm: number, jumpEveryMs: number): Promise<void>;
  /** By how many ms the wall clock of a node is ahead at present. */
  clockAheadMs(node: string): Promise<number>;
}
