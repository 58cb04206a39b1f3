/**
 * What can be forwarded between nodes, and how it is served by an owner. Bodies and values are plain
 * data: they go through MessagePack.
 */

import { emptyContext } from '../conflict/context.ts';
import type {
  Context,
  DataPlane,
  Durability,
  MemoryState,
  ReadResult,
  Standing,
  WriteRequest,
} from '../data.ts';
import { ownBytes, vectorOf } from '../query/embedding.ts';
import { recall } from '../query/recall.ts';
import type { Kind } from '../routing/router.ts';
import {
  type PackedVersion,
  packBare,
  packVersion,
  unpackVersion,
  type Wire,
} from '../store/codec.ts';

export interface WriteBody {
  readonly id: string;
  readonly content: string;
  readonly confidence: number;
  readonly tags: readonly string[];
  readonly memoryType: string;
  readonly observedAtMs: number;
  readonly embedding: Uint8Array;
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
  /** Not written: the memory has so many versions that nobody has seen together. */
  readonly declined?: true;
}

export interface DeleteBody {
  readonly id: string;
  readonly nowMs: number;
  readonly context: Context | null;
  readonly durability: Durability;
}

/** `written` is null where there was nothing to delete. */
export interface DeleteValue {
  readonly written: WriteValue | null;
  readonly context: Context;
  readonly standing: Standing;
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
type PackedMemory = readonly PackedVersion[];

export interface ReadValue {
  readonly memories: readonly MemoryState[];
  /** Whether they travel with their embeddings. */
  readonly embeddings: boolean;
  readonly similarities: readonly number[];
  readonly total: number;
  readonly context: Context;
  readonly stale: boolean;
  /** What the serving node knew of the owners of the space. */
  readonly standing: Standing;
}

function packMemory(memory: MemoryState, embeddings: boolean): PackedMemory {
  return memory.siblings.map(embeddings ? packVersion : packBare);
}

function unpackMemory(packed: PackedMemory): MemoryState {
  const siblings = packed.map(unpackVersion);
  return { id: siblings[0].id, shown: siblings[0], siblings };
}

/** What was read, between nodes. */
const wireOfRead: Wire = {
  pack: (value) => {
    const { memories, embeddings } = value as ReadValue;
    return {
      ...(value as ReadValue),
      memories: memories.map((each) => packMemory(each, embeddings)),
    };
  },
  unpack: (packed) => {
    const { memories } = packed as { readonly memories: readonly PackedMemory[] };
    return { ...(packed as ReadValue), memories: memories.map(unpackMemory) };
  },
};

function answer<T>(
  standing: Standing,
  result: ReadResult<T>,
  memories: readonly MemoryState[],
  total: number,
  embeddings: boolean,
): ReadValue {
  return {
    memories,
    embeddings,
    similarities: [],
    total,
    context: result.context,
    stale: result.stale,
    standing,
  };
}

/** A read that waits for its context leaves time for the answer to travel back. */
function readWaitMs(deadlineMs: number): number {
  return Math.min(2000, deadlineMs * 0.7);
}

/** So does a write that waits for copies. */
function writeWaitMs(deadlineMs: number): number {
  return deadlineMs * 0.8;
}

function write(data: DataPlane, request: WriteRequest, deadlineMs: number): Promise<WriteValue> {
  return data.write(request, writeWaitMs(deadlineMs)).then((result) => {
    const { version, context, copies, satisfied, deferred } = result;
    const { dot, storedAtMs } = version;
    return { dot, storedAtMs, context, copies, satisfied, deferred };
  });
}

/**
 * Deletes what the coordinator shows. Where the context cannot be had, a memory that is not seen here may
 * well exist: then the tombstone is written all the same, and waits for what it depends on.
 */
async function remove(
  data: DataPlane,
  space: string,
  request: DeleteBody,
  deadlineMs: number,
): Promise<DeleteValue> {
  const { id, nowMs, context, durability } = request;
  const seen = await data.read(space, id, context, readWaitMs(deadlineMs) / 2);
  const shown = seen.value?.shown;
  if (!seen.stale && (!shown || shown.deleted)) {
    return { written: null, context: seen.context, standing: data.standing(space) };
  }
  const tombstone: WriteRequest = {
    space,
    id,
    deleted: true,
    content: '',
    confidence: shown?.confidence ?? 0.7,
    tags: [],
    memoryType: shown?.memoryType ?? 'semantic',
    observedAtMs: nowMs,
    embedding: null,
    context,
    durability,
  };
  const written = await write(data, tombstone, deadlineMs);
  return { written, context: written.context, standing: data.standing(space) };
}

/** A memory has at most so many concurrent versions; more are a client that never reads. */
export const siblingsMax = 128;

const nothingWritten = {
  dot: '',
  storedAtMs: 0,
  copies: 0,
  satisfied: true,
  deferred: false,
  declined: true,
} as const;

export function makeKinds(data: DataPlane): Readonly<Record<string, Kind>> {
  return {
    write: {
      idempotent: false,
      handler: (space, body, deadlineMs): Promise<WriteValue> => {
        const given = body as WriteBody;
        if (data.siblingsBeside(space, given.id, given.context) >= siblingsMax) {
          return Promise.resolve({ ...nothingWritten, context: given.context ?? emptyContext });
        }
        const request: WriteRequest = {
          space,
          id: given.id,
          deleted: false,
          content: given.content,
          confidence: given.confidence,
          tags: given.tags,
          memoryType: given.memoryType,
          observedAtMs: given.observedAtMs,
          embedding: ownBytes(given.embedding),
          context: given.context,
          durability: given.durability,
        };
        return write(data, request, deadlineMs);
      },
    },
    delete: {
      idempotent: false,
      handler: (space, body, deadlineMs): Promise<DeleteValue> =>
        remove(data, space, body as DeleteBody, deadlineMs),
    },
    read: {
      idempotent: true,
      wire: wireOfRead,
      handler: async (space, body, deadlineMs) => {
        const { id, context } = body as ReadBody;
        const result = await data.read(space, id, context, readWaitMs(deadlineMs));
        return answer(
          data.standing(space),
          result,
          result.value ? [result.value] : [],
          result.value ? 1 : 0,
          false,
        );
      },
    },
    list: {
      idempotent: true,
      wire: wireOfRead,
      handler: async (space, body, deadlineMs) => {
        const { context, offset, limit, embeddings } = body as ListBody;
        const result = await data.list(space, context, readWaitMs(deadlineMs));
        const page = result.value.slice(offset, offset + limit);
        return answer(data.standing(space), result, page, result.value.length, embeddings);
      },
    },
    recall: {
      idempotent: true,
      wire: wireOfRead,
      handler: async (space, body, deadlineMs) => {
        const { context, cue, threshold, resultsMax } = body as RecallBody;
        const result = await data.list(space, context, readWaitMs(deadlineMs));
        const found = recall(result.value, vectorOf(cue), threshold, resultsMax);
        const memories = found.map((each) => each.memory);
        return {
          ...answer(data.standing(space), result, memories, memories.length, false),
          similarities: found.map((each) => each.similarity),
        };
      },
    },
  };
}
