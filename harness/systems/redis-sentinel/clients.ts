/** Redis by data type: a set is a SET, a register a string, a counter a string that INCRBY adds to. */
import type { Invocation } from '../../generator/operation.ts';
import type { ClientKind } from '../client.ts';
import { type Ask, type Context, RedisClient } from './client.ts';
import type { RedisOptions } from './program.ts';
import type { Reply } from './resp.ts';

/** Values are JSON texts, elements too. */
function parsed(text: unknown): { readonly value: unknown } | null {
  if (text === null) return { value: null };
  if (typeof text !== 'string') return null;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

function kind(
  operations: Readonly<Record<string, (invocation: Invocation) => Ask>>,
): ClientKind<RedisOptions> {
  return {
    operations: Object.keys(operations),
    connect: (context: Context) =>
      new RedisClient(context, (invocation) => operations[invocation.f](invocation)),
  };
}

/** A write whose reply says nothing but that it was done. */
const done = (value: unknown, isDone: (reply: Reply) => boolean) => (reply: Reply) =>
  isDone(reply) ? { value } : null;

const set = kind({
  add: ({ key, value }) => ({
    effect: 'write',
    words: ['SADD', key!, JSON.stringify(value)],
    understand: done(value, (reply) => typeof reply === 'number'),
  }),
  'read-all': ({ key }) => ({
    effect: 'read',
    words: ['SMEMBERS', key!],
    understand: (reply) => {
      if (!Array.isArray(reply)) return null;
      const elements = reply.map(parsed);
      return elements.includes(null) ? null : { value: elements.map((each) => each?.value) };
    },
  }),
});

const register = kind({
  write: ({ key, value }) => ({
    effect: 'write',
    words: ['SET', key!, JSON.stringify(value)],
    understand: done(value, (reply) => reply === 'OK'),
  }),
  read: ({ key }) => ({ effect: 'read', words: ['GET', key!], understand: parsed }),
});

const counter = kind({
  add: ({ key, value }) => ({
    effect: 'write',
    words: ['INCRBY', key!, Number(value)],
    understand: done(value, (reply) => typeof reply === 'number'),
  }),
  read: ({ key }) => ({
    effect: 'read',
    words: ['GET', key!],
    understand: (reply) => (reply === null ? { value: 0 } : parsed(reply)),
  }),
});

export const redisClients = { set, register, counter };
