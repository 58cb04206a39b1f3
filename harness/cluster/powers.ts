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
  /** Was this seen in another network namespace than the one in which the node lives? Then it proves nothing. */
  readonly astray?: boolean;
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
  /** Losses one after the other: the share of packets at which that begins, and at which it ends again. */
  readonly burst?: { readonly beginShare: number; readonly endShare: number };
  readonly duplication?: number;
  /** This share of the packets takes up to `reorderMs` longer. */
  readonly reordering?: number;
  readonly reorderMs?: number;
  /** This share has a changed payload, of which the checksum knows nothing. */
  readonly corruption?: number;
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
  /** That arrived with another payload than they had. */
  readonly changed: number;
  /** Mean of those that arrived; NaN where none did. */
  readonly meanMs: number;
}

/** Bad links. */
export interface LinkPowers {
  /** null: the link is as it should be. */
  setLink(node: string, fault: LinkFault | null): Promise<void>;
  measure(from: string, to: string, packets: number): Promise<LinkMeasure>;
}

/** What a disk has when its power fails, beside what was synced to it. */
export interface PowerLoss {
  /** Nothing more, or the oldest changes of each file, by chance. */
  readonly lose: 'all' | 'random';
  /** A name is durable after any sync (the ordered journal of ext4), or only after one of its folder (POSIX). */
  readonly names: 'ordered' | 'strict';
  /** Of the first write that is lost in each file, a first part is there. */
  readonly torn: boolean;
  readonly seed: number;
}

export interface DiskFault {
  readonly error?: 'full' | 'read-only' | 'io-error';
  /** Which calls fail; where it is left open, all that make no sense on such a disk. */
  readonly on?: readonly ('write' | 'sync')[];
  /** Of the calls that could fail, between 0 and 1. */
  readonly share?: number;
  /** How much longer each takes. */
  readonly writeMs?: number;
  readonly syncMs?: number;
}

/** What a write and a sync in the data folder came to, tried beside the node. */
export interface DiskTrial {
  /** ENOSPC, EIO, EROFS ...; null: both were done. */
  readonly error: string | null;
  readonly writeMs: number;
  readonly syncMs: number;
}

/** What is done to the data of a node that does not run. */
export type Spoiling =
  | { readonly kind: 'truncate'; readonly bytes: number }
  | { readonly kind: 'flip'; readonly bits: number; readonly seed: number }
  | { readonly kind: 'empty' }
  /** A copy of the data is kept, one for each node. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'bring-back' };

export interface MachinePowers {
  /** The power of the machine fails, and nobody is told. Resolves with what was lost, in words. */
  cutPower(node: string, loss: PowerLoss): Promise<string>;
  /** null: the disk is as it should be. */
  setDisk(node: string, fault: DiskFault | null): Promise<void>;
  tryDisk(node: string): Promise<DiskTrial>;
  /**
   * From now on the wall clock is off by `offsetMs` and goes wrong by `driftPpm` millionths. Where
   * `jumpEveryMs` is not 0 the offset goes and comes again in turns of that length.
   */
  setClock(node: string, offsetMs: number, driftPpm: number, jumpEveryMs: number): Promise<void>;
  /** By how many ms the wall clock of a node is ahead at present. */
  clockAheadMs(node: string): Promise<number>;
  /** Of a node that does not run. Resolves with what was done, in words. */
  spoil(node: string, how: Spoiling): Promise<string>;
}
