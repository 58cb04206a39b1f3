/**
 * A few memories that are rewritten with unique values and read back, by sessions that carry their causal
 * context. Concurrent writes become siblings; none may vanish that nobody has seen and replaced.
 */
import { EngramDriver } from '../harness/client/engram.ts';
import { rate, sequence, source } from '../harness/generator/combinators.ts';
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
  generator: (options) =>
    rate(
      options.rate,
      source(1, (nextValue, { rng }) => {
        const space = `${options.spacePrefix}-${rng.int(spaces)}`;
        const key = `${space}/r${rng.int(registersPerSpace)}`;
        return rng.float() < writeShare
          ? { invocation: { f: 'write', key, value: nextValue }, state: nextValue + 1 }
          : { invocation: { f: 'read', key, value: null }, state: nextValue };
      }),
    ),
  finalGenerator: ({ nodes }, keys) =>
    sequence(
      keys.flatMap((key) =>
        nodes.map((node) => ({ f: 'read', key, value: null, final: true, node })),
      ),
    ),
  checkers: ['lost-writes', 'convergence', 'causal', 'session'],
  minimumOk: { overall: 100, perFaultWindow: 10 },
};
