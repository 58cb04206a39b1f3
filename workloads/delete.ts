/**
 * Unique memories of which some are deleted again, read back as whole spaces.
 *
 * Deletes go to memories that were begun some time ago, so that mostly their session has seen them: a delete
 * that knew a memory must last. Spaces are limited and replaced as in the `set` workload, so that every
 * read of one is one answer, one state.
 */

import { source } from '../harness/generator/sources.ts';
import { rate } from '../harness/generator/timing.ts';
import { EngramDriver } from '../harness/systems/engram/engram.ts';
import { readThroughAll } from './final-reads.ts';
import type { Workload } from './workload.ts';

const spacesAtOnce = 3;
const addsPerSpaceMax = 256;
const readShare = 0.3;
const deleteShare = 0.2;
/** The newest memories of a space are spared: most sessions have not seen them yet. */
const spared = 12;

interface Slot {
  readonly space: number;
  readonly adds: number;
  /** Elements that were added and not deleted, oldest first. */
  readonly elements: readonly number[];
}

interface DeleteState {
  readonly nextElement: number;
  readonly nextSpace: number;
  readonly slots: readonly Slot[];
}

const first: DeleteState = {
  nextElement: 1,
  nextSpace: spacesAtOnce,
  slots: Array.from({ length: spacesAtOnce }, (_, space) => ({ space, adds: 0, elements: [] })),
};

/** One more addition to a slot; a space that is full by it makes room for a fresh one. */
function added(state: DeleteState, at: number): DeleteState {
  const { space, adds, elements } = state.slots[at];
  const full = adds + 1 >= addsPerSpaceMax;
  const slot = full
    ? { space: state.nextSpace, adds: 0, elements: [] }
    : { space, adds: adds + 1, elements: [...elements, state.nextElement] };
  return {
    nextElement: state.nextElement + 1,
    nextSpace: state.nextSpace + (full ? 1 : 0),
    slots: state.slots.with(at, slot),
  };
}

function deleted(state: DeleteState, at: number, which: number): DeleteState {
  const slot = state.slots[at];
  const elements = slot.elements.toSpliced(which, 1);
  return { ...state, slots: state.slots.with(at, { ...slot, elements }) };
}

export const deletes: Workload = {
  name: 'delete',
  promise:
    'a memory that was deleted by somebody who knew it stays away, no other acknowledged one is lost',
  operations: [
    { f: 'add', key: 'space', value: 'element', meaning: 'remember a new, unique memory' },
    { f: 'delete', key: 'space', value: 'element', meaning: 'delete a memory; fails if not there' },
    { f: 'read-all', key: 'space', value: 'list of elements', meaning: 'list a whole space' },
  ],
  client: (target, contexts, rng, { timeoutMs }) => {
    const driver = new EngramDriver(target, rng, { timeoutMs, contexts });
    return {
      invoke: ({ f, key, value }) => {
        if (f === 'add') return driver.remember(key!, `e${value}`, value);
        return f === 'delete' ? driver.forget(key!, `e${value}`, value) : driver.list(key!);
      },
      close: () => driver.close(),
    };
  },
  generator: (options, rng) =>
    rate(
      { perSecond: options.rate, spacing: 'exponential', rng: rng.split('arrivals') },
      source(rng.split('operations'), first, (state, draw) => {
        const at = draw.int(spacesAtOnce);
        const { space, adds, elements } = state.slots[at];
        const key = `${options.spacePrefix}-${space}`;
        const dice = draw.float();
        if (adds > 0 && dice < readShare) {
          return { invocation: { f: 'read-all', key, value: null }, state };
        }
        const old = elements.length - spared;
        if (old > 0 && dice < readShare + deleteShare) {
          const which = draw.int(old);
          const invocation = { f: 'delete', key, value: elements[which] };
          return { invocation, state: deleted(state, at, which) };
        }
        return {
          invocation: { f: 'add', key, value: state.nextElement },
          state: added(state, at),
        };
      }),
    ),
  finalGenerator: ({ nodes }, keys) => readThroughAll('read-all', keys, nodes),
  checkers: ['lost-writes', 'convergence', 'causal'],
  minimumOk: { overall: 100, perFaultWindow: 10 },
};
