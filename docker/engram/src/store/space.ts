/**
 * The state of one memory space on one node: a state machine without I/O.
 *
 * Invariants:
 *   1. What is visible is causally closed: for every visible version, all that its writer had seen is
 *      visible, superseded or void. `known` describes it completely.
 *   2. Of each first actor, writes become visible in order of their counters; of second ones in any order.
 *   3. A version leaves only when a version that is known supersedes it.
 * Versions that arrive too early wait in `deferred` (they are durable, since the log has them).
 *
 * Causal delivery after Birman, Schiper and Stephenson (1991), with explicit dependencies.
 */
import { laterClock, zeroClock } from '../conflict/clock.ts';
import { covers, coversDot, join, nothingKnown, withAll, withDot } from '../conflict/knowledge.ts';
import { isDeferredActor } from '../conflict/vector.ts';
import { addVersion, mergeSides, mergeVersions, type Side } from '../conflict/versions.ts';
import type { Hlc, Knowledge, MemoryState, MemoryVersion } from '../data.ts';
import { hashTexts, MerkleTree } from '../gossip/merkle.ts';
import type { DotRange } from './codec.ts';
import type { SpaceImage } from './journal.ts';

/** How this space is broken on purpose; all false on a healthy node. */
export interface SpaceFaults {
  readonly firstWriteWins: boolean;
  readonly lastArrivalWins: boolean;
  readonly noCausalDelivery: boolean;
  readonly dropSiblings: boolean;
  readonly forgetTombstones: boolean;
  readonly duplicateApply: boolean;
  readonly tombstoneHides: boolean;
}

export const healthy: SpaceFaults = {
  firstWriteWins: false,
  lastArrivalWins: false,
  noCausalDelivery: false,
  dropSiblings: false,
  forgetTombstones: false,
  duplicateApply: false,
  tombstoneHides: false,
};

function hashVersions(id: string, versions: readonly MemoryVersion[]): number {
  if (versions.length === 1) return hashTexts([id, '|', versions[0].dot]);
  const dots = versions.map((version) => version.dot).sort();
  return hashTexts([id, '|', dots.join(',')]);
}

/** The place of one memory: there from its first version on, for good. */
interface Place {
  readonly id: string;
  state: MemoryState;
  /** In the Merkle tree. */
  hash: number;
}

function byId(left: Place, right: Place): number {
  return left.id < right.id ? -1 : 1;
}

const nothing: readonly MemoryVersion[] = [];
/** So many single dots beyond a gap are made void at once, at most. */
const loneVoidsMax = 4096;

export class SpaceState {
  readonly name: string;
  readonly merkle = new MerkleTree();
  readonly #memories = new Map<string, Place>();
  /** By id; without those that came since the last list. */
  #sorted: Place[] = [];
  #unsorted: Place[] = [];
  #size = 0;
  /** By actor, then counter. */
  readonly #deferred = new Map<string, Map<number, MemoryVersion>>();
  readonly #faults: SpaceFaults;
  /** Writes that nobody holds. */
  readonly voids: DotRange[] = [];
  #pendingVoids: DotRange[] = [];
  /** Only with no-causal-delivery: the dots that were applied, since the vector then lies. */
  readonly #arrived = new Set<string>();
  #known: Knowledge = nothingKnown;
  #clock: Hlc = zeroClock;
  #rank = 0;

  constructor(name: string, faults: SpaceFaults) {
    this.name = name;
    this.#faults = faults;
  }

  get known(): Knowledge {
    return this.#known;
  }

  /** At least the clock of every version that was ever visible or waits here. */
  get clock(): Hlc {
    return this.#clock;
  }

  /** At least the rank of every version that was ever visible or waits here. */
  get rank(): number {
    return this.#rank;
  }

  /** Number of memories; those that were deleted do not count. */
  get size(): number {
    return this.#size;
  }

  get deferredCount(): number {
    let count = 0;
    for (const waiting of this.#deferred.values()) count += waiting.size;
    return count;
  }

  /** Is the write visible or superseded here, or waiting? */
  knows(version: MemoryVersion): boolean {
    if (this.#faults.noCausalDelivery) return this.#arrived.has(version.dot);
    const { actor, counter } = version;
    return coversDot(this.#known, actor, counter) || this.isDeferred(actor, counter);
  }

  isDeferred(actor: string, counter: number): boolean {
    return this.#deferred.get(actor)?.has(counter) ?? false;
  }

  /** All that waits here. */
  deferred(): MemoryVersion[] {
    return [...this.#deferred.values()].flatMap((waiting) => [...waiting.values()]);
  }

  observeClock(clock: Hlc): void {
    this.#clock = laterClock(this.#clock, clock);
  }

  #observe({ hlc, rank }: MemoryVersion): void {
    this.observeClock(hlc);
    this.#rank = Math.max(this.#rank, rank);
  }

  /**
   * Takes a write that is durable. Makes it visible if its dependencies are, together with everything
   * that waited for it; else keeps it. Returns the number of writes that became visible.
   */
  deliver(version: MemoryVersion, own: boolean): number {
    this.#observe(version);
    if (this.knows(version)) {
      if (this.#faults.duplicateApply && !own) this.#applyAgain(version);
      return 0;
    }
    if (this.#faults.noCausalDelivery) {
      this.#arrived.add(version.dot);
      this.#apply(version, own);
      return 1;
    }
    if (this.#isDue(version)) {
      this.#apply(version, own);
      return this.#deferred.size === 0 ? 1 : 1 + this.#release(null);
    }
    let waiting = this.#deferred.get(version.actor);
    if (!waiting) this.#deferred.set(version.actor, (waiting = new Map()));
    waiting.set(version.counter, version);
    return this.#release(own ? version.dot : null);
  }

  /** Whether all that the version follows on is visible. */
  #isDue({ actor, counter, deps }: MemoryVersion): boolean {
    const inOrder = (this.#known.v[actor] ?? 0) + 1 === counter || isDeferredActor(actor);
    return inOrder && covers(this.#known, deps);
  }

  /** Makes visible what waits no longer. */
  #release(ownDot: string | null): number {
    let released = 0;
    let progress = true;
    while (progress) {
      progress = false;
      for (const [actor, waiting] of this.#deferred) {
        for (const next of [...waiting.values()].sort((a, b) => a.counter - b.counter)) {
          if (!this.#isDue(next)) continue;
          waiting.delete(next.counter);
          this.#apply(next, next.dot === ownDot);
          released++;
          progress = true;
        }
        if (waiting.size === 0) this.#deferred.delete(actor);
      }
    }
    return released;
  }

  #apply(version: MemoryVersion, own: boolean): void {
    this.#known = withDot(this.#known, version.actor, version.counter);
    this.#takeVoids();
    const before = this.versions(version.id);
    this.#set(version.id, before, this.#merged(before, version, own));
  }

  /** duplicate-apply: dots do not keep it out, since it gets an id of its own. */
  #applyAgain(version: MemoryVersion): void {
    if (version.deleted) return;
    const id = `${version.id}~again`;
    this.#set(id, this.versions(id), [{ ...version, id }]);
  }

  #merged(
    before: readonly MemoryVersion[],
    version: MemoryVersion,
    own: boolean,
  ): readonly MemoryVersion[] {
    const broken = own ? null : this.#broken(before, version);
    if (broken !== null) return broken;
    const after = addVersion(before, version);
    return this.#faults.dropSiblings ? after.slice(0, 1) : after;
  }

  /** What a space that is broken on purpose makes of a version of a peer; null where it does as others do. */
  #broken(
    before: readonly MemoryVersion[],
    version: MemoryVersion,
  ): readonly MemoryVersion[] | null {
    if (this.#faults.firstWriteWins && before.length > 0) return before;
    if (this.#faults.lastArrivalWins) return [version];
    return this.#faults.forgetTombstones && version.deleted ? before : null;
  }

  #set(id: string, before: readonly MemoryVersion[], after: readonly MemoryVersion[]): void {
    if (after === before) return;
    const hiding = this.#faults.tombstoneHides ? after.find(({ deleted }) => deleted) : undefined;
    const state = { id, shown: hiding ?? after[0], siblings: after };
    const hash = hashVersions(id, after);
    const place = this.#memories.get(id);
    this.merkle.update(id, place?.hash ?? 0, hash);
    if (!state.shown.deleted) this.#size++;
    if (place) {
      if (!place.state.shown.deleted) this.#size--;
      place.state = state;
      place.hash = hash;
    } else {
      const made = { id, state, hash };
      this.#memories.set(id, made);
      this.#unsorted.push(made);
    }
  }

  /**
   * Merges the state of a peer that knows `known`. `versions` must hold, of each memory of which the peer shows
   * something that this node does not know, all that the peer shows: so the result is closed. `repair`: both know
   * the same, and these memories differ all the same.
   */
  merge(versions: readonly MemoryVersion[], known: Knowledge, repair = false): void {
    const byMemory = new Map<string, MemoryVersion[]>();
    for (const version of versions) {
      this.#observe(version);
      const same = byMemory.get(version.id);
      if (same) same.push(version);
      else byMemory.set(version.id, [version]);
    }
    const mine = this.#known;
    for (const [id, theirs] of byMemory) {
      const before = this.versions(id);
      const after = this.#mergedWith({ versions: before, known: mine }, theirs, known, repair);
      this.#set(id, before, this.#faults.dropSiblings ? after.slice(0, 1) : after);
    }
    this.#known = join(this.#known, known);
    this.#settled();
  }

  #mergedWith(
    mine: Side,
    theirs: readonly MemoryVersion[],
    known: Knowledge,
    repair: boolean,
  ): readonly MemoryVersion[] {
    if (this.#faults.noCausalDelivery) for (const { dot } of theirs) this.#arrived.add(dot);
    const { firstWriteWins, lastArrivalWins, forgetTombstones } = this.#faults;
    if (firstWriteWins || lastArrivalWins || forgetTombstones) {
      return theirs.reduce<readonly MemoryVersion[]>(
        (all, version) => this.#broken(all, version) ?? mergeVersions(all, [version]),
        mine.versions,
      );
    }
    if (repair || this.#faults.noCausalDelivery) return mergeVersions(mine.versions, theirs);
    return mergeSides(mine, { versions: theirs, known });
  }

  /** More is known than what was delivered one by one: what waits for that goes on. */
  #settled(): void {
    this.#takeVoids();
    for (const [actor, waiting] of this.#deferred) {
      for (const counter of [...waiting.keys()]) {
        if (coversDot(this.#known, actor, counter)) waiting.delete(counter);
      }
      if (waiting.size === 0) this.#deferred.delete(actor);
    }
    this.#release(null);
  }

  /**
   * Takes over that nobody holds the writes of a range: they are known from now on, with nothing behind them; or from
   * when on all before them is known.
   */
  deliverVoid(range: DotRange): void {
    this.voids.push(range);
    this.#pendingVoids.push(range);
    this.#settled();
  }

  /** Lets ranges count that follow on what is known. Returns whether any did. */
  #takeVoids(): boolean {
    if (this.#pendingVoids.length === 0) return false;
    const before = this.#pendingVoids;
    this.#pendingVoids = before.filter((range) => !this.#takeVoid(range));
    return this.#pendingVoids.length < before.length;
  }

  #takeVoid({ actor, from, to }: DotRange): boolean {
    if ((this.#known.v[actor] ?? 0) >= from - 1) {
      this.#known = withAll(this.#known, actor, to);
      return true;
    }
    // Second actors have no order: what is void need not wait for what is not there yet.
    if (!isDeferredActor(actor) || to - from >= loneVoidsMax) return false;
    for (let counter = from; counter <= to; counter++) {
      this.#known = withDot(this.#known, actor, counter);
    }
    return true;
  }

  isVoid(actor: string, counter: number): boolean {
    return this.voids.some(
      (range) => range.actor === actor && range.from <= counter && counter <= range.to,
    );
  }

  /** Versions that `known` does not cover, with their siblings, and all versions of the given buckets. */
  difference(known: Knowledge, inBuckets: (id: string) => boolean): MemoryVersion[] {
    const found: MemoryVersion[] = [];
    for (const [id, { state }] of this.#memories) {
      const { siblings } = state;
      const wanted =
        inBuckets(id) || siblings.some(({ actor, counter }) => !coversDot(known, actor, counter));
      if (wanted) found.push(...siblings);
    }
    return found;
  }

  /** All of it, as it is now. */
  image(): SpaceImage {
    const versions = [...this.#memories.values()].flatMap(({ state }) => state.siblings);
    const { name: space, voids } = this;
    return { space, known: this.#known, versions, deferred: this.deferred(), voids: [...voids] };
  }

  versions(id: string): readonly MemoryVersion[] {
    return this.#memories.get(id)?.state.siblings ?? nothing;
  }

  memory(id: string): MemoryState | null {
    return this.#memories.get(id)?.state ?? null;
  }

  /** All memories whose shown version is no tombstone, sorted by id. */
  list(): MemoryState[] {
    this.#sort();
    const found: MemoryState[] = [];
    for (const { state } of this.#sorted) if (!state.shown.deleted) found.push(state);
    return found;
  }

  /** Few are new since the last list: they are sorted, and merged with the others. */
  #sort(): void {
    if (this.#unsorted.length === 0) return;
    const added = this.#unsorted.sort(byId);
    const known = this.#sorted;
    this.#sorted = [];
    this.#unsorted = [];
    let [i, j] = [0, 0];
    while (i < known.length && j < added.length) {
      this.#sorted.push(byId(known[i], added[j]) < 0 ? known[i++] : added[j++]);
    }
    while (i < known.length) this.#sorted.push(known[i++]);
    while (j < added.length) this.#sorted.push(added[j++]);
  }
}
