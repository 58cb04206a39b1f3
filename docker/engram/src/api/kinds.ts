/**
 * What can be forwarded between nodes, and how it is served by an owner. Bodies and values are plain
 * data: they go through MessagePack.
 */
import type { Context, DataPlane, Durability, MemoryState, ReadResult } from '../data.ts';
import { recall } from '../query/recall.ts';
import type { Kind } from '../routing/router.ts';
import { type PackedVersion, packVersion, unpackVersion } from '../store/codec.ts';

export interface WriteBody {
  readonly id: string;
  readonly deleted: boolean;
  readonly content: string;
  readonly confidence: number;
  readonly tags: readonly string[];
  readonly memoryType: string;
  readonly observedAtMs: number;
  /** Raw float32, or null. */
  readonly embedding: Uint8Array | null;
  readonly context: Context | null;
  readonly durability: Durability;
}

export interface WriteValue {
  readonly dot: string;
  readonly storedAtMs: number;
  readonly context: Context;
  readonly copies: number;
  readonly satisfied: boolean;
  readonly deferred: boolean;
}

export interface ReadBody {
  readonly id: string;
  readonly context: Context | null;
}

export interface ListBody {
  readonly context: Context | null;
  readonly offset: number;
  readonly limit: number;
  readonly embeddings: boolean;
}

export interface RecallBody {
  readonly context: Context | null;
  readonly cue: Uint8Array;
  readonly threshold: number;
  readonly resultsMax: number;
}

/** A memory's versions, the shown one first. */
export type PackedMemory = readonly PackedVersion[];

export interface ReadValue {
  readonly memories: readonly PackedMemory[];
  readonly similarities: readonly number[];
  readonly total: number;
  readonly context: Context;
  readonly stale: boolean;
}

function packMemory(memory: MemoryState, embeddings: boolean): PackedMemory {
  return memory.siblings.map((version) =>
    packVersion(embeddings ? version : { ...version, embedding: null }),
  );
}

export function unpackMemory(packed: PackedMemory): MemoryState {
  const siblings = packed.map(unpackVersion);
  return { id: siblings[0]!.id, shown: siblings[0]!, siblings };
}

function toFloats(bytes: Uint8Array): Float32Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}

export function toBytes(floats: Float32Array): Uint8Array {
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
}

function answer<T>(
  result: ReadResult<T>,
  memories: readonly MemoryState[],
  total: number,
  embeddings: boolean,
): ReadValue {
  return {
    memories: memories.map((memory) => packMemory(memory, embeddings)),
    similarities: [],
    total,
    context: result.context,
    stale: result.stale,
  };
}

/** A read that waits for its context leaves time for the answer to travel back. */
function waitingMs(deadlineMs: number): number {
  return Math.min(500, deadlineMs * 0.7);
}

export function makeKinds(data: DataPlane): Readonly<Record<string, Kind>> {
  return {
    write: {
      idempotent: false,
      handler: async (space, body, deadlineMs): Promise<WriteValue> => {
        const request = body as WriteBody;
        const embedding = request.embedding === null ? null : toFloats(request.embedding);
        const result = await data.write({ ...request, space, embedding }, deadlineMs);
        const { version, context, copies, satisfied, deferred } = result;
        const { dot, storedAtMs } = version;
        return { dot, storedAtMs, context, copies, satisfied, deferred };
      },
    },
    read: {
      idempotent: true,
      handler: async (space, body, deadlineMs) => {
        const { id, context } = body as ReadBody;
        const result = await data.read(space, id, context, waitingMs(deadlineMs));
        return answer(result, result.value ? [result.value] : [], result.value ? 1 : 0, false);
      },
    },
    list: {
      idempotent: true,
      handler: async (space, body, deadlineMs) => {
        const { context, offset, limit, embeddings } = body as ListBody;
        const result = await data.list(space, context, waitingMs(deadlineMs));
        const page = result.value.slice(offset, offset + limit);
        return answer(result, page, result.value.length, embeddings);
      },
    },
    recall: {
      idempotent: true,
      handler: async (space, body, deadlineMs) => {
        const { context, cue, threshold, resultsMax } = body as RecallBody;
        const result = await data.list(space, context, waitingMs(deadlineMs));
        const found = recall(result.value, toFloats(cue), threshold, resultsMax);
        const memories = found.map((each) => each.memory);
        return {
          ...answer(result, memories, memories.length, false),
          similarities: found.map((each) => each.similarity),
        };
      },
    },
  };
}
