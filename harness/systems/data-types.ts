/**
 * Data types: what workloads and systems have in common. A workload is a generator over one of them, a system has
 * clients for some, so that each workload runs against each system that has its data type.
 */

/** A read has no effect: where its ending is not known, it failed. */
export type Effect = 'read' | 'write';

export interface DataOperation {
  readonly effect: Effect;
  /** What the invocation carries and what the completion brings back, as JSON. */
  readonly value: string;
  readonly meaning: string;
}

export interface DataType {
  readonly meaning: string;
  /** What the key of an operation names. */
  readonly key: string;
  readonly operations: Readonly<Record<string, DataOperation>>;
}

const read = (value: string, meaning: string): DataOperation => ({
  effect: 'read',
  value,
  meaning,
});
const write = (value: string, meaning: string): DataOperation => ({
  effect: 'write',
  value,
  meaning,
});

export const dataTypes = {
  set: {
    meaning: 'unique elements',
    key: 'a set',
    operations: {
      add: write('the element', 'adds it'),
      delete: write('the element', 'removes it; fails where it is not there'),
      'read-all': read('list of elements', 'all that are there'),
    },
  },
  register: {
    meaning: 'one value under a key; values are unique',
    key: 'group/register',
    operations: {
      write: write('the value', 'replaces what is there'),
      read: read('the value, or null', 'what is there'),
    },
  },
  'cas-register': {
    meaning: 'a register that can be changed on condition',
    key: 'group/register',
    operations: {
      write: write('the value', 'replaces what is there'),
      cas: write('[old, new]', 'replaces old by new; fails where something else is there'),
      read: read('the value, or null', 'what is there'),
    },
  },
  list: {
    meaning: 'unique elements in order',
    key: 'a list',
    operations: {
      append: write('the element', 'adds it at the end'),
      'read-list': read('list of elements', 'all in order'),
    },
  },
  queue: {
    meaning: 'unique elements, each taken once',
    key: 'a queue',
    operations: {
      enqueue: write('the element', 'puts it in'),
      dequeue: write('the element, or null', 'takes one out; null where it is empty'),
    },
  },
  log: {
    meaning: 'records with offsets',
    key: 'a log',
    operations: {
      append: write('[offset, element]', 'adds it, answers its offset'),
      poll: read('[[offset, element] ...]', 'records from an offset on'),
    },
  },
  counter: {
    meaning: 'a number that is added to',
    key: 'a counter',
    operations: {
      add: write('the amount', 'adds it'),
      read: read('the sum', 'the sum so far'),
    },
  },
  bank: {
    meaning: 'accounts with a constant total',
    key: 'a bank',
    operations: {
      transfer: write('{from, to, amount}', 'moves it; fails where the account has less'),
      read: read('balance by account', 'all balances at one moment'),
    },
  },
  lock: {
    meaning: 'held by one session at a time',
    key: 'a lock',
    operations: {
      acquire: write('the token, or null', 'gets the lock'),
      release: write('the token, or null', 'gives it back; fails where it is not held'),
    },
  },
  election: {
    meaning: 'won by one candidate at a time',
    key: 'an election',
    operations: {
      campaign: write('the token', 'leads'),
      resign: write('the token', 'leads no longer'),
      observe: read('the leader, or null', 'who leads'),
    },
  },
  'unique-ids': {
    meaning: 'ids that are given out once',
    key: 'a source of ids',
    operations: { generate: write('the id', 'gets a new one') },
  },
  kv: {
    meaning: 'strings under keys',
    key: 'a key',
    operations: {
      put: write('the string', 'replaces what is there'),
      append: write('the string', 'adds it at the end'),
      get: read('the string, or null', 'what is there'),
    },
  },
  txn: {
    meaning: 'several operations at once',
    key: 'null',
    operations: { txn: write('[[f, key, value] ...]', 'all of them or none') },
  },
} as const satisfies Record<string, DataType>;

export type DataTypeName = keyof typeof dataTypes;

export const dataTypeNames = Object.keys(dataTypes) as readonly DataTypeName[];

/** Unknown operations are taken for writes: that is the careful way. */
export function effectOf(type: DataTypeName, f: string): Effect {
  const operations: Readonly<Record<string, DataOperation>> = dataTypes[type].operations;
  return operations[f]?.effect ?? 'write';
}
