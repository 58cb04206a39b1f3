/**
 * A few memories that are rewritten with unique values and read back, by sessions that carry their causal
 * context. Concurrent writes become siblings; none may vanish that nobody has seen and replaced.
 */

import { source } from '../harness/generator/sources.ts';
import { rate } from '../harness/generator/timing.ts';
import { EngramDriver } from '../harness/systems/engram/engram.ts';
import { readThroughAll } from './final-reads.ts';
import type { Workload } from './workload.ts';

const spaces = 2;
const registersPerSpace = 4;
const writeShare = 0.5;

function split(key: string): readonly [string, string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

export const register: Workload = {
  name: 'register',
  promise:
    'sessions with contexts see causal order (CCv), and no acknowledged write is lost unseen',
  operations: [
    { f: 'write', key: 'space/id', value: 'number', meaning: 'remember a new value under the id' },
    { f: 'read', key: 'space/id', value: 'number or null', meaning: 'read the value shown' },
  ],
  client: (target, contexts, rng, { timeoutMs }) => {
    const driver = new EngramDriver(target, rng, { timeoutMs, contexts });
    return {
      invoke: ({ f, key, value }) => {
        const [space, id] = split(key!);
        return f === 'write' ? driver.remember(space, id, value) : driver.get(space, id);
      },
      close: () => driver.close(),
    };
  },
  generator: (options, rng) =>
    rate(
      { perSecond: options.rate, spacing: 'exponential', rng: rng.split('arrivals') },
      source(rng.split('operations'), 1, (nextValue, draw) => {
        const space = `${options.spacePrefix}-${draw.int(spaces)}`;
        const key = `${space}/r${draw.int(registersPerSpace)}`;
        return draw.float() < writeShare
          ? { invocation: { f: 'write', key, value: nextValue }, state: nextValue + 1 }
          : { invocation: { f: 'read', key, value: null }, state: nextValue };
      }),
    ),
  finalGenerator: ({ nodes }, keys) => readThroughAll('read', keys, nodes),
  checkers: ['lost-writes', 'convergence', 'causal', 'session'],
  minimumOk: { overall: 100, perFaultWindow: 10 },
};
