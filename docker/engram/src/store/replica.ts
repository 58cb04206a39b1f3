/**
 * All spaces that this node holds, with their log: the part of the store that writing, shipping and
 * anti-entropy share. Nothing becomes visible before it is durable.
 */

import { covers } from '../conflict/vector.ts';
import type { MemoryVersion, VersionVector } from '../data.ts';
import type { Env } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import { defaultWalOptions, WriteAheadLog } from '../wal/log.ts';
import { type LogRecord, pack, packVersion, unpack, unpackVersion } from './codec.ts';
import { type SpaceFaults, SpaceState } from './space.ts';

interface Waiter {
  readonly vector: VersionVector;
  resolve(): void;
}

/** How long `ack-before-log` keeps records from the log. */
const lateLogMs = 1000;
/** How many records `restart-forgets-log-tail` drops. */
const forgottenRecords = 50;

export class Replica {
  readonly env: Env;
  readonly faults: Faults;
  readonly #wal: WriteAheadLog;
  readonly #spaceFaults: SpaceFaults;
  readonly #spaces = new Map<string, SpaceState>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #assigned = new Map<string, number>();
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

  get syncs(): number {
    return this.#wal.syncs;
  }

  /** Rebuilds the state from the log. `own` gets the writes that this node had accepted. */
  async open(own: (space: string, version: MemoryVersion) => void): Promise<void> {
    await this.#wal.open((payload) => {
      const record = unpack(payload) as LogRecord;
      const space = this.ensure(record.space);
      if (record.t === 'w') {
        const version = unpackVersion(record.version);
        space.deliver(version, false);
        if (record.own) {
          this.#noteAssigned(record.space, version.actor, version.counter);
          own(record.space, version);
        }
      } else if (record.t === 'm') {
        space.merge(record.versions.map(unpackVersion), record.vector);
      }
    });
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
    return this.#spaces.get(space) ?? new SpaceState(space, this.#spaceFaults);
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

  #noteAssigned(space: string, actor: string, counter: number): void {
    const key = `${space}/${actor}`;
    this.#assigned.set(key, Math.max(counter, this.#assigned.get(key) ?? 0));
  }

  /** The next counter of one of this node's actors in a space. */
  assign(space: string, actor: string): number {
    const key = `${space}/${actor}`;
    const counter = Math.max(this.#assigned.get(key) ?? 0, this.ensure(space).vector[actor] ?? 0);
    this.#assigned.set(key, counter + 1);
    return counter + 1;
  }

  /** Makes a write of this node durable, then visible. `durable` is called when it may be shipped. */
  async commitOwn(space: string, version: MemoryVersion, durable: () => void): Promise<void> {
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
    const record: LogRecord = { t: 'm', space, versions: versions.map(packVersion), vector };
    await this.#wal.append(pack(record));
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
