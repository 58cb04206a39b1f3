/** The data types that a key may have: each is a set of operations with a meaning of their own. */

export const DATA_TYPES = [
  'register',
  'cas-register',
  'set',
  'list',
  'queue',
  'log',
  'counter',
  'bank',
  'lock',
  'election',
  'unique-ids',
  'kv',
  'txn',
] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** Types whose operations are kept as they were said. */
export const OBJECT_TYPES: ReadonlySet<DataType> = new Set([
  'queue',
  'counter',
  'bank',
  'lock',
  'unique-ids',
  'kv',
]);

/** Types that columns alone tell of. */
export const COLUMN_TYPES: ReadonlySet<DataType> = new Set([
  'register',
  'cas-register',
  'set',
  'list',
]);
