/**
 * The data type of a key, from the names of its operations where nobody has stated it: it is recognised only if
 * exactly one type knows all of them. What registers, sets or lists can have done is theirs.
 */
import { DATA_TYPES, type DataType } from './data-type.ts';

const OPERATIONS: Readonly<Record<DataType, readonly string[]>> = {
  register: ['read', 'write', 'delete'],
  'cas-register': ['read', 'write', 'cas', 'delete'],
  set: ['add', 'delete', 'read-all'],
  list: ['append', 'delete', 'read-list'],
  queue: ['enqueue', 'dequeue', 'drain'],
  log: ['append', 'poll'],
  counter: ['add', 'increment', 'decrement', 'read'],
  bank: ['transfer', 'read'],
  lock: ['acquire', 'release', 'revoke'],
  election: ['campaign', 'resign', 'proclaim', 'observe'],
  'unique-ids': ['generate'],
  kv: ['get', 'put', 'append'],
  txn: ['txn'],
};

const FIRST: readonly DataType[] = ['register', 'cas-register', 'set', 'list'];

/** Types that know all of these operations. */
function candidates(fs: Iterable<string>): DataType[] {
  const all = [...fs];
  return DATA_TYPES.filter((type) => all.every((f) => OPERATIONS[type].includes(f)));
}

/** Null where no type, or more than one, knows all of these operations. */
export function recognise(fs: Iterable<string>): DataType | null {
  const found = candidates(fs);
  return found.length === 1 ? found[0] : (FIRST.find((type) => found.includes(type)) ?? null);
}
