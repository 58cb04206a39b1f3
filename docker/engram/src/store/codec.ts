/**
 * Versions as bytes, in the log and between nodes: MessagePack, embeddings as raw little-endian
 * float32. Never JSON: an embedding of 768 numbers is 3 KiB here and 8 KiB there.
 */
import { Packr } from 'msgpackr';
import { formatDot } from '../conflict/vector.ts';
import type { Dots, Knowledge, MemoryVersion, VersionVector } from '../data.ts';
import { Parcel, type RpcBody } from '../env/env.ts';
import { ownBytes } from '../query/embedding.ts';
import type { Pieces } from '../wal/record.ts';
import { checked, ForeignError } from './foreign.ts';

const packr = new Packr({ useRecords: false });

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/** For a call: plain data, packed where it leaves the process. */
export function parcel(value: unknown): RpcBody {
  return new Parcel(value, () => pack(value));
}

/** What a call brought. */
export function opened(body: RpcBody): unknown {
  return body instanceof Parcel ? body.value : unpack(body);
}

/** A value with versions in it as plain data, and back. */
export interface Wire<T = unknown> {
  pack(value: T): unknown;
  unpack(packed: unknown): T;
}

/** As `parcel` and `opened`. Within a process the value is handed over as it is. */
export function parcelOf<T>(value: T, wire: Wire<T>): RpcBody {
  return new Parcel(value, () => pack(wire.pack(value)));
}

export function openedAs<T>(body: RpcBody, wire: Wire<T>): T {
  return body instanceof Parcel ? (body.value as T) : wire.unpack(unpack(body));
}

const tupleLength = 18;

/** A version as a flat tuple, in the order of `packVersion`. */
export type PackedVersion = readonly unknown[];

export function packVersion(version: MemoryVersion): PackedVersion {
  return tupleOf(version, version.embedding);
}

/** As `packVersion`, where the embedding goes another way or is not wanted. */
export function packBare(version: MemoryVersion): PackedVersion {
  return tupleOf(version, null);
}

function tupleOf(version: MemoryVersion, embedding: Uint8Array | null): PackedVersion {
  return [
    version.id,
    version.actor,
    version.counter,
    version.deps.v,
    version.deps.d,
    version.rank,
    version.inherited,
    version.hlc.ms,
    version.hlc.counter,
    version.node,
    version.deleted,
    version.content,
    version.confidence,
    version.tags,
    version.memoryType,
    version.observedAtMs,
    version.storedAtMs,
    embedding,
  ];
}

/** How bytes of that length begin in MessagePack: bin 8, bin 16 or bin 32. */
function binHead(length: number): Buffer {
  if (length < 2 ** 8) return Buffer.of(0xc4, length);
  if (length < 2 ** 16) return Buffer.of(0xc5, length >> 8, length & 0xff);
  const head = Buffer.of(0xc6, 0, 0, 0, 0);
  head.writeUInt32BE(length, 1);
  return head;
}

/**
 * The bytes of `packVersion`, the embedding where it is: it comes last, and is most of them. Replicas in one
 * process then have it once.
 */
export function packInPieces(version: MemoryVersion): Pieces {
  const { embedding } = version;
  if (embedding === null) return [pack(packVersion(version))];
  // Without it there is a nil in its place, which is one byte.
  const bare = pack(packBare(version)).subarray(0, -1);
  return [Buffer.concat([bare, binHead(embedding.length)]), embedding];
}

/** Of a message, which is gone when its versions are stored. Throws ForeignError where it is none. */
export function unpackVersion(packed: PackedVersion): MemoryVersion {
  if (!Array.isArray(packed) || packed.length !== tupleLength)
    throw new ForeignError('form is none');
  const bytes = packed[17] as Uint8Array | null;
  const own = bytes instanceof Uint8Array && bytes.length % 4 === 0 ? ownBytes(bytes) : bytes;
  return checked(versionOf(packed, own));
}

/**
 * Of a log: the embedding stays where it was read. That keeps the log's bytes in memory, nine tenths of which
 * are embeddings; and they are bounded, since a long log is cut.
 */
export function unpackVersionInPlace(packed: PackedVersion): MemoryVersion {
  return versionOf(packed, packed[17] as Uint8Array | null);
}

function versionOf(packed: PackedVersion, embedding: Uint8Array | null): MemoryVersion {
  const actor = packed[1] as string;
  const counter = packed[2] as number;
  return {
    id: packed[0] as string,
    actor,
    counter,
    dot: formatDot(actor, counter),
    deps: { v: packed[3] as VersionVector, d: packed[4] as Dots },
    rank: packed[5] as number,
    inherited: packed[6] as number,
    hlc: { ms: packed[7] as number, counter: packed[8] as number },
    node: packed[9] as string,
    deleted: packed[10] as boolean,
    content: packed[11] as string,
    confidence: packed[12] as number,
    tags: packed[13] as string[],
    memoryType: packed[14] as string,
    observedAtMs: packed[15] as number,
    storedAtMs: packed[16] as number,
    embedding,
  };
}

/** About how many bytes a version takes on the wire and in the log, for limits. */
export function approximateBytes(version: MemoryVersion): number {
  const tags = version.tags.reduce((sum, tag) => sum + tag.length, 0);
  return 256 + 3 * (version.content.length + tags) + (version.embedding?.length ?? 0);
}

/** A record of the log. */
export type LogRecord =
  /** A start of the node: its life from here on. `log` names the log, and is the first life in it. */
  | { readonly t: 'i'; readonly life: string; readonly log: string }
  /** A write, own or replicated. `own`: this node accepted it and must ship it. */
  | {
      readonly t: 'w';
      readonly space: string;
      readonly own: boolean;
      readonly version: PackedVersion;
    }
  | { readonly t: 's'; readonly space: string }
  /** In a snapshot: how many own writes every peer had at its beginning. */
  | { readonly t: 'c'; readonly count: number }
  /** In a snapshot: an own write after those, in order. Its effect is in the state already. */
  | { readonly t: 'u'; readonly space: string; readonly version: PackedVersion }
  /** A part of a peer's state. Without the record that merges it, it counts for nothing. */
  | {
      readonly t: 'p';
      readonly merge: number;
      readonly versions: readonly PackedVersion[];
    }
  /** The parts of `merge`, as one state; `known` is what its side knew. */
  | {
      readonly t: 'm';
      readonly merge: number;
      readonly space: string;
      readonly known: Knowledge;
      /** The sides knew the same and showed different things. */
      readonly repair: boolean;
    }
  /** Writes that nobody holds, and nobody ever will; see store/voids.ts. */
  | { readonly t: 'v'; readonly space: string; readonly range: DotRange };

/** Dots of one actor, both ends included. */
export interface DotRange {
  readonly actor: string;
  readonly from: number;
  readonly to: number;
}
