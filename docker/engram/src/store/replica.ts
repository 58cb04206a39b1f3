/**
 * All spaces that this node holds, with their log: the part of the store that writing, shipping and
 * anti-entropy share. Nothing becomes visible before it is durable.
 */

import { covers, lastOf } from '../conflict/knowledge.ts';
import { deferredActorOf } from '../conflict/vector.ts';
import { type Knowledge, type MemoryVersion, NotWritable } from '../data.ts';
import type { Env } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import { LogError } from '../wal/log.ts';
import type { DotRange } from './codec.ts';
import { type Image, Journal, type LogLimits, type Merge, type OwnWrite } from './journal.ts';
import { healthy, type SpaceFaults, SpaceState } from './space.ts';

interface Waiter {
  readonly known: Knowledge;
  resolve(): void;
}

/** So many writes that came too late are kept for a person. */
const lateMax = 1000;

function isIn({ actor, from, to }: DotRange, of: string, counter: number): boolean {
  return actor === of && from <= counter && counter <= to;
}

/** How long `ack-before-log` keeps records from the log. */
const lateLogMs = 1000;
/** Where own writes go once they are durable, to be shipped. */
export interface Outgoing {
  push(space: string, version: MemoryVersion): void;
  /** Begins after `count` writes that every peer has. */
  startAfter(count: number): void;
  unshipped(): { readonly writes: readonly OwnWrite[]; readonly shippedCount: number };
}

export class Replica {
  readonly env: Env;
  readonly faults: Faults;
  readonly #journal: Journal;
  readonly #spaceFaults: SpaceFaults;
  readonly #spaces = new Map<string, SpaceState>();
  /** Stands for every space that is not known. */
  readonly #nothing = new SpaceState('', healthy);
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Spaces whose names are durable here. */
  readonly #logged = new Set<string>();
  /** By space and actor: the last counter that was given away. */
  readonly #assigned = new Map<string, Map<string, number>>();
  /** What came under a dot that was void by then. Newest last. */
  readonly late: OwnWrite[] = [];
  #actor = '';
  readonly counters = { writes: 0, replicated: 0, merged: 0, deferredWrites: 0, voids: 0, late: 0 };

  constructor(env: Env, faults: Faults, limits: LogLimits) {
    this.env = env;
    this.faults = faults;
    this.#spaceFaults = {
      firstWriteWins: faults.has('first-write-wins'),
      lastArrivalWins: faults.has('last-arrival-wins'),
      noCausalDelivery: faults.has('no-causal-delivery'),
      dropSiblings: faults.has('drop-siblings'),
      forgetTombstones: faults.has('forget-tombstones'),
      duplicateApply: faults.has('duplicate-apply'),
      tombstoneHides: faults.has('tombstone-hides'),
    };
    this.#journal = new Journal(env, faults, limits);
  }

  /** As which this node writes; see data.ts. */
  get actor(): string {
    return this.#actor;
  }

  /** Names the log, over all lives of the node that wrote to it. */
  get log(): string {
    return this.#journal.log;
  }

  get syncs(): number {
    return this.#journal.syncs;
  }

  get snapshots(): number {
    return this.#journal.snapshots;
  }

  /** Rebuilds the state, and what is to be shipped, from the log. Rejects with LogError. */
  async open(node: string, outgoing: Outgoing): Promise<void> {
    const mine = new RegExp(`^${node}[.]`);
    this.#actor = await this.#journal.open(
      node,
      {
        space: (space) => {
          this.#logged.add(space);
          this.ensure(space);
        },
        write: (space, version, own) => {
          const state = this.ensure(space);
          if (own && !state.knows(version)) outgoing.push(space, version);
          if (mine.test(version.actor)) this.#noteOwn(space, version);
          state.deliver(version, false);
        },
        merge: ({ space, versions, known, repair }) => {
          this.ensure(space).merge(versions, known, repair);
        },
        void: (space, range) => {
          const state = this.ensure(space);
          // In a snapshot what is known comes first.
          if (!state.isVoid(range.actor, range.to)) state.deliverVoid(range);
        },
        shippedCount: (count) => outgoing.startAfter(count),
        unshipped: (space, version) => outgoing.push(space, version),
      },
      () => this.#image(outgoing),
    );
  }

  /** All of it as it is now. Versions never change, so the lists can be written out later. */
  #image(outgoing: Outgoing): Image {
    const { writes, shippedCount } = outgoing.unshipped();
    const spaces = this.names().map((space) => this.#spaces.get(space)!.image());
    return { spaces, unshipped: writes, shippedCount };
  }

  close(): Promise<void> {
    return this.#journal.close();
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
    if (this.#logged.has(space)) return;
    this.ensure(space);
    await this.#journal.space(space);
    this.#logged.add(space);
  }

  /** The next dot of this node in a space; `deferred` where the write must wait for what it saw. */
  nextDot(space: string, deferred: boolean): { readonly actor: string; readonly counter: number } {
    const actor = deferred ? deferredActorOf(this.#actor) : this.#actor;
    // The vector is behind what was assigned, unless the disk lied about a sync and a peer knows more.
    const known = lastOf(this.ensure(space).known, actor);
    const assigned = this.#assigned.get(space)?.get(actor) ?? 0;
    return { actor, counter: Math.max(known, assigned) + 1 };
  }

  #noteOwn(space: string, { actor, counter }: MemoryVersion): void {
    let assigned = this.#assigned.get(space);
    if (!assigned) this.#assigned.set(space, (assigned = new Map()));
    assigned.set(actor, Math.max(counter, assigned.get(actor) ?? 0));
  }

  /** The last counter that this life has given to its first or second actor in a space. */
  lastGiven(space: string, actor: string): number {
    return this.#assigned.get(space)?.get(actor) ?? 0;
  }

  /** Gives away, to nobody, all counters of an own actor up to `counter`. */
  skipTo(space: string, actor: string, counter: number): void {
    let assigned = this.#assigned.get(space);
    if (!assigned) this.#assigned.set(space, (assigned = new Map()));
    assigned.set(actor, Math.max(counter, assigned.get(actor) ?? 0));
  }

  /** Makes a write of this node durable, then visible. `durable` is called when it may be shipped. */
  commitOwn(space: string, version: MemoryVersion, durable: () => void): Promise<void> {
    this.#noteOwn(space, version);
    this.counters.writes++;
    const visible = (): void => this.#show(space, version, true);
    if (this.faults.has('ack-before-log')) {
      visible();
      const late = (): Promise<void> => this.#journal.write(space, version, true, durable);
      this.env.timer(lateLogMs, () => void late().catch(() => {}));
      return Promise.resolve();
    }
    const { actor, counter } = version;
    const done = (): void => {
      visible();
      durable();
    };
    // A dot that is certainly in no log is given again; a gap would hold up all that follow.
    const failed = (): void => {
      const assigned = this.#assigned.get(space);
      if (this.#journal.trouble?.code !== 'LOG_FULL' || !assigned) return;
      assigned.set(actor, Math.min(assigned.get(actor) ?? 0, counter - 1));
    };
    return this.#journal.write(space, version, true, done, failed).catch((error: unknown) => {
      if (error instanceof LogError && error.code === 'LOG_FULL') {
        throw new NotWritable(error.message, { cause: error });
      }
      throw error;
    });
  }

  /** Why the log takes no writes; null where it does. */
  get trouble(): string | null {
    return this.#journal.trouble?.message ?? null;
  }

  /** Looks whether the disk has space again; never rejects. */
  probe(): Promise<void> {
    return this.#journal.probe().catch(() => {});
  }

  #show(space: string, version: MemoryVersion, own: boolean): void {
    if (this.ensure(space).deliver(version, own) > 0) this.wake(space);
  }

  /** Makes writes of peers durable, then visible in causal order. */
  commitReplicated(writes: readonly OwnWrite[]): Promise<unknown> {
    const fresh = this.faults.has('duplicate-apply')
      ? writes
      : writes.filter(({ space, version }) => !this.ensure(space).knows(version));
    for (const write of writes) {
      const { actor, counter } = write.version;
      if (this.denied(write.space, actor, counter))
        throw new Error(`${actor}:${counter} was denied`);
      if (this.peek(write.space).isVoid(actor, counter)) this.#keepLate(write);
    }
    this.counters.replicated += fresh.length;
    if (this.faults.has('replicas-in-memory-only')) {
      for (const { space, version } of fresh) this.#show(space, version, false);
      return Promise.resolve();
    }
    const commit = ({ space, version }: OwnWrite): Promise<void> =>
      this.#journal.write(space, version, false, () => this.#show(space, version, false));
    return fresh.length === 1 ? commit(fresh[0]) : Promise.all(fresh.map(commit));
  }

  /** Merges the state of a peer (see SpaceState.merge), durably. */
  async commitMerge(merge: Merge): Promise<void> {
    const { space, versions, known, repair } = merge;
    await this.#journal.merge(merge, () => {
      this.ensure(space).merge(versions, known, repair);
      this.counters.merged += versions.length;
      this.wake(space);
    });
  }

  /** Set by whoever asks around for lost writes: what this node has said that it does not hold. */
  denied: (space: string, actor: string, counter: number) => boolean = () => false;

  /** Takes over, durably, that nobody holds the writes of a range. */
  async commitVoid(space: string, range: DotRange): Promise<void> {
    const state = this.ensure(space);
    if (state.isVoid(range.actor, range.to)) return;
    const held = state.deferred().filter(({ actor, counter }) => isIn(range, actor, counter));
    await this.#journal.void(space, range, () => {
      if (state.isVoid(range.actor, range.to)) return;
      state.deliverVoid(range);
      this.counters.voids++;
      this.env.log('warn', 'store.void', { space, ...range });
      for (const version of held) this.#keepLate({ space, version });
      this.wake(space);
    });
  }

  /** What comes under a void dot is kept for a person, never silently dropped. */
  #keepLate(write: OwnWrite): void {
    if (this.late.some(({ version }) => version.dot === write.version.dot)) return;
    this.counters.late++;
    this.env.log('warn', 'store.late', { space: write.space, version: write.version.dot });
    this.late.push(write);
    if (this.late.length > lateMax) this.late.shift();
  }

  /** Resolves true when `known` is visible in the space, false after `timeoutMs`. */
  covered(space: string, known: Knowledge, timeoutMs: number): Promise<boolean> {
    if (covers(this.peek(space).known, known)) return Promise.resolve(true);
    if (timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      let waiters = this.#waiters.get(space);
      if (!waiters) this.#waiters.set(space, (waiters = new Set()));
      const waiter: Waiter = {
        known,
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
    const { known } = this.ensure(space);
    for (const waiter of waiters) {
      if (!covers(known, waiter.known)) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
