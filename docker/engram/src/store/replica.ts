/**
 * All spaces that this node holds, with their log: the part of the store that writing, shipping and
 * anti-entropy share. Nothing becomes visible before it is durable.
 */

import { actorOf, counterOf, covers, deferredActorOf, join } from '../conflict/vector.ts';
import type { MemoryVersion, VersionVector } from '../data.ts';
import type { Env } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import { defaultWalOptions, WriteAheadLog } from '../wal/log.ts';
import {
  approximateBytes,
  type LogRecord,
  type PackedVersion,
  pack,
  packVersion,
  unpack,
  unpackVersion,
} from './codec.ts';
import { healthy, type SpaceFaults, SpaceState } from './space.ts';

interface Waiter {
  readonly vector: VersionVector;
  resolve(): void;
}

/** How long `ack-before-log` keeps records from the log. */
const lateLogMs = 1000;
/** How many records `restart-forgets-log-tail` drops. */
const forgottenRecords = 50;
/** Size of one record of a merge. */
const partBytesMax = 1024 * 1024;
const lifeDigits = 5;

export class Replica {
  readonly env: Env;
  readonly faults: Faults;
  readonly #wal: WriteAheadLog;
  readonly #spaceFaults: SpaceFaults;
  readonly #spaces = new Map<string, SpaceState>();
  /** Stands for every space that is not known. */
  readonly #nothing = new SpaceState('', healthy);
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #assigned = new Map<string, number>();
  /** By space: the dependencies of all that this node has deferred. */
  readonly #deferredDeps = new Map<string, VersionVector>();
  /** Merges of the log that are not complete yet, while it is replayed. */
  readonly #parts = new Map<number, PackedVersion[]>();
  #merges = 0;
  #actor = '';
  readonly counters = { writes: 0, replicated: 0, merged: 0, deferredWrites: 0 };

  constructor(env: Env, faults: Faults) {
    this.env = env;
    this.faults = faults;
    this.#spaceFaults = {
      firstWriteWins: faults.has('first-write-wins'),
      lastArrivalWins: faults.has('last-arrival-wins'),
      noCausalDelivery: faults.has('no-causal-delivery'),
      dropSiblings: faults.has('drop-siblings'),
    };
    this.#wal = new WriteAheadLog(env.disk, env.log, {
      ...defaultWalOptions,
      tornTailFatal: faults.has('torn-tail-fatal'),
      forgetTailRecords: faults.has('restart-forgets-log-tail') ? forgottenRecords : 0,
      skipSync: faults.has('ack-before-fsync'),
    });
  }

  /** As which this node writes; see data.ts. It names the log, too. */
  get actor(): string {
    return this.#actor;
  }

  get syncs(): number {
    return this.#wal.syncs;
  }

  /**
   * Rebuilds the state from the log. `own` gets the writes that this node had accepted, in order.
   * Rejects with LogError.
   */
  async open(node: string, own: (space: string, version: MemoryVersion) => void): Promise<void> {
    let life = '';
    await this.#wal.open((bytes) => {
      const record = unpack(bytes) as LogRecord;
      if (record.t === 'i') life = record.life;
      else this.#replay(record, own);
    });
    this.#parts.clear();
    if (life === '') {
      life = this.#newLife();
      await this.#wal.append(pack({ t: 'i', life } satisfies LogRecord));
    }
    this.#actor = actorOf(node, life);
  }

  #newLife(): string {
    const choices = 36 ** lifeDigits;
    return Math.floor(this.env.random() * choices)
      .toString(36)
      .padStart(lifeDigits, '0');
  }

  #replay(
    record: Exclude<LogRecord, { t: 'i' }>,
    own: (space: string, version: MemoryVersion) => void,
  ): void {
    switch (record.t) {
      case 's':
        this.ensure(record.space);
        break;
      case 'w': {
        const version = unpackVersion(record.version);
        this.ensure(record.space).deliver(version, false);
        if (!record.own) break;
        this.#noteOwn(record.space, version);
        own(record.space, version);
        break;
      }
      case 'p':
        this.#merges = Math.max(this.#merges, record.merge);
        this.#notePart(record.merge, record.versions);
        break;
      case 'm': {
        const versions = (this.#parts.get(record.merge) ?? []).map(unpackVersion);
        this.#parts.delete(record.merge);
        this.ensure(record.space).merge(versions, record.vector);
        break;
      }
      default:
        record satisfies never;
    }
  }

  close(): Promise<void> {
    return this.#wal.close();
  }

  get(space: string): SpaceState | undefined {
    return this.#spaces.get(space);
  }

  /** The space's state, made where it is new. A name without content needs no log record. */
  ensure(space: string): SpaceState {
    let state = this.#spaces.get(space);
    if (!state) this.#spaces.set(space, (state = new SpaceState(space, this.#spaceFaults)));
    return state;
  }

  /** For reading only: an unknown space is empty, and asking for it does not make it. */
  peek(space: string): SpaceState {
    return this.#spaces.get(space) ?? this.#nothing;
  }

  /** Sorted. */
  names(): string[] {
    return [...this.#spaces.keys()].sort();
  }

  async logSpace(space: string): Promise<void> {
    if (this.#spaces.has(space)) return;
    await this.#wal.append(pack({ t: 's', space } satisfies LogRecord));
    this.ensure(space);
  }

  #notePart(merge: number, versions: readonly PackedVersion[]): void {
    const parts = this.#parts.get(merge);
    if (parts) parts.push(...versions);
    else this.#parts.set(merge, [...versions]);
  }

  /** The next dot of this node in a space; `deferred` where the write must wait for what it saw. */
  nextDot(space: string, deferred: boolean): { readonly actor: string; readonly counter: number } {
    const actor = deferred ? deferredActorOf(this.#actor) : this.#actor;
    // The vector is behind what was assigned, unless the disk lied about a sync and a peer knows more.
    const known = counterOf(this.ensure(space).vector, actor);
    const assigned = this.#assigned.get(`${space}/${actor}`) ?? 0;
    return { actor, counter: Math.max(known, assigned) + 1 };
  }

  #noteOwn(space: string, { actor, counter, deps }: MemoryVersion): void {
    this.#assigned.set(`${space}/${actor}`, counter);
    if (actor.endsWith('+')) {
      this.#deferredDeps.set(space, join(this.#deferredDeps.get(space) ?? {}, deps));
    }
  }

  /**
   * What a context must cover besides `vector` if it covers a deferred write of this node. Its dot
   * stands for the earlier ones of the same actor as well, and contexts are causally closed: who
   * covers a write covers what it depends on. Without that, a write that supersedes them
   * would not supersede what they had replaced, and that would come back.
   */
  deferredDeps(space: string): VersionVector {
    return this.#deferredDeps.get(space) ?? {};
  }

  /** Makes a write of this node durable, then visible. `durable` is called when it may be shipped. */
  async commitOwn(space: string, version: MemoryVersion, durable: () => void): Promise<void> {
    this.#noteOwn(space, version);
    const bytes = pack({ t: 'w', space, own: true, version: packVersion(version) } as LogRecord);
    this.counters.writes++;
    if (this.faults.has('ack-before-log')) {
      this.env.timer(lateLogMs, () => void this.#wal.append(bytes).then(durable, () => {}));
    } else {
      await this.#wal.append(bytes);
    }
    this.ensure(space).deliver(version, true);
    if (!this.faults.has('ack-before-log')) durable();
    this.wake(space);
  }

  /** Makes writes of peers durable, then visible in causal order. */
  async commitReplicated(
    shipments: readonly { readonly space: string; readonly version: MemoryVersion }[],
  ): Promise<void> {
    const fresh = shipments.filter(({ space, version }) => !this.ensure(space).knows(version));
    if (!this.faults.has('replicas-in-memory-only')) {
      await Promise.all(
        fresh.map(({ space, version }) =>
          this.#wal.append(
            pack({ t: 'w', space, own: false, version: packVersion(version) } as LogRecord),
          ),
        ),
      );
    }
    const touched = new Set<string>();
    for (const { space, version } of fresh) {
      this.ensure(space).deliver(version, false);
      touched.add(space);
    }
    this.counters.replicated += fresh.length;
    for (const space of touched) this.wake(space);
  }

  /** Merges the state of a peer (see SpaceState.merge), durably. */
  async commitMerge(
    space: string,
    versions: readonly MemoryVersion[],
    vector: VersionVector,
  ): Promise<void> {
    const merge = ++this.#merges;
    for (const part of inParts(versions)) {
      await this.#wal.append(pack({ t: 'p', merge, versions: part } satisfies LogRecord));
    }
    await this.#wal.append(pack({ t: 'm', merge, space, vector } satisfies LogRecord));
    this.ensure(space).merge(versions, vector);
    this.counters.merged += versions.length;
    this.wake(space);
  }

  /** Resolves true when `vector` is visible in the space, false after `timeoutMs`. */
  covered(space: string, vector: VersionVector, timeoutMs: number): Promise<boolean> {
    if (covers(this.peek(space).vector, vector)) return Promise.resolve(true);
    if (timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      let waiters = this.#waiters.get(space);
      if (!waiters) this.#waiters.set(space, (waiters = new Set()));
      const waiter: Waiter = {
        vector,
        resolve: () => {
          timer.cancel();
          resolve(true);
        },
      };
      const timer = this.env.timer(timeoutMs, () => {
        waiters.delete(waiter);
        resolve(false);
      });
      waiters.add(waiter);
    });
  }

  /** Lets go on whoever waits for what has become visible in `space`. */
  wake(space: string): void {
    const waiters = this.#waiters.get(space);
    if (!waiters) return;
    const { vector } = this.ensure(space);
    for (const waiter of waiters) {
      if (!covers(vector, waiter.vector)) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

/** Records of limited size, made one at a time. */
function* inParts(versions: readonly MemoryVersion[]): Generator<PackedVersion[]> {
  let part: PackedVersion[] = [];
  let bytes = 0;
  for (const version of versions) {
    bytes += approximateBytes(version);
    if (bytes > partBytesMax && part.length > 0) {
      yield part;
      part = [];
      bytes = approximateBytes(version);
    }
    part.push(packVersion(version));
  }
  if (part.length > 0) yield part;
}
