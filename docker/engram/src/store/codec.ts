/**
 * Versions as bytes, in the log and between nodes: MessagePack, embeddings as raw little-endian
 * float32. Never JSON: an embedding of 768 numbers is 3 KiB here and 8 KiB there.
 */
import { Packr } from 'msgpackr';
import { formatDot } from '../conflict/vector.ts';
import type { MemoryVersion, VersionVector } from '../data.ts';
import { Parcel, type RpcBody } from '../env/env.ts';

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

/** A version as a flat tuple, in the order of `packVersion`. */
export type PackedVersion = readonly unknown[];

export function packVersion(version: MemoryVersion): PackedVersion {
  const { embedding } = version;
  return [
    version.id,
    version.actor,
    version.counter,
    version.deps,
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
    embedding === null
      ? null
      : Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength),
  ];
}

function unpackEmbedding(bytes: Uint8Array | null): Float32Array | null {
  if (bytes === null) return null;
  // A copy: the bytes may be unaligned, and would keep a whole log segment in memory.
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}

export function unpackVersion(packed: PackedVersion): MemoryVersion {
  const actor = packed[1] as string;
  const counter = packed[2] as number;
  return {
    id: packed[0] as string,
    actor,
    counter,
    dot: formatDot(actor, counter),
    deps: packed[3] as VersionVector,
    rank: packed[4] as number,
    inherited: packed[5] as number,
    hlc: { ms: packed[6] as number, counter: packed[7] as number },
    node: packed[8] as string,
    deleted: packed[9] as boolean,
    content: packed[10] as string,
    confidence: packed[11] as number,
    tags: packed[12] as string[],
    memoryType: packed[13] as string,
    observedAtMs: packed[14] as number,
    storedAtMs: packed[15] as number,
    embedding: unpackEmbedding(packed[16] as Uint8Array | null),
  };
}

/** About how many bytes a version takes on the wire and in the log, for limits. */
export function approximateBytes(version: MemoryVersion): number {
  const tags = version.tags.reduce((sum, tag) => sum + tag.length, 0);
  return 256 + 3 * (version.content.length + tags) + (version.embedding?.byteLength ?? 0);
}

/** A record of the log. */
export type LogRecord =
  /** The first record: names this log, and with it the actors whose counters it keeps. */
  | { readonly t: 'i'; readonly life: string }
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
  /** The parts of `merge`, as one state with one vector. */
  | {
      readonly t: 'm';
      readonly merge: number;
      readonly space: string;
      readonly vector: VersionVector;
    };
