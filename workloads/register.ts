/**
 * A few memories that are rewritten with unique values and read back, by sessions that carry their causal
 * context. Half of the operations write, half read. Concurrent writes become siblings; none may vanish that
 * nobody has seen and replaced.
 */

import { mix } from '../harness/generator/combinators.ts';
import { source } from '../harness/generator/sources.ts';
import { rate } from '../harness/generator/timing.ts';
import type { Rng } from '../harness/world/rng.ts';
import { readThroughAll } from './final-reads.ts';
import type { Workload } from './workload.ts';

const spaces = 2;
const registersPerSpace = 4;

export const register: Workload = {
  name: 'register',
  dataType: 'register',
  promise:
    'sessions with contexts see causal order (CCv), and no acknowledged write is lost unseen',
  operations: [
    { f: 'write', key: 'space/id', value: 'number', meaning: 'remember a new value under the id' },
    { f: 'read', key: 'space/id', value: 'number or null', meaning: 'read the value shown' },
  ],
  generator: ({ rate: perSecond, spacePrefix }, rng) => {
    const keyOf = (draw: Rng): string =>
      `${spacePrefix}-${draw.int(spaces)}/r${draw.int(registersPerSpace)}`;
    const writes = source(rng.split('writes'), 1, (value, draw) => ({
      invocation: { f: 'write', key: keyOf(draw), value },
      state: value + 1,
    }));
    const reads = source(rng.split('reads'), null, (state, draw) => ({
      invocation: { f: 'read', key: keyOf(draw), value: null },
      state,
    }));
    const arrivals = { perSecond, spacing: 'exponential', rng: rng.split('arrivals') } as const;
    return rate(arrivals, mix(rng.split('operations'), [writes, reads]));
  },
  finalGenerator: ({ nodes }, keys) => readThroughAll('read', keys, nodes),
  minimumOk: { overall: 100, perFaultWindow: 10 },
};
