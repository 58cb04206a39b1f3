/**
 * Ships what this node has accepted to the other owners, in order, one batch in flight for each peer,
 * for as long as it takes. A batch that failed is sent again; a peer that comes back is
 * served at once.
 */
import type { MemoryVersion, Placement } from '../data.ts';
import type { RpcBody } from '../env/env.ts';
import {
  openedAs,
  type PackedVersion,
  packVersion,
  parcelOf,
  unpackVersion,
  type Wire,
} from '../store/codec.ts';
import type { OwnWrite } from '../store/journal.ts';
import type { Outgoing, Replica } from '../store/replica.ts';
import type { Member, Membership } from '../swim/membership.ts';
import { Outbox, type Shipment } from './outbox.ts';

const batchBytesMax = 512 * 1024;
const shipDeadlineMs = 1000;
const retryMs = 150;
const cursorSaveMs = 1000;
/** About 60 MB of embeddings that nobody else keeps in memory, in the worst case. */
const outboxEntriesMax = 20_000;
const cursorFile = 'cursors.json';
/** To acknowledge a batch is all that there is to say. */
const received = new Uint8Array();
/** How long `no-causal-delivery` holds single writes back, at most. */
const shuffleMsMax = 300;

/** The answer to a batch that is not even sent. */
const outOfReach = Promise.reject(new Error('out of reach'));
outOfReach.catch(() => {});

interface StoredCursors {
  /** Names the log whose entries are counted. */
  readonly log: string;
  readonly cursors: Readonly<Record<string, number>>;
}

interface AckWaiter {
  readonly sequence: number;
  readonly peers: readonly string[];
  readonly needed: number;
  resolve(copies: number): void;
}

export class Shipper implements Outgoing {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #placement: Placement;
  readonly #outbox = new Outbox(outboxEntriesMax);
  readonly #inFlight = new Set<string>();
  readonly #ackWaiters = new Set<AckWaiter>();
  #savedCursors = '';
  /** A list of members stays the same one until something changes. */
  #seen: { readonly members: readonly Member[]; readonly peers: readonly Member[] } = {
    members: [],
    peers: [],
  };
  #stopped = false;
  readonly counters = { batches: 0, failedBatches: 0 };

  constructor(replica: Replica, membership: Membership, placement: Placement) {
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
  }

  /**
   * Reads the cursors; after the log was replayed into `push`. Cursors of another log would say that
   * peers have what they were never sent, so such are left alone; the peers are served anew.
   */
  async load(): Promise<void> {
    const { disk, log } = this.#replica.env;
    const bytes = await disk.read(cursorFile);
    if (!bytes) return;
    try {
      const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredCursors;
      if (stored.log === this.#replica.log) this.#outbox.restore(stored.cursors);
    } catch (error) {
      log('warn', 'replication.cursors-not-read', { reason: String(error) });
    }
  }

  start(): void {
    this.#membership.onChange((member) => {
      if (member.state === 'alive') this.#ship(member.id);
    });
    this.#saveCursors();
    this.kick();
  }

  stop(): void {
    this.#stopped = true;
  }

  push(space: string, version: MemoryVersion): number {
    return this.#outbox.push(space, version);
  }

  startAfter(count: number): void {
    this.#outbox.startAfter(count);
  }

  unshipped(): ReturnType<Outgoing['unshipped']> {
    const writes = this.#outbox.unshipped(this.#peers().map((member) => member.id));
    return { writes, shippedCount: this.#outbox.last - writes.length };
  }

  /** Looks at every peer for something to send. */
  kick(): void {
    for (const member of this.#peers()) this.#ship(member.id);
  }

  #peers(): readonly Member[] {
    const members = this.#membership.members();
    if (members !== this.#seen.members) {
      const peers = members.filter((member) => member.id !== this.#membership.self.id);
      this.#seen = { members, peers };
    }
    return this.#seen.peers;
  }

  /** Own writes that are durable on no other owner. */
  undelivered(): number {
    const self = this.#membership.self.id;
    return this.#outbox.unheld((space) =>
      this.#placement.owners(space).filter((owner) => owner !== self),
    );
  }

  lag(peer: string, space: string): number {
    return this.#outbox.lag(peer, space);
  }

  /** Resolves with the number of copies, this node's included, once `needed` are there or time is up. */
  copies(sequence: number, space: string, needed: number, timeoutMs: number): Promise<number> {
    const self = this.#membership.self.id;
    const peers = this.#placement.owners(space).filter((owner) => owner !== self);
    return new Promise((resolve) => {
      const timer = this.#replica.env.timer(timeoutMs, () => {
        if (this.#ackWaiters.delete(waiter)) resolve(this.#count(waiter));
      });
      const waiter: AckWaiter = {
        sequence,
        peers,
        needed,
        resolve: (copies) => {
          timer.cancel();
          resolve(copies);
        },
      };
      this.#ackWaiters.add(waiter);
      this.#settle();
    });
  }

  #count(waiter: AckWaiter): number {
    return 1 + waiter.peers.filter((peer) => this.#outbox.cursor(peer) >= waiter.sequence).length;
  }

  #settle(): void {
    for (const waiter of this.#ackWaiters) {
      const copies = this.#count(waiter);
      if (copies < waiter.needed) continue;
      this.#ackWaiters.delete(waiter);
      waiter.resolve(copies);
    }
  }

  #ship(peer: string): void {
    if (this.#stopped || this.#inFlight.has(peer)) return;
    const { shipments, upTo } = this.#outbox.next(
      peer,
      (space) => this.#placement.owners(space).includes(peer),
      batchBytesMax,
    );
    if (shipments.length === 0) {
      this.#outbox.acknowledge(peer, upTo);
      return;
    }
    if (this.#replica.faults.has('no-causal-delivery')) {
      this.#outbox.acknowledge(peer, upTo);
      for (const shipment of shipments) this.#scatter(peer, shipment);
      return;
    }
    this.#inFlight.add(peer);
    this.#send(peer, shipments).then(
      () => this.#sent(peer, upTo),
      () => this.#failed(peer, upTo),
    );
  }

  #send(peer: string, shipments: readonly Shipment[]): Promise<unknown> {
    const member = this.#membership.get(peer);
    if (!member || !this.#membership.reachable(peer)) return outOfReach;
    this.counters.batches++;
    const body = parcelOf(shipments, wireOfShipments);
    return this.#replica.env.rpc.call(member.rpcAddress, 'data.ship', body, shipDeadlineMs);
  }

  #sent(peer: string, upTo: number): void {
    this.#inFlight.delete(peer);
    this.#outbox.acknowledge(peer, upTo);
    this.#settle();
    this.#outbox.trim(this.#peers().map((member) => member.id));
    this.#ship(peer);
  }

  #failed(peer: string, upTo: number): void {
    this.counters.failedBatches++;
    if (this.#replica.faults.has('no-anti-entropy')) this.#outbox.acknowledge(peer, upTo);
    const { env } = this.#replica;
    env.timer(retryMs * (0.5 + env.random()), () => {
      this.#inFlight.delete(peer);
      this.#ship(peer);
    });
  }

  /** no-causal-delivery: each write travels alone and overtakes others; a lost one is tried again. */
  #scatter(peer: string, shipment: Shipment): void {
    const { env } = this.#replica;
    env.timer(env.random() * shuffleMsMax, () => {
      if (this.#stopped) return;
      this.#send(peer, [shipment]).catch(() => this.#scatter(peer, shipment));
    });
  }

  #saveCursors(): void {
    if (this.#stopped) return;
    const { env } = this.#replica;
    env.timer(cursorSaveMs, () => {
      const stored: StoredCursors = {
        log: this.#replica.log,
        cursors: this.#outbox.cursors(),
      };
      const cursors = JSON.stringify(stored);
      if (cursors === this.#savedCursors || this.#stopped) return this.#saveCursors();
      this.#savedCursors = cursors;
      env.disk.replace(cursorFile, Buffer.from(cursors)).then(
        () => this.#saveCursors(),
        (error) => {
          // Cursors only save work: an old one means sending again what the peer knows.
          env.log('warn', 'replication.cursors-not-saved', { reason: String(error) });
          this.#saveCursors();
        },
      );
    });
  }

  /** The receiving side of `data.ship`: durable here before it is acknowledged. */
  receive(body: RpcBody): Promise<RpcBody> {
    const writes = openedAs(body, wireOfShipments);
    return this.#replica.commitReplicated(writes).then(() => received);
  }
}

const wireOfShipments: Wire<readonly OwnWrite[]> = {
  pack: (shipments) => shipments.map(({ space, version }) => [space, packVersion(version)]),
  unpack: (packed) => {
    const batch = packed as readonly (readonly [string, PackedVersion])[];
    return batch.map(([space, version]) => ({ space, version: unpackVersion(version) }));
  },
};
