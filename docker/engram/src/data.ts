/**
 * The seam between what a node stores (wal, conflict, replication, gossip) and what it serves (api,
 * routing, query). Everything here is local to one node: who is asked is decided by routing.
 *
 * Consistency model, in short. Each acknowledged write has a dot `actor:counter` and the version
 * vector of what its client had seen (its dependencies). A node applies a write only when the
 * dependencies are applied (causal delivery) and, but for second actors, the earlier writes of the same
 * actor are; so what a node shows of a space is always a causally closed set, described by what it knows: a
 * version vector, and single dots beyond it.
 *
 * A node writes as actor `n1.k3x9q`: its name and its life, which begins anew with every start. So a node
 * never gives a dot away twice, whatever happened to its disk meanwhile. A write whose dependencies the node
 * lacks (they stayed on the other side of a cut) is made durable, acknowledged under the node's second
 * actor `n1.k3x9q+`, and becomes visible where and when the dependencies arrive. Writes of a second actor wait
 * for their own dependencies only, in no order among each other. So a session that carries such a
 * context is not refused, and nobody else's writes wait behind it; until then its reads are answered
 * with `stale`.
 */

import type { RpcBody } from './env/env.ts';

/** Counters by actor. Absent means 0. */
export type VersionVector = Readonly<Record<string, number>>;

/** Counters of single writes, by actor. */
export type Dots = Readonly<Record<string, readonly number[]>>;

/** Of each actor all writes up to a counter, and single ones beyond; see conflict/knowledge.ts. */
export interface Knowledge {
  readonly v: VersionVector;
  readonly d: Dots;
}

/** Hybrid logical clock (Kulkarni et al. 2014): physical ms since 1970, then a counter. */
export interface Hlc {
  readonly ms: number;
  readonly counter: number;
}

/**
 * The causal context of a session in one space, as it travels in X-Engram-Context: base64url of
 * `{"v":{"n1.k3x9q":5},"d":{"n2.a8c1f":[7]},"t":[1700000000000,0],"r":0.9}`. `t` is at least the clock of every
 * write that it covers, so that a write made with this context gets a later clock than everything that its client
 * had seen; `r` is at least the rank of each, so that no write ranks below what it replaces, also where its node
 * has not got that.
 */
export interface Context extends Knowledge {
  readonly t: Hlc;
  readonly r: number;
}

/** One version of one memory. A tombstone has `deleted` and no content. */
export interface MemoryVersion {
  readonly id: string;
  /** `actor:counter`. */
  readonly dot: string;
  readonly actor: string;
  readonly counter: number;
  /** What the writer's session had seen in this space; the write is invisible without it. */
  readonly deps: Knowledge;
  /** max(own confidence, `inherited`). */
  readonly rank: number;
  /**
   * The largest rank of what it supersedes, 0 where that is nothing; at least that, and no more than the rank in
   * the context, where the node had not got what it superseded. A version never ranks below what it replaced.
   */
  readonly inherited: number;
  readonly hlc: Hlc;
  /** Node that accepted the write: the last tie-breaker. */
  readonly node: string;
  readonly deleted: boolean;
  readonly content: string;
  readonly confidence: number;
  readonly tags: readonly string[];
  readonly memoryType: string;
  /** When it was observed (client's) and stored (node's), ms since 1970. */
  readonly observedAtMs: number;
  readonly storedAtMs: number;
  /** 768 numbers as their bytes, see query/embedding.ts; null for tombstones. */
  readonly embedding: Uint8Array | null;
}

export interface WriteRequest {
  readonly space: string;
  readonly id: string;
  readonly deleted: boolean;
  readonly content: string;
  readonly confidence: number;
  readonly tags: readonly string[];
  readonly memoryType: string;
  readonly observedAtMs: number;
  readonly embedding: Uint8Array | null;
  /** Null: the client sent none; then the write supersedes and depends on what this node knows. */
  readonly context: Context | null;
  readonly durability: Durability;
}

export type Durability = 'primary' | 'replica' | 'quorum' | 'all';

export interface WriteResult {
  readonly version: MemoryVersion;
  /** What the client had brought, and the dot of this write; nothing else that the node knows. */
  readonly context: Context;
  /** Number of fsynced copies when it returned; `waited` is false where fewer than asked for. */
  readonly copies: number;
  readonly satisfied: boolean;
  /** True where the write waits for its dependencies (actor `n1+`) and is not visible yet. */
  readonly deferred: boolean;
}

/** What this node holds of one memory. */
export interface MemoryState {
  readonly id: string;
  /** A tombstone only where every sibling is one: then the memory is not found. */
  readonly shown: MemoryVersion;
  /** All concurrent versions, the shown one first. */
  readonly siblings: readonly MemoryVersion[];
}

export interface ReadResult<T> {
  readonly value: T;
  /** What the state of the space that was shown covers, and nothing else. */
  readonly context: Context;
  /** The request's context could not be had within the deadline (or surely never will be now). */
  readonly stale: boolean;
}

/** What a node knows of the owners of a space, beside what it shows of it. */
export interface Standing {
  /** Owners of the space whose state of the last seconds this node does not cover; itself while it is joining. */
  readonly partial: readonly string[];
  /** Owners that were heard lately, this node included, and all. */
  readonly heard: number;
  readonly owners: number;
}

export interface SpaceSummary {
  readonly space: string;
  readonly memories: number;
  readonly known: Knowledge;
  /** Root of the Merkle tree over (id, dots of its versions), hex. Equal on equal replicas. */
  readonly merkleRoot: string;
  /** Writes that are durable here and wait for their dependencies. */
  readonly deferred: number;
  /** For each other owner: writes of this space not yet acknowledged by it. */
  readonly replicationLag: Readonly<Record<string, number>>;
}

/** A write was refused, and is certainly neither in the log nor sent to anyone: the disk is full, say. */
export class NotWritable extends Error {
  readonly code = 'NOT_WRITABLE';
}

export interface DataPlane {
  /** Reads the log, cuts a torn tail, rebuilds state. Rejects where the log is damaged elsewhere. */
  start(): Promise<void>;
  stop(): Promise<void>;

  /**
   * Makes a write durable here (group commit), applies and ships it. Resolves after the fsync, and for
   * more than `primary` when enough copies are durable or the deadline passed.
   */
  write(request: WriteRequest, deadlineMs: number): Promise<WriteResult>;

  /** Waits for and pulls what the context covers until the deadline, then answers. */
  read(
    space: string,
    id: string,
    context: Context | null,
    deadlineMs: number,
  ): Promise<ReadResult<MemoryState | null>>;

  /** All memories of a space (tombstones left out), sorted by id. One moment, causally closed. */
  list(
    space: string,
    context: Context | null,
    deadlineMs: number,
  ): Promise<ReadResult<readonly MemoryState[]>>;

  /** Whether its log takes writes; if not, why. */
  readonly trouble: string | null;
  /** Says to the peers at once that this node takes no more writes. */
  announceStopping(): void;
  /** Own writes that no other owner of their space has made durable. */
  undelivered(): number;

  /** Whether a peer has said that it takes no writes: its disk is full, or it stops. */
  isSick(peer: string): boolean;

  /** Versions of a memory that a write with this context would leave beside itself. */
  siblingsBeside(space: string, id: string, context: Context | null): number;

  /** What an answer about a space must say of itself. */
  standing(space: string): Standing;

  /** An owner that serves a space, this node first; null where none is known. */
  servingOwner(space: string): string | null;

  /** Whether states were exchanged with a peer since a moment. */
  heardSince(peer: string, sinceMs: number): boolean;

  /** Spaces of which something is held here or that were created here or heard of. Sorted. */
  spaces(): readonly string[];
  createSpace(space: string): Promise<void>;
  summary(space: string): SpaceSummary | null;
  /** Memories held here that have more than one version, at most 1000. */
  conflicts(): readonly { readonly space: string; readonly memory: MemoryState }[];
  /** Counters for /metrics. */
  metrics(): Readonly<Record<string, number>>;

  /** Requests of peers whose method begins with `data.`. */
  handleRpc(method: string, body: RpcBody): RpcBody | Promise<RpcBody>;
}

/** Who should hold a space; by consistent hashing over all known members, whatever their state. */
export interface Placement {
  /** Owners in order of preference, at most `factor`, at least this node where it knows nobody. */
  owners(space: string): readonly string[];
}
