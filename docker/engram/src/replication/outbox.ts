/**
 * What this node has accepted and its peers have not yet acknowledged: one numbered queue, one cursor
 * for each peer. Pure. Cursors are durable (the store writes them now and then), so a restarted
 * node goes on where it was; sending something twice is harmless, since receivers know dots.
 */
import type { MemoryVersion } from '../data.ts';

export interface Shipment {
  /** 1, 2, 3 ... in the order of this node's log, also over restarts. */
  readonly sequence: number;
  readonly space: string;
  readonly version: MemoryVersion;
}

export class Outbox {
  #entries: Shipment[] = [];
  /** Sequence of the newest entry. */
  #last = 0;
  readonly #cursors = new Map<string, number>();
  readonly #entriesMax: number;

  constructor(entriesMax: number, cursors: Readonly<Record<string, number>>) {
    this.#entriesMax = entriesMax;
    for (const [peer, cursor] of Object.entries(cursors)) this.#cursors.set(peer, cursor);
  }

  get last(): number {
    return this.#last;
  }

  push(space: string, version: MemoryVersion): number {
    this.#last++;
    this.#entries.push({ sequence: this.#last, space, version });
    return this.#last;
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
   * The next batch for a peer: entries after its cursor that `wanted` accepts, and the sequence up to
   * which an acknowledgement of them counts.
   */
  next(
    peer: string,
    wanted: (space: string) => boolean,
    countMax: number,
  ): { readonly shipments: readonly Shipment[]; readonly upTo: number } {
    const shipments: Shipment[] = [];
    let upTo = this.cursor(peer);
    const first = this.#entries[0]?.sequence ?? this.#last + 1;
    for (let i = Math.max(0, upTo + 1 - first); i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (wanted(entry.space)) {
        if (shipments.length === countMax) break;
        shipments.push(entry);
      }
      upTo = entry.sequence;
    }
    return { shipments, upTo };
  }

  /** Number of entries of `space` after the peer's cursor. */
  lag(peer: string, space: string): number {
    const cursor = this.cursor(peer);
    let count = 0;
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i]!;
      if (entry.sequence <= cursor) break;
      if (entry.space === space) count++;
    }
    return count;
  }

  /**
   * Forgets what all of `peers` have. A peer that is further behind than `entriesMax` gets the rest by
   * anti-entropy.
   */
  trim(peers: readonly string[]): void {
    let keepAfter = this.#last;
    for (const peer of peers) keepAfter = Math.min(keepAfter, this.cursor(peer));
    keepAfter = Math.max(keepAfter, this.#last - this.#entriesMax);
    const first = this.#entries[0]?.sequence ?? this.#last + 1;
    const drop = keepAfter + 1 - first;
    if (drop > 1024 || drop === this.#entries.length) this.#entries.splice(0, Math.max(0, drop));
  }
}
