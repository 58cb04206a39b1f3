/**
 * What is started on each node: a Redis server and a Sentinel beside it. n1 begins as primary. Sentinels vote by
 * majority, so a primary that is cut off with a minority is replaced on the other side.
 */
import { z } from 'zod';
import { type BuiltImage, defaultLimits, type Program } from '../../cluster/program.ts';
import { packageRoot } from '../../world/package-root.ts';

export const redisPort = 6379;
export const sentinelPort = 26_379;
/** Under this name the Sentinels know the primary. */
export const primaryName = 'amnesia';
/** Silence after which a Sentinel takes the primary for down, ms. */
const downAfterMs = 2000;
const failoverTimeoutMs = 6000;

const count = (most: number) =>
  z.coerce
    .number({ error: `takes a whole number from 0 to ${most}` })
    .int(`takes a whole number from 0 to ${most}`)
    .min(0, `takes a whole number from 0 to ${most}`)
    .max(most, `takes a whole number from 0 to ${most}`);

export const redisOptions = z.strictObject({
  wait: count(12).default(0),
  'min-replicas-to-write': count(12).default(0),
  appendfsync: z
    .enum(['everysec', 'always', 'no'], { error: 'takes everysec, always or no' })
    .default('everysec'),
});
export type RedisOptions = z.output<typeof redisOptions>;

const redisImage: BuiltImage = {
  repository: 'amnesia-redis-sentinel',
  folder: `${packageRoot}/docker/redis-sentinel`,
  sources: ['Dockerfile'],
  fetches: true,
};

function serverConfig(dataDir: string, options: RedisOptions, primary: string | null): string {
  const lines = [
    `port ${redisPort}`,
    'bind 0.0.0.0',
    'protected-mode no',
    `dir ${dataDir}`,
    'appendonly yes',
    `appendfsync ${options.appendfsync}`,
    'save ""',
    `min-replicas-to-write ${options['min-replicas-to-write']}`,
    'min-replicas-max-lag 2',
    'repl-timeout 5',
    'repl-ping-replica-period 1',
    ...(primary === null ? [] : [`replicaof ${primary} ${redisPort}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function sentinelConfig(dataDir: string, primary: string, quorum: number): string {
  const lines = [
    `port ${sentinelPort}`,
    'bind 0.0.0.0',
    'protected-mode no',
    `dir ${dataDir}`,
    `sentinel monitor ${primaryName} ${primary} ${redisPort} ${quorum}`,
    `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
    `sentinel failover-timeout ${primaryName} ${failoverTimeoutMs}`,
    `sentinel parallel-syncs ${primaryName} 5`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A server that ends takes its Sentinel along: the container is one machine. */
const start = `
redis-sentinel "$1/sentinel.conf" &
exec redis-server "$1/redis.conf"`;

export function redisProgram(options: RedisOptions): Program {
  return {
    image: redisImage,
    clientPort: redisPort,
    dataDir: '/var/lib/amnesia',
    logFiles: [],
    ...defaultLimits,
    node: ({ number, dataDir }, all) => {
      const primary = all[0].address;
      const quorum = Math.floor(all.length / 2) + 1;
      return {
        argv: ['/bin/sh', '-c', start, 'redis', dataDir],
        env: {},
        files: [
          {
            path: 'redis.conf',
            content: serverConfig(dataDir, options, number === 1 ? null : primary),
          },
          { path: 'sentinel.conf', content: sentinelConfig(dataDir, primary, quorum) },
        ],
      };
    },
  };
}
