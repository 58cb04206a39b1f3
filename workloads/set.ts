/**
 * Unique memories into several spaces, read back as whole spaces.
 *
 * A space takes a limited number of additions, then a fresh one takes its place: so a space fits into one
 * page of the list endpoint, and every read of it is one answer, one state. A list that was fetched
 * page by page while others write never existed, and would accuse the innocent.
 */

import { source } from '../harness/generator/sources.ts';
import { rate } from '../harness/generator/timing.ts';
import { EngramDriver } from '../harness/systems/engram/engram.ts';
import { readThroughAll } from './final-reads.ts';
import type { Workload } from './workload.ts';

const spacesAtOnce = 4;
const addsPerSpaceMax = 256;
const readShare = 0.1;

interface SetState {
  readonly nextElement: number;
  readonly nextSpace: number;
  /** Number of the space in each slot, and how many additions it has had. */
  readonly slots: readonly { readonly space: number; readonly adds: number }[];
}

const first: SetState = {
  nextElement: 1,
  nextSpace: spacesAtOnce,
  slots: Array.from({ length: spacesAtOnce }, (_, space) => ({ space, adds: 0 })),
};

/** One more addition to the space of a slot; a space that is full by it makes room for a fresh one. */
function added(state: SetState, slot: number): SetState {
  const { space, adds } = state.slots[slot];
  const full = adds + 1 >= addsPerSpaceMax;
  return {
    nextElement: state.nextElement + 1,
    nextSpace: state.nextSpace + (full ? 1 : 0),
    slots: state.slots.with(
      slot,
      full ? { space: state.nextSpace, adds: 0 } : { space, adds: adds + 1 },
    ),
  };
}

export const set: Workload = {
  name: 'set',
  promise: 'no acknowledged memory is lost, none appears that nobody wrote, and all nodes agree',
  operations: [
    { f: 'add', key: 'space', value: 'element', meaning: 'remember a new, unique memory' },
    { f: 'read-all', key: 'space', value: 'list of elements', meaning: 'list a whole space' },
  ],
  client: (target, contexts, rng, { timeoutMs }) => {
    const driver = new EngramDriver(target, rng, { timeoutMs, contexts });
    return {
      invoke: ({ f, key, value }) =>
        f === 'add' ? driver.remember(key!, `e${value}`, value) : driver.list(key!),
      close: () => driver.close(),
    };
  },
  generator: (options, rng) =>
    rate(
      { perSecond: options.rate, spacing: 'exponential', rng: rng.split('arrivals') },
      source(rng.split('operations'), first, (state, draw) => {
        const slot = draw.int(spacesAtOnce);
        const { space, adds } = state.slots[slot];
        const key = `${options.spacePrefix}-${space}`;
        if (adds > 0 && draw.float() < readShare) {
          return { invocation: { f: 'read-all', key, value: null }, state };
        }
        return {
          invocation: { f: 'add', key, value: state.nextElement },
          state: added(state, slot),
        };
      }),
    ),
  finalGenerator: ({ nodes }, keys) => readThroughAll('read-all', keys, nodes),
  checkers: ['lost-writes', 'convergence', 'causal'],
  minimumOk: { overall: 100, perFaultWindow: 10 },
};
