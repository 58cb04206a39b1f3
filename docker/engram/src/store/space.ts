/**
 * The state of one memory space on one node: a state machine without I/O.
 *
 * Invariants:
 *   1. What is visible is causally closed: for every visible version, all that its writer had seen is
 *      visible or superseded. `vector` describes it completely.
 *   2. Of each actor, writes become visible in order of their counters.
 *   3. A version leaves only when a visible version supersedes it.
 * Versions that arrive too early wait in `deferred` (they are durable, since the log has them).
 *
 * Causal delivery after Birman, Schiper and Stephenson (1991), with explicit dependencies.
 */
import { laterClock, zeroClock } from '../conflict/clock.ts';
import { counterOf, covers, join, withDot } from '../conflict/vector.ts';
import { addVersion, mergeVersions } from '../conflict/versions.ts';
import type { Hlc, MemoryState, MemoryVersion, VersionVector } from '../data.ts';
import { hashTexts, MerkleTree } from '../gossip/merkle.ts';
import type { SpaceImage } from './journal.ts';

/** How this space is broken on purpose; all false on a healthy node. */
export interface SpaceFaults {
  readonly firstWriteWins: boolean;
  readonly lastArrivalWins: boolean;
  readonly noCausalDelivery: boolean;
  readonly dropSiblings: boolean;
  readonly forgetTombstones: boolean;
  readonly duplicateApply: boolean;
}

export const healthy: SpaceFaults = {
  firstWriteWins: false,
  lastArrivalWins: false,
  noCausalDelivery: false,
  dropSiblings: false,
  forgetTombstones: false,
  duplicateApply: false,
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
  /** Only with no-causal-delivery: the dots that were applied, since the vector then lies. */
  readonly #arrived = new Set<string>();
  #vector: VersionVector = {};
  #clock: Hlc = zeroClock;
  #rank = 0;

  constructor(name: string, faults: SpaceFaults) {
    this.name = name;
    this.#faults = faults;
  }

  get vector(): VersionVector {
    return this.#vector;
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
    return (
      counterOf(this.#vector, version.actor) >= version.counter ||
      (this.#deferred.get(version.actor)?.has(version.counter) ?? false)
    );
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
    const { actor, counter, deps } = version;
    if (counterOf(this.#vector, actor) + 1 === counter && covers(this.#vector, deps)) {
      this.#apply(version, own);
      return this.#deferred.size === 0 ? 1 : 1 + this.#release(null);
    }
    let waiting = this.#deferred.get(version.actor);
    if (!waiting) this.#deferred.set(version.actor, (waiting = new Map()));
    waiting.set(version.counter, version);
    return this.#release(own ? version.dot : null);
  }

  /** Makes visible what waits no longer. */
  #release(ownDot: string | null): number {
    let released = 0;
    let progress = true;
    while (progress) {
      progress = false;
      for (const [actor, waiting] of this.#deferred) {
        let next = waiting.get(counterOf(this.#vector, actor) + 1);
        while (next !== undefined && covers(this.#vector, next.deps)) {
          waiting.delete(next.counter);
          this.#apply(next, next.dot === ownDot);
          released++;
          progress = true;
          next = waiting.get(next.counter + 1);
        }
        if (waiting.size === 0) this.#deferred.delete(actor);
      }
    }
    return released;
  }

  #apply(version: MemoryVersion, own: boolean): void {
    this.#vector = withDot(this.#vector, version.actor, version.counter);
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
    const state = { id, shown: after[0], siblings: after };
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
   * Merges the state of a peer: `versions` must hold all of the peer's versions that `vector` covers and
   * this node's vector does not, so that the result is closed.
   */
  merge(versions: readonly MemoryVersion[], vector: VersionVector): void {
    for (const version of versions) {
      this.#observe(version);
      const before = this.versions(version.id);
      const after = this.#broken(before, version) ?? mergeVersions(before, [version]);
      this.#set(version.id, before, this.#faults.dropSiblings ? after.slice(0, 1) : after);
      if (this.#faults.noCausalDelivery) this.#arrived.add(version.dot);
    }
    this.#vector = join(this.#vector, vector);
    for (const [actor, waiting] of this.#deferred) {
      for (const counter of [...waiting.keys()]) {
        if (counter <= counterOf(this.#vector, actor)) waiting.delete(counter);
      }
      if (waiting.size === 0) this.#deferred.delete(actor);
    }
    this.#release(null);
  }

  /** Versions that `vector` does not cover, and all versions of the given buckets. */
  difference(vector: VersionVector, inBuckets: (id: string) => boolean): MemoryVersion[] {
    const found: MemoryVersion[] = [];
    for (const [id, { state }] of this.#memories) {
      const whole = inBuckets(id);
      for (const version of state.siblings) {
        if (whole || counterOf(vector, version.actor) < version.counter) found.push(version);
      }
    }
    return found;
  }

  /** All of it, as it is now. */
  image(): SpaceImage {
    const deferred = [...this.#deferred.values()].flatMap((waiting) => [...waiting.values()]);
    const versions = [...this.#memories.values()].flatMap(({ state }) => state.siblings);
    return { space: this.name, vector: this.#vector, versions, deferred };
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
