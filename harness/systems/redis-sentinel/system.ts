/**
 * Redis with Sentinel: asynchronous replication, fail-over by majority. Clients ask Sentinel who is primary; one
 * that sits on the side of a cut primary goes on writing there, and all of that is thrown away after the heal.
 */
import type { Property } from '../../../checkers/verdict/checker.ts';
import { defineSystem } from '../system.ts';
import { redisClients } from './clients.ts';
import { isQuiet, redisInquiries } from './inquiries.ts';
import { type RedisOptions, redisOptions, redisProgram } from './program.ts';

const promised: readonly Property[] = ['no-lost-writes', 'convergence'];

export const redisSentinel = defineSystem<RedisOptions, object>({
  name: 'redis-sentinel',
  version: '7.0.15',
  describe: 'Redis 7.0.15 (Debian 12), a server and a Sentinel on each node, asynchronous replicas',
  options: redisOptions,
  nodes: { fallback: 3, least: 3, most: 7 },
  program: ({ options }) => redisProgram(options),
  inquiries: redisInquiries,
  readyTimeoutMs: 40_000,
  isQuiet,
  promises: () => ({ set: promised, register: promised, counter: promised }),
  promiseNotes: [
    'An acknowledged write is taken for kept, as applications do. Redis itself only promises to try: what a primary ' +
      'acknowledged before its replicas had it is lost when another one is chosen.',
    'A primary that was cut off is made a replica about 10 s after the heal; final reads wait for that.',
  ],
  clients: redisClients,
  session: () => ({}),
});
