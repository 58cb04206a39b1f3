/**
 * What stands in a chunk, to bytes and back. The two functions have the same order, and so do all chunks of a format:
 *
 *   ranges | columns | changes of sets | siblings | duplicates | versions | contexts | dots | added columns
 *
 * Which columns there are says `checkers/history/columns.ts`; younger ones stand last, where an older reader of the
 * same format does not look.
 */
import {
  type ArrayKind,
  type Arrays,
  COLUMN_NAMES,
  type ColumnName,
  type Columns,
  columnOf,
  type OptionalName,
} from '../../checkers/history/columns.ts';
import type { History, Ragged } from '../../checkers/history/history.ts';
import { DOT_NUMBERS } from '../../checkers/history/versions.ts';
import { pack, Unpacker } from './chunk-layout.ts';

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
  /** Which of the columns that may be missing are there. */
  readonly has: Readonly<Partial<Record<OptionalName, boolean>>>;
  /** Texts of the values that were read and never attempted: ids writes+1..values. */
  readonly unattempted: readonly string[];
}

export function hasColumn({ has }: SealHeader, name: ColumnName): boolean {
  return columnOf(name).optional !== true || has[name as OptionalName] === true;
}

/** What a chunk brings of things that have numbers of their own: from the first one to before the last. */
export interface Ranges {
  readonly contexts: readonly [from: number, to: number];
  readonly duplicates: readonly [from: number, to: number];
  readonly dots: readonly [from: number, to: number];
}

/** Columns of versions, one number for each operation. */
export const VERSION_COLUMNS = { dotActor: 'i16', dotCounter: 'i32', context: 'i32' } as const;
type VersionName = keyof typeof VERSION_COLUMNS;
const VERSION_NAMES = Object.keys(VERSION_COLUMNS) as VersionName[];

export interface Chunk {
  readonly n: number;
  readonly ranges: Ranges;
  /** Views of the bytes; null where the run has none. */
  readonly columns: Columns;
  /** Offsets are those of the whole history, the data is the chunk's own. */
  readonly delta: Ragged | null;
  readonly siblings: Ragged | null;
  /** Pairs as in History, with rows of the whole history. */
  readonly duplicates: Int32Array;
  /** Null: the server has no versions. */
  readonly versions:
    | {
        readonly [Name in VersionName]: Arrays[(typeof VERSION_COLUMNS)[Name]];
      }
    | null;
  /** Contexts that are used here first, and their single dots. */
  readonly contexts: Int32Array;
  readonly dots: Int32Array;
}

const isAdded = (name: ColumnName): boolean => columnOf(name).added === true;
const FIRST = COLUMN_NAMES.filter((name) => !isAdded(name));
const ADDED = COLUMN_NAMES.filter(isAdded);

/** The operations `from` to before `to`. */
export function packChunk(history: History, from: number, to: number, ranges: Ranges): Uint8Array {
  const { contexts, duplicates, dots } = ranges;
  const { versions } = history;
  const columns = (names: readonly ColumnName[]) =>
    names.flatMap((name) => history[name]?.subarray(from, to) ?? []);
  const ragged = (lists: Ragged | null): Arrays[ArrayKind][] => {
    if (lists === null) return [];
    const off = lists.off.subarray(from, to + 1);
    return [off, lists.data.subarray(off[0], off[off.length - 1])];
  };
  const part = (numbers: Int32Array | undefined | null, width: number, range: Ranges['dots']) =>
    numbers?.subarray(range[0] * width, range[1] * width) ?? [];
  return pack(
    [
      Int32Array.of(...contexts, ...duplicates, ...dots),
      columns(FIRST),
      ragged(history.delta),
      ragged(history.siblings),
      part(history.duplicates, 2, duplicates),
      VERSION_NAMES.flatMap((name) => versions?.[name].subarray(from, to) ?? []),
      part(versions?.contexts, versions?.actors.length ?? 0, contexts),
      part(versions?.dots, DOT_NUMBERS, dots),
      columns(ADDED),
    ].flat(),
  );
}

/** Throws RangeError where the bytes are too few. */
export function unpackChunk(header: SealHeader, n: number, bytes: Uint8Array): Chunk {
  const parts = new Unpacker(bytes);
  const [contextFrom, contextTo, duplicateFrom, duplicateTo, dotFrom, dotTo] = parts.take('i32', 6);
  const take = (name: ColumnName) => {
    return [name, hasColumn(header, name) ? parts.take(columnOf(name).array, n) : null] as const;
  };
  const ragged = (): Ragged => {
    const off = parts.take('i32', n + 1);
    return { off, data: parts.take('i32', off[n] - off[0]) };
  };
  const isVersioned = header.actors !== null;
  const some = (isThere: boolean, length: number): Int32Array =>
    isThere ? parts.take('i32', length) : new Int32Array();
  const first = FIRST.map(take);
  const delta = header.delta === null ? null : ragged();
  const siblings = header.siblings === null ? null : ragged();
  const duplicates = some(header.duplicates !== null, 2 * (duplicateTo - duplicateFrom));
  const versions = isVersioned
    ? VERSION_NAMES.map((name) => [name, parts.take(VERSION_COLUMNS[name], n)] as const)
    : null;
  const contexts = some(isVersioned, (contextTo - contextFrom) * (header.actors?.length ?? 0));
  const dots = some(isVersioned, (dotTo - dotFrom) * DOT_NUMBERS);
  return {
    n,
    ranges: {
      contexts: [contextFrom, contextTo],
      duplicates: [duplicateFrom, duplicateTo],
      dots: [dotFrom, dotTo],
    },
    columns: Object.fromEntries([...first, ...ADDED.map(take)]) as unknown as Columns,
    ...{ delta, siblings, duplicates, contexts, dots },
    versions: versions && (Object.fromEntries(versions) as unknown as Chunk['versions']),
  };
}
