/**
 * Loads the sealed columns of a run (`seal.ts` writes them). They are used only when every checksum
 * holds and table `op` is as it was when they were made; otherwise it is said why not, and the
 * caller reads the rows.
 */
import { crc32 } from 'node:zlib';
import { type History, isWrite } from '../../checkers/history.ts';
import { CHUNK_FORMAT, littleEndian, Unpacker } from './chunk-layout.ts';
import type { RunFile } from './run-file.ts';
import { readSurroundings } from './surroundings.ts';
import { valueTexts } from './value-texts.ts';

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

/** Whether there are chunks and table `op` is as it was when they were made. */
export function isSealed(file: RunFile): boolean {
  const seal = file.db
    .prepare<[], { format: number; digest: string; changed: number }>(
      'SELECT format, digest, changed FROM seal',
    )
    .get();
  if (seal === undefined || seal.format !== CHUNK_FORMAT || seal.changed !== 0) return false;
  return seal.digest === digestRows(file);
}

/** Operations from which on columns are kept where a second thread can read them. */
export const SHARED_FROM = 200_000;

/** Fills columns of the whole history, chunk by chunk. */
class ChunkLoader {
  readonly #header: SealHeader;
  /** Operations that were loaded so far. */
  loaded = 0;
  readonly #columns;
  #deltas = 0;
  #siblings = 0;

  constructor(header: SealHeader) {
    this.#header = header;
    this.#columns = allocate(header);
  }

  /** Throws RangeError when the bytes are not those of such a chunk. */
  add(n: number, bytes: Uint8Array): void {
    const from = this.loaded;
    const c = this.#columns;
    const { has, actors } = this.#header;
    const parts = new Unpacker(bytes);
    const [contextFrom, contextTo, duplicateFrom, duplicateTo] = parts.take('i32', 4);
    c.index.set(parts.take('i32', n), from);
    c.kind.set(parts.take('u8', n), from);
    c.status.set(parts.take('u8', n), from);
    c.flags.set(parts.take('u8', n), from);
    c.phase.set(parts.take('u8', n), from);
    c.f.set(parts.take('u8', n), from);
    c.session.set(parts.take('i32', n), from);
    c.process.set(parts.take('i32', n), from);
    c.key.set(parts.take('i32', n), from);
    c.value.set(parts.take('i32', n), from);
    c.node.set(parts.take('i16', n), from);
    c.invoke.set(parts.take('f64', n), from);
    c.complete.set(parts.take('f64', n), from);
    if (has.expected) c.expected!.set(parts.take('i32', n), from);
    if (has.confidence) c.confidence!.set(parts.take('f32', n), from);
    if (has.hops) c.hops!.set(parts.take('u8', n), from);
    if (has.server) c.server!.set(parts.take('i16', n), from);
    if (has.error) c.error!.set(parts.take('i32', n), from);
    if (has.late) c.late!.set(parts.take('f64', n), from);
    if (c.delta !== null) this.#deltas += takeRagged(parts, c.delta, from, n);
    if (c.siblings !== null) this.#siblings += takeRagged(parts, c.siblings, from, n);
    if (c.duplicates !== null) {
      const count = duplicateTo! - duplicateFrom!;
      c.duplicates.set(parts.take('i32', 2 * count), 2 * duplicateFrom!);
    }
    if (actors !== null) {
      c.dotActor.set(parts.take('i16', n), from);
      c.dotCounter.set(parts.take('i32', n), from);
      c.context.set(parts.take('i32', n), from);
      const width = actors.length;
      const counters = parts.take('i32', (contextTo! - contextFrom!) * width);
      c.contexts.set(counters, contextFrom! * width);
    }
    this.loaded += n;
  }

  finish(file: RunFile): History {
    const header = this.#header;
    const { dotActor, dotCounter, context, contexts, writeOp, ...columns } = this.#columns;
    const { keys, errors, fs, actors } = header;
    if (this.#deltas !== (header.delta ?? 0) || this.#siblings !== (header.siblings ?? 0)) {
      throw new RangeError('the lists in the chunks are not as long as their header says');
    }
    for (let i = 0; i < header.n; i++) {
      if (isWrite(columns.kind[i]!)) writeOp[columns.value[i]!] = i;
    }
    const nodes = [...header.nodes];
    const nodeId = (name: string): number => {
      const known = nodes.indexOf(name);
      return known === -1 ? nodes.push(name) - 1 : known;
    };
    const surroundings = readSurroundings(file, nodeId, (text) => {
      throw new RangeError(text);
    });
    const { n, sessions, writes, values, unattempted } = header;
    return {
      ...{ n, sessions, writes, values, keys, nodes, errors, fs },
      ...columns,
      writeOp,
      valueText: valueTexts(file.path, { writes, unattempted, index: columns.index, writeOp }),
      versions: actors === null ? null : { actors, dotActor, dotCounter, context, contexts },
      ...surroundings,
    };
  }
}

/** Memory that a second thread can read, where the history is long enough for one to pay. */
function allocate(header: SealHeader) {
  const { n, has } = header;
  const memory = (bytes: number): ArrayBufferLike =>
    n < SHARED_FROM ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  const u8 = (length: number) => new Uint8Array(memory(length));
  const i16 = (length: number) => new Int16Array(memory(2 * length));
  const i32 = (length: number) => new Int32Array(memory(4 * length));
  const f32 = (length: number) => new Float32Array(memory(4 * length));
  const f64 = (length: number) => new Float64Array(memory(8 * length));
  const ragged = (length: number | null) =>
    length === null ? null : { off: i32(n + 1), data: i32(length) };
  const versioned = header.actors === null ? 0 : n;
  return {
    index: i32(n),
    kind: u8(n),
    status: u8(n),
    flags: u8(n),
    phase: u8(n),
    f: u8(n),
    session: i32(n),
    process: i32(n),
    key: i32(n),
    value: i32(n),
    node: i16(n),
    invoke: f64(n),
    complete: f64(n),
    expected: has.expected ? i32(n) : null,
    confidence: has.confidence ? f32(n) : null,
    hops: has.hops ? u8(n) : null,
    server: has.server ? i16(n) : null,
    error: has.error ? i32(n) : null,
    late: has.late ? f64(n) : null,
    delta: ragged(header.delta),
    siblings: ragged(header.siblings),
    duplicates: header.duplicates === null ? null : i32(2 * header.duplicates),
    dotActor: i16(versioned),
    dotCounter: i32(versioned),
    context: i32(versioned),
    contexts: i32(header.contexts * (header.actors?.length ?? 0)),
    writeOp: i32(header.values + 1).fill(-1),
  };
}

/** Offsets of a chunk are those of the whole history. Returns how many numbers it brought. */
function takeRagged(
  parts: Unpacker,
  into: { readonly off: Int32Array; readonly data: Int32Array },
  from: number,
  n: number,
): number {
  const off = parts.take('i32', n + 1);
  into.off.set(off, from);
  const length = off[n]! - off[0]!;
  into.data.set(parts.take('i32', length), off[0]!);
  return length;
}

/** Null: the run is not sealed. `refused`: it is, and why that is not used. */
export function loadSealed(
  file: RunFile,
):
  | { readonly history: History; readonly unattempted: readonly string[] }
  | { readonly refused: string }
  | null {
  const refuse = (why: string) => ({
    refused: `the sealed columns were not used, the rows were read instead: ${why}`,
  });
  try {
    const seal = file.db
      .prepare<
        [],
        { format: number; digest: string; changed: number; crc: number; header: string }
      >('SELECT format, digest, changed, crc, header FROM seal')
      .get();
    if (seal === undefined) return null;
    if (seal.format !== CHUNK_FORMAT || !littleEndian) {
      return refuse(`their format ${seal.format} is not the one of this version`);
    }
    if (seal.changed !== 0 || seal.digest !== digestRows(file)) {
      return refuse('table op was changed after the run was sealed');
    }
    if (crc32(seal.header) !== seal.crc) return refuse('their header fails its checksum');
    const header = JSON.parse(seal.header) as SealHeader;
    const loader = new ChunkLoader(header);
    const chunks = file.db
      .prepare<[], { seq: number; n: number; first_row: number; crc: number; cols: Buffer }>(
        'SELECT seq, n, first_row, crc, cols FROM chunk ORDER BY seq',
      )
      .iterate();
    for (const chunk of chunks) {
      if (crc32(chunk.cols) !== chunk.crc) return refuse(`chunk ${chunk.seq} fails its checksum`);
      if (chunk.first_row !== loader.loaded)
        return refuse(`a chunk before ${chunk.seq} is missing`);
      loader.add(chunk.n, chunk.cols);
    }
    if (loader.loaded !== header.n) return refuse('the last chunks are missing');
    return { history: loader.finish(file), unattempted: header.unattempted };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}
