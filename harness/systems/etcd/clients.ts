/** etcd by data type: registers and strings are keys, a compare-and-set is a transaction on one. */
import type { Completion, Invocation } from '../../generator/operation.ts';
import { httpFailure } from '../../world/http-failure.ts';
import type { Connection } from '../../world/world.ts';
import type { ClientContext, ClientKind } from '../client.ts';
import { type DataTypeName, effectOf } from '../data-types.ts';
import { base64, call, EtcdError, firstValue } from './gateway.ts';
import type { EtcdOptions } from './program.ts';

type Context = ClientContext<EtcdOptions, unknown>;

interface Session {
  readonly connection: Connection;
  readonly options: EtcdOptions;
}

type Perform = (session: Session, key: string, value: unknown) => Promise<Partial<Completion>>;

const put: Perform = async ({ connection }, key, value) => {
  await call(connection, 'kv/put', { key: base64(key), value: base64(JSON.stringify(value)) });
  return { value };
};

const get: Perform = async ({ connection, options }, key) => {
  const request = { key: base64(key), serializable: options.serializable };
  const text = firstValue(await call(connection, 'kv/range', request));
  return { value: text === null ? null : (JSON.parse(text) as unknown) };
};

/** What must hold for a key before it is changed: an absent key was never created. */
function comparison(key: string, old: unknown): Readonly<Record<string, unknown>> {
  return old === null
    ? { key: base64(key), target: 'CREATE', result: 'EQUAL', create_revision: '0' }
    : { key: base64(key), target: 'VALUE', result: 'EQUAL', value: base64(JSON.stringify(old)) };
}

const cas: Perform = async ({ connection }, key, value) => {
  const [old, next] = value as readonly [unknown, unknown];
  const change = { key: base64(key), value: base64(JSON.stringify(next)) };
  const { succeeded } = await call(connection, 'kv/txn', {
    compare: [comparison(key, old)],
    success: [{ request_put: change }],
  });
  if (succeeded === true) return { value };
  return { value, outcome: 'fail', error: 'compare-failed', message: 'something else is there' };
};

/** Reads have no effect; a write whose ending is not known may have happened. */
function ending(type: DataTypeName, { f, value }: Invocation, error: unknown): Completion {
  const name = error instanceof EtcdError ? error.code : httpFailure(error);
  const message = error instanceof Error ? error.message : String(error);
  const definite = name === 'refused' || name === 'http-400';
  const outcome = definite || effectOf(type, f) === 'read' ? 'fail' : 'info';
  return { outcome, value, error: name, message };
}

function kind(
  type: DataTypeName,
  operations: Readonly<Record<string, Perform>>,
): ClientKind<EtcdOptions> {
  return {
    operations: Object.keys(operations),
    connect: ({ node, world, timeoutMs, options }: Context) => {
      const connection = world.connect(node.url, { timeoutMs });
      return {
        invoke: async (invocation) => {
          const { f, key, value } = invocation;
          try {
            const done = await operations[f]({ connection, options }, key ?? '', value);
            return { outcome: 'ok', value, server: node.name, ...done };
          } catch (error) {
            return { ...ending(type, invocation, error), server: node.name };
          }
        },
        close: () => connection.close(),
      };
    },
  };
}

export const etcdClients = {
  register: kind('register', { write: put, read: get }),
  'cas-register': kind('cas-register', { write: put, cas, read: get }),
  kv: kind('kv', { put, get }),
};
