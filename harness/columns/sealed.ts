/**
 * Loads the sealed columns of a run (`seal.ts` writes them). They are used only when every checksum
 * holds and table `op` is as it was when they were made; otherwise it is said why not, and the
 * caller reads the rows.
 */
import {
  allocate,
  COLUMN_NAMES,
  type Columns,
  columnOf,
  eachColumn,
  type Memory,
} from '../../checkers/history/columns.ts';
import { type History, isWrite, type Ragged } from '../../checkers/history/history.ts';
import { kindOf } from '../../checkers/history/kinds.ts';
import { DOT_NUMBERS } from '../../checkers/history/versions.ts';
import type { RunFile } from '../store/run-file.ts';
import { valueTexts } from '../store/value-texts.ts';
import { type Chunk, hasColumn, type SealHeader, VERSION_COLUMNS } from './chunk.ts';
import { CHUNK_FORMAT, SHARED_FROM } from './chunk-layout.ts';
import { digestRows, readChunks, readHeader } from './chunks.ts';
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
  readonly #columns: Columns;
  readonly #lists;
  #deltas = 0;
  #siblings = 0;

  constructor(header: SealHeader) {
    this.#header = header;
    const memory = memoryFor(header.n);
    this.#columns = eachColumn((name) =>
      hasColumn(header, name) ? allocate(columnOf(name).array, header.n, memory) : null,
    ) as unknown as Columns;
    this.#lists = allocateLists(header, memory);
  }

  add(chunk: Chunk): void {
    const from = this.loaded;
    const { delta, siblings, duplicates, contexts, dots, versions } = this.#lists;
    for (const name of COLUMN_NAMES) {
      const column = chunk.columns[name];
      if (column !== null) this.#columns[name]?.set(column, from);
    }
    if (delta !== null) this.#deltas += copyRagged(chunk.delta!, delta, from);
    if (siblings !== null) this.#siblings += copyRagged(chunk.siblings!, siblings, from);
    duplicates?.set(chunk.duplicates, 2 * chunk.ranges.duplicates[0]);
    if (chunk.versions !== null) {
      versions.dotActor.set(chunk.versions.dotActor, from);
      versions.dotCounter.set(chunk.versions.dotCounter, from);
      versions.context.set(chunk.versions.context, from);
    }
    contexts.set(chunk.contexts, chunk.ranges.contexts[0] * (this.#header.actors?.length ?? 0));
    dots.set(chunk.dots, chunk.ranges.dots[0] * DOT_NUMBERS);
    this.loaded += chunk.n;
  }

  finish(file: RunFile): History {
    const header = this.#header;
    const { delta, siblings, duplicates, contexts, dots, versions, writeOp } = this.#lists;
    const { keys, errors, fs, actors } = header;
    if (this.#deltas !== (header.delta ?? 0) || this.#siblings !== (header.siblings ?? 0)) {
      throw new RangeError('the lists in the chunks are not as long as their header says');
    }
    const { kind, f, value, index } = this.#columns;
    const kinds = Uint8Array.from(fs, kindOf);
    for (let i = 0; i < header.n; i++) {
      if (kind[i] !== kinds[f[i]]) {
        throw new RangeError(`the version that made them did not know ${fs[f[i]]}`);
      }
      if (isWrite(kind[i])) writeOp[value[i]] = i;
    }
    const { nodes, surroundings } = surroundingsOf(file, header.nodes);
    const { n, sessions, writes, values, unattempted } = header;
    return {
      ...{ n, sessions, writes, values, keys, nodes, errors, fs },
      ...this.#columns,
      ...{ delta, siblings, duplicates, writeOp },
      valueText: valueTexts(file.path, { writes, unattempted, index, writeOp }),
      versions: actors === null ? null : { actors, ...versions, contexts, dots },
      ...surroundings,
      objects: null,
    };
  }
}

/** Memory that a second thread can read, where the history is long enough for one to pay. */
function memoryFor(n: number): Memory {
  return (bytes) => (n < SHARED_FROM ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes));
}

/** What is not one number for each operation, or only where there are versions. */
function allocateLists(header: SealHeader, memory: Memory) {
  const { n } = header;
  const i32 = (length: number) => allocate('i32', length, memory);
  const ragged = (length: number | null) =>
    length === null ? null : { off: i32(n + 1), data: i32(length) };
  const versioned = header.actors === null ? 0 : n;
  return {
    delta: ragged(header.delta),
    siblings: ragged(header.siblings),
    duplicates: header.duplicates === null ? null : i32(2 * header.duplicates),
    versions: {
      dotActor: allocate(VERSION_COLUMNS.dotActor, versioned, memory),
      dotCounter: allocate(VERSION_COLUMNS.dotCounter, versioned, memory),
      context: allocate(VERSION_COLUMNS.context, versioned, memory),
    },
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
