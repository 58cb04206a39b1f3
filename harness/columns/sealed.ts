/**
 * Loads the sealed columns of a run (`seal.ts` writes them). They are used only when every checksum
 * holds and table `op` is as it was when they were made; otherwise it is said why not, and the
 * caller reads the rows.
 */
import { type History, isWrite, type Ragged } from '../../checkers/history/history.ts';
import { DOT_NUMBERS } from '../../checkers/history/versions.ts';
import type { RunFile } from '../store/run-file.ts';
import { valueTexts } from '../store/value-texts.ts';
import { CHUNK_FORMAT, SHARED_FROM } from './chunk-layout.ts';
import {
  type Chunk,
  type ChunkColumns,
  digestRows,
  readChunks,
  readHeader,
  type SealHeader,
} from './chunks.ts';
import { surroundingsOf } from './surroundings.ts';

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

  add(chunk: Chunk): void {
    const from = this.loaded;
    const c = this.#columns;
    for (const [name, column] of Object.entries(chunk.columns)) {
      if (column !== null) c[name as keyof ChunkColumns]?.set(column, from);
    }
    if (c.delta !== null) this.#deltas += copyRagged(chunk.delta!, c.delta, from);
    if (c.siblings !== null) this.#siblings += copyRagged(chunk.siblings!, c.siblings, from);
    c.duplicates?.set(chunk.duplicates, 2 * chunk.duplicateFrom);
    c.contexts.set(chunk.contexts, chunk.contextFrom * (this.#header.actors?.length ?? 0));
    c.dots.set(chunk.dots, chunk.dotFrom * DOT_NUMBERS);
    this.loaded += chunk.n;
  }

  finish(file: RunFile): History {
    const header = this.#header;
    const { dotActor, dotCounter, context, contexts, dots, writeOp, ...columns } = this.#columns;
    const { keys, errors, fs, actors } = header;
    if (this.#deltas !== (header.delta ?? 0) || this.#siblings !== (header.siblings ?? 0)) {
      throw new RangeError('the lists in the chunks are not as long as their header says');
    }
    const { kind, value } = columns;
    for (let i = 0; i < header.n; i++) if (isWrite(kind[i])) writeOp[value[i]] = i;
    const { nodes, surroundings } = surroundingsOf(file, header.nodes);
    const { n, sessions, writes, values, unattempted } = header;
    return {
      ...{ n, sessions, writes, values, keys, nodes, errors, fs },
      ...columns,
      writeOp,
      valueText: valueTexts(file.path, { writes, unattempted, index: columns.index, writeOp }),
      versions: actors === null ? null : { actors, dotActor, dotCounter, context, contexts, dots },
      ...surroundings,
    };
  }
}

/** What says how long columns are, and which there are. */
export type Extent = Pick<
  SealHeader,
  'n' | 'has' | 'values' | 'actors' | 'contexts' | 'dots' | 'delta' | 'siblings' | 'duplicates'
>;

/** Memory that a second thread can read, where the history is long enough for one to pay. */
export function allocate(header: Extent) {
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
    dots: i32(header.dots * DOT_NUMBERS),
    writeOp: i32(header.values + 1).fill(-1),
  };
}

/** Offsets of a chunk are those of the whole history. Returns how many numbers it brought. */
function copyRagged(from: Ragged, into: Ragged, row: number): number {
  into.off.set(from.off, row);
  into.data.set(from.data, from.off[0]);
  return from.data.length;
}

/** Null: the run is not sealed. `refused`: it is, and why that is not used. `digestLater` as for `readHeader`. */
export function loadSealed(
  file: RunFile,
  digestLater = false,
):
  | { readonly history: History; readonly unattempted: readonly string[] }
  | { readonly refused: string }
  | null {
  try {
    const header = readHeader(file, digestLater);
    if (header === null) return null;
    const loader = new ChunkLoader(header);
    for (const chunk of readChunks(file, header)) loader.add(chunk);
    return { history: loader.finish(file), unattempted: header.unattempted };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { refused: `the sealed columns were not used, the rows were read instead: ${why}` };
  }
}
