/** Engram's clients by data type: a set is a memory space, a register is a memory in one. */
import type { ClientContext, ClientKind } from '../client.ts';
import type { SessionContexts } from './contexts.ts';
import { EngramDriver } from './engram.ts';

type Context = ClientContext<unknown, SessionContexts>;

function driverOf({ node, world, rng, timeoutMs, session }: Context): EngramDriver {
  return new EngramDriver({ url: node.url, world }, rng, {
    timeoutMs,
    contexts: session,
  });
}

/** `space/id` */
function split(key: string): readonly [string, string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

const set: ClientKind<unknown, SessionContexts> = {
  operations: ['add', 'delete', 'read-all'],
  connect: (context) => {
    const driver = driverOf(context);
    return {
      invoke: ({ f, key, value }) => {
        if (f === 'add') return driver.remember(key!, `e${value}`, value);
        return f === 'delete' ? driver.forget(key!, `e${value}`, value) : driver.list(key!);
      },
      close: () => driver.close(),
    };
  },
};

const register: ClientKind<unknown, SessionContexts> = {
  operations: ['write', 'read'],
  connect: (context) => {
    const driver = driverOf(context);
    return {
      invoke: ({ f, key, value }) => {
        const [space, id] = split(key!);
        return f === 'write' ? driver.remember(space, id, value) : driver.get(space, id);
      },
      close: () => driver.close(),
    };
  },
};

export const engramClients = { set, register };
