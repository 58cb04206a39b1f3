/** All systems by the name under which `--system` takes them; what was loaded at the start of a run is added. */
import { engram } from './engram/system.ts';
import { etcd } from './etcd/system.ts';
import { redisSentinel } from './redis-sentinel/system.ts';
import type { System } from './system.ts';

/** Whoever holds a system from here asks it in its own terms only: options that it parsed, sessions that it made. */
// biome-ignore lint/suspicious/noExplicitAny: options and sessions differ from system to system
export type AnySystem = System<any, any>;

export const systems: Record<string, AnySystem> = {
  engram,
  'redis-sentinel': redisSentinel,
  etcd,
};
