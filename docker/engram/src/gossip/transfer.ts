/**
 * Moves what one replica shows of a space and another lacks, in pieces of limited size.
 *
 * The answering side decides in one moment what belongs to the answer (a list of versions, which never
 * change, and what it knows) and hands it out piece by piece; the asking side stores all pieces
 * and makes them visible at once. So the result is causally closed however long it takes.
 * Superseded versions are not sent: what replaced them is.
 *
 * A transfer that breaks off leaves no trace and is begun anew by whoever needs it.
 */
import { covers, equals } from '../conflict/knowledge.ts';
import type { Knowledge, MemoryVersion } from '../data.ts';
import type { RpcBody } from '../env/env.ts';
import {
  approximateBytes,
  type DotRange,
  opened,
  openedAs,
  type PackedVersion,
  packVersion,
  parcel,
  parcelOf,
  unpackVersion,
  type Wire,
} from '../store/codec.ts';
import type { Replica } from '../store/replica.ts';
import type { Member } from '../swim/membership.ts';
import { bucketOf } from './merkle.ts';

const pieceBytesMax = 512 * 1024;
const pieceDeadlineMs = 2000;
/** Answers that are handed out at the same time; the one that was idle longest makes room. */
const openMax = 16;
const idleMsMax = 10_000;
/** Those that were made void last travel with every answer. */
const voidsMax = 256;

export interface PullRequest {
  readonly space: string;
  /** What the asker shows. */
  readonly known: Knowledge;
  /** Buckets of the Merkle tree of which everything is wanted. */
  readonly buckets: readonly number[];
}

interface FirstPiece {
  readonly versions: readonly MemoryVersion[];
  readonly known: Knowledge;
  readonly voids: readonly DotRange[];
  /** 0: this is all. Else the name of the rest, for `data.more`. */
  readonly more: number;
}

interface LaterPiece {
  readonly versions: readonly MemoryVersion[];
  readonly last: boolean;
}

/** A piece as plain data, and back. */
function wireOfPiece<T extends FirstPiece | LaterPiece>(): Wire<T> {
  return {
    pack: (piece) => ({ ...piece, versions: piece.versions.map(packVersion) }),
    unpack: (packed) => {
      const { versions } = packed as { readonly versions: readonly PackedVersion[] };
      return { ...(packed as T), versions: versions.map(unpackVersion) };
    },
  };
}

const firstPiece = wireOfPiece<FirstPiece>();
const laterPiece = wireOfPiece<LaterPiece>();

interface OpenAnswer {
  readonly versions: readonly MemoryVersion[];
  next: number;
  usedAtMs: number;
}

export class Transfers {
  readonly #replica: Replica;
  readonly #open = new Map<number, OpenAnswer>();
  #opened = 0;
  /** Spaces of which a long answer is being fetched: one at a time is enough. */
  readonly #long = new Set<string>();
  readonly counters = { pulls: 0, pulledVersions: 0, brokenPulls: 0 };

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  /** Fetches and merges. Rejects where the peer cannot be reached or breaks off. */
  async fetch(peer: Member, request: PullRequest): Promise<void> {
    this.counters.pulls++;
    const first = await this.#call(peer, 'data.pull', request, firstPiece);
    const { known } = this.#replica.peek(request.space);
    if (request.buckets.length === 0 && covers(known, first.known)) return;
    const versions = [...first.versions];
    if (first.more !== 0) {
      if (this.#long.has(request.space)) return;
      this.#long.add(request.space);
      try {
        await this.#fetchRest(peer, first.more, versions);
      } finally {
        this.#long.delete(request.space);
      }
    }
    this.counters.pulledVersions += versions.length;
    const { space, buckets } = request;
    const now = this.#replica.peek(space).known;
    const repair = buckets.length > 0 && equals(now, first.known);
    await this.#replica.commitMerge({ space, versions, known: first.known, repair });
    for (const range of first.voids) await this.#replica.commitVoid(space, range);
  }

  async #fetchRest(peer: Member, more: number, into: MemoryVersion[]): Promise<void> {
    for (let last = false; !last; ) {
      const piece = await this.#call(peer, 'data.more', { more }, laterPiece);
      for (const version of piece.versions) into.push(version);
      last = piece.last;
    }
  }

  async #call<T>(peer: Member, method: string, body: unknown, piece: Wire<T>): Promise<T> {
    const { rpc } = this.#replica.env;
    try {
      const answer = await rpc.call(peer.rpcAddress, method, parcel(body), pieceDeadlineMs);
      return openedAs(answer, piece);
    } catch (error) {
      this.counters.brokenPulls++;
      throw error;
    }
  }

  /** The answering side of `data.pull`. */
  handlePull(body: RpcBody): RpcBody {
    const { space, known, buckets } = opened(body) as PullRequest;
    const state = this.#replica.peek(space);
    const wanted = new Set(buckets);
    const versions = state.difference(known, (id) => wanted.size > 0 && wanted.has(bucketOf(id)));
    const answer = { versions, next: 0, usedAtMs: this.#replica.env.monotonicMs() };
    const first = takePiece(answer);
    let more = 0;
    if (answer.next < versions.length) {
      this.#makeRoom();
      more = ++this.#opened;
      this.#open.set(more, answer);
    }
    const voids = state.voids.slice(-voidsMax);
    return parcelOf({ versions: first, known: state.known, voids, more }, firstPiece);
  }

  #makeRoom(): void {
    const nowMs = this.#replica.env.monotonicMs();
    for (const [name, { usedAtMs }] of this.#open) {
      if (nowMs - usedAtMs > idleMsMax) this.#open.delete(name);
    }
    if (this.#open.size < openMax) return;
    const oldest = [...this.#open].reduce((a, b) => (a[1].usedAtMs <= b[1].usedAtMs ? a : b));
    this.#open.delete(oldest[0]);
  }

  /** The answering side of `data.more`. Throws for an answer that was given up. */
  handleMore(body: RpcBody): RpcBody {
    const { more } = opened(body) as { more: number };
    const answer = this.#open.get(more);
    if (!answer) throw new Error(`answer ${more} is not open any more; pull again`);
    answer.usedAtMs = this.#replica.env.monotonicMs();
    const versions = takePiece(answer);
    const last = answer.next >= answer.versions.length;
    if (last) this.#open.delete(more);
    return parcelOf({ versions, last }, laterPiece);
  }
}

function takePiece(answer: OpenAnswer): MemoryVersion[] {
  const piece: MemoryVersion[] = [];
  let bytes = 0;
  while (answer.next < answer.versions.length) {
    const version = answer.versions[answer.next];
    bytes += approximateBytes(version);
    if (bytes > pieceBytesMax && piece.length > 0) break;
    piece.push(version);
    answer.next++;
  }
  return piece;
}
