/**
 * Unique memories into several spaces, read back as whole spaces.
 *
 * A space takes a limited number of operations, then a fresh one takes its place: so a space fits into one
 * page of the list endpoint, and every read of it is one answer, one state. A list that was fetched
 * page by page while others write never existed, and would accuse the innocent.
 */

import { concat, limit, mix, successively } from '../harness/generator/combinators.ts';
import type { Generator } from '../harness/generator/generator.ts';
import type { Invocation } from '../harness/generator/operation.ts';
import { once, repeat, source } from '../harness/generator/sources.ts';
import { rate } from '../harness/generator/timing.ts';
import type { Rng } from '../harness/world/rng.ts';
import { readThroughAll } from './final-reads.ts';
import type { Workload } from './workload.ts';

const spacesAtOnce = 4;
const operationsPerSpace = 256;
const readShare = 0.1;

/** The operations on one space: one that opens it, then additions and reads. */
function operationsOn(key: string, space: number, rng: Rng): Generator {
  // Elements are unique in the whole run, so each space has numbers of its own.
  const first = space * operationsPerSpace + 1;
  const add = (value: number): Invocation => ({ f: 'add', key, value });
  const adds = source(rng.split('adds'), first + 1, (value) => ({
    invocation: add(value),
    state: value + 1,
  }));
  const reads = repeat({ f: 'read-all', key, value: null });
  const load = mix(rng.split('mix'), [
    { weight: 1 - readShare, generator: adds },
    { weight: readShare, generator: reads },
  ]);
  return concat(once(add(first)), limit(operationsPerSpace - 1, load));
}

export const set: Workload = {
  name: 'set',
  dataType: 'set',
  promise: 'no acknowledged memory is lost, none appears that nobody wrote, and all nodes agree',
  operations: [
    { f: 'add', key: 'space', value: 'element', meaning: 'remember a new, unique memory' },
    { f: 'read-all', key: 'space', value: 'list of elements', meaning: 'list a whole space' },
  ],
  generator: ({ rate: perSecond, spacePrefix }, rng) => {
    const slots = Array.from({ length: spacesAtOnce }, (_, slot) =>
      successively((turn) => {
        const space = turn * spacesAtOnce + slot;
        return operationsOn(`${spacePrefix}-${space}`, space, rng.split(`space/${space}`));
      }),
    );
    const arrivals = { perSecond, spacing: 'exponential', rng: rng.split('arrivals') } as const;
    return rate(arrivals, mix(rng.split('operations'), slots));
  },
  finalGenerator: ({ nodes }, keys) => readThroughAll('read-all', keys, nodes),
  minimumOk: { overall: 100, perFaultWindow: 10 },
};
