/**
 * The columns of a history: one row for each, with the array that it is kept in, the number that stands for
 * "there was nothing", and where its numbers come from. Memory, builder, chunks of run files and types are made
 * from this table, in its order.
 *
 * A new column is a row at the end, marked `added`: what was stored before does not have it, and it is stored behind
 * everything else, where an older version does not look.
 */

export interface Arrays {
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}
export type ArrayKind = keyof Arrays;

export const ARRAYS = {
  u8: Uint8Array,
  i16: Int16Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

export interface Column {
  readonly array: ArrayKind;
  /**
   * What the builder is given: `number`, the number itself; `name`, a text that becomes its place in a list of
   * names; `own`, something that the builder has a rule for; `none`, nothing: the column is made from others.
   */
  readonly cell: 'number' | 'name' | 'own' | 'none';
  /** What stands where there was nothing. */
  readonly absent: number;
  /** Larger numbers are kept as this one. */
  readonly max?: number;
  /** The list of a `name`. */
  readonly names?: 'keys' | 'nodes' | 'errors' | 'fs';
  /** The whole column is null where no operation has anything. */
  readonly optional?: true;
  /** It is younger than the first version of the stored format. */
  readonly added?: true;
}

export const COLUMNS = {
  /** Index of the operation in its source (the `idx` column of table `op`, the line of a file). */
  index: { array: 'i32', cell: 'number', absent: -1 },
  /** One of `Kind`. */
  kind: { array: 'u8', cell: 'none', absent: 0 },
  /** One of `Status`. */
  status: { array: 'u8', cell: 'number', absent: 0 },
  /** Bits, see `Flag`. */
  flags: { array: 'u8', cell: 'number', absent: 0 },
  /** Index into PHASES. */
  phase: { array: 'u8', cell: 'number', absent: 0 },
  /** Name of the operation as its workload calls it (index into `fs`). */
  f: { array: 'u8', cell: 'name', names: 'fs', absent: 0, max: 255 },
  /** Dense, 0..sessions-1. */
  session: { array: 'i32', cell: 'own', absent: -1 },
  /** The process number as in the source; -1 where there is none. */
  process: { array: 'i32', cell: 'own', absent: -1 },
  /** Dense, index into `keys`. A set's or list's key is the object; a register's key is the register. */
  key: { array: 'i32', cell: 'name', names: 'keys', absent: -1 },
  /** Writes: own value id. Register reads: value id read, 0 = initial. Otherwise 0. */
  value: { array: 'i32', cell: 'own', absent: 0 },
  /** Index into `nodes`: the node that the client talked to; -1 where unknown. */
  node: { array: 'i16', cell: 'name', names: 'nodes', absent: -1 },
  /** ns since the run began. */
  invoke: { array: 'f64', cell: 'number', absent: Number.NaN },
  /** Infinity where the operation never completed, or ended as info: it may take effect at any later time. */
  complete: { array: 'f64', cell: 'number', absent: Number.POSITIVE_INFINITY },
  /** Cas only: the value id that was expected; 0 = initial. */
  expected: { array: 'i32', cell: 'none', absent: 0, optional: true },
  /** Confidence factor or confidence as reported, NaN where none. */
  confidence: { array: 'f32', cell: 'number', absent: Number.NaN, optional: true },
  /** Number of forwards that the server reported, 255 where unknown. */
  hops: { array: 'u8', cell: 'number', absent: 255, max: 254, optional: true },
  /** Index into `nodes` of the node that served the request, -1 where unknown. */
  server: { array: 'i16', cell: 'name', names: 'nodes', absent: -1, optional: true },
  /** Index into `errors`, -1 where there was none. */
  error: { array: 'i32', cell: 'name', names: 'errors', absent: -1, optional: true },
  /** How late the operation was invoked against its open-loop schedule, ns. */
  late: { array: 'f64', cell: 'number', absent: 0, optional: true },
} as const satisfies Readonly<Record<string, Column>>;

type Table = typeof COLUMNS;
export type ColumnName = keyof Table;

/** The columns, as a history has them. */
export type Columns = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly optional: true }
    ? Arrays[Table[Name]['array']] | null
    : Arrays[Table[Name]['array']];
};

/** The same where none may be missing. */
export type AllColumns = { readonly [Name in keyof Table]: Arrays[Table[Name]['array']] };

export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];

export type OptionalName = {
  [Name in ColumnName]: Table[Name] extends { readonly optional: true } ? Name : never;
}[ColumnName];

/** What an operation may say about the columns that may be missing and have a cell of their own. */
export type OptionalCells = {
  readonly [Name in OptionalName as Table[Name]['cell'] extends 'none' ? never : Name]?:
    | (Table[Name]['cell'] extends 'number' ? number : string)
    | null;
};

export const OPTIONAL_NAMES = COLUMN_NAMES.filter(
  (name): name is OptionalName => columnOf(name).optional === true,
);

/** A column as the type `Column` has it, for loops over all of them. */
export function columnOf(name: ColumnName): Column {
  return COLUMNS[name];
}

/** The columns of a history in which no operation has what may be missing. */
export const NO_OPTIONAL_COLUMNS = Object.fromEntries(
  OPTIONAL_NAMES.map((name) => [name, null]),
) as { readonly [Name in OptionalName]: null };

/** Memory for arrays, if it is to be of another kind than usual. */
export type Memory = (bytes: number) => ArrayBufferLike;

/** Makes an array for each column. */
export function allocateColumns(rows: number): AllColumns {
  return eachColumn((name) => allocate(columnOf(name).array, rows)) as AllColumns;
}

const BLANK = Object.fromEntries(COLUMN_NAMES.map((name) => [name, null]));

/**
 * Something for each column. It is put into a copy of an object that has them all: one that gets many properties one
 * by one is kept as a hash table, and every loop over its columns is several times as slow.
 */
export function eachColumn<Made>(make: (name: ColumnName) => Made): Record<ColumnName, Made> {
  const made = { ...BLANK } as unknown as Record<ColumnName, Made>;
  for (const name of COLUMN_NAMES) made[name] = make(name);
  return made;
}

export function allocate<Name extends ArrayKind>(
  array: Name,
  length: number,
  memory?: Memory,
): Arrays[Name] {
  type Make = { new (of: number | ArrayBufferLike): Arrays[ArrayKind]; BYTES_PER_ELEMENT: number };
  const Made = ARRAYS[array] as unknown as Make;
  const of = memory === undefined ? length : memory(length * Made.BYTES_PER_ELEMENT);
  return new Made(of) as Arrays[Name];
}

type Gather<To> = (to: To, from: To, order: Uint32Array) => void;

/**
 * `to[i] = from[order[i]]`, for each kind of array a loop of its own: one loop that meets all five kinds costs many
 * times as much.
 */
export const gather: { readonly [Name in ArrayKind]: Gather<Arrays[Name]> } = {
  u8: (to, from, order) => {
    for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
  },
  i16: (to, from, order) => {
    for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
  },
  i32: (to, from, order) => {
    for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
  },
  f32: (to, from, order) => {
    for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
  },
  f64: (to, from, order) => {
    for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
  },
};
