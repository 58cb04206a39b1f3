/**
 * Unique memories of which some are deleted again, read back as whole spaces.
 *
 * Deletes go to memories that were begun some time ago, so that mostly their session has seen them: a delete
 * that knew a memory must last. Spaces are limited and replaced as in the `set` workload, so that every
 * read of one is one answer, one state.
 */

import { concat, limit, mix, successively } from '../harness/generator/combinators.ts';
import type { Generator } from '../harness/generator/generator.ts';
import type { Invocation } from '../harness/generator/operation.ts';
import { once, repeat, source } from '../harness/generator/sources.ts';
import { rate } from '../harness/generator/timing.ts';
import type { Rng } from '../harness/world/rng.ts';
import { readThroughAll } from './final-reads.ts';
import type { Workload } from './workload.ts';

const spacesAtOnce = 3;
const operationsPerSpace = 256;
const readShare = 0.3;
/** Of the changes, where there is something old enough to be deleted. */
const deleteShare = 0.29;
/** The newest memories of a space are spared: most sessions have not seen them yet. */
const spared = 12;

interface Elements {
  readonly next: number;
  /** Those that were added and not deleted, oldest first. */
  readonly there: readonly number[];
}

/** The operations on one space: one that opens it, then additions, deletes of old elements, and reads. */
function operationsOn(key: string, space: number, rng: Rng): Generator {
  // Elements are unique in the whole run, so each space has numbers of its own.
  const first = space * operationsPerSpace + 1;
  const add = (value: number): Invocation => ({ f: 'add', key, value });
  const opened: Elements = { next: first + 1, there: [first] };
  const changes = source(rng.split('changes'), opened, ({ next, there }, draw) => {
    const old = there.length - spared;
    if (old > 0 && draw.float() < deleteShare) {
      const which = draw.int(old);
      return {
        invocation: { f: 'delete', key, value: there[which] },
        state: { next, there: there.toSpliced(which, 1) },
      };
    }
    return { invocation: add(next), state: { next: next + 1, there: [...there, next] } };
  });
  const reads = repeat({ f: 'read-all', key, value: null });
  const load = mix(rng.split('mix'), [
    { weight: 1 - readShare, generator: changes },
    { weight: readShare, generator: reads },
  ]);
  return concat(once(add(first)), limit(operationsPerSpace - 1, load));
}

export const deletes: Workload = {
  name: 'delete',
  dataType: 'set',
  promise:
    'a memory that was deleted by somebody who knew it stays away, no other acknowledged one is lost',
  operations: [
    { f: 'add', key: 'space', value: 'element', meaning: 'remember a new, unique memory' },
    { f: 'delete', key: 'space', value: 'element', meaning: 'delete a memory; fails if not there' },
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
