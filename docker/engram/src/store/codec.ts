/**
 * Versions as bytes, in the log and between nodes: MessagePack, embeddings as raw little-endian
 * float32. Never JSON: an embedding of 768 numbers is 3 KiB here and 8 KiB there.
 */
import { Packr } from 'msgpackr';
import { formatDot } from '../conflict/vector.ts';
import type { MemoryVersion, VersionVector } from '../data.ts';

const packr = new Packr({ useRecords: false });

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
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
    hlc: { ms: packed[5] as number, counter: packed[6] as number },
    node: packed[7] as string,
    deleted: packed[8] as boolean,
    content: packed[9] as string,
    confidence: packed[10] as number,
    tags: packed[11] as string[],
    memoryType: packed[12] as string,
    observedAtMs: packed[13] as number,
    storedAtMs: packed[14] as number,
    embedding: unpackEmbedding(packed[15] as Uint8Array | null),
  };
}

/** A record of the log. */
export type LogRecord =
  /** A write, own or replicated. `own`: this node accepted it and must ship it. */
  | {
      readonly t: 'w';
      readonly space: string;
      readonly own: boolean;
      readonly version: PackedVersion;
    }
  | { readonly t: 's'; readonly space: string }
  /** State of a peer, merged as a whole. */
  | {
      readonly t: 'm';
      readonly space: string;
      readonly versions: readonly PackedVersion[];
      readonly vector: VersionVector;
    };
