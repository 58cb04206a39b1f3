/**
 * What this node has accepted and its peers have not yet acknowledged: one numbered queue, one cursor
 * for each peer. Pure. Cursors are durable (the store writes them now and then), so a restarted
 * node goes on where it was; sending something twice is harmless, since receivers know dots.
 */
import type { MemoryVersion } from '../data.ts';
import { approximateBytes } from '../store/codec.ts';

export interface Shipment {
  /** 1, 2, 3 ... in the order of this node's log, also over restarts. */
  readonly sequence: number;
  readonly space: string;
  readonly version: MemoryVersion;
}

/** Entries that are dropped together. */
const dropAtOnce = 1024;

export class Outbox {
  readonly #entries: Shipment[] = [];
  /** Sequence of the newest entry. */
  #last = 0;
  readonly #cursors = new Map<string, number>();
  /** What is older than that many entries reaches a peer by anti-entropy instead. */
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** Takes over cursors of a former life. None is beyond what was pushed so far. */
  restore(cursors: Readonly<Record<string, number>>): void {
    for (const [peer, cursor] of Object.entries(cursors)) {
      this.acknowledge(peer, Math.min(cursor, this.#last));
    }
  }

  get last(): number {
    return this.#last;
  }

  push(space: string, version: MemoryVersion): number {
    this.#last++;
    this.#entries.push({ sequence: this.#last, space, version });
    if (this.#entries.length > this.#entriesMax + dropAtOnce) this.#dropFirst(dropAtOnce);
    return this.#last;
  }

  /** Begins after `sequence`, before anything is pushed. */
  startAfter(sequence: number): void {
    this.#last = sequence;
  }

  /** What some of `peers` may lack, in order. */
  unshipped(peers: readonly string[]): readonly Shipment[] {
    const acknowledged = this.#acknowledgedBy(peers);
    return this.#entries.filter((entry) => entry.sequence > acknowledged);
  }

  /** Up to where all of `peers` have everything. */
  #acknowledgedBy(peers: readonly string[]): number {
    return Math.min(this.#last, ...peers.map((peer) => this.cursor(peer)));
  }

  cursor(peer: string): number {
    return this.#cursors.get(peer) ?? 0;
  }

  cursors(): Record<string, number> {
    return Object.fromEntries(
      [...this.#cursors].sort(([left], [right]) => (left < right ? -1 : 1)),
    );
  }

  /** The peer holds everything up to `sequence` durably, or is not meant to. */
  acknowledge(peer: string, sequence: number): void {
    if (sequence > this.cursor(peer)) this.#cursors.set(peer, sequence);
  }

  /**
   * The next batch for a peer: entries after its cursor that `wanted` accepts, at least one and else at
   * most `bytesMax`, and the sequence up to which an acknowledgement of them counts.
   */
  next(
    peer: string,
    wanted: (space: string) => boolean,
    bytesMax: number,
  ): { readonly shipments: readonly Shipment[]; readonly upTo: number } {
    const shipments: Shipment[] = [];
    let upTo = this.cursor(peer);
    let bytes = 0;
    const first = this.#entries[0]?.sequence ?? this.#last + 1;
    for (let i = Math.max(0, upTo + 1 - first); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (wanted(entry.space)) {
        bytes += approximateBytes(entry.version);
        if (bytes > bytesMax && shipments.length > 0) break;
        shipments.push(entry);
      }
      upTo = entry.sequence;
    }
    return { shipments, upTo };
  }

  /** Entries that none of the peers who are meant to hold them has acknowledged. */
  unheld(holders: (space: string) => readonly string[]): number {
    return this.#entries.filter(({ sequence, space }) => {
      const peers = holders(space);
      return peers.length > 0 && peers.every((peer) => this.cursor(peer) < sequence);
    }).length;
  }

  /** Number of entries of `space` after the peer's cursor. */
  lag(peer: string, space: string): number {
    const cursor = this.cursor(peer);
    let count = 0;
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry.sequence <= cursor) break;
      if (entry.space === space) count++;
    }
    return count;
  }

  /** Forgets what all of `peers` have. */
  trim(peers: readonly string[]): void {
    const keepAfter = this.#acknowledgedBy(peers);
    const first = this.#entries[0]?.sequence ?? this.#last + 1;
    const drop = keepAfter + 1 - first;
    // Removing from the front costs as much as what stays: not for every few entries.
    if (drop >= dropAtOnce || drop === this.#entries.length) this.#dropFirst(drop);
  }

  #dropFirst(count: number): void {
    this.#entries.splice(0, Math.max(0, count));
  }
}
