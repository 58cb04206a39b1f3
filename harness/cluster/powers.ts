/**
 * What can be done to virtual machines and their network beyond what every runtime can: the optional parts
 * of a Cluster. Faults that need them are refused by name where they are missing.
 */
import type { Grudge } from '../../nemesis/fault.ts';
import type { Probe } from '../../nemesis/partition-proof.ts';

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

export interface NetworkPowers {
  /** With `flapMs` the cut goes and comes again in turns of that length. */
  cut(grudge: Grudge, flapMs: number | null): void;
  /** Removes all cuts. */
  heal(): void;
  /** What a node sees of its peers: it tries to connect to each; null for one without power. */
  probe(node: string, timeoutMs: number): Promise<Probe | null>;
  /** null: fair weather. */
  setLink(node: string, fault: LinkFault | null): void;
  measure(from: string, to: string, packets: number): Promise<LinkMeasure>;
}

export interface MachinePowers {
  /** The power of the machine fails: what was not synced is lost, and nobody is told. */
  cutPower(node: string): void;
  fillDisk(node: string, full: boolean): void;
  isDiskFull(node: string): boolean;
  /**
   * From now on the wall clock is off by `offsetMs` and goes wrong by `driftPpm` millionths. Where
   * `jumpEveryMs` is not 0 the offset goes and comes again in turns of that length.
   */
  setClock(node: string, offsetMs: number, driftPpm: number, jumpEveryMs: number): void;
  /** By how many ms the wall clock of a node is ahead at present. */
  clockAheadMs(node: string): number;
}
