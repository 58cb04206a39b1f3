/**
 * Reads the chunks of a sealed run one after another, each checked; never more than one of them is in
 * memory. `seal.ts` writes them, `sealed.ts` makes one history of all.
 */
import { crc32 } from 'node:zlib';
import type { Ragged } from '../../checkers/history/history.ts';
import { DOT_NUMBERS } from '../../checkers/history/versions.ts';
import type { RunFile } from '../store/run-file.ts';
import { CHUNK_FORMAT, littleEndian, Unpacker } from './chunk-layout.ts';

/** What is said once for all chunks. */
export interface SealHeader {
  readonly n: number;
  readonly sessions: number;
  readonly writes: number;
  readonly values: number;
  readonly keys: readonly string[];
  readonly nodes: readonly string[];
  readonly errors: readonly string[];
  readonly fs: readonly string[];
  /** null: the server has no versions. */
  readonly actors: readonly string[] | null;
  readonly contexts: number;
  /** Entries of `Versions.dots`. */
  readonly dots: number;
  /** Lengths of what is ragged; null: not there. */
  readonly delta: number | null;
  readonly siblings: number | null;
  readonly duplicates: number | null;
  readonly has: {
    readonly expected: boolean;
    readonly confidence: boolean;
    readonly hops: boolean;
    readonly server: boolean;
    readonly error: boolean;
    readonly late: boolean;
  };
  /** Texts of the values that were read and never attempted: ids writes+1..values. */
  readonly unattempted: readonly string[];
}

/**
 * Cheap to make, since it is made anew at every check, and different after nearly every change that the
 * triggers of `seal.ts` did not see. Remainders, so that the sum fits a number of JavaScript.
 */
export function digestRows(file: RunFile): string {
  const row = file.db
    .prepare<[], Record<string, number>>(
      `SELECT (SELECT count(*) FROM op) AS n, (SELECT max(idx) FROM op) AS last,
         (SELECT sum((completed - invoked) & 0xffffffff) FROM op) AS durations`,
    )
    .get();
  return JSON.stringify(row);
}

/** Columns of one number for each operation. Views of the bytes; null where the run has none. */
export type ChunkColumns = ReturnType<typeof takeFixed> & Partial<ReturnType<typeof takeVersions>>;

export interface Chunk {
  readonly n: number;
  readonly columns: ChunkColumns;
  /** Offsets are those of the whole history, the data is the chunk's own. */
  readonly delta: Ragged | null;
  readonly siblings: Ragged | null;
  /** Pairs as in History, with rows of the whole history; `duplicateFrom` pairs came before. */
  readonly duplicates: Int32Array;
  readonly duplicateFrom: number;
  /** Contexts that are used here first; `contextFrom` came before. */
  readonly contexts: Int32Array;
  readonly contextFrom: number;
  /** Their single dots; `dotFrom` came before. */
  readonly dots: Int32Array;
  readonly dotFrom: number;
}

/**
 * Null: the run is not sealed. Throws RangeError where what is there cannot be used. `digestLater`: the caller
 * compares the digest of the rows, which takes longer than all the rest.
 */
export function readHeader(file: RunFile, digestLater = false): SealHeader | null {
  const seal = file.db
    .prepare<[], { format: number; digest: string; changed: number; crc: number; header: string }>(
      'SELECT format, digest, changed, crc, header FROM seal',
    )
    .get();
  if (seal === undefined) return null;
  if (seal.format !== CHUNK_FORMAT || !littleEndian) {
    throw new RangeError(`their format ${seal.format} is not the one of this version`);
  }
  if (seal.changed !== 0 || (!digestLater && seal.digest !== digestRows(file))) {
    throw new RangeError('table op was changed after the run was sealed');
  }
  if (crc32(seal.header) !== seal.crc) throw new RangeError('their header fails its checksum');
  return JSON.parse(seal.header) as SealHeader;
}

/** In log order. Throws RangeError where one is damaged or missing. */
export function* readChunks(file: RunFile, header: SealHeader): Generator<Chunk> {
  const chunks = file.db
    .prepare<[], { seq: number; n: number; first_row: number; crc: number; cols: Buffer }>(
      'SELECT seq, n, first_row, crc, cols FROM chunk ORDER BY seq',
    )
    .iterate();
  let done = 0;
  for (const { seq, n, first_row, crc, cols } of chunks) {
    if (crc32(cols) !== crc) throw new RangeError(`chunk ${seq} fails its checksum`);
    if (first_row !== done) throw new RangeError(`a chunk before ${seq} is missing`);
    yield unpack(header, n, cols);
    done += n;
  }
  if (done !== header.n) throw new RangeError('the last chunks are missing');
}

function unpack(header: SealHeader, n: number, bytes: Uint8Array): Chunk {
  const parts = new Unpacker(bytes);
  const ranges = parts.take('i32', 6);
  const [contextFrom, contextTo, duplicateFrom, duplicateTo, dotFrom, dotTo] = ranges;
  const fixed = takeFixed(parts, n, header.has);
  const delta = header.delta === null ? null : takeRagged(parts, n);
  const siblings = header.siblings === null ? null : takeRagged(parts, n);
  const pairs = duplicateTo! - duplicateFrom!;
  const duplicates = header.duplicates === null ? new Int32Array() : parts.take('i32', 2 * pairs);
  const versions = header.actors === null ? {} : takeVersions(parts, n);
  const counters = (contextTo! - contextFrom!) * (header.actors?.length ?? 0);
  const contexts = header.actors === null ? new Int32Array() : parts.take('i32', counters);
  const dotNumbers = (dotTo! - dotFrom!) * DOT_NUMBERS;
  const dots = header.actors === null ? new Int32Array() : parts.take('i32', dotNumbers);
  return {
    n,
    columns: { ...fixed, ...versions },
    ...{ delta, siblings, duplicates, contexts, dots },
    duplicateFrom: duplicateFrom!,
    contextFrom: contextFrom!,
    dotFrom: dotFrom!,
  };
}

/** In the order of `fixedParts` of `seal.ts`. */
function takeFixed(parts: Unpacker, n: number, has: SealHeader['has']) {
  return {
    index: parts.take('i32', n),
    kind: parts.take('u8', n),
    status: parts.take('u8', n),
    flags: parts.take('u8', n),
    phase: parts.take('u8', n),
    f: parts.take('u8', n),
    session: parts.take('i32', n),
    process: parts.take('i32', n),
    key: parts.take('i32', n),
    value: parts.take('i32', n),
    node: parts.take('i16', n),
    invoke: parts.take('f64', n),
    complete: parts.take('f64', n),
    expected: has.expected ? parts.take('i32', n) : null,
    confidence: has.confidence ? parts.take('f32', n) : null,
    hops: has.hops ? parts.take('u8', n) : null,
    server: has.server ? parts.take('i16', n) : null,
    error: has.error ? parts.take('i32', n) : null,
    late: has.late ? parts.take('f64', n) : null,
  };
}

function takeRagged(parts: Unpacker, n: number): Ragged {
  const off = parts.take('i32', n + 1);
  return { off, data: parts.take('i32', off[n] - off[0]) };
}

function takeVersions(parts: Unpacker, n: number) {
  return {
    dotActor: parts.take('i16', n),
    dotCounter: parts.take('i32', n),
    context: parts.take('i32', n),
  };
}
